"""Turns records into rows and back; the only place that knows both shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import RowMapping

from inspection_service.inspections.mileages import plate_key
from inspection_service.inspections.records import (
    Actor,
    Annotation,
    AskedPhoto,
    Capture,
    CaptureId,
    ChatMessage,
    Consent,
    Contact,
    CorrectionEntry,
    Event,
    Finding,
    Frame,
    Handover,
    HelpRequest,
    Inspection,
    LegalHold,
    RecordedStep,
    Recording,
    RecordingPart,
    ReportFiles,
    Signature,
    SkippedStep,
    Statement,
    StepId,
    Stroke,
    Vehicle,
)
from inspection_service.inspections.requests import Upload

Row = Mapping[str, Any] | RowMapping
_INSPECTION: Final = tuple(name for name in Inspection.__dataclass_fields__ if name != "checklist")


def actor_to_json(actor: Actor | None) -> dict[str, str] | None:
    """Write who acted as plain values."""
    return None if actor is None else {"kind": actor.kind, "id": actor.id, "name": actor.name}


def actor_from_json(value: Mapping[str, Any] | None) -> Actor | None:
    """Read who acted."""
    return None if value is None else Actor(value["kind"], value["id"], value["name"])


def _actor(value: Mapping[str, Any]) -> Actor:
    return Actor(value["kind"], value["id"], value["name"])


def vehicle_to_json(vehicle: Vehicle) -> dict[str, Any]:
    """Write a vehicle as plain values; unknown fields are ``None``."""
    first = vehicle.first_registration
    return {**asdict(vehicle), "first_registration": first.isoformat() if first else None}


def vehicle_from_json(value: Mapping[str, Any]) -> Vehicle:
    """Read a vehicle."""
    first = value["first_registration"]
    return Vehicle(**{**value, "first_registration": date.fromisoformat(first) if first else None})


def found_by(plate: str | None, vin: str | None) -> dict[str, str | None]:
    """Write by what a car is found; to be written wherever its plate or VIN is."""
    return {"plate_key": plate_key(plate), "vin": vin}


def inspection_row(inspection: Inspection) -> dict[str, Any]:
    """Write an inspection."""
    return {
        name: getattr(inspection, name)
        for name in Inspection.__dataclass_fields__
        if name not in {"vehicle", "contact", "checklist", "handover", "asked"}
    } | {
        "vehicle": vehicle_to_json(inspection.vehicle),
        **found_by(inspection.vehicle.plate, inspection.vehicle.vin),
        "contact": asdict(inspection.contact),
        "checklist": dict(inspection.checklist),
        "handover": handover_to_json(inspection.handover),
        "asked": asked_to_json(inspection.asked),
    }


def inspection_from(row: Row, checklist: Mapping[str, Any]) -> Inspection:
    """Read an inspection.

    Args:
        row: All its columns but the checklist.
        checklist: What was frozen into it.
    """
    values = {name: row[name] for name in _INSPECTION}
    values["checklist"] = checklist
    values["vehicle"] = vehicle_from_json(row["vehicle"])
    values["contact"] = Contact(**row["contact"])
    values["handover"] = handover_from_json(row["handover"])
    values["asked"] = tuple(
        AskedPhoto(StepId(each["id"]), each["text"], each["about"], datetime.fromisoformat(each["at"]))
        for each in row["asked"] or ()
    )
    return Inspection(**values)


def asked_to_json(asked: tuple[AskedPhoto, ...]) -> list[dict[str, Any]] | None:
    """Write what the platform asked for besides; ``None`` when that is nothing."""
    return [{**asdict(each), "at": each.at.isoformat()} for each in asked] or None


def handover_to_json(handover: Handover | None) -> dict[str, Any] | None:
    """Write how a case came to its holder."""
    if handover is None:
        return None
    return {"by": actor_to_json(handover.by), "note": handover.note, "at": handover.at.isoformat()}


def handover_from_json(value: Mapping[str, Any] | None) -> Handover | None:
    """Read how a case came to its holder."""
    if value is None:
        return None
    return Handover(_actor(value["by"]), value["note"], datetime.fromisoformat(value["at"]))


def capture_row(capture: Capture) -> dict[str, Any]:
    """Write a capture."""
    values = {name: getattr(capture, name) for name in Capture.__dataclass_fields__}
    values["decided_by"] = actor_to_json(capture.decided_by)
    return values


def capture_from(row: Row) -> Capture:
    """Read a capture."""
    values = {name: row[name] for name in Capture.__dataclass_fields__}
    values["decided_by"] = actor_from_json(row["decided_by"])
    return Capture(**values)


def finding_row(finding: Finding) -> dict[str, Any]:
    """Write a finding (its position and the client's id are the repository's business)."""
    values = {name: getattr(finding, name) for name in Finding.__dataclass_fields__}
    values["box"] = None if finding.box is None else list(finding.box)
    values["verdict_by"] = actor_to_json(finding.verdict_by)
    values["more_captures"] = list(finding.more_captures)
    return values


def finding_from(row: Row) -> Finding:
    """Read a finding."""
    values = {name: row[name] for name in Finding.__dataclass_fields__}
    values["box"] = None if row["box"] is None else tuple(row["box"])
    values["verdict_by"] = actor_from_json(row["verdict_by"])
    values["more_captures"] = tuple(row["more_captures"])
    return Finding(**values)


def statement_row(statement: Statement) -> dict[str, Any]:
    """Write a statement."""
    return {
        "control_point": statement.control_point,
        "voice": statement.voice,
        "value": dict(statement.value),
        "actor": actor_to_json(statement.actor),
        "at": statement.at,
        "evidence": list(statement.evidence),
    }


def statement_from(row: Row) -> Statement:
    """Read a statement."""
    actor = _actor(row["actor"])
    evidence = tuple(CaptureId(capture) for capture in row["evidence"])
    return Statement(row["control_point"], row["voice"], row["value"], actor, row["at"], evidence)


def consent_from(row: Row) -> Consent:
    """Read a consent."""
    return Consent(row["purpose"], row["is_given"], row["at"])


def skipped_from(row: Row) -> SkippedStep:
    """Read a skipped step."""
    return SkippedStep(row["step_id"], row["reason"], row["at"])


def signature_from(row: Row) -> Signature:
    """Read a signature."""
    return Signature(**{name: row[name] for name in Signature.__dataclass_fields__})


def report_from(row: Row) -> ReportFiles:
    """Read where a sealed report rests."""
    return ReportFiles(**{name: row[name] for name in ReportFiles.__dataclass_fields__})


def correction_row(entry: CorrectionEntry) -> dict[str, Any]:
    """Write an entry made after a report."""
    values = {name: getattr(entry, name) for name in CorrectionEntry.__dataclass_fields__}
    values["by"] = actor_to_json(entry.by)
    return values


def correction_from(row: Row) -> CorrectionEntry:
    """Read an entry made after a report."""
    values = {name: row[name] for name in CorrectionEntry.__dataclass_fields__}
    values["by"] = actor_from_json(row["by"])
    return CorrectionEntry(**values)


def hold_from(row: Row) -> LegalHold:
    """Read a legal hold."""
    by = actor_from_json(row["by"])
    assert by is not None
    return LegalHold(row["at"], by, row["reason"])


def event_from(row: Row, names: Mapping[str, str]) -> Event:
    """Read an event; ``names`` are the display names by actor id, which the log itself does not hold."""
    actor = Actor(row["actor_kind"], row["actor_id"], names.get(row["actor_id"], ""))
    return Event(row["seq"], row["at"], row["kind"], actor, row["data"])


def upload_from(row: Row) -> Upload:
    """Read an upload."""
    values = {name: row[name] for name in Upload.__dataclass_fields__}
    values["pieces"] = tuple(row["pieces"])
    return Upload(**values)


def frame_row(frame: Frame) -> dict[str, Any]:
    """Write a frozen frame that nobody has kept yet."""
    return {name: getattr(frame, name) for name in Frame.__dataclass_fields__} | {
        "is_kept": False,
        "has_bytes": True,
    }


def frame_from(row: Row) -> Frame:
    """Read a frozen frame."""
    return Frame(**{name: row[name] for name in Frame.__dataclass_fields__})


def strokes_to_json(strokes: tuple[Stroke, ...]) -> list[dict[str, Any]]:
    """Write a drawing."""
    return [{"points": [list(point) for point in stroke.points], "width": stroke.width} for stroke in strokes]


def annotation_row(annotation: Annotation) -> dict[str, Any]:
    """Write an annotation (its position is the case's business; the picture is the frame's)."""
    return {
        "id": annotation.id,
        "inspection_id": annotation.inspection_id,
        "frame_id": annotation.frame_id,
        "strokes": strokes_to_json(annotation.strokes),
        "text": annotation.text,
        "by": actor_to_json(annotation.by),
        "at": annotation.at,
        "finding_id": annotation.finding_id,
    }


def annotation_from(row: Row) -> Annotation:
    """Read an annotation joined with its frame, whose moment is ``frozen_at``."""
    values = {name: row[name] for name in Annotation.__dataclass_fields__}
    values["by"] = _actor(row["by"])
    values["strokes"] = tuple(
        Stroke(tuple((float(x), float(y)) for x, y in stroke["points"]), float(stroke["width"]))
        for stroke in row["strokes"]
    )
    return Annotation(**values)


def recording_row(recording: Recording) -> dict[str, Any]:
    """Write a recording without its parts."""
    values = {
        name: getattr(recording, name) for name in Recording.__dataclass_fields__ if name not in {"parts"}
    }
    return values | {
        "by": actor_to_json(recording.by),
        "steps": [{"step_id": step.step_id, "at_s": step.at_s} for step in recording.steps],
    }


def recording_from(row: Row, parts: tuple[RecordingPart, ...]) -> Recording:
    """Read a recording."""
    values = {name: row[name] for name in Recording.__dataclass_fields__ if name != "parts"}
    values["by"] = _actor(row["by"])
    values["steps"] = tuple(RecordedStep(StepId(step["step_id"]), step["at_s"]) for step in row["steps"])
    return Recording(**values, parts=parts)


def part_from(row: Row) -> RecordingPart:
    """Read one kind's chunks."""
    return RecordingPart(row["kind"], row["media_type"], row["chunks"], row["bytes"], row["chain_sha256"])


def message_from(row: Row) -> ChatMessage:
    """Read a message."""
    values = {name: row[name] for name in ChatMessage.__dataclass_fields__}
    values["by"] = _actor(row["by"])
    return ChatMessage(**values)


def help_from(row: Row) -> HelpRequest:
    """Read a call for help."""
    return HelpRequest(**{name: row[name] for name in HelpRequest.__dataclass_fields__})
