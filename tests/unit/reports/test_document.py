"""What stands in the document, read back with tools that are not ours (poppler, OpenCV, pyHanko's reader)."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import psutil
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import (
    Annotation,
    AnnotationId,
    Dossier,
    Event,
    FrameId,
    Language,
    Recording,
    RecordingId,
    RecordingPart,
    StepId,
    Stroke,
)
from inspection_service.reports.build import build
from inspection_service.reports.commitments import disclosed
from inspection_service.reports.errors import EvidenceMismatch, EvidenceMissing, RenderingFailed
from inspection_service.reports.records import DraftReport
from inspection_service.reports.render.document import render
from inspection_service.reports.render.inputs import (
    Attachment,
    CopyOf,
    Correction,
    RenderInputs,
    SigningKey,
)
from tests.unit.reports.dossiers import MODELS, OPERATOR, SEALED_AT, SELLER, START, STEPS, dossier, picture

pytestmark = pytest.mark.unit
KEYS = PersonalKeys(b"s" * 32, b"o" * 32)
FRAME = picture(70, width_px=640, height_px=480)
URL = "https://inspections.example.org"


def draft_of(case: Dossier, *, keys_are_good: bool = True) -> DraftReport:
    return build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=not keys_are_good, keys=KEYS)


def text_of(pdf: bytes, tmp_path: Path, *, page: int | None = None) -> str:
    """Read the text with poppler; white space is folded and break marks are gone."""
    path = tmp_path / "r.pdf"
    path.write_bytes(pdf)
    pages = [] if page is None else ["-f", str(page), "-l", str(page)]
    read = subprocess.run(["pdftotext", *pages, str(path), "-"], check=True, capture_output=True)
    return " ".join(read.stdout.decode().replace("\u200b", "").replace("\u00a0", " ").split())


def set_text(
    case: Dossier, photos: Mapping[str, bytes], tmp_path: Path, inputs: RenderInputs | None = None
) -> str:
    return text_of(render(draft_of(case), photos, inputs).pdf_bytes, tmp_path)


def with_a_call(case: Dossier, text: str = "Deep scratch") -> Dossier:
    """A call that was recorded, with a frozen frame kept."""
    frame = Annotation(
        id=AnnotationId("ann_1"),
        inspection_id=case.inspection.id,
        frame_id=FrameId("frm_1"),
        step_id=StepId("left_side"),
        strokes=(Stroke(((0.2, 0.2), (0.4, 0.5), (1.7, -3.0)), 0.01),),
        text=text,
        by=OPERATOR,
        at=START + timedelta(minutes=21),
        finding_id=None,
        sha256=hashlib.sha256(FRAME).hexdigest(),
        size_bytes=len(FRAME),
        media_type="image/jpeg",
        width=640,
        height=480,
        object_key="k",
        frozen_at=START + timedelta(minutes=20),
    )
    recording = Recording(
        id=RecordingId("rec_1"),
        inspection_id=case.inspection.id,
        device="seller",
        by=SELLER,
        started_at=START,
        device_started_at=None,
        ended_at=START + timedelta(minutes=3, seconds=5),
        end="consent-withdrawn",
        parts=(RecordingPart("video", "video/webm", 7, 900_000, "9" * 64),),
        steps=(),
        deleted_at=START + timedelta(minutes=55),
    )
    events = (
        Event(900, START, "call.accepted", SELLER, {"call_id": "c"}),
        *(
            Event(901 + i, START + timedelta(seconds=10 + i), "command.sent", OPERATOR, {"name": "torch"})
            for i in range(9)
        ),
        Event(950, START + timedelta(minutes=2, seconds=7), "call.ended", OPERATOR, {"call_id": "c"}),
    )
    return replace(case, annotations=(frame,), recordings=(recording,), events=case.events + events)


def test_page_one_answers_at_a_glance(tmp_path: Path) -> None:
    """What car, what state, how sure, what was not seen, and what weakens the proof: all of it on page one."""
    case, photos = dossier("en", photographed=8)
    page = text_of(render(draft_of(case, keys_are_good=False), photos).pdf_bytes, tmp_path, page=1)
    for said in (
        "Peugeot 208", "AB-123-CD", "VF3CCHNZ6GT012345", "127,506 km", "8 / 12", "What state", "Damage was found",
        "disputed by the seller", "How sure", "signed this inspection off", "What was not seen", "Odometer",
        "Signed with development keys", "What weakens this proof", "no timestamp authority confirms",
    ):  # fmt: skip
        assert said in page


@pytest.mark.parametrize("language", ["fr", "en"])
def test_page_one_holds_everything_that_weakens_the_proof_at_once(language: Language, tmp_path: Path) -> None:
    """Nobody signed off, no code, nothing photographed, development keys: the page after is still the car's."""
    case, _ = dossier(language, photographed=0, is_signed_off=False)
    draft = draft_of(case, keys_are_good=False)
    pdf = render(draft, {}).pdf_bytes
    weak, car = {"fr": ("Ce qui affaiblit", "La voiture"), "en": ("What weakens", "The car")}[language]
    assert weak in text_of(pdf, tmp_path, page=1)
    assert text_of(pdf, tmp_path, page=2).startswith(car)


