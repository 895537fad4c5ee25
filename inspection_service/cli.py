"""The command line: ``inspection-service COMMAND``.

Exit codes: 0 done; 1 refused, failed or answered no; 2 wrong usage or settings; 130 interrupted. ``verify-report`` has
3 too: intact, but its root is not trusted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from pydantic import ValidationError

from inspection_service.errors import InspectionServiceError

_REVOCATION_REASONS: Final = ("unspecified", "key_compromise", "superseded", "cessation_of_operation")
"""Source: RFC 5280, section 5.3.1, those an owner of a key may give."""
_QUEUES: Final = ("vision", "report", "webhook")
"""As ``work.pieces`` has them: importing those here would cost every command half a second."""
_SCOPES: Final = (
    "inspections:read",
    "inspections:write",
    "reports:read",
    "photos:read",
    "webhooks:manage",
    "keys:manage",
    "privacy:manage",
)
"""As ``identity.records.KeyScope`` has them; named here so that ``--help`` needs nothing else."""
_SYSTEM_PACKAGES: Final = "libgl1 libglib2.0-0 libsm6 libice6 libx11-6 libxext6"
_LIBRARY_MARKS: Final = ("libGL", "libgthread", "libglib", "libSM", "libICE", "libX11", "libXext", "libxcb")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the program's name; those of the process when absent.

    Returns:
        The exit code.
    """
    arguments = _parser().parse_args(argv)
    try:
        command = importlib.import_module(f"inspection_service.commands.{arguments.module}")
        return int(getattr(command, arguments.function)(arguments))
    except InspectionServiceError as error:
        return _refused(error, as_json=getattr(arguments, "json", False))
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join(str(part) for part in fault["loc"]) or "settings"
            print(
                f"inspection-service: {place}: {fault['msg'].removeprefix('Value error, ')}", file=sys.stderr
            )
        return 2
    except ImportError as error:
        line = missing_libraries(error)
        if line is None:
            raise
        print(f"inspection-service: {line}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def missing_libraries(error: ImportError) -> str | None:
    """Name in one line the Debian packages that ``import cv2`` needs, ``None`` when the error is another one."""
    text = str(error)
    if not any(mark in text for mark in _LIBRARY_MARKS):
        return None
    library = text.split(":", 1)[0]
    return f"OpenCV needs {library}, which is not on this machine: apt-get install -y {_SYSTEM_PACKAGES}"


def _refused(error: InspectionServiceError, *, as_json: bool) -> int:
    if as_json:
        problem = {
            "type": f"urn:inspection:problem:{error.slug}",
            "detail": error.message,
            **error.attributes,
        }
        print(json.dumps(problem, ensure_ascii=False, default=str), file=sys.stderr)
    else:
        print(f"inspection-service: {error.message}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong before how it is used."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n{self.format_usage()}")


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return path


def _whole(most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to {most}")
        return int(text)

    return whole


def _queues(text: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(text.split(",")))
    if not set(asked) <= set(_QUEUES):
        raise argparse.ArgumentTypeError(f"{text} is not a list of {', '.join(_QUEUES)}")
    return asked


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a file")
    return path


def _parser() -> argparse.ArgumentParser:  # noqa: PLR0915 - a line or two a command
    parser = _Parser(
        prog="inspection-service",
        description="Remote car inspection: the service, its workers, and tools for its files.",
        epilog="Settings come from the environment: INSPECTION_DATA_DIR, INSPECTION_HTTP__PORT and so on.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, module: str, text: str, *, function: str = "run") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(module=module, function=function)
        return sub

    serve = command("serve", "serve", "serve the API and the pages, and work on photos and reports")
    _instance(serve)
    _listening(serve)

    worker = command("worker", "worker", "judge photos, seal reports, tell platforms, without serving")
    _instance(worker)
    worker.add_argument(
        "--queues",
        type=_queues,
        metavar="LIST",
        help="what to work on, separated by commas (default: vision,report,webhook)",
    )

    migrating = command(
        "migrate", "serve", "bring the database to the newest schema", function="migrate_database"
    )
    _instance(migrating)

    _backing_up(
        command("backup", "backup", "copy an instance to a folder, while it is in use"),
        command("restore", "backup", "put a backup where no instance is", function="put_back"),
    )
    _copying(
        command(
            "copy-instance",
            "copy_instance",
            "copy an instance to PostgreSQL and S3, and check every row and byte",
        )
    )

    first = command(
        "first-run", "first_run", "prepare an instance to try: keys, a platform, an operator, an inspection"
    )
    _instance(first)
    _listening(first)
    first.add_argument("--serve", action="store_true", help="then serve it")
    first.add_argument("--lan", action="store_true", help="HTTPS on the local network, for real phones")
    first.add_argument("--json", action="store_true", help="print the addresses as JSON")

    demo = command("demo", "demo", "run a whole inspection on a folder of photos, without browser or network")
    demo.add_argument(
        "--photos", type=_folder, required=True, metavar="DIR", help="STEP.jpg|jpeg|png|webp|heic"
    )
    demo.add_argument("--checklist", default="listing-12", metavar="ID")
    demo.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="folder for the report and its photos"
    )
    demo.add_argument("--lang", choices=("fr", "en"), default="en", help="language of the report")
    demo.add_argument("--json", action="store_true", help="print one JSON object a step")

    predict = command("predict", "predict", "run one vision task over a folder of photos")
    predict.add_argument(
        "task", choices=("framing", "damage", "odometer", "plate", "person", "face", "platetext", "vin")
    )
    predict.add_argument("--images", type=_folder, required=True, metavar="DIR", help="searched recursively")
    predict.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON list to write")
    predict.add_argument("--asks", type=_file, metavar="FILE", help="JSON list of {file, asked}, for framing")

    _verifying(command("verify-report", "verify", "check what report files prove"))

    checklists = command(
        "check-checklists", "checks", "check every checklist of a folder", function="checklists"
    )
    checklists.add_argument("folder", nargs="?", type=_folder, metavar="DIR")
    checklists.add_argument("--json", action="store_true")

    models = command(
        "check-models",
        "checks",
        "check that every model is the one its manifest describes",
        function="models",
    )
    models.add_argument("folder", nargs="?", type=_folder, metavar="DIR")
    models.add_argument("--json", action="store_true")

    load = command(
        "simulate-sellers", "simulate_sellers", "load a running service with simulated sellers' cameras"
    )
    load.add_argument("--url", required=True, metavar="URL", help="address of the service")
    load.add_argument("--count", type=_whole(500), default=5, metavar="N", help="sellers, at most 500")
    load.add_argument("--seconds", type=_whole(3600), default=10, metavar="S", help="at most 3600")
    load.add_argument(
        "--api-key", metavar="KEY", help="platform's key (default: first-run's in the data folder)"
    )
    load.add_argument("--remote", action="store_true", help="also load a service on another machine")
    load.add_argument("--json", action="store_true", help="print the figures as JSON")
    _instance(load)

    _keys(command("keys", "keys", "make and show signing keys; admit platforms and operators"))
    _people(command("people", "people", "organisations, who sees whose cases, operators locked out"))
    _api_keys(command("api-keys", "api_keys", "make, show, change and revoke the API keys of a platform"))
    command("openapi", "openapi", "print the OpenAPI document")
    return parser


def _verifying(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit codes: 0 everything asked for is good; 1 something is wrong; 2 cannot be read; "
        "3 intact, but its root is not trusted or was not given."
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="report.pdf, report.json (its .jws beside it), or the bundle report.zip",
    )

    def several(name: str, kind: Callable[[str], Path], metavar: str, text: str) -> None:
        parser.add_argument(name, type=kind, action="append", default=[], metavar=metavar, help=text)

    several("--root", _file, "PEM", "root certificate to trust; nothing is trusted that is not named")
    several("--trust-dir", _folder, "DIR", "folder of root certificates to trust")
    several("--tsa-root", _file, "PEM", "root certificate to trust for timestamps")
    several("--crl", _file, "FILE", "revocation list to heed beside those in the file")
    parser.add_argument("--photos", type=_folder, metavar="DIR", help="compare the photos in this folder")
    parser.add_argument("--log", type=_file, metavar="FILE", help="log.json: proof that it is in the log")
    parser.add_argument(
        "--disclosures", type=_file, metavar="FILE", help="disclosures.json: the personal values"
    )
    parser.add_argument(
        "--redaction",
        type=_file,
        metavar="FILE",
        help="the entry a redacted copy was issued with (its .jws beside it)",
    )
    parser.add_argument("--online", metavar="URL", help="ask this service whether anything is newer")
    parser.add_argument("--lang", choices=("fr", "en"), default="en", help="language of the answers")
    parser.add_argument("--details", action="store_true", help="print what stands behind each answer")
    parser.add_argument("--json", action="store_true", help="answer as JSON")


def _backing_up(backup: argparse.ArgumentParser, restore: argparse.ArgumentParser) -> None:
    backup.add_argument("folder", type=Path, metavar="DIR", help="new folder for the copy")
    restore.add_argument("folder", type=_folder, metavar="DIR", help="folder of a backup")
    _instance(backup)
    _instance(restore)


def _copying(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from-data-dir", type=_folder, default="instance", metavar="DIR", help="folder of the instance"
    )
    parser.add_argument("--to-database", required=True, metavar="URL", help="postgresql+asyncpg://...")
    parser.add_argument(
        "--to-store",
        required=True,
        metavar="URL",
        help="s3://BUCKET?endpoint=URL (keys: INSPECTION_STORE__...)",
    )
    parser.add_argument(
        "--secrets-to", type=Path, metavar="DIR", help="also copy pepper and signing keys into this folder"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def _instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder of the instance (default: instance)"
    )


def _listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, metavar="PORT", help="port to listen on (default: 8000)")


def _people(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(metavar="ACT", required=True)

    def act(name: str, text: str) -> argparse.ArgumentParser:
        sub = acts.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(module="people", function=name.replace("-", "_"))
        _instance(sub)
        sub.add_argument("--json", action="store_true")
        return sub

    act("list", "show organisations and their people").set_defaults(function="list_")
    act("organisation", "found an operating organisation").add_argument("--name", required=True)
    for name, text in (
        ("grant", "let an organisation see a platform's cases"),
        ("revoke", "close a platform's cases to an organisation"),
    ):
        who = act(name, text)
        who.add_argument("--platform", required=True, metavar="ID")
        who.add_argument("--organisation", required=True, metavar="ID")
    invite = act("invite", "invite somebody to a team and print the link, once")
    invite.add_argument("--email", required=True)
    invite.add_argument("--name", required=True)
    invite.add_argument("--role", choices=("operator", "supervisor", "admin"), default="operator")
    invite.add_argument("--organisation", metavar="ID", help="(default: the house's own)")
    for name, text in (
        ("unlock", "let somebody try again who mistyped too often"),
        ("reset-second-factor", "take back a second factor that was lost"),
    ):
        act(name, text).add_argument("--email", required=True)


def _keys(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(metavar="ACT", required=True)

    def act(name: str, text: str) -> argparse.ArgumentParser:
        sub = acts.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(module="keys", function=name.replace("-", "_"))
        _instance(sub)
        sub.add_argument("--json", action="store_true")
        return sub

    act("show", "show the signing certificates")
    act("make", "make development signing keys when there are none")
    root = act("root", "write the root certificate to trust")
    root.add_argument("--out", type=Path, required=True, metavar="PEM")
    listing = act("list", "show every signer, the one in use first")
    listing.set_defaults(function="list_")
    request = act("csr", "write a request for a certificate of an authority")
    request.add_argument("--subject", required=True, metavar="NAME", help="CN=Report seal,O=Example SAS,C=FR")
    request.add_argument("--out", type=Path, required=True, metavar="PEM")
    rotate = act("rotate", "put another signer in use; earlier reports stay good")
    rotate.add_argument("--chain", type=_file, metavar="PEM", help="its certificate, then the issuing ones")
    rotate.add_argument("--root", type=_file, metavar="PEM", help="its root, when that is another one")
    revoke = act("revoke", "stop standing for a signer")
    revoke.add_argument("fingerprint", metavar="SHA256", help="its first 8 digits or more")
    revoke.add_argument("--reason", choices=_REVOCATION_REASONS, default="unspecified")
    platform = act("platform", "admit a platform and print its API key, once")
    platform.add_argument("--name", required=True)
    platform.add_argument(
        "--sandbox", action="store_true", help="its inspections are carried out by a simulated seller"
    )
    operator = act("operator", "admit an operator and print the password, once")
    operator.add_argument("--email", required=True)
    operator.add_argument("--name", required=True)
    operator.add_argument("--role", choices=("operator", "supervisor", "admin"), default="operator")


def _api_keys(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(metavar="ACT", required=True)

    def act(name: str, text: str, *, function: str = "") -> argparse.ArgumentParser:
        sub = acts.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(module="api_keys", function=function or name)
        _instance(sub)
        sub.add_argument(
            "--platform", required=True, metavar="ID", help="whose, as `keys platform` printed it"
        )
        sub.add_argument("--json", action="store_true")
        return sub

    create = act("create", "make a key and print it, once")
    create.add_argument("--label", required=True, metavar="TEXT", help="what it is for")
    create.add_argument(
        "--scope", action="append", default=[], choices=_SCOPES, help="what it may do; none: everything"
    )
    create.add_argument("--days", type=_whole(3650), metavar="N", help="until it ends")
    act("list", "show the keys of a platform, without their secrets", function="list_")
    rotate = act("rotate", "make a key like another one, which goes on working for a while")
    rotate.add_argument("key", metavar="KEY", help="its id")
    rotate.add_argument(
        "--overlap-hours", type=_whole(168), default=24, metavar="N", help="while both work, at most 168"
    )
    revoke = act("revoke", "make a key worthless at once")
    revoke.add_argument("key", metavar="KEY", help="its id")
