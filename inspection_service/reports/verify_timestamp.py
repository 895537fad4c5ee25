"""Checks RFC 3161 timestamps strictly: of this very content, signed by a certificate made for nothing else.

Implements RFC 3161 and RFC 5816 over RFC 5652; whether the authority is believed depends on roots from outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import cms, core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.reports.answers import Fault
from inspection_service.reports.chain import Trust, path_to
from inspection_service.reports.der import is_der
from inspection_service.reports.keys import common_name
from inspection_service.reports.verify_revoked import Lists, first_revoked

MAX_TOKEN_BYTES: Final = 64 << 10
MAX_CLOCK_LEAD: Final = timedelta(hours=24)
"""What is further in the future than any time zone mistake explains is not believed."""
MAX_SKEW: Final = timedelta(minutes=5)
"""Sealing refuses an authority whose clock is further from its own; see ``timestamps.py``."""
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MAX_CERTIFICATES: Final = 16
_NOTHING: Final = Lists()

Digest = Callable[[str], bytes]
"""Hashes what must have been stamped, with ``sha256``, ``sha384`` or ``sha512``."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A timestamp that is of this content and signed as it must be."""

    at: datetime
    authority: str
    """Common name, as its certificate has it."""
    is_trusted: bool
    """Whether its chain ends in a root that was named for timestamps and is not the report's own."""
    why_not: str | None
    """``none_given``, ``unknown_root``, ``own_root``, ``revoked`` or ``broken_chain``."""
    serial: str


def digest_of(data: bytes) -> Digest:
    """Hash plain bytes."""
    return lambda name: hashlib.new(name, data).digest()


def check_token(
    der: bytes,
    digest: Digest,
    trust: Trust,
    *,
    signer_chain: Sequence[x509.Certificate],
    certificates: Sequence[x509.Certificate] = (),
    revoked_by: Lists = _NOTHING,
) -> Stamp:
    """Check one token.

    Args:
        der: A ``ContentInfo``.
        digest: Of what must have been stamped.
        trust: What the reader brought.
        signer_chain: Of the report; an authority under the same root is its own witness.
        certificates: Issuing certificates the file holds beside the token.
        revoked_by: Revocation lists and answers the file brought.

    Raises:
        Fault: ``timestamp_malformed``, ``timestamp_of_another`` or ``timestamp_forged``.
    """
    try:
        if len(der) > MAX_TOKEN_BYTES or not is_der(der):
            raise Fault("timestamp_malformed")
        content = cms.ContentInfo.load(der, strict=True)
        if content["content_type"].native != "signed_data":
            raise Fault("timestamp_malformed")
        return _check(content["content"], digest, trust, signer_chain, certificates, revoked_by)
    except Fault:
        raise
    except Exception as exc:  # parsers of hostile bytes fail in their own ways; the answer is the same
        raise Fault("timestamp_malformed") from exc


