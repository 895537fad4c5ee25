"""Timestamps, certificates and what follows the signature: each changed part is answered where it belongs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from inspection_service.reports.answers import Answers, Fault, altered
from inspection_service.reports.chain import Trust
from inspection_service.reports.der import parts
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.seal import sign
from inspection_service.reports.sign_json import sign_json
from inspection_service.reports.verify_assess import Asked, assess
from inspection_service.reports.verify_container import find_spots
from inspection_service.reports.verify_json import read_json, verify_json
from inspection_service.reports.verify_pdf import read_pdf
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.pki import FakeTsa, Pki, proved
from tests.unit.reports.small import small_document, small_draft
from tests.unit.reports.verify_samples import NOW, codes, wrong

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki.make()


@pytest.fixture(scope="module")
def archived(pki: Pki) -> bytes:
    """A small document with both timestamps."""
    return proved(pki, "b-lta").pdf_bytes


def ask(data: bytes, trust: Trust, now: datetime = NOW) -> Answers:
    try:
        return assess(read_pdf(data, trust), Asked(trust, now))
    except Fault as fault:
        return altered(fault)


def test_an_independent_authority_says_when(pki: Pki, archived: bytes) -> None:
    """And only because its root was named for that."""
    answers = ask(archived, Trust(pki.roots, pki.time_roots))
    assert codes(answers) == {"intact": "yes", "signer": "trusted", "time": "authority"}
    assert "Independent time" in answers.time.says
    assert ask(archived, Trust(pki.roots)).time.why == "none_given"
    assert ask(archived, Trust(pki.roots, pki.roots)).time.code == "internal"


def test_an_authority_under_the_same_root_is_never_trusted_time(pki: Pki) -> None:
    """Even when somebody names that root for timestamps."""
    data = proved(pki, "b-lta", tsa=pki.own_tsa).pdf_bytes
    for named in (pki.time_roots, pki.roots, (*pki.roots, *pki.time_roots)):
        answers = ask(data, Trust(pki.roots, named))
        assert (answers.time.code, answers.time.why) == ("internal", "own_root")


def test_every_byte_after_the_signed_range_counts(pki: Pki, archived: bytes) -> None:
    """Validation data, tables and the second container, here and there: what the document's timestamp covers."""
    first, last = find_spots(archived)
    used = last.first + 2 * len(last.container) + 8
    positions = [*range(first.end, last.first, 307), *range(last.first, used, 149), used + 500]
    positions += [*range(last.second, len(archived), 61), last.second - 1]
    for position in positions:
        answers = ask(_flipped(archived, position), Trust(pki.roots, pki.time_roots))
        assert not answers.is_good, position
        assert answers.intact.code == "no" or answers.time.code != "authority", position


def test_every_byte_of_a_timestamp_counts(pki: Pki, archived: bytes) -> None:
    """Inside the first container, where the report's own signature does not reach."""
    first, _ = find_spots(archived)
    for octet in range(0, len(first.container), 61):
        answers = ask(_flipped(archived, first.first + 1 + 2 * octet), Trust(pki.roots, pki.time_roots))
        assert wrong(answers), octet


@pytest.mark.parametrize("level", ["b-lt", "b-lta"])
def test_a_timestamp_of_another_file_is_a_wrong_time(pki: Pki, level: str) -> None:
    """Two reports of one service; the token of one put into the other."""
    one, other = (proved(pki, level, inspection_id=name).pdf_bytes for name in ("ins_small", "ins_othr1"))  # type: ignore[arg-type]
    spot, donor = find_spots(one)[0], find_spots(other)[0]
    swapped = _with_container(one, _with_token_of(spot.container, donor.container))
    answers = ask(swapped, Trust(pki.roots, pki.time_roots))
    assert (answers.time.code, answers.time.why) == ("no", "timestamp_of_another")


