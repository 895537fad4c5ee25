"""Verifies the document: first with a strict reader of our own, then with pyHanko, then the record inside it.

The strict part exists because PDF tools accept more than one spelling of a signature container: a bit flipped in its
padding, or in a certificate nobody reads, would pass unnoticed (ISO 32000-1, 12.8; ETSI EN 319 142-1, B-B).
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from inspection_service.reports.answers import Answer, Answers, altered, unreadable
from inspection_service.reports.canonical import load_record, sha256_hex
from inspection_service.reports.chain import trust
from inspection_service.reports.der import is_der, parts
from inspection_service.reports.keys import load_certificate
from inspection_service.reports.loops import run_sync
from inspection_service.reports.render.document import RECORD_NAME
from inspection_service.reports.sign_pdf import DIGEST_PREFIX
from inspection_service.reports.verify_json import (
    MAX_JSON_BYTES,
    claimed_time,
    describe,
    development_answer,
    signed_by,
)

MAX_PDF_BYTES: Final = 256 << 20
MAX_INFLATED_BYTES: Final = 256 << 20
"""What all compressed parts together may unfold to; a report unfolds to a few megabytes."""
_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
"""A sealed report has exactly one."""
_STREAM: Final = re.compile(rb"stream[\x00\s]*")
"""Readers differ in the white space they pass over here; none of it can begin a Flate stream (RFC 1950, 2.2)."""
_FILTER: Final = re.compile(
    b"/"
    + b"".join(b"(?:%c|#%x|#%X)" % (letter, letter, letter) for letter in b"Filter")
    + rb"(?=[\x00\s/\[(<>%{}])"
)
"""The key as readers understand it, with letters written as ``#hh`` or not (ISO 32000-1, 7.3.5)."""
_PLAIN_FILTER: Final = re.compile(rb"/Filter ?/(?:FlateDecode|DCTDecode|Adobe\.PPKLite)(?=[\s/>])")
"""As our own documents write it: one Flate layer, a photograph, or the kind of the signature; never an array."""
_SHA256_DER: Final = bytes.fromhex("300d06096086480165030402010500")
_ECDSA_SHA256_DER: Final = bytes.fromhex("300a06082a8648ce3d040302")
_SIGNED_ATTRIBUTES: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})


class _Refused(Exception):
    """The file is not spelled as a sealed report is."""


@dataclass(frozen=True, slots=True)
class _Container:
    """The parts of a signature container that verification needs."""

    chain: tuple[x509.Certificate, ...]
    message_digest: bytes
    signed_attributes: bytes
    signature: bytes


