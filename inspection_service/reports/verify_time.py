"""Says when a report was sealed, and by whose clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from inspection_service.reports.answers import Answer, Detail, moment
from inspection_service.reports.verify_facts import Facts, member
from inspection_service.reports.verify_log import Proof
from inspection_service.reports.verify_timestamp import MAX_CLOCK_LEAD, MAX_SKEW, Stamp

_STAMPED: Final = ("timestamp_authority", "internal_timestamp")


def time_answer(facts: Facts, proof: Proof | None, now: datetime) -> tuple[Answer, datetime | None]:
    """Answer when, and by which clock.

    Returns:
        The answer, and the time by which an independent authority says that the signatures existed, if one does.
    """
    details = _details(facts, proof)

    def no(why: str, **values: str) -> tuple[Answer, None]:
        return Answer("time", "no", why, values, details), None

    try:
        sealed_at = datetime.fromisoformat(str(facts.record["sealed_at"]))
        claims = [(signed.what, signed.at) for signed in facts.signed if signed.what != "bundle"]
        apart = [at for what, at in claims if not _agrees(what, at, sealed_at, facts)]
    except (KeyError, ValueError, TypeError):
        return no("not_said")
    if apart:
        return no("differs", sealed=moment(sealed_at), signed=moment(apart[0]))
    values = {"sealed": moment(sealed_at)}
    if max(sealed_at, *(at for _, at in claims)) > now + MAX_CLOCK_LEAD:
        return no("future", **values)
    if facts.time_fault is not None:
        return no(facts.time_fault.why, **values)
    why = _why_removed(facts) or _why_impossible(facts.stamps, sealed_at, now)
    if why is not None:
        return no(why, **values)
    signature = next((stamp for kind, stamp in facts.stamps if kind == "signature"), None)
    for stamp, via in ((signature, None), (proof.stamp if proof else None, "log")):
        if stamp is not None and stamp.is_trusted:
            values |= {"at": moment(stamp.at), "authority": stamp.authority}
            return Answer("time", "authority", via, values, details), stamp.at
    if signature is not None:
        values |= {"at": moment(signature.at), "authority": signature.authority}
        return Answer("time", "internal", signature.why_not, values, details), None
    is_elsewhere = not facts.is_document and member(facts.record, "notes", "time") in _STAMPED
    return Answer("time", "service_clock", "in_document" if is_elsewhere else None, values, details), None


def _agrees(what: str, at: datetime, sealed_at: datetime, facts: Facts) -> bool:
    """Whether a signature's time is that of the record; a document may be issued again, around a signed record."""
    if abs(at - sealed_at) < timedelta(seconds=1):
        return True
    return what == "document" and at > sealed_at and any(each.what == "record" for each in facts.signed)


def _why_removed(facts: Facts) -> str | None:
    """Notice a timestamp that the document's signature says comes with it, and that does not."""
    missing = facts.promised - {kind for kind, _ in facts.stamps}
    if "signature" in missing:
        return "timestamp_removed"
    return "document_timestamp_removed" if missing else None


def _why_impossible(stamps: Sequence[tuple[str, Stamp]], sealed_at: datetime, now: datetime) -> str | None:
    """Notice timestamps that cannot be of this report at this time."""
    if sealed_at.year == 1:  # so early that nothing can be before it
        return "timestamp_too_early" if stamps else None
    latest = sealed_at - MAX_SKEW
    for _, stamp in stamps:
        if stamp.at < latest:
            return "timestamp_too_early"
        if stamp.at > now + MAX_CLOCK_LEAD:
            return "future"
        if stamp.why_not == "revoked":
            return "authority_revoked"
        latest = max(latest, stamp.at)
    is_proven = any(kind == "signature" and stamp.is_trusted for kind, stamp in stamps)
    documents = [stamp for kind, stamp in stamps if kind == "document"]
    if is_proven and documents and not any(stamp.is_trusted for stamp in documents):
        return "document_timestamp_untrusted"
    return None


def _details(facts: Facts, proof: Proof | None) -> tuple[Detail, ...]:
    stamps = [*facts.stamps]
    if proof is not None and proof.stamp is not None:
        stamps.append(("log_head", proof.stamp))
    clock = [Detail("service_clock", str(facts.record.get("sealed_at")))]
    return (
        *clock,
        *(
            Detail(f"stamp_{kind}", f"{moment(stamp.at)}, {stamp.authority}, {stamp.serial}")
            for kind, stamp in stamps
        ),
    )
