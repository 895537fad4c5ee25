"""From a dossier to the record that is signed: pure, so that the same dossier gives the same bytes.

Nothing is judged here. What models, operators and sellers said is laid side by side, and what nobody saw is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from inspection_service.clock import isoformat
from inspection_service.inspections.records import (
    Actor,
    Capture,
    Contact,
    Dossier,
    Finding,
    Signature,
    Statement,
    Vehicle,
)
from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.errors import NotReadyToSeal
from inspection_service.reports.records import DraftReport, ModelUsed

SCHEMA_VERSION: Final = "1.0"
KIND: Final = "inspection_report"
KM_PER_MILE: Final = 1.609344
"""Source: international yard and pound agreement of 1959."""

JUDGING_EVENTS: Final = frozenset(
    {
        "capture.accepted",
        "capture.kept",
        "capture.overridden",
        "capture.retake_asked",
        "damage.declared",
        "finding.added",
        "finding.confirmed",
        "finding.disputed",
        "finding.rejected",
        "odometer.edited",
        "odometer.read",
        "statement.made",
        "step.skipped",
    }
)
"""What changes the report's content; the rest of the timeline is about who was there."""

LIMITS: Final = (
    "photographs_only",
    "hidden_parts",
    "mechanics",
    "small_damage",
    "odometer_display",
    "model_errors",
)
"""What a remote inspection by photographs never sees; the words are in ``words.py``."""


def build(
    dossier: Dossier, *, sealed_at: datetime, models: Sequence[ModelUsed], has_development_keys: bool
) -> DraftReport:
    """Make the record of an inspection that has been signed.

    Args:
        dossier: Everything known about it; its state must be ``signed_off``.
        sealed_at: The sealing service's own clock.
        models: The models installed when it is sealed; each judgement names the set it came from.
        has_development_keys: Whether the keys that will sign prove nothing outside this machine.

    Returns:
        The record with its canonical bytes; the next step is to render and to sign it.

    Raises:
        NotReadyToSeal: The inspection is in another state.
    """
    inspection = dossier.inspection
    if inspection.state != "signed_off":
        raise NotReadyToSeal(
            f"An inspection that is {inspection.state.replace('_', ' ')} cannot be sealed.",
            state=inspection.state,
        )
    evidence = evidence_by_step(dossier.captures)
    steps = [_step(step, dossier, evidence.get(step["id"])) for step in inspection.checklist.get("steps", ())]
    control_points = [
        _control_point(point, dossier, evidence) for point in inspection.checklist.get("control_points", ())
    ]
    in_report = {capture.id for capture in dossier.captures if is_in_report(capture)}
    findings = [
        _finding(finding, finding.capture_id is None or finding.capture_id in in_report)
        for finding in dossier.findings
    ]
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "language": inspection.language,
        "sealed_at": isoformat(sealed_at),
        "inspection": {
            "id": inspection.id,
            "platform": dossier.platform_name,
            "purpose": inspection.purpose,
            "reference": inspection.reference,
            "sign_off": inspection.sign_off,
            "ordered_at": isoformat(inspection.created_at),
            "deadline_at": _moment(inspection.deadline_at),
            "contact": masked_contact(inspection.contact),
        },
        "vehicle": _vehicle(inspection.vehicle, dossier.captures),
        "mileage": _mileage(dossier, evidence),
        "checklist": {
            "id": inspection.checklist_id,
            "version": str(inspection.checklist.get("version", "")),
            "sha256": inspection.checklist_sha256,
            "title": _localised(inspection.checklist.get("title"), inspection.language),
        },
        "models": {
            "list": [
                {"name": m.name, "version": m.version, "sha256": m.sha256}
                for m in sorted(models, key=lambda m: m.name)
            ],
            "sets_used": sorted(
                {
                    str(c.judgement["model_set"])
                    for c in dossier.captures
                    if c.judgement and c.judgement.get("model_set")
                }
            ),
        },
        "summary": _summary(steps, findings, control_points),
        "steps": steps,
        "captures": [_capture(c, c.id in in_report) for c in sorted(dossier.captures, key=_capture_order)],
        "findings": findings,
        "control_points": control_points,
        "statements": [_statement(s) for s in dossier.statements],
        "not_seen": _not_seen(steps, control_points),
        "limits": list(LIMITS),
        "consents": [
            {"purpose": c.purpose, "is_given": c.is_given, "at": isoformat(c.at)} for c in dossier.consents
        ],
        "signatures": [_signature(s, inspection.contact) for s in dossier.signatures],
        "timeline": [
            {
                "seq": e.seq,
                "at": isoformat(e.at),
                "kind": e.kind,
                "by": _actor(e.actor),
                "data": _plain(e.data),
            }
            for e in sorted(dossier.events, key=lambda e: e.seq)
        ],
        "notes": _notes(dossier, has_development_keys),
    }
    json_bytes = canonical_bytes(record)
    return DraftReport(record, json_bytes, sha256_hex(json_bytes), sealed_at)


