"""Inspections for the tests of reports, small or large, and the pictures that go with them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw

from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    Consent,
    Contact,
    Dossier,
    Event,
    Finding,
    FindingId,
    Inspection,
    InspectionId,
    Language,
    OperatorId,
    Signature,
    SkippedStep,
    Statement,
    StepId,
    TenantId,
    Vehicle,
)
from inspection_service.reports.records import ModelUsed

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SEALED_AT = START + timedelta(hours=1)
MODELS = (
    ModelUsed("damage", "2026.11.22", "d" * 64),
    ModelUsed("framing", "2026.11.22", "f" * 64),
    ModelUsed("odometer", "2026.11.22", "0" * 64),
)
SELLER = Actor("seller", "seller", "")
OPERATOR = Actor("operator", "opr_1", "Nadia Operator")
SERVICE_ACTOR = Actor("service", "service", "inspection-service")
STEPS = (
    ("front", "Avant", "Front"),
    ("front_left", "Avant gauche", "Front left"),
    ("left_side", "Côté gauche", "Left side"),
    ("rear_left", "Arrière gauche", "Rear left"),
    ("rear", "Arrière", "Rear"),
    ("rear_right", "Arrière droit", "Rear right"),
    ("right_side", "Côté droit", "Right side"),
    ("front_right", "Avant droit", "Front right"),
    ("wheel", "Roue", "Wheel"),
    ("dashboard", "Tableau de bord", "Dashboard"),
    ("odometer", "Compteur", "Odometer"),
    ("front_seats", "Sièges avant", "Front seats"),
)
MARK = "M 40 150 L 90 40 L 140 150 L 200 60 L 260 150 L 330 70 L 420 140 L 560 90"


def picture(seed: int, *, width_px: int = 320, height_px: int = 240, kind: str = "JPEG") -> bytes:
    """Draw something that is different for every seed."""
    image = Image.new("RGB", (width_px, height_px), (90 + seed * 37 % 120, 110 + seed * 53 % 100, 150))
    draw = ImageDraw.Draw(image)
    draw.rectangle(
        (width_px * 0.15, height_px * 0.4, width_px * 0.85, height_px * 0.75), fill=(200, 200, 205)
    )
    for wheel in (0.3, 0.7):
        draw.ellipse(
            (width_px * wheel - 30, height_px * 0.7 - 30, width_px * wheel + 30, height_px * 0.7 + 30),
            fill=(20, 20, 20),
        )
    draw.text((10, 10), f"view {seed}", fill=(255, 255, 255))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def checklist(steps: int = len(STEPS)) -> dict[str, Any]:
    """A checklist in its canonical form with so many steps; beyond twelve they repeat under other ids."""
    listed = []
    for index in range(steps):
        name, french, english = STEPS[index % len(STEPS)]
        again = f" {index // len(STEPS) + 1}" if index >= len(STEPS) else ""
        listed.append(
            {
                "id": name + again.replace(" ", "_"),
                "section": "photos",
                "kind": "photo",
                "view": name,
                "required": name != "front_seats",
                "title": {"fr": french + again, "en": english + again},
            }
        )
    return {
        "id": "listing-12",
        "version": "1",
        "title": {"fr": "Douze photos pour une annonce", "en": "Twelve listing photos"},
        "sign_off": "required",
        "steps": listed,
        "control_points": [
            {
                "id": "front_bumper",
                "title": {"fr": "Pare-chocs avant", "en": "Front bumper"},
                "step": "front",
            },
            {
                "id": "odometer",
                "title": {"fr": "Kilométrage affiché", "en": "Mileage shown"},
                "step": "odometer",
            },
            {"id": "spare_wheel", "title": {"fr": "Roue de secours", "en": "Spare wheel"}, "step": None},
        ],
    }


def judgement(
    view: str, *, width_px: int, height_px: int, accepted: bool = True, **more: Any
) -> dict[str, Any]:
    """What vision would have said."""
    return {
        "model_set": "5e7" * 21 + "0",
        "width": width_px,
        "height": height_px,
        "asked": view,
        "view": view,
        "view_score": 0.934512345,
        "views": {view: 0.93},
        "accepted": accepted,
        "reasons": [] if accepted else ["blur", "cut_off"],
        "quality": {"sharpness": 143.21345, "brightness": 122.0, "clipped_share": 0.001, "faults": []},
        "scene": [{"kind": "car", "box": [10.0, 20.0, 300.0, 220.0], "score": 0.91}]
        + (
            [{"kind": "plate", "box": [140.0, 150.0, 180.0, 160.0], "score": 0.8}]
            if view in ("front", "rear")
            else []
        ),
        "detections": [],
        "odometer": {"reading": "127506", "confidence": 0.97, "unit": "km", "box": None, "why_not": None}
        if view == "odometer"
        else None,
        "seconds": 0.42,
        **more,
    }


def dossier(
    language: Language = "fr",
    *,
    steps: int = len(STEPS),
    photographed: int | None = None,
    photos: Mapping[str, bytes] | None = None,
    seller_name: str = "Camille Durand",
    free_text: str = "Rayure faite au parking",
    is_signed_off: bool = True,
    has_findings: bool = True,
    width_px: int = 320,
    height_px: int = 240,
    inspection_id: str = "ins_0123456789abcdef01234567",
) -> tuple[Dossier, dict[str, bytes]]:
    """Make an inspection that waits for its seal, and the bytes of its photos by capture id.

    Args:
        language: Of the report.
        steps: How many the checklist asks for.
        photographed: How many of them have a photo; all when absent.
        photos: Use these for the steps they name instead of drawn ones.
        seller_name: As typed when signing.
        free_text: Put wherever a person can write something.
        is_signed_off: Whether an operator signed, with a second factor for the seller.
        has_findings: Whether there is damage: one finding of each voice.
        width_px: Of the drawn pictures.
        height_px: Of the drawn pictures.
        inspection_id: Its id.
    """
    listed = checklist(steps)
    photographed = steps if photographed is None else photographed
    case = InspectionId(inspection_id)
    captures: list[Capture] = []
    originals: dict[str, bytes] = {}
    for index, step in enumerate(listed["steps"][:photographed]):
        data = (photos or {}).get(step["id"]) or picture(index, width_px=width_px, height_px=height_px)
        with Image.open(io.BytesIO(data)) as image:
            size, media_type = image.size, f"image/{(image.format or 'jpeg').lower()}"
        is_kept = step["view"] == "wheel"
        capture = Capture(
            id=CaptureId(f"cap_{index:04d}"),
            inspection_id=case,
            step_id=StepId(step["id"]),
            attempt=3 if is_kept else 1,
            state="overridden" if is_kept else "accepted",
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            media_type=media_type,
            object_key=f"{case}/{index}",
            method="take_photo",
            taken_at=START + timedelta(minutes=index),
            received_at=START + timedelta(minutes=index, seconds=5),
            judgement=judgement(step["view"], width_px=size[0], height_px=size[1], accepted=not is_kept),
            decided_by=SELLER if is_kept else SERVICE_ACTOR,
            decision_reason=free_text if is_kept else None,
        )
        captures.append(capture)
        originals[capture.id] = data
    findings: tuple[Finding, ...] = ()
    if has_findings and len(captures) >= 4:
        findings = _findings(case, captures, free_text)
    signatures = [
        Signature(
            "seller",
            seller_name,
            START + timedelta(minutes=40),
            "a" * 64,
            "email" if is_signed_off else "none",
            MARK,
        )
    ]
    if is_signed_off:
        signatures.append(
            Signature(
                "operator", OPERATOR.name, START + timedelta(minutes=50), "b" * 64, "none", None, free_text
            )
        )
    events = [
        Event(
            1, START - timedelta(hours=2), "inspection.ordered", Actor("platform", "ten_1", "Exemple Auto")
        ),
        Event(2, START - timedelta(minutes=3), "seller.joined", SELLER),
        Event(3, START - timedelta(minutes=2), "consent.given", SELLER, {"purpose": "photos"}),
        *(
            Event(
                4 + i,
                c.received_at,
                "capture.accepted",
                SERVICE_ACTOR,
                {"capture_id": c.id, "step_id": c.step_id},
            )
            for i, c in enumerate(captures)
        ),
        Event(4 + len(captures), START + timedelta(minutes=40), "seller.signed", SELLER),
    ]
    inspection = Inspection(
        id=case,
        tenant_id=TenantId("ten_1"),
        state="signed_off",
        version=9,
        language=language,
        purpose="listing",
        vehicle=Vehicle(
            "AB-123-CD", "VF3CCHNZ6GT012345", "Peugeot", "208", date(2016, 3, 14), "petrol", 127000
        ),
        contact=Contact("Camille Durand", "camille.durand@example.com", "+33600000042"),
        checklist_id="listing-12",
        checklist_sha256="c" * 64,
        checklist=listed,
        sign_off="required" if is_signed_off else "none",
        reference="LOT-77",
        deadline_at=START + timedelta(days=2),
        created_at=START - timedelta(hours=2),
        updated_at=START,
        claimed_by=OperatorId("opr_1"),
    )
    statements = (
        Statement(
            "odometer",
            "model",
            {"reading": "127506", "unit": "km", "confidence": 0.97},
            SERVICE_ACTOR,
            START + timedelta(minutes=11),
            tuple(c.id for c in captures if c.step_id == "odometer"),
        ),
        Statement(
            "front_bumper",
            "operator",
            {"answer": "minor", "note": free_text},
            OPERATOR,
            START + timedelta(minutes=45),
            tuple(c.id for c in captures[:1]),
        ),
        Statement(
            "front_bumper", "seller", {"answer": "ok", "note": None}, SELLER, START + timedelta(minutes=35)
        ),
    )
    return (
        Dossier(
            inspection=inspection,
            platform_name="Exemple Auto",
            captures=tuple(captures),
            findings=findings,
            statements=statements if captures else (),
            consents=(
                Consent("photos", True, START - timedelta(minutes=2)),
                Consent("live_video", True, START - timedelta(minutes=2)),
                Consent("recording", False, START - timedelta(minutes=2)),
            ),
            skipped=tuple(
                SkippedStep(StepId(s["id"]), free_text, START + timedelta(minutes=30))
                for s in listed["steps"][photographed : photographed + 1]
            ),
            signatures=tuple(signatures),
            events=tuple(events),
        ),
        originals,
    )


def _findings(case: InspectionId, captures: list[Capture], free_text: str) -> tuple[Finding, ...]:
    at = START + timedelta(minutes=20)

    def box(capture: Capture, *shares: float) -> tuple[float, float, float, float]:
        assert capture.judgement is not None
        width, height = capture.judgement["width"], capture.judgement["height"]
        return shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height

    front, left, side, rear = captures[:4]
    return (
        Finding(
            FindingId("fnd_1"),
            case,
            left.id,
            "model",
            "scratch",
            box(left, 0.576, 0.513, 0.679, 0.542),
            None,
            "minor",
            0.8312,
            None,
            at,
            "confirmed",
            OPERATOR,
            free_text,
        ),
        Finding(
            FindingId("fnd_2"),
            case,
            side.id,
            "model",
            "dent",
            box(side, 0.625, 0.537, 0.679, 0.573),
            "rear_left_door",
            None,
            0.4412,
            None,
            at,
            dispute=free_text,
        ),
        Finding(
            FindingId("fnd_3"),
            case,
            rear.id,
            "model",
            "lamp_broken",
            box(rear, 0.1, 0.4, 0.2, 0.5),
            None,
            None,
            0.31,
            None,
            at,
            "rejected",
            OPERATOR,
            None,
        ),
        Finding(
            FindingId("fnd_4"),
            case,
            front.id,
            "operator",
            "crack",
            box(front, 0.3, 0.6, 0.45, 0.7),
            "front_bumper",
            "major",
            None,
            free_text,
            at,
        ),
        Finding(
            FindingId("fnd_5"), case, None, "seller", "other_damage", None, None, None, None, free_text, at
        ),
    )
