"""Asks report files what they prove, offline and without the service that made them.

A report is a document alone, a record with its signature, or a bundle; each gets separate answers: is it intact, who
signed, when, in the log, are the photos its own, is it a redacted copy, are its models known, is there anything newer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inspection_service.reports.answers import (
    GOOD,
    NOT_GOOD,
    UNREADABLE,
    UNTRUSTED,
    Answers,
    Fault,
    Language,
    Unreadable,
    altered,
    unreadable,
)
from inspection_service.reports.verify_assess import Asked, assess, with_intact
from inspection_service.reports.verify_bundle import read_bundle
from inspection_service.reports.verify_entries import read_entry
from inspection_service.reports.verify_facts import MAX_JSON_BYTES, Facts
from inspection_service.reports.verify_json import read_json
from inspection_service.reports.verify_jws import MAX_JWS_BYTES
from inspection_service.reports.verify_log import MAX_PROOF_BYTES
from inspection_service.reports.verify_pdf import MAX_PDF_BYTES, read_pdf
from inspection_service.reports.verify_zip import MAX_BUNDLE_BYTES

_LIMITS: Final = {
    ".json": MAX_JSON_BYTES,
    ".jws": MAX_JWS_BYTES,
    ".pdf": MAX_PDF_BYTES,
    ".zip": MAX_BUNDLE_BYTES,
}
_GRAVEST: Final = (NOT_GOOD, UNREADABLE, UNTRUSTED, GOOD)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the reader gives beside the report; each stands for all reports named."""

    photos: dict[str, str] | None = None
    """SHA-256 by file name."""
    log: Path | None = None
    """``log.json``."""
    disclosures: Path | None = None
    """``disclosures.json``."""
    redaction: Path | None = None
    """The entry a redacted copy was issued with, its ``.jws`` beside it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one report among the files named says."""

    files: tuple[Path, ...]
    """The file, or record and signature."""
    answers: Answers

    def to_json(self, language: Language) -> dict[str, Any]:
        """Return the form of ``verify-report --json``."""
        return {
            "file": str(self.files[0]),
            "files": [str(file) for file in self.files],
            "ok": self.answers.is_good,
            "exit_code": self.answers.exit_code,
            "demonstration": self.answers.is_demonstration,
            "headline": self.answers.headline(language),
            "answers": self.answers.to_json(language),
        }


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return the gravest of several verdicts: wrong before unreadable before untrusted before good."""
    codes = {verdict.answers.exit_code for verdict in verdicts}
    return next(code for code in _GRAVEST if code in codes)


def verify_files(files: Sequence[Path], asked: Asked, beside: Beside | None = None) -> list[Verdict]:
    """Verify files by what they are.

    A record finds its signature, and a signature its record, among the files named (same name, or the only one), else
    beside it in the same folder; the two are one report. Files of one name must be the same report.

    Args:
        files: ``.pdf``, ``.json`` with ``.jws``, ``.zip``, in any order.
        asked: What the reader brought and wants to know.
        beside: What is given beside them.

    Returns:
        One verdict a report, in the order named; nothing about a file is ever raised.
    """
    verdicts: list[tuple[Verdict, Facts | None]] = []
    done: set[str] = set()
    for file in files:
        if _place(file) in done:
            continue
        group, facts, answers = _verify(file, files, asked, beside or Beside())
        done |= {_place(each) for each in group}
        verdicts.append((Verdict(group, answers), facts))
    return _compared(verdicts)


def _verify(
    file: Path, files: Sequence[Path], asked: Asked, beside: Beside
) -> tuple[tuple[Path, ...], Facts | None, Answers]:
    group: tuple[Path, ...] = (file,)
    try:
        group = _group(file, files)
        facts = _facts(group, asked)
        _add(facts, beside)
        return group, facts, assess(facts, asked)
    except Unreadable as fault:
        return group, None, unreadable(fault)
    except Fault as fault:
        return group, None, altered(fault)
    except Exception:  # signed by anybody, it can be of any shape; whatever it is, it is no report
        return group, None, altered(Fault("not_a_report"))


def _facts(group: Sequence[Path], asked: Asked) -> Facts:
    kind = group[0].suffix.lower()
    try:
        if kind == ".zip":
            _check_file(group[0])
            return read_bundle(group[0], asked.trust)
        if kind == ".pdf":
            return read_pdf(_read(group[0]), asked.trust)
        return read_json(_read(group[0]), _read(group[1]))
    except OSError as exc:
        raise Unreadable("cannot_be_read", error=exc.strerror or type(exc).__name__) from exc


def _group(file: Path, files: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files that are one report, the record before its signature."""
    kind = file.suffix.lower()
    if kind not in _LIMITS:
        raise Unreadable("not_a_report_file")
    if kind in (".pdf", ".zip"):
        return (file,)
    _check_file(file)
    other = ".jws" if kind == ".json" else ".json"
    partner = _partner(file, files, other)
    if partner is None:
        raise Unreadable("partner_missing", name=file.with_suffix(other).name)
    return (file, partner) if kind == ".json" else (partner, file)


def _check_file(file: Path) -> None:
    try:
        if not file.is_file():
            raise Unreadable("not_a_file" if file.exists() else "no_such_file", name=file.name)
        size = file.stat().st_size
    except OSError as exc:
        raise Unreadable("cannot_be_read", error=exc.strerror or type(exc).__name__) from exc
    if not size:
        raise Unreadable("empty", name=file.name)
    if size > _LIMITS[file.suffix.lower()]:
        raise Unreadable("too_large", name=file.name)


def _read(file: Path) -> bytes:
    _check_file(file)
    with file.open("rb") as opened:
        return opened.read(_LIMITS[file.suffix.lower()] + 1)


def _add(facts: Facts, beside: Beside) -> None:
    """Put what was given beside a report where the report itself has nothing."""
    try:
        if beside.photos is not None:
            facts.photos = {**(facts.photos or {}), **beside.photos}
        if beside.log is not None:
            facts.log_proof = _limited(beside.log, MAX_PROOF_BYTES)
        if beside.disclosures is not None:
            given = _limited(beside.disclosures, MAX_JSON_BYTES)
            if facts.disclosures not in (None, given):
                raise Fault("disclosures_differ")
            facts.disclosures = given
        if beside.redaction is not None:
            jws = _limited(beside.redaction.with_suffix(".jws"), MAX_JWS_BYTES)
            try:
                facts.redaction = read_entry(_limited(beside.redaction, MAX_JSON_BYTES), jws)
            except Fault:  # the report itself may be right: its own question has the answer
                facts.redaction_fault = True
    except OSError as exc:
        raise Unreadable("cannot_be_read", error=f"{exc.filename}: {exc.strerror}") from exc


def _limited(path: Path, limit_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit_bytes + 1)


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


def _compared(verdicts: Sequence[tuple[Verdict, Facts | None]]) -> list[Verdict]:
    """Compare reports of one name, which must be the same; the later one named is said to be of another."""
    first: dict[str, Facts] = {}
    compared: list[Verdict] = []
    for verdict, facts in verdicts:
        if facts is not None:
            earlier = first.setdefault(_place(verdict.files[0].with_suffix("")), facts)
            if earlier.record_bytes != facts.record_bytes and verdict.answers.intact.code == "yes":
                fault = Fault("files_differ", name=verdict.files[0].stem)
                verdict = Verdict(verdict.files, with_intact(verdict.answers, fault))  # noqa: PLW2901
        compared.append(verdict)
    return compared