def is_in_report(capture: Capture) -> bool:
    """Whether a photo is shown: it answers a step, or it belongs to declared damage."""
    return capture.is_evidence or (capture.step_id is None and capture.state != "retake")


def evidence_by_step(captures: Sequence[Capture]) -> dict[str, Capture]:
    """Choose the photo that answers each step: the last one that was accepted or kept."""
    chosen: dict[str, Capture] = {}
    for capture in sorted(captures, key=lambda c: (c.attempt, c.received_at, c.id)):
        if capture.step_id is not None and capture.is_evidence:
            chosen[capture.step_id] = capture
    return chosen


def masked_contact(contact: Contact) -> dict[str, str | None]:
    """Show that somebody could be reached without saying where."""
    email = None
    if contact.email and "@" in contact.email:
        name, _, domain = contact.email.partition("@")
        email = f"{name[:1]}…@{domain}"
    phone = f"…{contact.phone[-2:]}" if contact.phone else None
    return {"email": email, "phone": phone}


def _capture_order(capture: Capture) -> tuple[datetime, str]:
    return capture.received_at, capture.id


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else isoformat(moment)


def _actor(actor: Actor | None) -> dict[str, str] | None:
    return None if actor is None else {"kind": actor.kind, "name": actor.name}


def _plain(value: Any) -> Any:
    """Copy a JSON value with floats cut to what they are worth: four digits."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    return value


def _localised(texts: Any, language: str) -> str:
    """Take a checklist text in the report's language; checklists are complete in both."""
    if isinstance(texts, Mapping):
        return str(texts.get(language) or next(iter(texts.values()), ""))
    return "" if texts is None else str(texts)


def _box(box: Sequence[float] | None) -> list[float] | None:
    return None if box is None else [round(float(edge), 1) for edge in box]


def _vehicle(vehicle: Vehicle, captures: Sequence[Capture]) -> dict[str, Any]:
    """Say each item and how it is known; a plate seen but not read is evidence, not confirmation."""
    plate_seen = [
        c.id
        for c in sorted(captures, key=_capture_order)
        if is_in_report(c)
        and c.judgement
        and any(s.get("kind") == "plate" for s in c.judgement.get("scene", ()))
    ]
    values: dict[str, str | None] = {
        "make": vehicle.make,
        "model": vehicle.model,
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "first_registration": vehicle.first_registration.isoformat() if vehicle.first_registration else None,
        "fuel": vehicle.fuel,
    }
    return {
        name: {
            "value": value,
            "known_by": "unknown" if value is None else "platform",
            "seen_in": plate_seen if name == "plate" else [],
        }
        for name, value in values.items()
    }


def _mileage(dossier: Dossier, evidence: Mapping[str, Capture]) -> dict[str, Any]:
    """Gather every odometer statement; the operator's reading settles it, else the model's."""
    statements = [s for s in dossier.statements if s.control_point == "odometer"]
    readings = [
        {
            "voice": s.voice,
            "reading": s.value.get("reading"),
            "unit": s.value.get("unit"),
            "confidence": _plain(s.value.get("confidence")),
            "why_not": s.value.get("why_not"),
            "note": s.value.get("note"),
            "by": _actor(s.actor),
            "at": isoformat(s.at),
            "evidence": list(s.evidence),
        }
        for s in statements
    ]
    if not any(r["voice"] == "model" for r in readings):
        readings += [r for c in evidence.values() if (r := _model_reading(c)) is not None]
    settled = None
    for voice in ("operator", "model"):
        found = [r for r in readings if r["voice"] == voice and r["reading"]]
        if found:
            settled = {"reading": found[-1]["reading"], "unit": found[-1]["unit"], "voice": voice}
            break
    declared_km = dossier.inspection.vehicle.declared_mileage_km
    difference_km = None
    if settled is not None and declared_km is not None and str(settled["reading"]).isdigit():
        factor = KM_PER_MILE if settled["unit"] == "mi" else 1.0
        difference_km = round(int(settled["reading"]) * factor) - declared_km
    return {
        "declared_km": declared_km,
        "readings": readings,
        "settled": settled,
        "difference_km": difference_km,
    }


