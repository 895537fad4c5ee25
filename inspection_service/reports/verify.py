"""Asks report files what they prove, offline and without the service that made them.

Four questions, four answers: is it intact, who signed, is that signer trusted, when was it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from inspection_service.reports.answers import Answer, Answers, unreadable
from inspection_service.reports.verify_json import MAX_JSON_BYTES, MAX_JWS_BYTES, verify_json
from inspection_service.reports.verify_pdf import MAX_PDF_BYTES, embedded_record, verify_pdf

_LIMITS: Final = {".json": MAX_JSON_BYTES, ".jws": MAX_JWS_BYTES, ".pdf": MAX_PDF_BYTES}


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What one of the files named says."""

    file: Path
    answers: Answers

    def to_json(self) -> dict[str, Any]:
        """Return the form of ``verify-report --json``."""
        return {"file": str(self.file), "ok": self.answers.is_good, "answers": self.answers.to_json()}


def verify_files(
    files: Sequence[Path], roots: Sequence[x509.Certificate], *, now: datetime
) -> list[FileVerdict]:
    """Verify files by what they are: a document alone, a record with its signature.

    A record finds its signature, and a signature its record, among the files named (same name, or the only one), else
    beside it in the same folder. A document and a record of the same name must be the same report.

    Args:
        files: ``.pdf``, ``.json`` and ``.jws``, in any order.
        roots: Certificates to trust, from outside the files.
        now: The verifier's clock.

    Returns:
        One verdict a file, in the order given; nothing about a file is ever raised.
    """
    return [FileVerdict(file, _verify(file, files, tuple(roots), now)) for file in files]


def _verify(file: Path, files: Sequence[Path], roots: tuple[x509.Certificate, ...], now: datetime) -> Answers:
    kind = file.suffix.lower()
    if kind not in _LIMITS:
        return unreadable("Not a report file: it must end in .pdf, .json or .jws.")
    data = _read(file)
    if isinstance(data, str):
        return unreadable(data)
    if kind == ".pdf":
        return _same_report(verify_pdf(data, roots, now=now), data, file, files)
    other_kind = ".jws" if kind == ".json" else ".json"
    partner = _partner(file, files, other_kind)
    if partner is None:
        missing = "signature" if kind == ".json" else "record"
        return unreadable(
            f"The {missing} is missing: {file.with_suffix(other_kind).name} was neither named nor found."
        )
    other = _read(partner)
    if isinstance(other, str):
        return unreadable(f"{partner.name}: {other}")
    record, signature = (data, other) if kind == ".json" else (other, data)
    return verify_json(record, signature, roots, now=now)


def _read(file: Path) -> bytes | str:
    """Return the bytes of a file, or the sentence that says why they cannot be had."""
    limit = _LIMITS[file.suffix.lower()]
    try:
        if not file.is_file():
            return "There is no such file." if not file.exists() else "This is not a file."
        if file.stat().st_size > limit:
            return f"The file is larger than any report ({limit >> 10} KiB)."
        data = file.read_bytes()
    except OSError as exc:
        return f"The file cannot be read: {exc.strerror}."
    return data or "The file is empty."


def _place(file: Path) -> str:
    """Name a file by where it lies, however it was spelled: ``realpath`` never raises, even on a loop of links."""
    return os.path.realpath(file)


def _partner(file: Path, files: Sequence[Path], kind: str) -> Path | None:
    named = [f for f in files if f.suffix.lower() == kind]
    for candidate in named:
        if _place(candidate.with_suffix("")) == _place(file.with_suffix("")):
            return candidate
    beside = file.with_suffix(kind)
    if beside.exists():
        return beside
    same_kind = {f for f in files if f.suffix.lower() == file.suffix.lower()}
    return named[0] if len(set(named)) == 1 and len(same_kind) == 1 else None


def _same_report(answers: Answers, data: bytes, file: Path, files: Sequence[Path]) -> Answers:
    """Compare the record inside a document with the one named beside it."""
    beside = file.with_suffix(".json")
    named = {_place(f) for f in files}
    if answers.intact.ok is not True or _place(beside) not in named:
        return answers
    other = _read(beside)
    if isinstance(other, bytes) and other == embedded_record(data):
        return answers
    return replace(answers, intact=Answer(False, f"The document is of another report than {beside.name}."))