def _check(
    signed: cms.SignedData,
    digest: Digest,
    trust: Trust,
    signer_chain: Sequence[x509.Certificate],
    certificates: Sequence[x509.Certificate],
    revoked_by: Lists,
) -> Stamp:
    encapsulated = signed["encap_content_info"]
    (signer,) = signed["signer_infos"]
    if encapsulated["content_type"].native != "tst_info":
        raise Fault("timestamp_malformed")
    content: bytes = encapsulated["content"].contents
    info = tsp.TSTInfo.load(content, strict=True)
    if info["version"].native != "v1" or not isinstance(signer["unsigned_attrs"], core.Void):
        raise Fault("timestamp_malformed")
    _check_unsigned_parts(signed, signer)
    own = _certificates(signed)
    leaf = _leaf(own, signer)
    _check_signature(signer, leaf, content)
    imprint = info["message_imprint"]
    name: str = imprint["hash_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise Fault("timestamp_malformed")
    if imprint["hashed_message"].native != digest(name):
        raise Fault("timestamp_of_another")
    at: datetime = info["gen_time"].native.astimezone(UTC)
    chain = _ordered(leaf, own, certificates)
    why_not = _why_not_trusted(chain, trust, signer_chain, at, revoked_by)
    return Stamp(at, common_name(leaf), why_not is None, why_not, f"{info['serial_number'].native:x}")


def _check_unsigned_parts(signed: cms.SignedData, signer: cms.SignerInfo) -> None:
    """Refuse other values of what no signature covers and nobody needs: versions, repeated algorithms, parameters."""
    algorithms = [signer["digest_algorithm"], signer["signature_algorithm"]]
    repeated = [algorithm.dump() for algorithm in signed["digest_algorithms"]]
    is_plain = all(
        isinstance(algorithm["parameters"], (core.Void, core.Null))
        for algorithm in algorithms
        if algorithm["algorithm"].native != "rsassa_pss"
    )
    if (
        (signed["version"].native, signer["version"].native) != ("v3", "v1")
        or repeated != [signer["digest_algorithm"].dump()]
        or not isinstance(signed["crls"], core.Void)
        or not is_plain
    ):
        raise Fault("timestamp_malformed")


def _certificates(signed: cms.SignedData) -> tuple[x509.Certificate, ...]:
    if isinstance(signed["certificates"], core.Void):
        return ()
    loaded = tuple(x509.load_der_x509_certificate(c.chosen.dump()) for c in signed["certificates"])
    if len(loaded) > _MAX_CERTIFICATES or len(set(loaded)) != len(loaded):
        raise Fault("timestamp_malformed")
    return loaded


def _leaf(own: Sequence[x509.Certificate], signer: cms.SignerInfo) -> x509.Certificate:
    """Find the authority's certificate, which must be made for timestamps and nothing else (RFC 3161, 2.3)."""
    if signer["sid"].name != "issuer_and_serial_number":
        raise Fault("timestamp_malformed")
    identifier = signer["sid"].chosen
    for certificate in own:
        if (
            certificate.serial_number == identifier["serial_number"].native
            and certificate.issuer.public_bytes() == identifier["issuer"].dump()
        ):
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
                raise Fault("timestamp_forged")
            return certificate
    raise Fault("timestamp_malformed")


def _check_signature(signer: cms.SignerInfo, leaf: x509.Certificate, content: bytes) -> None:
    attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    if len(attributes) != len(signer["signed_attrs"]) or any(
        len(values) != 1 for values in attributes.values()
    ):
        raise Fault("timestamp_malformed")
    name: str = signer["digest_algorithm"]["algorithm"].native
    if name not in _HASHES or attributes["content_type"][0].native != "tst_info":
        raise Fault("timestamp_malformed")
    if attributes["message_digest"][0].native != hashlib.new(name, content).digest():
        raise Fault("timestamp_forged")
    if not _names(attributes, leaf):
        raise Fault("timestamp_forged")
    algorithm = signer["signature_algorithm"]
    if algorithm.signature_algo not in ("rsassa_pkcs1v15", "ecdsa", "rsassa_pss"):
        raise Fault("timestamp_malformed")
    signed_with = (
        name if algorithm["algorithm"].native in ("rsassa_pkcs1v15", "ecdsa") else algorithm.hash_algo
    )
    if signed_with != name:
        raise Fault("timestamp_malformed")
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    try:
        _verify(leaf, algorithm.signature_algo, signer["signature"].native, message, _HASHES[name])
    except (InvalidSignature, UnsupportedAlgorithm) as exc:
        raise Fault("timestamp_forged") from exc


def _verify(
    leaf: x509.Certificate, kind: str, signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    key = leaf.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
        key.verify(signature, message, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15" and key.key_size >= 2048:
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    elif isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pss" and key.key_size >= 2048:
        key.verify(signature, message, padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO), algorithm)
    else:
        raise Fault("timestamp_malformed")


def _names(attributes: dict[str, Any], leaf: x509.Certificate) -> bool:
    """Whether the signed attributes name this certificate (RFC 5816; SHA-1 names of RFC 2634 are still common)."""
    is_named = False
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"][0]["certs"][0]
        name = first["hash_algorithm"]["algorithm"].native
        if name not in _HASHES or first["cert_hash"].native != leaf.fingerprint(_HASHES[name]):
            return False
        is_named = True
    if "signing_certificate" in attributes:
        first = attributes["signing_certificate"][0]["certs"][0]
        if first["cert_hash"].native != leaf.fingerprint(hashes.SHA1()):  # noqa: S303
            return False
        is_named = True
    return is_named


def _ordered(
    leaf: x509.Certificate, own: Sequence[x509.Certificate], beside: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Follow the chain upwards; every certificate inside the token must be part of it."""
    chain, rest = (
        [leaf],
        [certificate for certificate in dict.fromkeys((*own, *beside)) if certificate != leaf],
    )
    while len(chain) < _MAX_CERTIFICATES:
        issuer = next((c for c in rest if _issued(chain[-1], c)), None)
        if issuer is None:
            break
        chain.append(issuer)
        rest.remove(issuer)
    if any(certificate in rest for certificate in own):
        raise Fault("timestamp_malformed")
    return chain


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _why_not_trusted(
    chain: Sequence[x509.Certificate],
    trust: Trust,
    signer_chain: Sequence[x509.Certificate],
    at: datetime,
    revoked_by: Lists,
) -> str | None:
    top = signer_chain[-1]
    if chain[-1] in signer_chain or _shares_root(chain[-1], top):
        return "own_root"
    independent = [root for root in trust.tsa_roots if root != top and not _issued(top, root)]
    if not independent:
        return "unknown_root" if trust.tsa_roots else "none_given"
    try:
        anchor = path_to(chain, independent, at=at, for_timestamps=True)
    except Exception:  # every way of not leading to a root we may believe is the same here
        return "unknown_root"
    revoked = first_revoked([*chain, anchor], revoked_by.with_(trust.crls))
    # Whoever has an authority's key can name any time; only a reason that says otherwise saves earlier stamps.
    is_void = revoked is not None and (revoked.at <= at or revoked.may_be_compromised)
    return "revoked" if is_void else None


def _shares_root(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether two chains end under one issuer, as far as they say themselves."""
    return one.issuer == other.issuer and _authority_key(one) == _authority_key(other)


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return named.value.key_identifier


def read_certificates(ders: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Read certificates that lie beside a token.

    Raises:
        ValueError: One of them is none.
    """
    return tuple(x509.load_der_x509_certificate(der) for der in ders)
