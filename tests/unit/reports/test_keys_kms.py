"""A key in AWS KMS: digests go there, signatures come back, and nothing else is believed.

botocore's stubber plays KMS: servers that imitate it do not sign digests (``MessageType=DIGEST``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from inspection_service.reports.errors import KeysUnusable, SealingMustWait
from inspection_service.reports.key_ring import install
from inspection_service.reports.keys import fits
from inspection_service.reports.keys_kms import KmsKey, KmsSigner
from inspection_service.reports.seal import sign
from inspection_service.reports.verify_pdf import verify_pdf
from tests.unit.reports.pki import Pki
from tests.unit.reports.small import small_document, small_draft

pytestmark = pytest.mark.unit
KEY_ID = "alias/reports"
DIGEST = hashlib.sha256(b"something").digest()


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


@pytest.fixture
def client() -> Any:
    """A client that reaches nobody."""
    return boto3.client(
        "kms", region_name="eu-west-3", aws_access_key_id="none", aws_secret_access_key="none"
    )


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def public_key(stub: Stubber, key: Any, *, spec: str = "ECC_NIST_P256") -> None:
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    answer = {"PublicKey": der, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}
    stub.add_response("get_public_key", answer, {"KeyId": KEY_ID})


def signature(stub: Stubber, digest: bytes, answer: bytes) -> None:
    asked = {
        "KeyId": KEY_ID,
        "Message": digest,
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    stub.add_response("sign", {"Signature": answer}, asked)


def opened(pki: Pki, client: Any, stub: Stubber, keys_dir: Path) -> KmsSigner:
    install(keys_dir, pki.signer().chain, key_pem=None, root=pki.root.certificate)
    public_key(stub, pki.signer_leaf.key)
    return KmsSigner.open(keys_dir, KmsKey(client, KEY_ID))


def test_the_digest_is_signed_and_the_certificate_found(
    pki: Pki, client: Any, stub: Stubber, tmp_path: Path
) -> None:
    """By comparing public keys; no private key is anywhere near."""
    signer = opened(pki, client, stub, tmp_path)
    signature(stub, DIGEST, pki.signer().sign_digest(DIGEST))
    assert signer.kind == "kms"
    assert fits(signer.chain[0], DIGEST, signer.sign_digest(DIGEST))


def test_a_report_is_signed_through_it(pki: Pki, client: Any, tmp_path: Path) -> None:
    """Record and document, both by digests of 32 bytes."""
    asked: list[dict[str, Any]] = []

    class Kms:
        def get_public_key(self, **_: Any) -> dict[str, Any]:
            key = pki.signer_leaf.key.public_key()
            der = key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return {"PublicKey": der, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}

        def sign(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return {"Signature": pki.signer().sign_digest(request["Message"])}

    install(tmp_path, pki.signer().chain, key_pem=None, root=pki.root.certificate)
    signer = KmsSigner.open(tmp_path, KmsKey(Kms(), KEY_ID))
    report = sign(small_document(small_draft(signer)), signer)
    assert verify_pdf(report.pdf_bytes, pki.roots, now=pki.clock.now()).intact.ok
    assert [(request["MessageType"], len(request["Message"])) for request in asked] == [("DIGEST", 32)] * 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "KMSInternalException", "DisabledException"])
def test_a_refusal_makes_the_seal_wait(
    pki: Pki, client: Any, stub: Stubber, tmp_path: Path, code: str
) -> None:
    """It is tried again; the reason has no secret in it."""
    signer = opened(pki, client, stub, tmp_path)
    stub.add_client_error("sign", code, "details about somebody's account")
    with pytest.raises(SealingMustWait) as caught:
        signer.sign_digest(DIGEST)
    assert caught.value.reason == "key_away"
    assert code in caught.value.message
    assert "account" not in caught.value.message


def test_a_signature_of_another_key_is_not_taken(
    pki: Pki, client: Any, stub: Stubber, tmp_path: Path
) -> None:
    """An alias may have been moved to another key meanwhile."""
    signer = opened(pki, client, stub, tmp_path)
    other = ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives import hashes

    signature(stub, DIGEST, other.sign(b"something", ec.ECDSA(hashes.SHA256())))
    with pytest.raises(SealingMustWait):
        signer.sign_digest(DIGEST)


def test_a_key_of_another_kind_is_refused_at_start(
    pki: Pki, client: Any, stub: Stubber, tmp_path: Path
) -> None:
    """RSA, or a key without a certificate of ours."""
    install(tmp_path, pki.signer().chain, key_pem=None, root=pki.root.certificate)
    public_key(stub, rsa.generate_private_key(65537, 2048), spec="RSA_2048")
    with pytest.raises(KeysUnusable, match="P256"):
        KmsSigner.open(tmp_path, KmsKey(client, KEY_ID))
    public_key(stub, ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(KeysUnusable, match="No certificate"):
        KmsSigner.open(tmp_path, KmsKey(client, KEY_ID))
    stub.add_client_error("get_public_key", "NotFoundException")
    with pytest.raises(KeysUnusable, match="NotFoundException"):
        KmsSigner.open(tmp_path, KmsKey(client, KEY_ID))