def _model_reading(capture: Capture) -> dict[str, Any] | None:
    odometer = capture.judgement.get("odometer") if capture.judgement else None
    if not odometer:
        return None
    return {
        "voice": "model",
        "reading": odometer.get("reading"),
        "unit": odometer.get("unit"),
        "confidence": _plain(odometer.get("confidence")),
        "why_not": odometer.get("why_not"),
        "note": None,
        "by": {"kind": "service", "name": ""},
        "at": isoformat(capture.received_at),
        "evidence": [capture.id],
    }


def _step(step: Mapping[str, Any], dossier: Dossier, capture: Capture | None) -> dict[str, Any]:
    language = dossier.inspection.language
    tries = [c for c in dossier.captures if c.step_id == step["id"]]
    skipped = next((s for s in reversed(dossier.skipped) if s.step_id == step["id"]), None)
    reason: str | None = None
    if capture is not None:
        outcome = "photographed" if capture.state == "accepted" else "kept"
        reason = capture.decision_reason if outcome == "kept" else None
    elif skipped is not None:
        outcome, reason = "skipped", skipped.reason
    elif any(c.state in ("received", "judged") for c in tries):
        outcome = "undecided"
    else:
        outcome = "refused" if tries else "not_photographed"
    return {
        "id": step["id"],
        "title": _localised(step.get("title"), language),
        "kind": step.get("kind", "photo"),
        "view": step.get("view"),
        "required": bool(step.get("required", False)),
        "outcome": outcome,
        "reason": reason,
        "faults": _faults(capture) if outcome == "kept" else [],
        "capture_id": capture.id if capture else None,
        "attempts": len(tries),
    }


def _faults(capture: Capture | None) -> list[str]:
    if capture is None or not capture.judgement:
        return []
    return [str(code) for code in capture.judgement.get("reasons", ())]


def _capture(capture: Capture, is_shown: bool) -> dict[str, Any]:
    judgement = capture.judgement
    return {
        "id": capture.id,
        "step_id": capture.step_id,
        "attempt": capture.attempt,
        "state": capture.state,
        "in_report": is_shown,
        "sha256": capture.sha256,
        "size_bytes": capture.size_bytes,
        "media_type": capture.media_type,
        "width_px": judgement.get("width") if judgement else None,
        "height_px": judgement.get("height") if judgement else None,
        "method": capture.method,
        "taken_at": _moment(capture.taken_at),
        "received_at": isoformat(capture.received_at),
        "judgement": None if judgement is None else _judgement(judgement),
        "decided_by": _actor(capture.decided_by),
        "decision_reason": capture.decision_reason,
    }


