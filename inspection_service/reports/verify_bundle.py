"""Reads a bundle: one ``.zip`` whose members are checked by name and hash against the signed list inside it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from inspection_service.reports.answers import Fault, Unreadable
from inspection_service.reports.bundle import (
    BUNDLE_JSON,
    BUNDLE_JWS,
    MEMBER,
    correction_member,
    read_bundle_list,
)
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.chain import Trust
from inspection_service.reports.sign_json import BUNDLE_TYPE
from inspection_service.reports.verify_entries import check_entries, read_entry
from inspection_service.reports.verify_facts import (
    DISCLOSURES_NAME,
    MAX_JSON_BYTES,
    RECORD_NAME,
    SIGNATURE_NAME,
    Facts,
    SignedBy,
)
from inspection_service.reports.verify_json import read_json
from inspection_service.reports.verify_jws import MAX_JWS_BYTES, verify_detached
from inspection_service.reports.verify_log import MAX_PROOF_BYTES
from inspection_service.reports.verify_pdf import MAX_PDF_BYTES, read_pdf
from inspection_service.reports.verify_zip import Zip

DOCUMENT_NAME: Final = "report.pdf"
LOG_NAME: Final = "log.json"
_PHOTOS: Final = "photos/"
_MAX_LIST_BYTES: Final = 8 << 20
_MAX_CORRECTION_BYTES: Final = 1 << 20


def read_bundle(path: Path, trust: Trust) -> Facts:
    """Check a bundle and gather what all its members say.

    Args:
        path: The ``.zip``.
        trust: What the reader brought.

    Raises:
        Unreadable: It is no bundle.
        Fault: It is not as it was signed.
        OSError: It cannot be read.
    """
    try:
        with Zip(path, lambda name: MEMBER.fullmatch(name) is not None) as bundle:
            return _read(bundle, trust)
    except Fault as fault:
        if fault.why.startswith("zip_"):
            raise Unreadable(fault.why, **fault.values) from fault
        raise


def _read(bundle: Zip, trust: Trust) -> Facts:
    signer, photos = _check_list(bundle)
    if RECORD_NAME not in bundle.entries or SIGNATURE_NAME not in bundle.entries:
        raise Fault("bundle_incomplete")
    facts = read_json(bundle.read(RECORD_NAME, MAX_JSON_BYTES), bundle.read(SIGNATURE_NAME, MAX_JWS_BYTES))
    if DOCUMENT_NAME in bundle.entries:
        _add_document(facts, read_pdf(bundle.read(DOCUMENT_NAME, MAX_PDF_BYTES), trust))
    if DISCLOSURES_NAME in bundle.entries:
        disclosures = bundle.read(DISCLOSURES_NAME, MAX_JSON_BYTES)
        if facts.disclosures is not None and facts.disclosures != disclosures:
            raise Fault("disclosures_differ")
        facts.disclosures = disclosures
    if LOG_NAME in bundle.entries:
        facts.log_proof = bundle.read(LOG_NAME, MAX_PROOF_BYTES)
    facts.signed.append(signer)
    facts.photos = photos or None
    _add_corrections(facts, bundle)
    return facts


def _check_list(bundle: Zip) -> tuple[SignedBy, dict[str, str]]:
    """Compare every member with the signed list; return its signer, and the hashes of the photos by name."""
    if BUNDLE_JSON not in bundle.entries or BUNDLE_JWS not in bundle.entries:
        raise Fault("bundle_unsigned")
    listed = bundle.read(BUNDLE_JSON, _MAX_LIST_BYTES)
    try:
        signed = verify_detached(listed, bundle.read(BUNDLE_JWS, MAX_JWS_BYTES), media_type=BUNDLE_TYPE)
        _, members = read_bundle_list(listed)
    except (Fault, ValueError) as exc:
        raise Fault("bundle_list_changed") from exc
    named = {member.name for member in members}
    there = set(bundle.entries) - {BUNDLE_JSON, BUNDLE_JWS}
    for name in sorted(named - there):
        raise Fault("member_removed", name=name)
    for name in sorted(there - named):
        raise Fault("member_added", name=name)
    photos: dict[str, str] = {}
    for member in members:
        if bundle.entries[member.name].size != member.size or bundle.digest(member.name) != member.sha256:
            raise Fault("member_changed", name=member.name)
        if member.name.startswith(_PHOTOS):
            photos[PurePosixPath(member.name).name] = member.sha256
    return SignedBy("bundle", signed.chain, signed.at), photos


def _add_document(facts: Facts, document: Facts) -> None:
    """Put what the document says beside what the record says; both must be the same report."""
    if document.record_bytes != facts.record_bytes:
        raise Fault("document_of_another")
    facts.signed += document.signed
    facts.stamps = document.stamps
    facts.time_fault = document.time_fault
    facts.promised = document.promised
    facts.crls += document.crls
    facts.ocsps += document.ocsps
    facts.disclosures = document.disclosures
    facts.evidence = document.evidence
    facts.pdf_sha256 = document.pdf_sha256
    facts.details = document.details


def _add_corrections(facts: Facts, bundle: Zip) -> None:
    count = sum(name.startswith("corrections/") and name.endswith(".json") for name in bundle.entries)
    for no in range(1, count + 1):
        names = [correction_member(no, ending) for ending in ("json", "jws")]
        if any(name not in bundle.entries for name in names):
            raise Fault("correction_missing")
        data, jws = (bundle.read(name, _MAX_CORRECTION_BYTES) for name in names)
        facts.entries.append(read_entry(data, jws))
    if sum(name.startswith("corrections/") for name in bundle.entries) != 2 * count:
        raise Fault("correction_missing")
    check_entries(sha256_hex(facts.record_bytes), facts.entries)
