"""The signed document at each level: what is added, where, and that it can be checked without us."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from inspection_service.reports.der import is_der
from inspection_service.reports.errors import SealingMustWait, WaitReason
from inspection_service.reports.keys import Signer
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.revocation import Revocation
from inspection_service.reports.signer_check import check_signer
from inspection_service.reports.timestamps import to_asn1
from tests.unit.reports.pki import DER, Level, Pki, nobody, proved
from tests.unit.reports.small import small_document, small_draft

pytestmark = pytest.mark.unit
BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


def containers(pdf: bytes) -> list[bytes]:
    """The signature containers as they stand in the file, padding included."""
    found = []
    for match in BYTE_RANGE.finditer(pdf):
        first, second = int(match[1]), int(match[2])
        found.append(bytes.fromhex(pdf[first + 1 : second - 1].decode()))
    return found


@pytest.mark.parametrize(
    ("level", "signatures", "revisions"), [("b-b", 1, 2), ("b-b+dss", 1, 3), ("b-lt", 1, 3), ("b-lta", 2, 3)]
)
def test_each_level_adds_what_it_must_and_nothing_else(
    pki: Pki, level: Level, signatures: int, revisions: int
) -> None:
    """The unsigned document stays as it was; at most one revision follows the signature."""
    report = proved(pki, level)
    signer: Signer = pki.signer()
    assert report.pdf_bytes.startswith(small_document(small_draft(signer)).pdf_bytes[:200])
    assert len(containers(report.pdf_bytes)) == signatures
    assert report.pdf_bytes.count(b"%%EOF") == revisions
    assert b"pyHanko" not in report.pdf_bytes


@pytest.mark.parametrize("level", ["b-b", "b-lt", "b-lta"])
def test_every_container_is_its_own_der_with_zeros_after_it(pki: Pki, level: Level) -> None:
    """No bit to spare, so that no flipped bit passes."""
    for padded in containers(proved(pki, level).pdf_bytes):
        length = 4 + int.from_bytes(padded[2:4], "big")
        assert is_der(padded[:length])
        assert not any(padded[length:])
        assert len(padded) - length > 500, "and room for an authority with longer names"


@pytest.mark.parametrize("level", ["b-lt", "b-lta"])
def test_the_document_holds_what_is_needed_to_check_both_chains_offline(pki: Pki, level: Level) -> None:
    """Certificates and revocation lists of signer and authority; no root: trust comes from outside."""
    reader = PdfFileReader(BytesIO(proved(pki, level).pdf_bytes))
    store = DocumentSecurityStore.read_dss(reader)
    inside = {certificate.dump() for certificate in store.load_certs()}
    needed = (pki.signer_leaf.certificate, pki.issuing.certificate, pki.tsa.leaf.certificate)
    assert {certificate.public_bytes(DER) for certificate in needed} == inside
    crls = {reference.get_object().data for reference in store.crls}
    assert crls == set(pki.crls())


async def test_pyhanko_agrees_with_nothing_but_both_roots(pki: Pki) -> None:
    """Signature, its timestamp and the document's, offline, from what is in the file."""
    reader = PdfFileReader(BytesIO(proved(pki, "b-lta").pdf_bytes))
    signature, stamp = reader.embedded_signatures
    roots = [to_asn1(root) for root in (*pki.roots, *pki.time_roots)]
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(
        {"trust_roots": roots, "moment": pki.clock.now() + timedelta(minutes=1), "revocation_mode": "require"}
    )
    status = await async_validate_pdf_signature(
        signature, signer_validation_context=context, ts_validation_context=context
    )
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert status.modification_level == ModificationLevel.LTA_UPDATES
    assert stamp.sig_object["/SubFilter"] == "/ETSI.RFC3161"


async def test_without_the_authoritys_root_the_time_is_not_trusted(pki: Pki) -> None:
    """Nothing in the file makes itself trusted."""
    reader = PdfFileReader(BytesIO(proved(pki, "b-lta").pdf_bytes))
    context = ValidationContext(
        trust_roots=[to_asn1(root) for root in pki.roots],
        allow_fetching=False,
        moment=pki.clock.now() + timedelta(minutes=1),
    )
    status = await async_validate_pdf_signature(
        reader.embedded_signatures[0], signer_validation_context=context, ts_validation_context=context
    )
    assert status.timestamp_validity is not None
    assert not status.timestamp_validity.trusted


def test_the_timestamp_is_over_this_signature(pki: Pki) -> None:
    """An unsigned attribute of the signer, as ETSI EN 319 122-1 has it."""
    padded = containers(proved(pki, "b-lt").pdf_bytes)[0]
    content = cms.ContentInfo.load(padded[: 4 + int.from_bytes(padded[2:4], "big")])
    (signer,) = content["content"]["signer_infos"]
    (attribute,) = signer["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"


@pytest.mark.parametrize(
    ("days", "reason"),
    [((-30, -1), "signer_expired"), ((1, 30), "signer_not_yet_valid"), (None, "signer_revoked")],
)
def test_a_signer_that_is_not_good_now_seals_nothing(
    days: tuple[int, int] | None, reason: WaitReason
) -> None:
    """Expired, not valid yet, revoked: each named."""
    pki = Pki.make()
    now = pki.clock.now()
    if days is None:
        leaf = pki.signer_leaf
        pki.issuing.revoke(leaf.certificate, now - timedelta(hours=1))
    else:
        start, end = (now + timedelta(days=day) for day in days)
        leaf = pki.issuing.issue("Signer", [DOCUMENT_SIGNING], not_before=start, not_after=end)
    with pytest.raises(SealingMustWait) as caught:
        check_signer(pki.signer(leaf), Revocation(nobody, pki.crls), now)
    assert caught.value.reason == reason


def test_an_authority_that_does_not_say_what_it_revoked_is_waited_for() -> None:
    """A certificate that names an address wants it asked: silence is not a yes."""
    pki = Pki.make()
    leaf = pki.issuing.issue("Signer", [DOCUMENT_SIGNING], crl_url="http://crl.example/issuing.crl")
    with pytest.raises(SealingMustWait) as caught:
        check_signer(pki.signer(leaf), Revocation(nobody), pki.clock.now())
    assert caught.value.reason == "revocation_unknown"


def test_lists_are_fetched_once_and_checked() -> None:
    """From the address in the certificate; a list of another authority, a stale one and a page are no answers."""
    pki = Pki.make()
    address = "http://crl.example/issuing.crl"
    leaf = pki.issuing.issue("Signer", [DOCUMENT_SIGNING], crl_url=address)
    answers = [
        b"<html>not found</html>",
        pki.tsa_root.crl(),
        pki.issuing.crl(until=pki.clock.now() - timedelta(hours=1)),
    ]
    asked: list[str] = []

    def fetch(url: str, body: bytes | None) -> bytes:
        asked.append(url)
        return answers.pop(0)

    revocation = Revocation(fetch, lambda: (pki.root.crl(),))
    signer = pki.signer(leaf)
    for _ in range(3):
        with pytest.raises(SealingMustWait):
            check_signer(signer, revocation, pki.clock.now())
    answers.append(pki.issuing.crl())
    assert check_signer(signer, revocation, pki.clock.now()).crls == (pki.issuing.crl(), pki.root.crl())
    check_signer(signer, revocation, pki.clock.now())
    assert asked == [address] * 4
