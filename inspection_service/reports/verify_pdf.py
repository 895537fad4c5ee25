"""Reads the document: its signature first, then what follows it, then what it carries and prints.

Nothing is taken from a part that the report's own signature does not cover, but validation data and timestamps, which
prove themselves (ISO 32000-2, 12.8; ETSI EN 319 142-1, up to B-LTA).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader

from inspection_service.reports.answers import Answers, Detail, Fault, Unreadable, altered, unreadable
from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.chain import Trust
from inspection_service.reports.verify_container import (
    Container,
    Spot,
    find_spots,
    parse_container,
    verify_signature,
)
from inspection_service.reports.verify_facts import (
    DISCLOSURES_NAME,
    EVIDENCE_NAME,
    RECORD_NAME,
    SIGNATURE_NAME,
    Facts,
    SignedBy,
    read_report,
)
from inspection_service.reports.verify_jws import verify_detached
from inspection_service.reports.verify_pdf_after import Added, check_added
from inspection_service.reports.verify_pdf_parts import embedded_files, open_pdf, prints, refuse_bombs
from inspection_service.reports.verify_pdf_tables import read_tables
from inspection_service.reports.verify_timestamp import check_token, digest_of, read_certificates

MAX_PDF_BYTES: Final = 256 << 20
DIGEST_PREFIX: Final = "report-json-sha256:"
"""Marks the record's digest in the document's keywords and in the signature's reason."""
_PROMISED: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset(),
    " pades-b-lt": frozenset({"signature"}),
    " pades-b-lta": frozenset({"signature", "document"}),
}
"""Timestamps by what follows the digest in the reason; see ``sign_pdf.py``, which takes too long to load here."""


def read_pdf(data: bytes, trust: Trust) -> Facts:
    """Check a signed document and take out what it says.

    Args:
        data: The file, unchanged.
        trust: What the reader brought; only timestamps are judged with it here.

    Raises:
        Unreadable: It is no document this version knows.
        Fault: It is not as it was signed.
    """
    if len(data) > MAX_PDF_BYTES:
        raise Unreadable("too_large")
    if not data.startswith(b"%PDF-"):
        raise Unreadable("not_a_pdf")
    spots = find_spots(data)
    own = spots[0]
    container = parse_container(own.container)
    verify_signature(container, own.digest(data))
    refuse_bombs(data)
    _check_tables(data, own)
    try:
        signed = open_pdf(data[: own.end])
        files, claimed_at, promised = _read_signed(signed, own)
        added = check_added(data, signed, spots)
        facts = _facts(files, SignedBy("document", container.chain, claimed_at))
        _check_digest(signed, sha256_hex(facts.record_bytes), facts)
    except Fault:
        raise
    except Exception as exc:  # a hostile file can fail anywhere inside a parser; the answer is the same
        raise Fault("structure") from exc
    facts.pdf_sha256 = sha256_hex(data)
    facts.crls = list(added.crls)
    facts.ocsps = list(added.ocsps)
    facts.promised = promised
    _check_stamps(data, facts, container, added, trust)
    return facts


def _check_tables(data: bytes, own: Spot) -> None:
    """Check that all tables are of our spelling, and that one revision ends where the signature does."""
    try:
        if own.end in (table.end for table in read_tables(data)):
            return
    except Fault as fault:
        if fault.why == "bomb" or own.end == len(data):
            raise
    raise Fault("cut_or_added")


def verify_pdf(data: bytes, roots: tuple[x509.Certificate, ...], *, now: datetime) -> Answers:
    """Answer all questions about a signed document, nothing else being asked.

    Args:
        data: The file, unchanged.
        roots: Pinned from outside.
        now: The verifier's clock.
    """
    from inspection_service.reports.verify_assess import Asked, assess  # which judges what this reads

    trust = Trust(roots)
    try:
        facts = read_pdf(data, trust)
    except Unreadable as fault:
        return unreadable(fault)
    except Fault as fault:
        return altered(fault)
    return assess(facts, Asked(trust, now))


def embedded_record(data: bytes) -> bytes | None:
    """Take the record out of a document that has been verified; ``None`` when there is not exactly one."""
    try:
        return embedded_files(open_pdf(data)).get(RECORD_NAME)
    except Exception:  # a hostile file can fail anywhere inside a parser; the answer is the same
        return None