def verify_pdf(data: bytes, roots: tuple[x509.Certificate, ...], *, now: datetime) -> Answers:
    """Answer the four questions about a signed document.

    Args:
        data: The file, unchanged.
        roots: Pinned from outside.
        now: The verifier's clock.
    """
    if len(data) > MAX_PDF_BYTES:
        return unreadable("The file is larger than any report.")
    if not data.startswith(b"%PDF-"):
        return unreadable("This is not a PDF.")
    try:
        container_der, digest = _signed_parts(data)
        container = _parse_container(container_der)
    except _Refused as exc:
        return unreadable(str(exc))
    if digest != container.message_digest:
        return altered("The document was changed after it was signed.")
    key = container.chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(container.signature, container.signed_attributes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return altered("The signature was changed, or is of another document.")
    chain = list(container.chain)
    try:
        _refuse_bombs(data)
        record, signed_at = _read_with_pyhanko(data, container_der)
    except _Refused as exc:
        return Answers(
            Answer(False, str(exc)),
            signed_by(chain),
            Answer(None, "Not examined."),
            Answer(None, "Cannot be told."),
        )
    what = describe(record)
    intact = what if isinstance(what, Answer) else development_answer(record, chain)
    return Answers(
        intact or Answer(True, f"Not a byte was changed since it was signed: {what}."),
        signed_by(chain),
        trust(chain, roots, signed_at=signed_at, now=now),
        claimed_time(record, signed_at, now),
    )


def embedded_record(data: bytes) -> bytes | None:
    """Take the record out of a document that has been verified; ``None`` when there is not exactly one."""
    try:
        return _embedded(PdfFileReader(BytesIO(data)))
    except Exception:  # a hostile file can fail anywhere inside a parser; the answer is the same
        return None


def _signed_parts(data: bytes) -> tuple[bytes, bytes]:
    """Find the one signature, which must cover everything but itself; return its container and the digest."""
    found = _BYTE_RANGE.findall(data)
    if not found:
        raise _Refused("This PDF is not signed, or its signature is cut off.")
    if len(found) > 1:
        raise _Refused("This PDF has more than one signature; a report has one, and nothing after it.")
    start, first, second, length = (int(number) for number in found[0])
    if start != 0 or second + length != len(data) or not 0 < first < second:
        raise _Refused("Something was added after the signed range, or cut from it.")
    gap = data[first:second]
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise _Refused("The signature does not lie where the document says.")
    try:
        padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError as exc:
        raise _Refused("The signature container was changed.") from exc
    if padded.hex().upper().encode("ascii") != gap[1:-1]:
        raise _Refused("The signature container was changed.")
    container = padded[: _der_length(padded)]
    if any(padded[len(container) :]):
        raise _Refused("The padding of the signature container was changed.")
    digest = hashlib.sha256(memoryview(data)[:first])
    digest.update(memoryview(data)[second:])
    return container, digest.digest()


def _der_length(data: bytes) -> int:
    if len(data) < 4 or data[0] != 0x30 or data[1] != 0x82:
        raise _Refused("The signature container was changed.")
    return 4 + int.from_bytes(data[2:4], "big")


@lru_cache(maxsize=8)
def _parse_container(der: bytes) -> _Container:
    """Read a CMS container and refuse every part that is not as ``sign_pdf`` writes it (RFC 5652, RFC 5035)."""
    try:
        content = cms.ContentInfo.load(der, strict=True)
        if content["content_type"].native != "signed_data" or not is_der(der):
            raise _Refused("The signature container is not in its own DER encoding.")
        signed = content["content"]
        (signer,) = signed["signer_infos"]
        _check_counts(der)
        chain = tuple(load_certificate(choice.chosen.dump()) for choice in signed["certificates"])
        attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
        _check(len(set(chain)) == len(chain))
        leaf = _leaf(chain, signer)
        _check(signed["version"].native == "v1" and signer["version"].native == "v1")
        _check([algorithm.dump() for algorithm in signed["digest_algorithms"]] == [_SHA256_DER])
        _check(signed["encap_content_info"].dump() == bytes.fromhex("300b06092a864886f70d010701"))
        _check(isinstance(signed["crls"], core.Void) and isinstance(signer["unsigned_attrs"], core.Void))
        _check(signer["digest_algorithm"].dump() == _SHA256_DER)
        _check(signer["signature_algorithm"].dump() == _ECDSA_SHA256_DER)
        _check(
            set(attributes) == _SIGNED_ATTRIBUTES and all(len(values) == 1 for values in attributes.values())
        )
        _check(attributes["content_type"][0].native == "data")
        named: tsp.ESSCertIDv2 = attributes["signing_certificate_v2"][0]["certs"][0]
        _check(named["cert_hash"].native == leaf.fingerprint(hashes.SHA256()))
        return _Container(
            _ordered(leaf, chain),
            attributes["message_digest"][0].native,
            b"\x31" + signer["signed_attrs"].dump()[1:],
            signer["signature"].native,
        )
    except _Refused:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as exc:
        raise _Refused("The signature container was changed or is of another kind.") from exc


def _leaf(chain: tuple[x509.Certificate, ...], signer: cms.SignerInfo) -> x509.Certificate:
    identifier = signer["sid"].chosen
    for certificate in chain:
        issuer = certificate.issuer.public_bytes()
        if (
            certificate.serial_number == identifier["serial_number"].native
            and issuer == identifier["issuer"].dump()
        ):
            return certificate
    raise _Refused("The signature container does not hold the certificate of its signer.")


def _ordered(
    leaf: x509.Certificate, certificates: tuple[x509.Certificate, ...]
) -> tuple[x509.Certificate, ...]:
    """Put the certificates in the order in which each was issued by the next; none may be left over."""
    chain = [leaf]
    rest = [certificate for certificate in certificates if certificate is not leaf]
    while rest:
        issuer = next((c for c in rest if c.subject == chain[-1].issuer), None)
        if issuer is None:
            raise _Refused("The signature container holds a certificate that does not belong to it.")
        try:
            chain[-1].verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError) as exc:
            raise _Refused("A certificate in the signature container was changed.") from exc
        chain.append(issuer)
        rest.remove(issuer)
    return tuple(chain)


def _check_counts(der: bytes) -> None:
    """Refuse values that asn1crypto would pass over because it does not expect them."""
    content = parts(der)
    signed = parts(parts(content[1])[0])
    signer = parts(parts(signed[4])[0])
    _check((len(content), len(signed), len(signer)) == (2, 5, 6))


