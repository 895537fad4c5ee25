"""Compares photos given with a report by hash, and recomputes the evidence they are leaves of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Final

from inspection_service.reports.addenda import RedactedCopy
from inspection_service.reports.answers import Answer, Detail
from inspection_service.reports.evidence import evidence_tree
from inspection_service.reports.verify_facts import Facts, items
from inspection_service.reports.verify_log import redactions

MAX_PHOTOS: Final = 20_000
_NAMED: Final = 5
"""How many names a sentence lists before it counts."""


class PhotosUnreadable(Exception):
    """The folder of photos cannot be read: wrong usage, not a verdict on a report."""


def hash_photos(folder: Path) -> dict[str, str]:
    """Hash every file of a folder, one level deep; hidden files are passed over.

    Raises:
        PhotosUnreadable: It is no folder, holds too many files, or one cannot be read.
    """
    found: dict[str, str] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or not path.is_file():
                continue
            if len(found) == MAX_PHOTOS:
                raise PhotosUnreadable(f"{folder}: more than {MAX_PHOTOS} files")
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise PhotosUnreadable(f"{folder}: {exc.strerror}") from exc
    return found


def evidence_fits(facts: Facts) -> bool:
    """Whether the evidence tree is the one of what the record lists; reports of version 1.0 have none."""
    evidence = facts.record.get("evidence")
    if evidence is None:
        return facts.is_first_version
    try:
        return bool(evidence_tree(facts.record) == evidence)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def photos_answer(facts: Facts) -> Answer:
    """Say whether the photos given are those of the report.

    A file is one of them when its hash is; a file named after a photo or step must be that very one.
    """
    captures = items(facts.record.get("captures"))
    evidence = facts.record.get("evidence")
    root = str(evidence.get("root")) if isinstance(evidence, Mapping) else "-"
    details = [Detail("photos_listed", str(len(captures))), Detail("evidence_root", root)]
    if not evidence_fits(facts):
        return Answer("photos", "no", "evidence_root", {}, tuple(details))
    erased = {photo for entry in redactions(facts) for photo in entry.correction.erased_photos}
    wanted = {
        str(c.get("id")): str(c.get("sha256"))
        for c in captures
        if c.get("in_report") and str(c.get("id")) not in erased
    }
    count = {"count": str(len(wanted))}
    copies = copies_given(facts)
    photos = {name: sha256 for name, sha256 in (facts.photos or {}).items() if name not in copies}
    if facts.photos is None or (copies and not photos):
        return Answer("photos", "not_in_file", None, count, tuple(details))
    wrong = sorted(name for name, sha256 in photos.items() if not _is_of(name, sha256, captures))
    given = set(photos.values())
    missing = sorted(name for name, sha256 in wanted.items() if sha256 not in given)
    details += [Detail("photo_wrong", name) for name in wrong]
    details += [Detail("photo_missing", name) for name in missing]
    details += [Detail("photo_erased", name) for name in sorted(str(photo) for photo in erased)]
    if wrong:
        return Answer("photos", "no", None, {**count, "names": _listed(wrong)}, tuple(details))
    if missing:
        values = {**count, "missing": str(len(missing)), "names": _listed(missing)}
        return Answer("photos", "missing", None, values, tuple(details))
    return Answer("photos", "match", None, count, tuple(details))


def copies_given(facts: Facts) -> dict[str, RedactedCopy]:
    """Return the files given that are copies with parts hidden, as a statement about this report names them."""
    stated = {copy.sha256: copy for entry in redactions(facts) for copy in entry.correction.copies}
    return {name: stated[sha256] for name, sha256 in (facts.photos or {}).items() if sha256 in stated}


def is_of_report(copy: RedactedCopy, facts: Facts) -> bool:
    """Whether the original that a copy names is the one the record holds for that photo or frame."""
    held = {(str(c.get("id")), str(c.get("sha256"))) for c in items(facts.record.get("captures"))}
    held |= {(str(a.get("frame_id")), str(a.get("sha256"))) for a in items(facts.record.get("annotations"))}
    return (copy.capture_id, copy.original_sha256) in held


def strangers_given(facts: Facts) -> list[str]:
    """Name the files given that are neither originals nor, under their own name, the copies a statement names."""
    captures, copies = items(facts.record.get("captures")), copies_given(facts)
    return sorted(
        name
        for name, sha256 in (facts.photos or {}).items()
        if (
            not _is_named(name, copies[name], captures)
            if name in copies
            else not _is_of(name, sha256, captures)
        )
    )


def _is_named(name: str, copy: RedactedCopy, captures: list[Mapping[str, Any]]) -> bool:
    """A file named after a photo or step must be a copy of that very one."""
    stem = PurePath(name).stem
    named = [c.get("id") for c in captures if stem in (c.get("id"), c.get("step_id"))]
    return not named or copy.capture_id in named


def _is_of(name: str, sha256: str, captures: list[Mapping[str, Any]]) -> bool:
    stem = PurePath(name).stem
    named = [c for c in captures if stem in (c.get("id"), c.get("step_id"))]
    return any(c.get("sha256") == sha256 for c in named or captures)


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" (+{more})" if more > 0 else "")