def test_nothing_seen_is_never_no_damage(tmp_path: Path) -> None:
    """The sentence names its limits."""
    case, photos = dossier("en", has_findings=False)
    text = set_text(case, photos, tmp_path)
    assert "No damage seen in the areas covered, at this resolution." in text
    assert not re.search(r"no damage (?!seen in the areas covered, at this resolution)", text, re.IGNORECASE)


def test_a_dispute_stands_at_its_finding_with_the_sellers_words(tmp_path: Path) -> None:
    """Beside what the model suspects and the operator has not judged."""
    case, photos = dossier("en", free_text="It is a reflection")
    text = set_text(case, photos, tmp_path)
    entry = text[text.index("Dent – suspected by the model only") :]
    assert entry.index("The seller disputes this: “It is a reflection”") < entry.index("D5")


def test_three_voices_answer_a_control_point_apart(tmp_path: Path) -> None:
    """And a contradiction between them is named."""
    case, photos = dossier("en", free_text="scraped below")
    text = set_text(case, photos, tmp_path)
    entry = text[text.index("Control points Control point Model Operator Seller") :]
    assert "The answers differ." in entry
    assert entry.index("minor defect – scraped below") < entry.index("in order")
    assert "not seen" in entry[entry.index("Spare wheel") :]


def test_the_mileage_has_a_verdict_in_words(tmp_path: Path) -> None:
    """A reading far from what was declared contradicts it, and the caveat stands beside it."""
    case, photos = dossier("en")
    vehicle = replace(case.inspection.vehicle, declared_mileage_km=250_000)
    text = set_text(replace(case, inspection=replace(case.inspection, vehicle=vehicle)), photos, tmp_path)
    assert "The mileage contradicts other data." in text
    assert "it is below the declared mileage" in text
    assert "Age of the car by its first registration: 10 years and 8 months" in text
    assert "cannot prove that it was never altered" in text


MARKUP = '#read("/etc/passwd") *b* _i_ $x$ @r <l> = t // c #{1+1} \\u{41} [] ```raw```'


def test_markup_in_any_free_text_is_printed_as_written(tmp_path: Path) -> None:
    """Wherever a person or a platform can write: nothing of it is obeyed, nothing is lost."""
    case, photos = dossier("en", seller_name=f"N {MARKUP}", free_text=f"F {MARKUP}")
    case = with_a_call(case, text=f"A {MARKUP}")
    vehicle = replace(case.inspection.vehicle, plate=f"P {MARKUP}", make=f"M {MARKUP}", vin=f"V {MARKUP}")
    inspection = replace(case.inspection, vehicle=vehicle, reference=f"R {MARKUP}")
    case = replace(case, inspection=inspection, platform_name=f"T {MARKUP}")
    inputs = RenderInputs(
        frames={"frm_1": FRAME},
        key=SigningKey("file", f"S {MARKUP}", "ab" * 32),
        corrections=(Correction(1, "addendum", "2026-11-23T10:00:00.000Z", f"B {MARKUP}", f"C {MARKUP}"),),
    )
    text = set_text(case, photos, tmp_path, inputs)
    squeezed = "".join(text.split())
    for letter in "NFAPMVRTSBC":
        assert f"{letter}{''.join(MARKUP.split())}" in squeezed, letter
    assert "root:" not in text