def _check(is_as_written: bool) -> None:
    if not is_as_written:
        raise _Refused("The signature container was changed or is of another kind.")


def _refuse_bombs(data: bytes) -> None:
    """Refuse other foldings than one Flate layer, and measure each of those before a library unfolds it.

    The whole file is searched, not the dictionaries of its streams, so that nothing depends on how a reader finds them.
    """
    for match in _FILTER.finditer(data):
        if not _PLAIN_FILTER.match(data, match.start()):
            raise _Refused("A part of this PDF is compressed in another way than a report's.")
    budget = MAX_INFLATED_BYTES
    view = memoryview(data)
    for match in _STREAM.finditer(data):
        unfolder = zlib.decompressobj()
        rest: bytes | memoryview = view[match.end() : match.end() + 65536]
        position = match.end() + len(rest)
        try:
            while rest and not unfolder.eof:
                budget -= len(unfolder.decompress(rest, 1 << 20))
                if budget < 0:
                    raise _Refused("The file unfolds to more than any report.")
                rest = unfolder.unconsumed_tail
                if not rest:
                    rest = view[position : position + 65536]
                    position += len(rest)
        except zlib.error:
            continue


def _read_with_pyhanko(data: bytes, container_der: bytes) -> tuple[dict[str, Any], datetime]:
    """Let an independent implementation agree, then read record and time from what the signature covers."""
    try:
        reader = PdfFileReader(BytesIO(data))
        signatures = reader.embedded_signatures
        if len(signatures) != 1:
            raise _Refused("This PDF does not have exactly one signature.")
        signature = signatures[0]
        if not bytes(signature.pkcs7_content).startswith(container_der):
            raise _Refused("The document names another signature than the one it carries.")
        status = run_sync(_validate(signature))
        if (
            not (status.intact and status.valid)
            or status.coverage != SignatureCoverageLevel.ENTIRE_FILE
            or status.modification_level not in (None, ModificationLevel.NONE)
        ):
            raise _Refused("A second reader (pyHanko) does not accept the signature.")
        reason = str(signature.sig_object.get("/Reason", ""))
        written = signature.self_reported_timestamp
        json_bytes = _embedded(reader)
        keywords = str(reader.trailer_view["/Info"].get("/Keywords", ""))
    except _Refused:
        raise
    except Exception as exc:  # a hostile file can fail anywhere inside a parser; the answer is the same
        raise _Refused("The structure of this PDF cannot be read.") from exc
    digest = f"{DIGEST_PREFIX}{sha256_hex(json_bytes)}"
    if reason != digest or keywords != digest:
        raise _Refused("The record inside is not the one this document was made from.")
    if written is None:
        raise _Refused("The signature names no time.")
    try:
        return load_record(json_bytes), written.astimezone(UTC)
    except ValueError as exc:
        raise _Refused("The record inside is not in canonical form.") from exc


async def _validate(signature: Any) -> PdfSignatureStatus:
    """Check signature and coverage; trust is asked elsewhere, so the signer is its own root here."""
    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    return await async_validate_pdf_signature(signature, signer_validation_context=context)


def _embedded(reader: PdfFileReader) -> bytes:
    """Find the one embedded file that is the record, and unfold it within a bound."""
    names = reader.root["/Names"]["/EmbeddedFiles"]
    found: list[bytes] = []
    for name, specification in _name_tree(names):
        if name == RECORD_NAME:
            found.append(_content(specification["/EF"]["/F"]))
    if len(found) != 1:
        raise _Refused("This PDF does not carry the record of a report.")
    return found[0]


def _name_tree(node: Any, depth: int = 0) -> list[tuple[str, Any]]:
    if depth > 8:
        raise _Refused("The structure of this PDF cannot be read.")
    entries: list[tuple[str, Any]] = []
    for kid in node.get("/Kids", ()):
        entries += _name_tree(_resolved(kid), depth + 1)
    names = list(node.get("/Names", ()))
    for index in range(0, len(names) - 1, 2):
        entries.append((str(names[index]), _resolved(names[index + 1])))
    return entries


def _resolved(value: Any) -> Any:
    return value.get_object() if isinstance(value, generic.IndirectObject) else value  # type: ignore[no-untyped-call]


def _content(stream: Any) -> bytes:
    encoded: bytes = stream.encoded_data
    if "/Filter" not in stream:
        return encoded
    unfolder = zlib.decompressobj()
    content = unfolder.decompress(encoded, MAX_JSON_BYTES)
    if not unfolder.eof:
        raise _Refused("The record inside is larger than any report.")
    return content