def test_a_timestamp_that_was_taken_out_is_missed(pki: Pki, archived: bytes) -> None:
    """The signature says that it comes with one; without it the container is well formed all the same."""
    stripped = _with_container(archived, _without_token(find_spots(archived)[0].container))
    assert ask(stripped, Trust(pki.roots, pki.time_roots)).time.why in (
        "timestamp_removed",
        "timestamp_of_another",
    )
    lesser = proved(pki, "b-lt").pdf_bytes
    stripped = _with_container(lesser, _without_token(find_spots(lesser)[0].container))
    answers = ask(stripped, Trust(pki.roots, pki.time_roots))
    assert (answers.time.code, answers.time.why) == ("no", "timestamp_removed")


def test_a_document_timestamp_that_was_taken_out_is_missed(pki: Pki, archived: bytes) -> None:
    """Cut back to the report's own signature."""
    answers = ask(archived[: find_spots(archived)[0].end], Trust(pki.roots, pki.time_roots))
    assert (answers.time.code, answers.time.why) == ("no", "document_timestamp_removed")
    assert answers.intact.code == "yes"


@pytest.mark.parametrize("lie", ["signature", "digest"])
def test_a_lying_timestamp_is_a_wrong_time(pki: Pki, monkeypatch: pytest.MonkeyPatch, lie: str) -> None:
    """A service that did not check its authority."""
    liar = replace(pki.tsa, lie=lie)  # type: ignore[arg-type]
    sealed = proved(pki, "b-lt").pdf_bytes
    digest = find_spots(sealed)[0].container
    token = liar.token(bytes(32), None).dump()
    answers = ask(_with_container(sealed, _with_token(digest, token)), Trust(pki.roots, pki.time_roots))
    assert (answers.time.code, answers.exit_code) == ("no", 1)


def test_a_certificate_for_something_else_makes_no_timestamps(pki: Pki) -> None:
    """RFC 3161, section 2.3: critical, and nothing but timestamps."""
    for purposes, is_critical in (
        ([ExtendedKeyUsageOID.TIME_STAMPING], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, DOCUMENT_SIGNING], True),
        ([DOCUMENT_SIGNING], True),
    ):
        leaf = pki.tsa_root.issue("Not for time", purposes, is_critical=is_critical)
        sealed = proved(pki, "b-lt").pdf_bytes
        token = FakeTsa(leaf, (), pki.clock).token(bytes(32), None).dump()
        forged = _with_container(sealed, _with_token(find_spots(sealed)[0].container, token))
        assert ask(forged, Trust(pki.roots, pki.time_roots)).time.code == "no"


def test_a_timestamp_authority_that_was_revoked_before_is_not_believed() -> None:
    """By a list given beside the file."""
    pki = Pki.make()
    data = proved(pki, "b-lta").pdf_bytes
    pki.tsa_root.revoke(pki.tsa.leaf.certificate, SEALED_AT - timedelta(hours=1))
    answers = ask(data, Trust(pki.roots, pki.time_roots, (pki.tsa_root.crl(),)))
    assert (answers.time.code, answers.time.why) == ("no", "authority_revoked")


def test_an_update_that_does_anything_else_is_refused(archived: bytes, pki: Pki) -> None:
    """Object by object: catalog, form, page, annotation, information, an object nobody names."""
    trust = Trust(pki.roots, pki.time_roots)
    plain = proved(pki, "b-b").pdf_bytes
    for change in (
        _open_action,
        _page_size,
        _annotation,
        _new_field,
        _information,
        _loose_object,
        _store_extra,
    ):
        for data in (archived, plain):
            writer = IncrementalPdfFileWriter(BytesIO(data))
            change(writer)
            updated = BytesIO()
            writer.write(updated)  # type: ignore[no-untyped-call]
            answers = ask(updated.getvalue(), trust)
            assert answers.intact.code == "no", change.__name__
            assert answers.intact.why in ("changed_later", "cut_or_added"), change.__name__


