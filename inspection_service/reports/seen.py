"""What was photographed, kept, skipped and never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from inspection_service.clock import isoformat
from inspection_service.inspections.records import Annotation, Capture, Dossier, Recording
from inspection_service.reports.plain import actor, localised, moment, pixels, plain


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


def capture_order(capture: Capture) -> tuple[datetime, str]:
    """Sort photos as they came."""
    return capture.received_at, capture.id


def step_entry(step: Mapping[str, Any], dossier: Dossier, capture: Capture | None) -> dict[str, Any]:
    """Write how a step was answered, or why it was not."""
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
        "title": localised(step.get("title"), language),
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


def capture_entry(capture: Capture, is_shown: bool) -> dict[str, Any]:
    """Write a photo and what was decided about it."""
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
        "taken_at": moment(capture.taken_at),
        "received_at": isoformat(capture.received_at),
        "judgement": None if judgement is None else _judgement(judgement),
        "decided_by": actor(capture.decided_by),
        "decision_reason": capture.decision_reason,
    }


def _judgement(judgement: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was judged; leave out how long it took, which says nothing about the car."""
    return {
        "model_set": judgement.get("model_set"),
        "asked": judgement.get("asked"),
        "view": judgement.get("view"),
        "view_score": plain(judgement.get("view_score")),
        "accepted": bool(judgement.get("accepted")),
        "reasons": [str(code) for code in judgement.get("reasons", ())],
        "quality": plain(judgement.get("quality") or {}),
        "scene": _boxes(judgement.get("scene", ())),
        "detections": _boxes(judgement.get("detections", ())),
        "odometer": plain(judgement.get("odometer")),
    }


def _boxes(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": f["kind"], "box": pixels(f["box"]), "score": plain(f["score"])} for f in found]


def gaps(
    steps: Sequence[Mapping[str, Any]], control_points: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Name every gap: views without a photo, photos kept although poor, control points without any evidence."""
    found: list[dict[str, Any]] = []
    for step in steps:
        if step["outcome"] == "photographed":
            continue
        kind = "poor_photo" if step["outcome"] == "kept" else "step"
        found.append(
            {
                "kind": kind,
                "id": step["id"],
                "why": step["outcome"],
                "faults": list(step["faults"]),
                "reason": step["reason"],
                "required": step["required"],
            }
        )
    found += [
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
    return found


def annotation_entry(annotation: Annotation) -> dict[str, Any]:
    """Write a frame an operator kept, with the lines drawn on it in shares of its sides."""
    return {
        "id": annotation.id,
        "frame_id": annotation.frame_id,
        "step_id": annotation.step_id,
        "finding_id": annotation.finding_id,
        "sha256": annotation.sha256,
        "size_bytes": annotation.size_bytes,
        "media_type": annotation.media_type,
        "width_px": annotation.width,
        "height_px": annotation.height,
        "strokes": plain(
            [{"points": [list(point) for point in s.points], "width": s.width} for s in annotation.strokes]
        ),
        "text": annotation.text,
        "by": actor(annotation.by),
        "at": isoformat(annotation.at),
        "frozen_at": isoformat(annotation.frozen_at),
    }


def recording_entry(recording: Recording) -> dict[str, Any]:
    """Write a recording by the hashes of its parts; the bytes may be gone by now."""
    return {
        "id": recording.id,
        "device": recording.device,
        "by": actor(recording.by),
        "started_at": isoformat(recording.started_at),
        "ended_at": moment(recording.ended_at),
        "end": recording.end,
        "parts": {
            part.kind: {
                "media_type": part.media_type,
                "chunks": part.chunks,
                "bytes": part.bytes_,
                "chain_sha256": part.chain_sha256,
            }
            for part in recording.parts
        },
        "steps": [{"step_id": s.step_id, "at_s": round(s.at_s, 3)} for s in recording.steps],
        "deleted_at": moment(recording.deleted_at),
    }