def _read_signed(signed: PdfFileReader, own: Spot) -> tuple[dict[str, bytes], datetime, frozenset[str]]:
    """Check the signature's dictionary and read what it names.

    Returns:
        The embedded files, the time it claims, and the timestamps that it says come with it.
    """
    root = signed.root
    signatures = [field["/V"] for field in _fields(root) if "/V" in field]
    if len(signatures) != 1 or "/DSS" in root:
        raise Fault("signature_misplaced")
    (signature,) = signatures
    (reference,) = signature["/Reference"]
    if (
        tuple(int(number) for number in signature["/ByteRange"]) != own.numbers
        or not bytes(signature.raw_get("/Contents")).startswith(own.container)
        or signature["/SubFilter"] != "/ETSI.CAdES.detached"
        or root["/Perms"].raw_get("/DocMDP").reference != _value_reference(root)
        or (reference["/TransformMethod"], reference["/TransformParams"]["/P"]) != ("/DocMDP", 1)
    ):
        raise Fault("signature_misplaced")
    files = embedded_files(signed)
    if RECORD_NAME not in files:
        raise Fault("no_record")
    digest = f"{DIGEST_PREFIX}{sha256_hex(files[RECORD_NAME])}"
    keywords = str(signed.trailer_view["/Info"].get("/Keywords", ""))
    promised = _PROMISED.get(str(signature.get("/Reason", "")).removeprefix(digest))
    if promised is None or keywords != digest:
        raise Fault("other_record")
    return files, _pdf_time(str(signature["/M"])), promised


def _fields(root: Any) -> list[Any]:
    fields = root["/AcroForm"]["/Fields"]
    return [fields[index] for index in range(len(fields))]


def _value_reference(root: Any) -> Any:
    (field,) = _fields(root)
    return field.raw_get("/V").reference


def _pdf_time(text: str) -> datetime:
    """Read the time as the seal writes it: ``D:YYYYMMDDhhmmssZ``."""
    return datetime.strptime(text, "D:%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _facts(files: dict[str, bytes], signer: SignedBy) -> Facts:
    record_bytes = files[RECORD_NAME]
    try:
        record = read_report(record_bytes)
    except Fault as fault:
        if fault.why == "unknown_schema":
            raise Unreadable(fault.why, **fault.values) from fault
        raise
    facts = Facts(record_bytes, record, [signer])
    facts.disclosures = files.get(DISCLOSURES_NAME)
    facts.evidence = files.get(EVIDENCE_NAME)
    if facts.evidence is not None and facts.evidence != canonical_bytes(record.get("evidence")):
        raise Fault("evidence_differs")
    jws = files.get(SIGNATURE_NAME)
    if jws is not None:
        try:
            within = verify_detached(record_bytes, jws)
        except Fault as fault:
            raise Fault("embedded_signature") from fault
        facts.signed.append(SignedBy("record", within.chain, within.at))
    return facts


def _check_digest(signed: PdfFileReader, sha256: str, facts: Facts) -> None:
    """Compare what can be compared between the printed pages and the record, and say what cannot."""
    if not prints(signed, sha256):
        raise Fault("other_text")
    facts.details += [
        Detail("record_sha256", sha256),
        Detail("text_compared", sha256),
        Detail("text_not_compared", "-"),
    ]


def _check_stamps(data: bytes, facts: Facts, container: Container, added: Added, trust: Trust) -> None:
    """Check every timestamp of the document; the first that is not good is kept as what is wrong with its time."""
    try:
        beside = read_certificates(added.certificates)
        waiting = (
            []
            if container.token is None
            else [("signature", container.token, digest_of(container.signature))]
        )
        for spot in added.stamps:
            waiting.append(("document", spot.container, _digest_of_spot(spot, data)))
        for kind, token, digest in waiting:
            stamp = check_token(
                token,
                digest,
                trust,
                signer_chain=container.chain,
                certificates=beside,
                revoked_by=facts.revoked_by,
            )
            facts.stamps.append((kind, stamp))
    except Fault as fault:
        facts.time_fault = fault
    except ValueError:
        facts.time_fault = Fault("timestamp_malformed")


def _digest_of_spot(spot: Spot, data: bytes) -> Any:
    return lambda name: spot.digest(data, name)
