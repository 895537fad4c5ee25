"""Reads corrections with their signatures: entries after a report, each naming the one before it."""

from __future__ import annotations

from collections.abc import Sequence

from inspection_service.reports.addenda import check_order, read_correction
from inspection_service.reports.answers import Fault
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.sign_json import CORRECTION_TYPE
from inspection_service.reports.verify_facts import SignedEntry
from inspection_service.reports.verify_jws import verify_detached


def read_entry(data: bytes, jws: bytes) -> SignedEntry:
    """Check that a signature fits a correction.

    Raises:
        Fault: ``correction_changed``.
    """
    try:
        signed = verify_detached(data, jws, media_type=CORRECTION_TYPE)
        correction = read_correction(data)
    except (Fault, ValueError) as exc:
        raise Fault("correction_changed") from exc
    return SignedEntry(correction, sha256_hex(data), signed.chain, signed.at)


def check_entries(record_sha256: str, entries: Sequence[SignedEntry]) -> None:
    """Check that corrections follow the report without a gap.

    Raises:
        Fault: ``correction_missing``.
    """
    try:
        check_order(record_sha256, [(entry.correction, entry.sha256) for entry in entries])
    except ValueError as exc:
        raise Fault("correction_missing") from exc
