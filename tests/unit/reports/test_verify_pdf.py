"""The signed document: any changed byte, and any rearranged part, is found."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from inspection_service.reports.seal import seal
from inspection_service.reports.sign_pdf import sign_pdf
from inspection_service.reports.verify_pdf import embedded_record, verify_pdf
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier
from tests.unit.reports.small import Roots, redraft, small_document, small_draft, small_sealed

pytestmark = pytest.mark.unit
NOW = SEALED_AT + timedelta(days=1)
_GAP = re.compile(rb"/ByteRange\s*\[0 (\d+) (\d+) (\d+)\s*\]")


def test_a_report_as_it_left_is_good(sealed: SealedReport, roots: Roots) -> None:
    """A whole report, with fonts, photos and tags."""
    answers = verify_pdf(sealed.pdf_bytes, roots, now=NOW)
    assert answers.is_good, answers
    assert answers.time.code == "service_clock"
    assert "nobody independent confirms it" in answers.time.says
    assert embedded_record(sealed.pdf_bytes) == sealed.json_bytes


def test_every_byte_of_the_signed_range_counts(small: SealedReport, roots: Roots) -> None:
    """One bit of each byte flipped in turn; each time the document is not intact."""
    first, second = _gap(small.pdf_bytes)
    for position in (*range(first), *range(second, len(small.pdf_bytes))):
        answers = verify_pdf(_flipped(small.pdf_bytes, position), roots, now=NOW)
        assert answers.intact.ok is False, position


def test_every_byte_of_the_signature_container_counts(small: SealedReport, roots: Roots) -> None:
    """One bit of each octet of it; certificates and padding included, which other tools let pass."""
    first, second = _gap(small.pdf_bytes)
    meaningful = len(small.pdf_bytes[first:second].rstrip(b"0>")) + 2
    octets = [first + 1 + 2 * octet + octet % 2 for octet in range(meaningful // 2)]
    positions = [first, *octets, *range(first + meaningful, second, 97), second - 1]
    for position in positions:
        answers = verify_pdf(_flipped(small.pdf_bytes, position), roots, now=NOW)
        assert any(answer.ok is False for answer in answers.all().values()), position


def test_a_whole_report_is_as_strict(sealed: SealedReport, roots: Roots) -> None:
    """Every so many bytes of the real thing."""
    for position in range(0, len(sealed.pdf_bytes), 1009):
        answers = verify_pdf(_flipped(sealed.pdf_bytes, position), roots, now=NOW)
        assert not answers.is_good, position


@pytest.mark.parametrize("extra", ["0000", "0500", "020100", "a000"])
def test_nothing_hides_in_the_room_after_the_container(small: SealedReport, roots: Roots, extra: str) -> None:
    """A value that readers pass over, with the length of the whole corrected."""
    first, second = _gap(small.pdf_bytes)
    container = bytearray.fromhex(small.pdf_bytes[first + 1 : second - 1].decode())
    length = int.from_bytes(container[2:4], "big")
    added = bytes.fromhex(extra)
    container[4 + length : 4 + length + len(added)] = added
    container[2:4] = (length + len(added)).to_bytes(2, "big")
    changed = (
        small.pdf_bytes[: first + 1] + bytes(container).hex().upper().encode() + small.pdf_bytes[second - 1 :]
    )
    assert verify_pdf(changed, roots, now=NOW).intact.ok is False


@pytest.mark.parametrize("tail", [b"\n", b"%", b"\n%%EOF\n", b" " * 5000])
def test_nothing_may_follow_the_signed_range(small: SealedReport, roots: Roots, tail: bytes) -> None:
    """A report has one revision; later ones could show another page."""
    answers = verify_pdf(small.pdf_bytes + tail, roots, now=NOW)
    assert answers.intact.ok is False
    assert "after the signed range" in answers.intact.says


def test_a_later_revision_is_refused(small: SealedReport, roots: Roots) -> None:
    """A correct incremental update, as any editor writes it."""
    writer = IncrementalPdfFileWriter(BytesIO(small.pdf_bytes))
    writer.update_root()  # type: ignore[no-untyped-call]
    updated = BytesIO()
    writer.write(updated)  # type: ignore[no-untyped-call]
    assert verify_pdf(updated.getvalue(), roots, now=NOW).intact.ok is False


def test_the_signature_of_another_report_is_refused(
    small: SealedReport, signer: FileSigner, roots: Roots
) -> None:
    """Cut out of one document and put into the other, which has room for it."""
    other = small_sealed(signer, inspection_id="ins_othr1").pdf_bytes
    (first, second), (other_first, other_second) = _gap(small.pdf_bytes), _gap(other)
    swapped = small.pdf_bytes[:first] + other[other_first:other_second] + small.pdf_bytes[second:]
    assert verify_pdf(swapped, roots, now=NOW).intact.ok is False


def test_a_record_that_the_document_was_not_made_from_is_refused(signer: FileSigner, roots: Roots) -> None:
    """Even when the right key signed it: the digest in the document and in the signature names the true one."""
    draft = small_draft(signer)
    other = redraft(draft, language="fr")
    for attached in (other.json_bytes, b"{}", b"not json"):
        answers = verify_pdf(sign_pdf(small_document(draft, attached=attached), signer), roots, now=NOW)
        assert answers.intact.ok is False
        assert "not the one this document was made from" in answers.intact.says


def test_the_digest_is_named_twice_and_both_must_fit(signer: FileSigner, roots: Roots) -> None:
    """A signature that names another record than the document's keywords."""
    draft = small_draft(signer)
    rendered = small_document(draft)
    misnamed = replace(rendered, draft=redraft(draft, language="fr"))
    assert verify_pdf(sign_pdf(misnamed, signer), roots, now=NOW).intact.ok is False


