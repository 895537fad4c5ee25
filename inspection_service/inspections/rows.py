"""Turns records into rows and back; the only place that knows both shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import RowMapping

from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    Consent,
    Contact,
    Event,
    Finding,
    Inspection,
    ReportFiles,
    Signature,
    SkippedStep,
    Statement,
    Vehicle,
)
from inspection_service.inspections.requests import Upload

Row = Mapping[str, Any] | RowMapping


def actor_to_json(actor: Actor | None) -> dict[str, str] | None:
    """Write who acted as plain values."""
    return None if actor is None else {"kind": actor.kind, "id": actor.id, "name": actor.name}


def actor_from_json(value: Mapping[str, Any] | None) -> Actor | None:
    """Read who acted."""
    return None if value is None else Actor(value["kind"], value["id"], value["name"])


def vehicle_to_json(vehicle: Vehicle) -> dict[str, Any]:
    """Write a vehicle as plain values; unknown fields are ``None``."""
    first = vehicle.first_registration
    return {**asdict(vehicle), "first_registration": first.isoformat() if first else None}


def vehicle_from_json(value: Mapping[str, Any]) -> Vehicle:
    """Read a vehicle."""
    first = value["first_registration"]
    return Vehicle(**{**value, "first_registration": date.fromisoformat(first) if first else None})


def inspection_row(inspection: Inspection) -> dict[str, Any]:
    """Write an inspection."""
    return {
        name: getattr(inspection, name)
        for name in Inspection.__dataclass_fields__
        if name not in {"vehicle", "contact", "checklist"}
    } | {
        "vehicle": vehicle_to_json(inspection.vehicle),
        "contact": asdict(inspection.contact),
        "checklist": dict(inspection.checklist),
    }


def inspection_from(row: Row) -> Inspection:
    """Read an inspection."""
    values = {name: row[name] for name in Inspection.__dataclass_fields__}
    values["vehicle"] = vehicle_from_json(row["vehicle"])
    values["contact"] = Contact(**row["contact"])
    return Inspection(**values)


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
    actor = actor_from_json(row["actor"])
    assert actor is not None
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


def event_from(row: Row, names: Mapping[str, str]) -> Event:
    """Read an event; ``names`` are the display names by actor id, which the log itself does not hold."""
    actor = Actor(row["actor_kind"], row["actor_id"], names.get(row["actor_id"], ""))
    return Event(row["seq"], row["at"], row["kind"], actor, row["data"])


def upload_from(row: Row) -> Upload:
    """Read an upload."""
    values = {name: row[name] for name in Upload.__dataclass_fields__}
    values["pieces"] = tuple(row["pieces"])
    return Upload(**values)