@pytest.mark.parametrize("name", ["محمد", "王小明", "Å" * 200])
def test_names_of_any_script_and_length_are_printed(name: str, tmp_path: Path) -> None:
    """Letter by letter; Arabic comes back in the order of reading or of writing, as the tool prefers."""
    case, photos = dossier("fr", photographed=4, seller_name=name)
    text = "".join(set_text(case, photos, tmp_path).split())
    assert name in text or name[::-1] in text


def test_what_is_withheld_is_marked_and_nowhere_else_in_the_document(tmp_path: Path) -> None:
    """Plate, name, mark and free texts are gone, each with the reason in its place; page one names the kinds."""
    case, photos = dossier("en", seller_name="Camille Durand", free_text="My own words")
    draft = draft_of(case)
    hidden = ("/vehicle/plate/value", "/signatures/0/name", "/signatures/0/drawing_svg")
    inputs = RenderInputs(
        values={
            d.pointer: d.value
            for d in draft.disclosures
            if d.pointer not in hidden and "My own words" not in str(d.value)
        },
        withheld={"/signatures/0/drawing_svg": "erased"},
        withheld_reason="public_copy",
        copy_of=CopyOf("public", draft.sha256, 1, ("faces",)),
    )
    pdf = render(draft, photos, inputs).pdf_bytes
    text = text_of(pdf, tmp_path)
    for gone in ("AB-123-CD", "Camille Durand", "My own words"):
        assert gone not in text
    first = text_of(pdf, tmp_path, page=1)
    assert "This is a copy of a report, with something withheld" in first
    assert "Hidden: faces, " in first
    for kind in ("registration plates", "names", "drawn signatures", "free texts"):
        assert kind in first
    assert draft.sha256 in "".join(first.split())
    assert "Registration plate withheld in the public copy" in first
    assert "withheld: erased at the person’s request" in text
    assert "VF3CCHNZ6GT012345" in text


def test_nobody_can_write_a_mark_of_their_own(tmp_path: Path) -> None:
    """The characters around a mark are shown by number where somebody else wrote them."""
    case, photos = dossier("en", photographed=4, seller_name="\ue000withheld: erased\ue001")
    text = set_text(case, photos, tmp_path)
    assert "[U+E000]withheld: erased[U+E001]" in text


def test_a_record_without_any_clear_value_is_still_a_document(tmp_path: Path) -> None:
    """Everything personal was erased: the rest is printed, and every gap says why."""
    case, photos = dossier("fr")
    draft = replace(draft_of(case), disclosures=())
    text = text_of(render(draft, photos, RenderInputs(withheld_reason="erased")).pdf_bytes, tmp_path)
    assert text.count("retenu : effacé à la demande de la personne") > 5
    assert "Camille" not in text


def test_a_copy_says_which_photo_it_does_not_hold(tmp_path: Path) -> None:
    """A report stops there instead (test_seal)."""
    case, photos = dossier("en", photographed=4)
    draft = draft_of(case)
    gone = photos.pop("cap_0001")
    inputs = RenderInputs(copy_of=CopyOf("erasure", draft.sha256, 2))
    text = text_of(render(draft, photos, inputs).pdf_bytes, tmp_path)
    assert text.count("This photo is withheld in this copy.") == 1
    assert hashlib.sha256(gone).hexdigest() in "".join(text.split())


def test_a_derivative_is_checked_against_its_own_hash_and_said_to_be_one(tmp_path: Path) -> None:
    """The hash of the original stays beside it."""
    case, photos = dossier("en", photographed=4)
    draft = draft_of(case)
    blurred = picture(99)
    inputs = RenderInputs(
        derived={"cap_0000": hashlib.sha256(blurred).hexdigest()},
        copy_of=CopyOf("public", draft.sha256, 1, ("plates",)),
    )
    with pytest.raises(EvidenceMismatch):
        render(draft, photos, inputs)
    text = text_of(render(draft, {**photos, "cap_0000": blurred}, inputs).pdf_bytes, tmp_path)
    assert "One photo is a derivative" in text
    assert "This picture is a derivative with parts hidden." in text


def test_a_call_its_recordings_and_its_frames_are_told(tmp_path: Path) -> None:
    """How long, which device, which chain, that it is deleted; the frame with the operator's words."""
    case, photos = dossier("en")
    text = set_text(with_a_call(case), photos, tmp_path, RenderInputs(frames={"frm_1": FRAME}))
    assert "Call from 22 November 2026, 09:00 UTC, 2 min 07 s" in text
    assert "Recorded by the seller’s phone" in text
    assert "3 min 05 s long" in text
    assert "ended because the seller took the consent back" in text
    assert "deleted 22 November 2026, 09:55 UTC; the hashes stay" in text
    assert "9" * 64 in text
    assert "F1 Frozen frame" in text
    assert "“Deep scratch”" in text
    assert "Command to the phone – 9 times" in text


