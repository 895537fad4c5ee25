"""Turns what the models saw on a photo that stands into the model's own voice in the record."""

from __future__ import annotations

from typing import Any

from inspection_service.clock import new_id
from inspection_service.inspections.changes import Change
from inspection_service.inspections.records import SERVICE, Capture, Finding, FindingId, Statement
from inspection_service.inspections.views import ODOMETER

_MODEL = SERVICE


async def adopt_model_findings(change: Change, capture: Capture) -> None:
    """Write detections as findings and a reading as a statement, once for each photo."""
    judgement = capture.judgement or {}
    checks = change.step(capture.step_id)["checks"] if capture.step_id else {"damage": True, "reading": None}
    if checks["damage"]:
        await _adopt_detections(change, capture, judgement)
    if checks["reading"] == ODOMETER and judgement.get("odometer"):
        await _adopt_reading(change, capture, judgement["odometer"])


async def _adopt_detections(change: Change, capture: Capture, judgement: Any) -> None:
    if any(finding.source == "model" for finding in await change.case.findings_of(capture.id)):
        return
    for detection in judgement.get("detections", ()):
        x1, y1, x2, y2 = (float(edge) for edge in detection["box"])
        finding = Finding(
            id=FindingId(new_id("fnd")),
            inspection_id=capture.inspection_id,
            capture_id=capture.id,
            source="model",
            kind=detection["kind"],
            box=(x1, y1, x2, y2),
            part=None,
            severity=None,
            model_score=float(detection["score"]),
            text=None,
            created_at=change.now,
        )
        await change.case.add_finding(finding)
        await change.record(
            "finding.detected", _MODEL, finding_id=finding.id, capture_id=capture.id, kind=finding.kind
        )


async def _adopt_reading(change: Change, capture: Capture, reading: Any) -> None:
    dossier = await change.dossier()
    if any(s.voice == "model" and capture.id in s.evidence for s in dossier.statements):
        return
    value = {
        "reading": reading.get("reading"),
        "unit": reading.get("unit"),
        "confidence": reading.get("confidence"),
        "why_not": reading.get("why_not"),
    }
    await change.case.add_statement(
        Statement(ODOMETER, "model", value, _MODEL, change.now, evidence=(capture.id,))
    )
    await change.record("odometer.read", _MODEL, capture_id=capture.id, is_read=value["reading"] is not None)
