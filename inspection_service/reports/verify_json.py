"""Reads the record with its detached signature (RFC 7515, ES256)."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from inspection_service.reports.answers import Answers, Fault, Unreadable, altered, unreadable
from inspection_service.reports.chain import Trust
from inspection_service.reports.verify_facts import MAX_JSON_BYTES, Facts, SignedBy, read_report
from inspection_service.reports.verify_jws import verify_detached


def read_json(json_bytes: bytes, jws_bytes: bytes) -> Facts:
    """Check that a signature fits a record.

    Args:
        json_bytes: The file ``report.json``, unchanged.
        jws_bytes: The file ``report.jws``, unchanged.

    Raises:
        Unreadable: It is no report this version knows.
        Fault: Record and signature do not fit.
    """
    if len(json_bytes) > MAX_JSON_BYTES:
        raise Unreadable("too_large")
    signed = verify_detached(json_bytes, jws_bytes)
    try:
        record = read_report(json_bytes)
    except Fault as fault:
        if fault.why == "unknown_schema":
            raise Unreadable(fault.why, **fault.values) from fault
        raise
    return Facts(json_bytes, record, [SignedBy("record", signed.chain, signed.at)])


def verify_json(
    json_bytes: bytes, jws_bytes: bytes, roots: tuple[x509.Certificate, ...], *, now: datetime
) -> Answers:
    """Answer all questions about a record and the signature given with it, nothing else being asked.

    Args:
        json_bytes: The file ``report.json``, unchanged.
        jws_bytes: The file ``report.jws``, unchanged.
        roots: Pinned from outside.
        now: The verifier's clock.
    """
    from inspection_service.reports.verify_assess import Asked, assess  # which judges what this reads

    try:
        facts = read_json(json_bytes, jws_bytes)
    except Unreadable as fault:
        return unreadable(fault)
    except Fault as fault:
        return altered(fault)
    return assess(facts, Asked(Trust(roots), now))
