"""From dossier to sealed files, with the inputs that real life brings."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import Language
from inspection_service.reports.build import build
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.errors import EvidenceMismatch, EvidenceMissing
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from inspection_service.reports.render.document import render
from inspection_service.reports.seal import seal, sign
from inspection_service.reports.verify_json import verify_json
from inspection_service.reports.verify_pdf import embedded_record, verify_pdf
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier
from tests.unit.reports.small import Roots

pytestmark = pytest.mark.unit
MARKUP = '#read("/etc/passwd") *bold* _it_ $x$ @ref <label> = title // c /* */ ``` `raw` \\u{41} #{1+1} "\' {} [] \\'


def test_the_same_record_gives_the_same_document() -> None:
    """Before signing, byte for byte."""
    case, photos = dossier("fr", width_px=160, height_px=120)
    draft = build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True)
    assert render(draft, photos).pdf_bytes == render(draft, photos).pdf_bytes


def test_document_and_record_leave_together(sealed: SealedReport) -> None:
    """The signed document carries exactly the record that was signed beside it."""
    assert embedded_record(sealed.pdf_bytes) == sealed.json_bytes


def test_signing_adds_and_changes_nothing(signer: FileSigner) -> None:
    """The signature is an addition: the document before it is still there."""
    case, photos = dossier("fr")
    rendered = render(build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True), photos)
    assert sign(rendered, signer).pdf_bytes.startswith(rendered.pdf_bytes)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("محمد العربي", "نص"),
        ("王小明", "漆面划痕"),
        ("W" * 200, "x" * 2000),
        (MARKUP, MARKUP),
        ("😀\u202e\x00\ufffe", "\u200f\ud7ff\U000e0001"),
        ("", " "),
    ],
)
def test_whatever_people_write_can_be_sealed(
    signer: FileSigner, language: Language, name: str, text: str
) -> None:
    """A name never stops a report."""
    case, photos = dossier(
        language, seller_name=name, free_text=text, photographed=4, width_px=80, height_px=60
    )
    assert seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT).pdf_bytes.startswith(
        b"%PDF-"
    )


def test_an_inspection_without_any_photo_can_be_sealed(signer: FileSigner) -> None:
    """It says that nothing was seen."""
    case, photos = dossier("en", photographed=0, is_signed_off=False)
    assert seal(case, photos, models=(), signer=signer, sealed_at=SEALED_AT).pdf_bytes


def test_nearly_empty_inspections_can_be_sealed(signer: FileSigner) -> None:
    """No vehicle data, no checklist steps, no consents, nobody signed."""
    case, _ = dossier("fr", steps=0)
    bare = replace(
        case,
        inspection=replace(
            case.inspection,
            vehicle=type(case.inspection.vehicle)(),
            checklist={},
            reference=None,
            deadline_at=None,
        ),
        consents=(),
        signatures=(),
        events=(),
        statements=(),
    )
    assert seal(bare, {}, models=(), signer=signer, sealed_at=SEALED_AT).pdf_bytes


def test_a_photo_that_cannot_be_drawn_is_said_and_not_hidden(signer: FileSigner) -> None:
    """An operator may have overridden what no program can open."""
    case, photos = dossier("fr", photographed=4)
    broken = b"not an image"
    first = replace(case.captures[0], sha256=sha256_hex(broken))
    case = replace(case, captures=(first, *case.captures[1:]))
    assert seal(
        case, {**photos, first.id: broken}, models=MODELS, signer=signer, sealed_at=SEALED_AT
    ).pdf_bytes


def test_a_missing_photo_stops_the_seal(signer: FileSigner) -> None:
    """Nothing is signed about evidence that is gone."""
    case, photos = dossier("fr", photographed=4)
    photos.pop("cap_0002")
    with pytest.raises(EvidenceMissing) as caught:
        seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT)
    assert caught.value.attributes == {"capture_id": "cap_0002"}


def test_a_changed_photo_stops_the_seal(signer: FileSigner) -> None:
    """The hash in the record is the hash of what was accepted."""
    case, photos = dossier("fr", photographed=4)
    photos["cap_0001"] = photos["cap_0002"]
    with pytest.raises(EvidenceMismatch):
        seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT)


def test_a_clock_with_microseconds_seals_a_good_report(signer: FileSigner, roots: Roots) -> None:
    """Record, JWS and PDF write the time with different precision and still agree."""
    case, photos = dossier("en", steps=1, photographed=0)
    at = SEALED_AT.replace(microsecond=999_999)
    report = seal(case, photos, models=MODELS, signer=signer, sealed_at=at)
    assert verify_pdf(report.pdf_bytes, roots, now=at).is_good
    assert verify_json(report.json_bytes, report.jws.encode(), roots, now=at).is_good


async def test_sealing_works_where_an_event_loop_runs(signer: FileSigner) -> None:
    """In its thread, or in a worker of it."""
    case, photos = dossier("en", steps=1, photographed=0)
    keys = PersonalKeys.draw()
    here = seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT, keys=keys)
    there = await asyncio.to_thread(
        seal, case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT, keys=keys
    )
    assert here.json_bytes == there.json_bytes