def test_a_kept_frame_is_evidence_like_a_photo() -> None:
    """Missing or changed, it stops the report."""
    case, photos = dossier("en", photographed=4)
    draft = draft_of(with_a_call(case))
    with pytest.raises(EvidenceMissing):
        render(draft, photos)
    with pytest.raises(EvidenceMismatch):
        render(draft, photos, RenderInputs(frames={"frm_1": picture(71)}))


def test_the_code_leads_to_the_verification_page(tmp_path: Path) -> None:
    """Read from the printed page by a reader that is not ours."""
    case, photos = dossier("en", photographed=4)
    pdf = render(draft_of(case), photos, RenderInputs(public_url=f"{URL}/")).pdf_bytes
    (tmp_path / "r.pdf").write_bytes(pdf)
    last = str(len(pages(pdf)))
    subprocess.run(
        ["pdftoppm", "-r", "150", "-f", last, "-l", last, "-png", "-singlefile", "r.pdf", "proof"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    image = cv2.imread(str(tmp_path / "proof.png"))
    assert image is not None
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == f"{URL}/verify"
    assert f"{URL}/verify" in text_of(pdf, tmp_path)


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "inspections.example.org", f"https://{'a' * 400}"]
)
def test_without_an_address_there_is_no_code_and_the_page_says_so(url: str | None, tmp_path: Path) -> None:
    """Nor for an address that no browser should open."""
    case, photos = dossier("en", photographed=4)
    text = set_text(case, photos, tmp_path, RenderInputs(public_url=url))
    assert "there is no QR code" in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("file", "kept in a file of the service"),
        ("pkcs11", "kept in a security module"),
        ("kms", "kept by a key management service"),
    ],
)
def test_the_proof_page_says_by_which_key_and_clock(kind: Any, said: str, tmp_path: Path) -> None:
    """In words, with the fingerprint of the root."""
    case, photos = dossier("en", photographed=4)
    inputs = RenderInputs(key=SigningKey(kind, "Seal of Example", "0123" * 16))
    text = set_text(case, photos, tmp_path, inputs)
    assert said in text
    assert "Seal of Example" in text
    assert "0123 0123" in text
    assert "Clock: the service’s own." in text


def test_files_are_embedded_with_their_relationships() -> None:
    """Record, signature, clear values and evidence can be taken out again, byte for byte."""
    case, photos = dossier("en", photographed=4)
    draft = draft_of(case)
    extra = (
        Attachment("report.jws", b"a..b", "application/jose", "data", "signature"),
        Attachment("disclosures.json", b"{}", "application/json", "supplement", "clear values"),
        Attachment("evidence.json", b"[]", "application/json", "data", "evidence"),
    )
    pdf = render(draft, photos, RenderInputs(attachments=extra)).pdf_bytes
    embedded = files(pdf)
    assert {name: relation for name, (relation, _) in embedded.items()} == {
        "report.json": "/Source",
        "report.schema.json": "/Supplement",
        "report.jws": "/Data",
        "disclosures.json": "/Supplement",
        "evidence.json": "/Data",
    }
    assert embedded["report.json"][1] == draft.json_bytes
    assert embedded["report.jws"][1] == b"a..b"


@pytest.mark.parametrize("name", ["report.json", "report.schema.json", "../x", "é.json"])
def test_no_file_can_take_the_place_of_the_record(name: str) -> None:
    """Nor leave its folder."""
    case, photos = dossier("en", photographed=4)
    extra = (Attachment(name, b"{}", "application/json", "data", "x"),)
    with pytest.raises(RenderingFailed):
        render(draft_of(case), photos, RenderInputs(attachments=extra))


def test_the_same_record_with_everything_around_it_gives_the_same_bytes() -> None:
    """Frames, key, code and embedded files included."""
    case, photos = dossier("fr")
    draft = draft_of(with_a_call(case))
    inputs = RenderInputs(
        frames={"frm_1": FRAME},
        public_url=URL,
        key=SigningKey("kms", "S", "ab" * 32),
        attachments=(Attachment("report.jws", b"a..b", "application/jose", "data", "d"),),
    )
    assert render(draft, photos, inputs).pdf_bytes == render(draft, photos, inputs).pdf_bytes


