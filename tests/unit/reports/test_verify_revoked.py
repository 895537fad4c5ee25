"""Revocation lists and answers: only who may say it is heard, and what he says counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.reports.answers import Answers
from inspection_service.reports.chain import Trust
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.revocation import ValidationData
from inspection_service.reports.seal import sign
from inspection_service.reports.sign_pdf import Proof
from inspection_service.reports.verify_assess import Asked, assess
from inspection_service.reports.verify_pdf import read_pdf
from inspection_service.reports.verify_revoked import Lists, first_revoked
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.pki import DER, CertificateAuthority, Leaf, Pki, proved
from tests.unit.reports.small import small_document, small_draft
from tests.unit.reports.verify_samples import NOW

pytestmark = pytest.mark.unit
EARLIER = SEALED_AT - timedelta(hours=1)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


def answer_of(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    signer: Leaf | CertificateAuthority,
    *,
    revoked: datetime | None = None,
    at: datetime = SEALED_AT,
    has_certificate: bool = False,
) -> bytes:
    """An OCSP answer about one certificate, signed by whoever is given."""
    status = ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        certificate,
        issuer,
        hashes.SHA1(),
        status,
        at,
        at + timedelta(days=7),
        revoked,
        None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if has_certificate:
        builder = builder.certificates([signer.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(DER)


def asked(pki: Pki, answer: bytes, *, has_time: bool = False) -> Answers:
    """A report that carries an answer, verified a day later."""
    signer = pki.signer()
    data = ValidationData((), (), (answer,))
    proof = Proof(data, pki.authority() if has_time else None)
    report = sign(small_document(small_draft(signer)), signer, proof)
    trust = Trust(pki.roots, pki.time_roots)
    return assess(read_pdf(report.pdf_bytes, trust), Asked(trust, NOW))


def test_an_answer_inside_the_file_that_says_good_changes_nothing(pki: Pki) -> None:
    """Fresh or long out of date: it was never what made a signer trusted."""
    signer = pki.signer_leaf.certificate
    for at in (SEALED_AT, SEALED_AT - timedelta(days=900)):
        good = answer_of(signer, pki.issuing.certificate, pki.issuing, at=at)
        assert asked(pki, good).signer.code == "trusted"


@pytest.mark.parametrize("days", [0, 900])
def test_an_answer_inside_the_file_that_says_revoked_counts(pki: Pki, days: int) -> None:
    """Also one that is out of date: what was revoked once stays revoked."""
    signer, at = pki.signer_leaf.certificate, SEALED_AT - timedelta(days=days)
    revoked = answer_of(signer, pki.issuing.certificate, pki.issuing, revoked=EARLIER, at=at)
    answers = asked(pki, revoked)
    assert (answers.signer.code, answers.exit_code) == ("revoked", 1)
    later = answer_of(signer, pki.issuing.certificate, pki.issuing, revoked=SEALED_AT + timedelta(hours=1))
    proven = asked(pki, later, has_time=True)
    assert (proven.signer.code, proven.signer.why) == ("trusted", "revoked_later")


def test_whoever_was_appointed_may_answer_and_nobody_else(pki: Pki) -> None:
    """RFC 6960, section 4.2.2.2: issued by the same authority, for answers."""
    signer, issuer = pki.signer_leaf.certificate, pki.issuing.certificate
    appointed = pki.issuing.issue("Answers", [ExtendedKeyUsageOID.OCSP_SIGNING])
    stranger = Pki.make().issuing
    twin = stranger.issue("Answers", [ExtendedKeyUsageOID.OCSP_SIGNING])
    other = pki.issuing.issue("Another signer", [DOCUMENT_SIGNING])
    retired = pki.issuing.issue(
        "Retired",
        [ExtendedKeyUsageOID.OCSP_SIGNING],
        not_before=SEALED_AT - timedelta(days=900),
        not_after=SEALED_AT - timedelta(days=800),
    )
    for who, code in (
        (appointed, "revoked"),
        (stranger, "trusted"),
        (twin, "trusted"),
        (other, "trusted"),
        (retired, "trusted"),
    ):
        answer = answer_of(signer, issuer, who, revoked=EARLIER, has_certificate=True)
        assert asked(pki, answer).signer.code == code


def test_an_answer_about_another_certificate_says_nothing(pki: Pki) -> None:
    """Of the same authority, or of the same number under another."""
    path = [pki.signer_leaf.certificate, pki.issuing.certificate, pki.root.certificate]
    other = pki.issuing.issue("Another signer", [DOCUMENT_SIGNING]).certificate
    about_other = answer_of(other, path[1], pki.issuing, revoked=EARLIER)
    wrong_issuer = answer_of(path[0], pki.root.certificate, pki.root, revoked=EARLIER)
    assert first_revoked(path, Lists(ocsps=(about_other, wrong_issuer, b"", b"\x30\x03\x0a\x01\x06"))) is None
    authority = answer_of(path[1], path[2], pki.root, revoked=EARLIER)
    found = first_revoked(path, Lists(ocsps=(about_other, authority)))
    assert found is not None
    assert found.certificate == path[1]


def test_one_changed_bit_makes_an_answer_mute(pki: Pki) -> None:
    """Its signature covers it."""
    path = [pki.signer_leaf.certificate, pki.issuing.certificate, pki.root.certificate]
    answer = answer_of(path[0], path[1], pki.issuing, revoked=EARLIER)
    assert first_revoked(path, Lists(ocsps=(answer,))) is not None
    for position in range(len(answer)):
        changed = bytearray(answer)
        changed[position] ^= 1
        found = first_revoked(path, Lists(ocsps=(bytes(changed),)))
        assert found is None or (found.certificate, found.at) == (path[0], EARLIER), position


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (None, "no"),
        (x509.ReasonFlags.key_compromise, "no"),
        (x509.ReasonFlags.cessation_of_operation, "authority"),
        (x509.ReasonFlags.superseded, "authority"),
    ],
)
def test_a_timestamp_key_that_may_be_stolen_proves_no_time(
    reason: x509.ReasonFlags | None, code: str
) -> None:
    """RFC 3161, section 4: a thief can write any time, also one before the revocation."""
    pki = Pki.make()
    data = proved(pki, "b-lta").pdf_bytes
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(pki.tsa.leaf.certificate.serial_number)
        .revocation_date(SEALED_AT + timedelta(hours=5))
    )
    if reason is not None:
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(pki.tsa_root.name)
        .last_update(SEALED_AT)
        .next_update(SEALED_AT + timedelta(days=9))
        .add_revoked_certificate(entry.build())
        .sign(pki.tsa_root.key, hashes.SHA256())
    )
    trust = Trust(pki.roots, pki.time_roots, (crl.public_bytes(DER),))
    answers = assess(read_pdf(data, trust), Asked(trust, NOW))
    assert answers.time.code == code