def test_a_later_document_timestamp_is_welcome(archived: bytes, pki: Pki) -> None:
    """What keeps a report provable when algorithms and certificates age (ETSI EN 319 142-1, 5.5)."""
    from pyhanko.sign.signers.pdf_signer import PdfTimeStamper

    from inspection_service.reports.loops import run_sync
    from inspection_service.reports.sign_pdf import _PlainWriter
    from inspection_service.reports.timestamps import StamperFor

    stamper = PdfTimeStamper(StamperFor(pki.authority(), "timestamp_authority"), field_name="Later")
    writer = _PlainWriter(BytesIO(archived))
    stamped = run_sync(stamper.async_timestamp_pdf(writer, "sha256", bytes_reserved=16384))
    assert isinstance(stamped, BytesIO)
    answers = ask(stamped.getvalue(), Trust(pki.roots, pki.time_roots))
    assert codes(answers) == {"intact": "yes", "signer": "trusted", "time": "authority"}
    assert sum(detail.name == "stamp_document" for detail in answers.time.details) == 2


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [(-20, -10, "expired"), (10, 20, "not_yet_valid"), (-20, 2, "trusted")],
)
def test_the_certificate_must_have_been_valid_then(start: int, end: int, code: str) -> None:
    """In days around the sealing; judged at that time, not today."""
    pki = Pki.make()
    purposes = [DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    leaf = pki.issuing.issue(
        "Short-lived signer",
        purposes,
        not_before=SEALED_AT + timedelta(days=start),
        not_after=SEALED_AT + timedelta(days=end),
    )
    draft = small_draft(pki.signer(leaf))
    jws = sign_json(draft, pki.signer(leaf)).encode()
    assert verify_json(draft.json_bytes, jws, pki.roots, now=NOW).signer.code == code


def test_after_its_certificate_has_expired_only_proven_time_helps() -> None:
    """Four thousand days later."""
    pki = Pki.make()
    later = SEALED_AT + timedelta(days=4000)
    for level, trust, expected in (
        ("b-lta", Trust(pki.roots, pki.time_roots), "trusted"),
        ("b-lta", Trust(pki.roots), "expired"),
        ("b-b", Trust(pki.roots, pki.time_roots), "expired"),
    ):
        answers = ask(proved(pki, level).pdf_bytes, trust, later)  # type: ignore[arg-type]
        assert answers.signer.code == expected


@pytest.mark.parametrize("days", [-1, 1])
@pytest.mark.parametrize("level", ["b-b", "b-lta"])
def test_a_revoked_certificate_counts_until_it_was_revoked(days: int, level: str) -> None:
    """Only a time that somebody independent proves is before the revocation; our own clock is not."""
    pki = Pki.make()
    data = proved(pki, level).pdf_bytes  # type: ignore[arg-type]
    pki.issuing.revoke(pki.signer_leaf.certificate, SEALED_AT + timedelta(days=days))
    answers = ask(data, Trust(pki.roots, pki.time_roots, (pki.issuing.crl(),)), SEALED_AT + timedelta(days=9))
    is_before = level == "b-lta" and days > 0
    assert answers.signer.code == ("trusted" if is_before else "revoked")
    assert answers.signer.why == (
        "revoked_later" if is_before else "unproven_time" if level == "b-b" else None
    )


def test_a_list_of_somebody_else_revokes_nothing(archived: bytes, pki: Pki) -> None:
    """The right name on it, and another key."""
    stranger = Pki.make()
    stranger.issuing.revoke(pki.signer_leaf.certificate, SEALED_AT - timedelta(days=1))
    answers = ask(archived, Trust(pki.roots, pki.time_roots, (stranger.issuing.crl(), b"no list")))
    assert answers.signer.code == "trusted"


def test_a_root_of_the_same_name_is_another_root(archived: bytes, pki: Pki) -> None:
    """Its key decides."""
    answers = ask(archived, Trust(Pki.make().roots, pki.time_roots))
    assert (answers.signer.code, answers.signer.why) == ("no", "not_issued")


def test_pages_that_print_another_digest_are_refused(pki: Pki) -> None:
    """Set from one record, carrying and naming another: only the printed text tells."""
    mine, other = (small_draft(pki.signer(), inspection_id=name) for name in ("ins_small", "ins_othr1"))
    rendered = small_document(replace(mine, sha256=other.sha256))
    # The keywords are not compressed and can be set; the page's text is.
    forged = rendered.pdf_bytes.replace(
        f"report-json-sha256:{other.sha256}".encode(), b"report-json-sha256:" + mine.sha256.encode()
    )
    answers = ask(
        sign(replace(rendered, draft=mine, pdf_bytes=forged), pki.signer()).pdf_bytes, Trust(pki.roots)
    )
    assert answers.intact.why == "other_text"


def test_a_signature_moved_between_reports_is_refused(pki: Pki) -> None:
    """Records of two inspections, each with the other's signature."""
    one, other = (proved(pki, "b-b", inspection_id=name) for name in ("ins_small", "ins_othr1"))
    with pytest.raises(Fault, match="jws_mismatch"):
        read_json(one.json_bytes, other.jws.encode())


def test_thousands_of_streams_cost_bounded_time(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can sign a file made to be slow."""
    monkeypatch.setattr("inspection_service.reports.verify_pdf_parts.MAX_STREAMS", 3)
    assert ask(proved(pki, "b-lta").pdf_bytes, Trust(pki.roots)).intact.why == "bomb"


def _flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << (position % 8)
    return bytes(changed)


def _with_container(data: bytes, container: bytes) -> bytes:
    spot = find_spots(data)[0]
    room = (spot.second - spot.first - 2) // 2
    padded = container.ljust(room, b"\0").hex().upper().encode()
    return data[: spot.first + 1] + padded + data[spot.second - 1 :]


_TOKEN_TYPE = bytes.fromhex("060b2a864886f70d010910020e")


def _without_token(container: bytes) -> bytes:
    return _rebuilt(container, None)


def _with_token(container: bytes, token: bytes) -> bytes:
    return _rebuilt(container, token)


def _with_token_of(container: bytes, donor: bytes) -> bytes:
    signer = parts(parts(parts(parts(donor)[1])[0])[4])[0]
    attribute = parts(parts(signer)[6])[0]
    return _rebuilt(container, parts(parts(attribute)[1])[0])


def _rebuilt(container: bytes, token: bytes | None) -> bytes:
    """Write a container anew with another timestamp, or none, outside what is signed."""
    kind, content = parts(container)
    signed = parts(parts(content)[0])
    signer = b"".join(parts(parts(signed[4])[0])[:6])
    if token is not None:
        signer += _tlv(0xA1, _tlv(0x30, _TOKEN_TYPE + _tlv(0x31, token)))
    signed[4] = _tlv(0x31, _tlv(0x30, signer))
    return _tlv(0x30, kind + _tlv(0xA0, _tlv(0x30, b"".join(signed))))


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size])
        if size < 0x80
        else bytes([0x81, size])
        if size < 0x100
        else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes([tag]) + length + content


def _dictionary(
    entries: dict[generic.NameObject, generic.PdfObject] | None = None,
) -> generic.DictionaryObject:
    return generic.DictionaryObject(entries or {})  # type: ignore[no-untyped-call]


def _number(value: int) -> generic.NumberObject:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def _open_action(writer: IncrementalPdfFileWriter) -> None:
    action = _dictionary({generic.pdf_name("/S"): generic.pdf_name("/JavaScript")})
    writer.root["/OpenAction"] = action
    writer.update_root()  # type: ignore[no-untyped-call]


def _page_size(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    page["/MediaBox"] = generic.ArrayObject([_number(n) for n in (0, 0, 9, 9)])
    writer.update_container(page)


def _annotation(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    note = _dictionary({generic.pdf_name("/Subtype"): generic.pdf_name("/Text")})
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


def _new_field(writer: IncrementalPdfFileWriter) -> None:
    form = writer.root["/AcroForm"]
    named = _dictionary({generic.pdf_name("/FT"): generic.pdf_name("/Tx")})
    form["/Fields"].append(writer.add_object(named))
    writer.update_container(form["/Fields"])
    writer.update_container(form)


def _information(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(writer.add_object(_dictionary()))


def _loose_object(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.pdf_string("nobody names this"))


def _store_extra(writer: IncrementalPdfFileWriter) -> None:
    store = _dictionary({generic.pdf_name("/Certs"): generic.ArrayObject()})
    store["/Extra"] = writer.add_object(generic.pdf_string("more"))
    writer.root["/DSS"] = writer.add_object(store)
    writer.update_root()  # type: ignore[no-untyped-call]