def _judgement(judgement: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was judged; leave out how long it took, which says nothing about the car."""
    return {
        "model_set": judgement.get("model_set"),
        "asked": judgement.get("asked"),
        "view": judgement.get("view"),
        "view_score": _plain(judgement.get("view_score")),
        "accepted": bool(judgement.get("accepted")),
        "reasons": [str(code) for code in judgement.get("reasons", ())],
        "quality": _plain(judgement.get("quality") or {}),
        "scene": _boxes(judgement.get("scene", ())),
        "detections": _boxes(judgement.get("detections", ())),
        "odometer": _plain(judgement.get("odometer")),
    }


def _boxes(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": f["kind"], "box": _box(f["box"]), "score": _plain(f["score"])} for f in found]


def _finding(finding: Finding, is_in_force: bool) -> dict[str, Any]:
    return {
        "id": finding.id,
        "capture_id": finding.capture_id,
        "in_report": is_in_force,
        "source": finding.source,
        "kind": finding.kind,
        "box": _box(finding.box),
        "part": finding.part,
        "severity": finding.severity,
        "model_score": _plain(finding.model_score),
        "text": finding.text,
        "created_at": isoformat(finding.created_at),
        "verdict": finding.verdict,
        "verdict_by": _actor(finding.verdict_by),
        "verdict_note": finding.verdict_note,
        "dispute": finding.dispute or None,
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "control_point": statement.control_point,
        "voice": statement.voice,
        "value": _plain(statement.value),
        "by": _actor(statement.actor),
        "at": isoformat(statement.at),
        "evidence": list(statement.evidence),
    }


def _control_point(
    point: Mapping[str, Any], dossier: Dossier, evidence: Mapping[str, Capture]
) -> dict[str, Any]:
    answers = [_statement(s) for s in dossier.statements if s.control_point == point["id"]]
    capture = evidence.get(str(point.get("step")))
    return {
        "id": point["id"],
        "title": _localised(point.get("title"), dossier.inspection.language),
        "step": point.get("step"),
        "state": "answered" if answers else "photo_only" if capture else "not_seen",
        "photo": capture.id if capture else None,
        "answers": answers,
    }


def _summary(
    steps: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    control_points: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    seen = [s for s in steps if s["outcome"] in ("photographed", "kept")]
    standing = [f for f in findings if f["in_report"]]
    open_ = [f for f in standing if f["verdict"] != "rejected"]
    counts = {
        "confirmed": sum(f["verdict"] == "confirmed" or f["source"] == "operator" for f in open_),
        "suspected": sum(f["source"] == "model" and f["verdict"] is None for f in open_),
        "declared": sum(f["source"] == "seller" and f["verdict"] is None for f in open_),
        "rejected": len(standing) - len(open_),
        "disputed": sum(f["dispute"] is not None for f in standing),
    }
    if counts["confirmed"] or counts["declared"]:
        damage = "stated"
    elif counts["suspected"]:
        damage = "suspected"
    else:
        damage = "none_seen" if seen else "nothing_photographed"
    return {
        "steps_total": len(steps),
        "steps_photographed": len(seen),
        "steps_kept": sum(s["outcome"] == "kept" for s in steps),
        "steps_not_seen": len(steps) - len(seen),
        "control_points_total": len(control_points),
        "control_points_answered": sum(p["state"] == "answered" for p in control_points),
        "findings": counts,
        "damage": damage,
    }


def _not_seen(
    steps: Sequence[Mapping[str, Any]], control_points: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Name every gap: views without a photo, photos kept although poor, control points without any evidence."""
    gaps: list[dict[str, Any]] = []
    for step in steps:
        if step["outcome"] == "photographed":
            continue
        kind = "poor_photo" if step["outcome"] == "kept" else "step"
        gaps.append(
            {
                "kind": kind,
                "id": step["id"],
                "why": step["outcome"],
                "faults": list(step["faults"]),
                "reason": step["reason"],
                "required": step["required"],
            }
        )
    gaps += [
        {
            "kind": "control_point",
            "id": p["id"],
            "why": "not_seen",
            "faults": [],
            "reason": None,
            "required": False,
        }
        for p in control_points
        if p["state"] == "not_seen"
    ]
    return gaps


def _signature(signature: Signature, contact: Contact) -> dict[str, Any]:
    masked = masked_contact(contact)
    sent_to = None if signature.second_factor == "none" else masked[signature.second_factor]
    return {
        "role": signature.role,
        "name": signature.name,
        "at": isoformat(signature.at),
        "shown_sha256": signature.shown_sha256,
        "second_factor": signature.second_factor,
        "code_sent_to": sent_to if signature.role == "seller" else None,
        "drawing_svg": signature.drawing_svg,
        "note": signature.note,
    }


def _notes(dossier: Dossier, has_development_keys: bool) -> dict[str, Any]:
    sellers = [s for s in dossier.signatures if s.role == "seller"]
    operators = [s for s in dossier.signatures if s.role == "operator"]
    return {
        "development_keys": has_development_keys,
        "no_seller_signature": not sellers,
        "no_second_factor": not any(s.second_factor != "none" for s in sellers),
        "no_operator_sign_off": not operators,
        "no_timestamp_authority": True,
        "demonstration_pictures": any(c.method == "demo" for c in dossier.captures),
        "after_seller_signature": _after_seller_signature(dossier),
    }


def _after_seller_signature(dossier: Dossier) -> list[dict[str, Any]]:
    """List what was judged or said after the seller signed: the seller has not seen it.

    Events are ordered by their numbers, as the ledger is; the last signature counts, an earlier one was void.
    """
    signed_at = max((s.at for s in dossier.signatures if s.role == "seller"), default=None)
    if signed_at is None:
        return []
    signed_seq = max((e.seq for e in dossier.events if e.kind == "seller.signed"), default=None)
    return [
        {"seq": e.seq, "kind": e.kind, "at": isoformat(e.at), "by": _actor(e.actor)}
        for e in sorted(dossier.events, key=lambda e: e.seq)
        if e.kind in JUDGING_EVENTS and (e.at > signed_at if signed_seq is None else e.seq > signed_seq)
    ]
