"""Draws the conclusions: from what the files of a report say and what the reader brought to one answer a question.

The order matters: the log and the timestamps say by when the signatures existed, and certificates are judged at that
time. The static verification page follows the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from inspection_service.reports.addenda import RedactedCopy
from inspection_service.reports.answers import Answer, Answers, Detail, Fault, altered, moment
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.chain import Trust, judge
from inspection_service.reports.commitments import open_record, read_disclosures
from inspection_service.reports.keys import is_development
from inspection_service.reports.verify_facts import Facts, SignedEntry, items, member
from inspection_service.reports.verify_log import Proof, check_proof, log_answer, redactions
from inspection_service.reports.verify_photos import (
    copies_given,
    is_of_report,
    photos_answer,
    strangers_given,
)
from inspection_service.reports.verify_time import time_answer

_PREFERENCE: Final = ("bad", "untrusted", "open", "good")
_EXPIRED_SINCE: Final = ("expired", "since")


@dataclass(frozen=True, slots=True)
class Installed:
    """The models and checklists of the reader's own installation."""

    models: frozenset[tuple[str, str]]
    """Name and SHA-256 of the model file."""
    checklists: frozenset[tuple[str, str]]
    """Id and SHA-256 of the canonical content."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a log says online about one report."""

    known: bool
    newer: tuple[tuple[str, str], ...]
    """Kind and time of every later entry."""


class Online(Protocol):
    """Asks a service about a report."""

    def __call__(self, json_sha256: str) -> Status:
        """Return what it says.

        Raises:
            OSError: It does not say anything that can be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader brought and wants to know."""

    trust: Trust
    now: datetime
    """The verifier's clock."""
    installed: Installed | None = None
    online: Online | None = None


def assess(facts: Facts, asked: Asked) -> Answers:
    """Answer every question about one report whose signatures fit."""
    try:
        intact = _intact(facts)
    except Fault as fault:
        return altered(fault)
    proof: Proof | None = None
    log = Answer("log", "not_in_file")
    if facts.log_proof is not None:
        try:
            proof = check_proof(facts, asked.trust)
            log = log_answer(proof, facts, asked.trust, now=asked.now)
        except Fault as fault:
            log = Answer("log", "not_included", fault.why, fault.values)
    time, proven_at = time_answer(facts, proof, asked.now)
    return Answers(
        intact=intact,
        signer=_signer(facts, asked, proven_at),
        time=time,
        log=log,
        photos=photos_answer(facts),
        redacted=_redacted(facts),
        known=_known(facts, asked.installed),
        newer=_newer(facts, asked.online),
    )


def _intact(facts: Facts) -> Answer:
    """Check what ties the parts to each other: signature to record, disclosures to commitments."""
    sealing = next((s for s in facts.signed if s.what == "record"), facts.signed[0])
    if member(facts.record, "notes", "development_keys") is not is_development(sealing.chain):
        raise Fault("development_note")
    sha256 = sha256_hex(facts.record_bytes)
    withheld: Sequence[str] = ()
    if facts.disclosures is not None:
        try:
            report_sha256, disclosures = read_disclosures(facts.disclosures)
            if report_sha256 != sha256:
                raise Fault("disclosures_of_another")
            withheld = open_record(facts.record, disclosures).withheld
        except ValueError as exc:
            raise Fault("disclosure_changed") from exc
    else:
        withheld = open_record(facts.record, ()).withheld
    details = facts.details or [Detail("record_sha256", sha256)]
    erased = {pointer for entry in redactions(facts) for pointer in entry.correction.erased}
    details = [*details, *(Detail("erased" if p in erased else "withheld", p) for p in withheld)]
    values = {
        "inspection": str(member(facts.record, "inspection", "id")),
        "sealed": str(facts.record.get("sealed_at")),
        "count": str(len(withheld)),
    }
    if member(facts.record, "notes", "demonstration_pictures") is True:
        values["demonstration"] = "yes"
    return Answer("intact", "yes", "withheld" if withheld else None, values, tuple(details))


def _signer(facts: Facts, asked: Asked, proven_at: datetime | None) -> Answer:
    """Judge every signature; the least good answer counts."""
    answers = [
        judge(
            signed.chain,
            asked.trust,
            claimed_at=signed.at,
            proven_at=None if signed.what == "bundle" else proven_at,
            now=asked.now,
            revoked_by=facts.revoked_by,
        )
        for signed in facts.signed
    ]
    given = [] if facts.redaction is None else [facts.redaction]
    for entry in (*facts.entries, *given):
        answer = judge(
            entry.chain,
            asked.trust,
            claimed_at=entry.at,
            proven_at=None,
            now=asked.now,
            revoked_by=facts.revoked_by,
        )
        if answer.level != "good":
            answers.append(answer)
    own = [a for a, s in zip(answers, facts.signed, strict=False) if s.what != "bundle"]
    # A later signature in the same file that has merely grown old does not spoil the report's own.
    judged = [a for a in answers if a in own or (a.code, a.why) != _EXPIRED_SINCE]
    return min(judged, key=lambda answer: _PREFERENCE.index(answer.level))