def test_a_document_resigned_by_somebody_else_is_not_trusted(
    small: SealedReport, other_signer: FileSigner, roots: Roots
) -> None:
    """Its content is whole, its signer a stranger."""
    forged = small_sealed(other_signer)
    answers = verify_pdf(forged.pdf_bytes, roots, now=NOW)
    assert (answers.intact.code, answers.signer.code, answers.exit_code) == ("yes", "unknown_root", 3)


def test_words_that_look_like_a_second_signature_are_words(signer: FileSigner, roots: Roots) -> None:
    """A real one is an update, and refused as such; what a seller writes must not spoil a report."""
    once = small_document(small_draft(signer))
    twice = sign_pdf(replace(once, pdf_bytes=once.pdf_bytes + b"\n%/ByteRange [0 1 2 3]\n"), signer)
    assert verify_pdf(twice, roots, now=NOW).intact.ok is True


def test_without_a_root_trust_cannot_be_told(small: SealedReport) -> None:
    """Never yes."""
    answers = verify_pdf(small.pdf_bytes, (), now=NOW)
    assert answers.signer.code == "unknown_root"
    assert "issuing authority" in answers.signer.says
    assert answers.exit_code == 3


def test_a_sealing_time_that_differs_from_the_records_is_refused(signer: FileSigner, roots: Roots) -> None:
    """The signature's time and the record's are one."""
    rendered = small_document(small_draft(signer))
    later = replace(rendered, draft=replace(rendered.draft, sealed_at=SEALED_AT + timedelta(hours=3)))
    answers = verify_pdf(sign_pdf(later, signer), roots, now=NOW)
    assert answers.time.ok is False


def test_an_unsigned_document_says_so(signer: FileSigner, roots: Roots) -> None:
    """The document before its signature."""
    answers = verify_pdf(small_document(small_draft(signer)).pdf_bytes, roots, now=NOW)
    assert answers.intact.ok is False
    assert "not signed" in answers.intact.says


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.9, 0.999])
def test_a_truncated_document_gets_a_sentence(small: SealedReport, roots: Roots, share: float) -> None:
    """However much of it arrived."""
    answers = verify_pdf(small.pdf_bytes[: int(len(small.pdf_bytes) * share)], roots, now=NOW)
    assert answers.intact.ok is False


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PK\x03\x04", b"%PDF-1.7", b"%PDF-1.7\n/ByteRange [0 1 2 3]", b"%PDF-1.7 /ByteRange [0 9 10 5]",
        b"%PDF-1.7\n/ByteRange [0 31 33 0]<>", b"%PDF-1.7" + b"\x00" * 1000,
    ],
)  # fmt: skip
def test_what_is_no_report_gets_a_sentence(roots: Roots, data: bytes) -> None:
    """Never a traceback."""
    answers = verify_pdf(data, roots, now=NOW)
    assert answers.intact.ok is False
    assert answers.intact.says


