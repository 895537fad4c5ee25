"""Asks an authority for a certificate: a request signed by the key it is for, wherever it rests (RFC 2986)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from asn1crypto import csr, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.keys import fits_key


def signing_request(
    subject: str, key: ec.EllipticCurvePublicKey, sign_digest: Callable[[bytes], bytes]
) -> bytes:
    """Make a request for a certificate to seal documents with.

    Args:
        subject: As RFC 4514 writes it: ``CN=Report seal,O=Example SAS,C=FR``.
        key: The public key.
        sign_digest: Signs a SHA-256 digest with its private key.

    Returns:
        PEM, to send to the authority.

    Raises:
        KeysUnusable: The subject cannot be read, or the key that signs is another one.
    """
    try:
        name = x509.Name.from_rfc4514_string(subject)
    except ValueError as exc:
        raise KeysUnusable("Write the subject as in CN=Report seal,O=Example SAS,C=FR.") from exc
    public = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1_x509.Name.load(name.public_bytes()),
            "subject_pk_info": keys.PublicKeyInfo.load(public),
            "attributes": [],
        }
    )
    digest = hashlib.sha256(info.dump()).digest()
    signature = sign_digest(digest)
    if not fits_key(key, digest, signature):
        raise KeysUnusable("The private key is not that of the public key.")
    request = csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": signature,
        }
    )
    return x509.load_der_x509_csr(request.dump()).public_bytes(serialization.Encoding.PEM)
