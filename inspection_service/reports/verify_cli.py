"""``verify-report``: the answers of ``verify`` on a terminal or as JSON, and an exit code for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from inspection_service.clock import Clock, SystemClock
from inspection_service.reports.answers import Answer, Language, texts_of
from inspection_service.reports.chain import RootsUnreadable, Trust, load_crls, load_roots
from inspection_service.reports.verify import Beside, Verdict, exit_code, verify_files
from inspection_service.reports.verify_assess import Asked, Installed, Online
from inspection_service.reports.verify_photos import PhotosUnreadable, hash_photos

WRONG_USAGE: Final = 2
_LABEL_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside the files."""

    roots: Sequence[Path] = ()
    """Root certificates, or folders of them (``--root`` and the trust folder); nothing else is trusted."""
    tsa_roots: Sequence[Path] = ()
    crls: Sequence[Path] = ()
    photos: Path | None = None
    log: Path | None = None
    disclosures: Path | None = None
    redaction: Path | None = None
    installed: Installed | None = None
    online: Online | None = None
    language: Language = "en"
    as_json: bool = False
    details: bool = False


def run(
    files: Sequence[Path],
    options: Options,
    out: TextIO,
    *,
    err: TextIO | None = None,
    clock: Clock | None = None,
) -> int:
    """Verify files and print what they prove.

    Args:
        files: ``.pdf``, ``.json`` with ``.jws``, ``.zip``.
        options: What is trusted, what is given beside, how to print.
        out: Where the answers go.
        err: Where complaints about usage go; standard error when absent.
        clock: What "now" is; the machine's clock when absent.

    Returns:
        0 everything asked for is good; 1 something is wrong; 2 a file cannot be read, or wrong usage (no file named, a
        root that cannot be read); 3 intact, but its root is not trusted or was not given.
    """
    complaints = err or sys.stderr
    if not files:
        print("verify-report: name at least one .pdf, .json, .jws or .zip file.", file=complaints)
        return WRONG_USAGE
    try:
        trust = Trust(load_roots(options.roots), load_roots(options.tsa_roots), load_crls(options.crls))
        photos = None if options.photos is None else hash_photos(options.photos)
    except (RootsUnreadable, PhotosUnreadable) as exc:
        print(f"verify-report: {exc}.", file=complaints)
        return WRONG_USAGE
    asked = Asked(trust, (clock or SystemClock()).now(), options.installed, options.online)
    beside = Beside(photos, options.log, options.disclosures, options.redaction)
    verdicts = verify_files(files, asked, beside)
    if options.as_json:
        listed = [verdict.to_json(options.language) for verdict in verdicts]
        print(json.dumps({"files": listed}, ensure_ascii=False, indent=2), file=out)
    else:
        for verdict in verdicts:
            _print(verdict, options, out)
    return exit_code(verdicts)


def _print(verdict: Verdict, options: Options, out: TextIO) -> None:
    texts = texts_of(options.language)
    names = " + ".join(str(file) for file in verdict.files)
    print(_plain(f"{names}: {verdict.answers.headline(options.language)}"), file=out)
    for question, answer in verdict.answers.all().items():
        label = texts[f"question.{question}"]
        mark = texts[f"mark.{_mark(answer)}"]
        print(f"  {label:<{_LABEL_WIDTH}}{mark:<9}{_plain(answer.sentence(options.language))}", file=out)
        for detail in answer.details if options.details else ():
            print(_plain(f"{'':14}{texts[f'detail.{detail.name}']}: {detail.value}"), file=out)


def _mark(answer: Answer) -> str:
    return {"good": "yes", "open": "open", "untrusted": "unknown"}.get(answer.level, "no")


def _plain(text: str) -> str:
    """Keep a file from steering the terminal of whoever verifies it."""
    return "".join(character if character.isprintable() else "?" for character in text)
