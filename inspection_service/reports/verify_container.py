"""Reads the containers of a document's signatures strictly: their own DER, zero padded, nothing to spare.

PDF tools accept more than one spelling of a container: a bit flipped in its padding, or in a certificate nobody reads,
would pass unnoticed (ISO 32000-1, 12.8; ETSI EN 319 142-1; RFC 5652, RFC 5035).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.answers import Fault
from inspection_service.reports.der import is_der, parts
from inspection_service.reports.keys import load_certificate

MAX_SIGNATURES: Final = 32
"""The report's own and one document timestamp for every few years."""
_MAX_SPACE_BYTES: Final = 4
"""Between a container and its range."""
_BYTE_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_SHA256_DER: Final = bytes.fromhex("300d06096086480165030402010500")
_ECDSA_SHA256_DER: Final = bytes.fromhex("300a06082a8648ce3d040302")
_SIGNED_ATTRIBUTES: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a signature lies: everything from 0 to ``end`` is signed but the gap from ``first`` to ``second``."""

    first: int
    second: int
    end: int
    container: bytes
    """DER, without its padding."""

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """As the document writes them."""
        return 0, self.first, self.second, self.end - self.second

    def digest(self, data: bytes, name: str = "sha256") -> bytes:
        """Hash what is signed."""
        view = memoryview(data)
        hashed = hashlib.new(name, view[: self.first])
        hashed.update(view[self.second : self.end])
        return hashed.digest()


@dataclass(frozen=True, slots=True)
class Container:
    """The parts of the report's own signature container that verification needs."""

    chain: tuple[x509.Certificate, ...]
    message_digest: bytes
    signed_attributes: bytes
    signature: bytes
    token: bytes | None
    """The RFC 3161 timestamp over ``signature``, DER."""


def find_spots(data: bytes) -> list[Spot]:
    """Find every signature of a document, each covering all that comes before its end.

    Raises:
        Fault: There is none, or they do not lie as they must.
    """
    spots: list[Spot] = []
    for match in _BYTE_RANGE.finditer(data):
        start, first, second, length = (int(number) for number in match.groups())
        if not 0 < match.start() - second <= _MAX_SPACE_BYTES:
            continue  # words of a seller, perhaps: ours stand right after the container they speak of
        if len(spots) == MAX_SIGNATURES:
            raise Fault("signature_misplaced")
        earlier = spots[-1].end if spots else 0
        if start != 0 or not earlier < first < second <= second + length <= len(data):
            raise Fault("cut_or_added")
        spots.append(Spot(first, second, second + length, _unpadded(data[first:second])))
    if not spots:
        raise Fault("not_signed")
    return spots


def _unpadded(gap: bytes) -> bytes:
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise Fault("signature_misplaced")
    try:
        padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError as exc:
        raise Fault("container_changed") from exc
    if padded.hex().upper().encode("ascii") != gap[1:-1]:
        raise Fault("container_changed")
    if len(padded) < 4 or padded[:2] != b"\x30\x82":
        raise Fault("container_changed")
    length = 4 + int.from_bytes(padded[2:4], "big")
    if any(padded[length:]):
        raise Fault("padding_changed")
    return padded[:length]


def verify_signature(container: Container, digest: bytes) -> None:
    """Check that a container signs this digest.

    Raises:
        Fault: ``changed_after_signing`` or ``signature_changed``.
    """
    if digest != container.message_digest:
        raise Fault("changed_after_signing")
    key = container.chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(container.signature, container.signed_attributes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as exc:
        raise Fault("signature_changed") from exc


@lru_cache(maxsize=8)
def parse_container(der: bytes) -> Container:
    """Read a CMS container and refuse every part that is not as a sealed report has it.

    Raises:
        Fault: ``container_changed``.
    """
    try:
        if not is_der(der):
            raise Fault("container_changed")
        content = cms.ContentInfo.load(der, strict=True)
        _check(content["content_type"].native == "signed_data")
        signed = content["content"]
        (signer,) = signed["signer_infos"]
        token = _token(signer)
        _check_counts(der, has_token=token is not None)
        certificates = tuple(load_certificate(choice.chosen.dump()) for choice in signed["certificates"])
        attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
        _check(len(set(certificates)) == len(certificates))
        leaf = _leaf(certificates, signer)
        _check(signed["version"].native == "v1" and signer["version"].native == "v1")
        _check([algorithm.dump() for algorithm in signed["digest_algorithms"]] == [_SHA256_DER])
        _check(signed["encap_content_info"].dump() == bytes.fromhex("300b06092a864886f70d010701"))
        _check(isinstance(signed["crls"], core.Void))
        _check(signer["digest_algorithm"].dump() == _SHA256_DER)
        _check(signer["signature_algorithm"].dump() == _ECDSA_SHA256_DER)
        _check(set(attributes) == _SIGNED_ATTRIBUTES and all(len(v) == 1 for v in attributes.values()))
        _check(attributes["content_type"][0].native == "data")
        named: tsp.ESSCertIDv2 = attributes["signing_certificate_v2"][0]["certs"][0]
        _check(named["cert_hash"].native == leaf.fingerprint(hashes.SHA256()))
        return Container(
            _ordered(leaf, certificates),
            attributes["message_digest"][0].native,
            b"\x31" + signer["signed_attrs"].dump()[1:],
            signer["signature"].native,
            token,
        )
    except Fault:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as exc:
        raise Fault("container_changed") from exc


def _token(signer: cms.SignerInfo) -> bytes | None:
    """Take the timestamp, the only thing that may stand outside what is signed."""
    unsigned = signer["unsigned_attrs"]
    if isinstance(unsigned, core.Void):
        return None
    (attribute,) = unsigned
    _check(attribute["type"].native == "signature_time_stamp_token")
    (value,) = attribute["values"]
    token: bytes = value.dump()
    return token


def _leaf(chain: Sequence[x509.Certificate], signer: cms.SignerInfo) -> x509.Certificate:
    identifier = signer["sid"].chosen
    for certificate in chain:
        issuer = certificate.issuer.public_bytes()
        if (
            certificate.serial_number == identifier["serial_number"].native
            and issuer == identifier["issuer"].dump()
        ):
            return certificate
    raise Fault("container_changed")


def _ordered(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Put the certificates in the order in which each was issued by the next; none may be left over."""
    chain = [leaf]
    rest = [certificate for certificate in certificates if certificate is not leaf]
    while rest:
        issuer = next((c for c in rest if c.subject == chain[-1].issuer), None)
        if issuer is None:
            raise Fault("container_changed")
        try:
            chain[-1].verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError) as exc:
            raise Fault("container_changed") from exc
        chain.append(issuer)
        rest.remove(issuer)
    return tuple(chain)


def _check_counts(der: bytes, *, has_token: bool) -> None:
    """Refuse values that asn1crypto would pass over because it does not expect them."""
    content = parts(der)
    signed = parts(parts(content[1])[0])
    signer = parts(parts(signed[4])[0])
    _check((len(content), len(signed), len(signer)) == (2, 5, 7 if has_token else 6))


def _check(is_as_written: bool) -> None:
    if not is_as_written:
        raise Fault("container_changed")