def _redacted(facts: Facts) -> Answer:
    if facts.redaction_fault:
        return Answer("redacted", "no", "statement_changed")
    entries: list[SignedEntry] = redactions(facts)
    if not entries:
        return Answer("redacted", "not_a_redaction")
    sha256 = sha256_hex(facts.record_bytes)
    if any(entry.correction.corrects != sha256 for entry in entries):
        return Answer("redacted", "no", "other_report")
    latest = entries[-1]
    if any(not is_of_report(copy, facts) for entry in entries for copy in entry.correction.copies):
        return Answer("redacted", "no", "other_original", {"at": moment(latest.correction.at)})
    copies = copies_given(facts)
    if (copies or facts.redaction is not None) and (strangers := strangers_given(facts)):
        return Answer("redacted", "no", "other_photo", {"names": ", ".join(strangers[:5])})
    erased = sorted({pointer for entry in entries for pointer in entry.correction.erased})
    details = tuple(Detail("erased", pointer) for pointer in erased)
    values = {"at": moment(latest.correction.at), "count": str(len(erased))}
    if facts.disclosures is not None:
        shown = {disclosure.pointer for disclosure in read_disclosures(facts.disclosures)[1]}
        if shown & set(erased):
            return Answer("redacted", "no", "still_shown", values, details)
    if copies:
        hidden = tuple(
            Detail("redacted_copy", _hidden_in(name, copy)) for name, copy in sorted(copies.items())
        )
        details, values = (*details, *hidden), {**values, "photos": str(len(copies))}
    is_own = facts.pdf_sha256 in {entry.correction.pdf_sha256 for entry in entries}
    if copies and (facts.pdf_sha256 is None or is_own or facts.redaction is None):
        return Answer("redacted", "derived", "photos", values, details)
    if facts.pdf_sha256 is None:
        if not any(e.correction.erased or e.correction.erased_photos for e in entries):
            return Answer(
                "redacted", "not_a_redaction"
            )  # there are copies elsewhere; this is the record itself
        return Answer("redacted", "derived", "record", values, details)
    if facts.pdf_sha256 in {entry.correction.pdf_sha256 for entry in entries}:
        return Answer("redacted", "derived", None, values, details)
    if facts.redaction is not None:
        return Answer("redacted", "no", "other_copy", values, details)
    return Answer("redacted", "not_a_redaction")


def _hidden_in(name: str, copy: RedactedCopy) -> str:
    kinds = ", ".join(sorted({str(region["kind"]) for region in copy.hidden})) or "-"
    return f"{name}: {kinds}; SHA-256 {copy.original_sha256}"


def _known(facts: Facts, installed: Installed | None) -> Answer:
    if installed is None:
        return Answer("known", "not_checked")
    models = [
        (str(m.get("name")), str(m.get("sha256"))) for m in items(member(facts.record, "models", "list"))
    ]
    checklist = tuple(str(member(facts.record, "checklist", key)) for key in ("id", "sha256"))
    strangers = [name for name, sha256 in models if (name, sha256) not in installed.models]
    if checklist not in installed.checklists:
        strangers.append(str(checklist[0]))
    details = (
        *(Detail("model", f"{name}, SHA-256 {sha256}") for name, sha256 in models),
        Detail("checklist", f"{checklist[0]}, SHA-256 {checklist[1]}"),
    )
    if strangers:
        return Answer("known", "unknown", None, {"names": ", ".join(strangers)}, details)
    return Answer("known", "known", None, {"count": str(len(models))}, details)


def _newer(facts: Facts, online: Online | None) -> Answer:
    """Say whether anything was said after the report; what stands in the file itself is known without asking."""
    inside = [(entry.correction.kind, moment(entry.correction.at)) for entry in facts.entries]
    told: Status | None = None
    if online is not None:
        try:
            told = online(sha256_hex(facts.record_bytes))
        except OSError as exc:
            return Answer("newer", "unanswered", None, {"why": str(exc)}, _entries(inside))
        if not told.known:
            return Answer("newer", "unanswered", "not_known_there", {}, _entries(inside))
    is_withdrawn = any(kind == "withdrawal" for kind, _ in (*inside, *(told.newer if told else ())))
    if told is not None and len(told.newer) > len(inside):
        why = "withdrawn" if is_withdrawn else None
        return Answer("newer", "yes", why, {"count": str(len(told.newer))}, _entries(told.newer))
    if inside:
        why = "withdrawn" if is_withdrawn else "in_file"
        count = {"count": str(len(inside))}
        return Answer("newer", "yes", why, count, _entries(inside), softened=not is_withdrawn)
    return Answer("newer", "not_asked") if told is None else Answer("newer", "none")


def _entries(entries: Sequence[tuple[Any, str]]) -> tuple[Detail, ...]:
    return tuple(Detail("correction", f"{kind}, {at}") for kind, at in entries)


def with_intact(answers: Answers, fault: Fault) -> Answers:
    """Take back that a report is intact, because of something found beside it."""
    return replace(answers, intact=Answer("intact", "no", fault.why, fault.values))