def test_a_signed_document_that_unfolds_without_end_is_refused(
    signer: FileSigner, other_signer: FileSigner, roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can sign a bomb; it is measured before a library unfolds it."""
    monkeypatch.setattr("inspection_service.reports.verify_pdf_parts.MAX_INFLATED_BYTES", 1000)
    answers = verify_pdf(small_sealed(other_signer).pdf_bytes, roots, now=NOW)
    assert answers.intact.ok is False
    assert "unfolds" in answers.intact.says


@pytest.mark.parametrize(
    "filters",
    [
        b"/Filter[/FlateDecode/FlateDecode]", b"/Filter [ /FlateDecode ]", b"/Filter/LZWDecode", b"/Filter 5 0 R",
        b"/Filter%\n[/FlateDecode/FlateDecode]", b"/F#69lter[/FlateDecode/FlateDecode]", b"/#46ilter/ASCII85Decode",
        b"/Filter/Flate#44ecode", b"/Filter/FlateDecodeX",
    ],
)  # fmt: skip
def test_a_stream_that_is_folded_as_no_report_is_gets_a_sentence(
    other_signer: FileSigner, roots: Roots, filters: bytes
) -> None:
    """Chains and other filters could unfold without end behind a single layer."""
    answers = verify_pdf(_with_stream(other_signer, filters, b"whatever"), roots, now=NOW)
    assert answers.intact.ok is False
    assert "compressed in another way" in answers.intact.says


@pytest.mark.parametrize("wbits", range(9, 16))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b" \n"])
def test_every_compressed_stream_is_measured_whatever_its_first_byte(
    other_signer: FileSigner, roots: Roots, monkeypatch: pytest.MonkeyPatch, wbits: int, line_end: bytes
) -> None:
    """A smaller window begins with another byte and unfolds as far."""
    monkeypatch.setattr("inspection_service.reports.verify_pdf_parts.MAX_INFLATED_BYTES", 1 << 20)
    folder = zlib.compressobj(9, zlib.DEFLATED, wbits)
    bomb = folder.compress(b"\0" * (3 << 20)) + folder.flush()
    signed = _with_stream(other_signer, b"/Filter/FlateDecode", bomb, line_end)
    answers = verify_pdf(signed, roots, now=NOW)
    assert answers.intact.ok is False
    assert "unfolds" in answers.intact.says


def test_words_that_look_like_a_filter_do_not_spoil_a_report(signer: FileSigner, roots: Roots) -> None:
    """A name is the seller's to choose; it reaches the document as the description of their drawn mark."""
    for language in ("fr", "en"):
        case, photos = dossier(language, seller_name="A /Filter [/X] B", free_text="/Filter /LZWDecode")
        vehicle = replace(case.inspection.vehicle, make="/Filter/X", model="/F#69lter[]")
        case = replace(case, platform_name="/Filter 1", inspection=replace(case.inspection, vehicle=vehicle))
        report = seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT)
        answers = verify_pdf(report.pdf_bytes, roots, now=NOW)
        assert answers.intact.ok is True, answers.intact.says


def _with_stream(signer: FileSigner, filters: bytes, data: bytes, line_end: bytes = b"\n") -> bytes:
    """Sign a small document that holds one more stream."""
    document = small_document(small_draft(signer))
    head, mark, tail = document.pdf_bytes.rpartition(b"startxref")
    stream = b"99 0 obj\n<</Length %d%b>>\nstream%b%b\nendstream\nendobj\n" % (
        len(data),
        filters,
        line_end,
        data,
    )
    return sign_pdf(replace(document, pdf_bytes=head + stream + mark + tail), signer)


def _gap(pdf: bytes) -> tuple[int, int]:
    found = _GAP.search(pdf)
    assert found is not None
    return int(found[1]), int(found[2])


def _flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << (position % 8)
    return bytes(changed)
