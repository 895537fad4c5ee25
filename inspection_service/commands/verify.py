"""``verify-report``: what report files prove, offline and without the service that made them.

Starts quickly: settings are read only where the environment holds some, models and checklists are only hashed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Final

import rfc8785

from inspection_service.reports import verify_cli
from inspection_service.reports.verify_assess import Installed
from inspection_service.reports.verify_online import Log

_PREFIX: Final = "INSPECTION_"
_WRONG_USAGE: Final = 2
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def run(arguments: argparse.Namespace) -> int:
    """Verify the files against the roots named, and those of the trust folder."""
    trust_dir, time_roots, models_dir, checklists_dir = _folders()
    roots = [Path(root) for root in (*arguments.root, *arguments.trust_dir)]
    try:
        online = None if arguments.online is None else Log(arguments.online)
    except ValueError as exc:
        sys.stderr.write(f"verify-report: {exc}.\n")
        return _WRONG_USAGE
    options = verify_cli.Options(
        roots=roots + ([trust_dir] if trust_dir is not None else []),
        tsa_roots=[Path(root) for root in arguments.tsa_root]
        + ([time_roots] if time_roots is not None else []),
        crls=arguments.crl,
        photos=arguments.photos,
        log=arguments.log,
        disclosures=arguments.disclosures,
        redaction=arguments.redaction,
        installed=installed(models_dir, checklists_dir),
        online=online,
        language=arguments.lang,
        as_json=arguments.json,
        details=arguments.details,
    )
    return verify_cli.run([Path(file) for file in arguments.files], options, sys.stdout, err=sys.stderr)


def installed(models_dir: Path, checklists_dir: Path) -> Installed | None:
    """Learn which models and checklists are installed here, from manifests and files; ``None`` when there are none."""
    models: set[tuple[str, str]] = set()
    checklists: set[tuple[str, str]] = set()
    for path in sorted(models_dir.glob("*.manifest.json")):
        try:
            manifest = json.loads(path.read_bytes())
            models.add((str(manifest["name"]), str(manifest["sha256"])))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # whether an installation is whole is the question of check-models
    for path in sorted(checklists_dir.glob("*.yaml")):
        try:
            checklists.add(_checklist(path))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return Installed(frozenset(models), frozenset(checklists)) if models or checklists else None


def _checklist(path: Path) -> tuple[str, str]:
    """Return a checklist's id and the hash an inspection freezes it by (see ``checklists.shelf``)."""
    import yaml

    try:
        content = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc
    return str(content["id"]), hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def _folders() -> tuple[Path | None, Path | None, Path, Path]:
    """Return the trust folder, the roots for timestamps, the models and the checklists, as the settings have them."""
    if any(name.upper().startswith(_PREFIX) for name in os.environ):
        from inspection_service.commands.terminal import read_settings  # takes a second to load

        settings = read_settings()
        return (
            settings.reports.trust_dir,
            settings.timestamp.roots_file,
            settings.vision.models_dir,
            settings.checklists_dir,
        )
    return None, None, _shipped("models"), _shipped("checklists")


def _shipped(name: str) -> Path:
    """Return a data folder as ``settings.shipped_data`` does, without loading the settings."""
    within = _PACKAGE / "data" / name
    return within if within.is_dir() else _PACKAGE.parent / name