def test_the_document_is_tagged_and_brings_its_own_typefaces(tmp_path: Path) -> None:
    """As poppler sees it: tagged, A4, every face embedded; PDF/A-3a is checked by the exporter itself."""
    case, photos = dossier("fr", seller_name="محمد 王小明")
    (tmp_path / "r.pdf").write_bytes(render(draft_of(case), photos).pdf_bytes)
    info = subprocess.run(["pdfinfo", "r.pdf"], check=True, capture_output=True, cwd=tmp_path).stdout.decode()
    assert re.search(r"Tagged:\s+yes", info)
    assert "(A4)" in info
    fonts = subprocess.run(["pdffonts", "r.pdf"], check=True, capture_output=True, cwd=tmp_path)
    rows = fonts.stdout.decode().splitlines()[2:]
    assert rows
    assert all(re.search(r"\s(yes)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", row) for row in rows)


def test_a_hash_can_be_copied_from_the_page(tmp_path: Path) -> None:
    """No invisible character comes along: digest, case number and evidence are found as they are."""
    case, photos = dossier("en", photographed=4)
    draft = draft_of(case)
    (tmp_path / "r.pdf").write_bytes(render(draft, photos).pdf_bytes)
    raw = subprocess.run(
        ["pdftotext", "-layout", "r.pdf", "-"], check=True, capture_output=True, cwd=tmp_path
    )
    text = raw.stdout.decode()
    for said in (draft.sha256, case.inspection.id, case.captures[0].sha256, "b" * 64):
        assert said in text


def test_many_photos_stand_two_abreast_and_those_with_findings_large(tmp_path: Path) -> None:
    """Sixty photos: each is there with its hash, on less than half as many pages as photos."""
    case, photos = dossier("en", steps=60)
    pdf = render(draft_of(case), photos).pdf_bytes
    text = "".join(text_of(pdf, tmp_path).split())
    assert all(capture.sha256 in text for capture in case.captures)
    assert len(pages(pdf)) < 30


def test_a_record_from_before_is_set_too(tmp_path: Path) -> None:
    """Version 1.0: clear values in place, no coverage, no verdict, no frames: nothing is claimed about them."""
    case, photos = dossier("en")
    draft = draft_of(case)
    record = disclosed(draft.record, {d.pointer: d.value for d in draft.disclosures})
    for later in ("coverage", "annotations", "recordings", "evidence"):
        del record[later]
    for later in ("verdict", "reasons", "earlier", "age_months"):
        del record["mileage"][later]
    del record["notes"]["time"]
    old = DraftReport({**record, "schema_version": "1.0"}, b"{}", "0" * 64, SEALED_AT)
    text = text_of(render(old, photos).pdf_bytes, tmp_path)
    assert "Camille Durand" in text
    assert "inspection_report 1.0" in text
    assert "no timestamp authority confirms it" in text
    assert "panels were not seen" not in text


def test_a_worker_that_sets_many_reports_does_not_keep_their_photos() -> None:
    """Pixels of earlier reports are let go: eight reports take hardly more memory than two."""
    process = psutil.Process()

    def set_one(number: int) -> int:
        photos = {
            step: picture(100 * number + place, width_px=1400, height_px=1050)
            for place, (step, _, _) in enumerate(STEPS)
        }
        case, originals = dossier("en", photos=photos, has_findings=False)
        render(draft_of(case), originals)
        return process.memory_info().rss >> 20

    for number in range(3):
        before = set_one(number)
    for number in range(3, 9):
        after = set_one(number)
    assert after - before < 150


def pages(pdf: bytes) -> list[bytes]:
    """Count pages by their objects."""
    return [b""] * int(PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Count"])


def files(pdf: bytes) -> dict[str, tuple[str, bytes]]:
    """Take out the embedded files: relationship and bytes, by name."""
    root = PdfFileReader(BytesIO(pdf)).root
    found = {}
    for reference in root["/AF"]:
        specification = reference.get_object()
        stream = specification["/EF"]["/F"]
        found[str(specification["/UF"])] = (str(specification["/AFRelationship"]), stream.data)
    return found
