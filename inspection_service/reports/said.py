"""What people and models said: findings, answers, signatures, and what a signature does not cover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from inspection_service.clock import isoformat
from inspection_service.inspections.records import Capture, Contact, Dossier, Finding, Signature, Statement
from inspection_service.reports.plain import actor, localised, pixels, plain

TimeSource = Literal["service_clock", "internal_timestamp", "timestamp_authority"]
"""Whose clock vouches for the moment of sealing."""

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


def masked_contact(contact: Contact) -> dict[str, str | None]:
    """Show that somebody could be reached without saying where."""
    email = None
    if contact.email and "@" in contact.email:
        name, _, domain = contact.email.partition("@")
        email = f"{name[:1]}…@{domain}"
    phone = f"…{contact.phone[-2:]}" if contact.phone else None
    return {"email": email, "phone": phone}


def finding_entry(finding: Finding, is_in_force: bool) -> dict[str, Any]:
    """Write a finding, each voice in its own place."""
    return {
        "id": finding.id,
        "capture_id": finding.capture_id,
        "in_report": is_in_force,
        "source": finding.source,
        "kind": finding.kind,
        "box": pixels(finding.box),
        "part": finding.part,
        "severity": finding.severity,
        "model_score": plain(finding.model_score),
        "text": finding.text,
        "created_at": isoformat(finding.created_at),
        "verdict": finding.verdict,
        "verdict_by": actor(finding.verdict_by),
        "verdict_note": finding.verdict_note,
        "dispute": finding.dispute or None,
        "annotation_id": finding.annotation_id,
    }


def statement_entry(statement: Statement) -> dict[str, Any]:
    """Write an answer of one voice."""
    return {
        "control_point": statement.control_point,
        "voice": statement.voice,
        "value": plain(statement.value),
        "by": actor(statement.actor),
        "at": isoformat(statement.at),
        "evidence": list(statement.evidence),
    }


def control_point_entry(
    point: Mapping[str, Any], dossier: Dossier, evidence: Mapping[str, Capture]
) -> dict[str, Any]:
    """Write a control point with every answer to it, or that nobody saw it."""
    answers = [statement_entry(s) for s in dossier.statements if s.control_point == point["id"]]
    capture = evidence.get(str(point.get("step")))
    return {
        "id": point["id"],
        "title": localised(point.get("title"), dossier.inspection.language),
        "step": point.get("step"),
        "state": "answered" if answers else "photo_only" if capture else "not_seen",
        "photo": capture.id if capture else None,
        "answers": answers,
    }


def signature_entry(signature: Signature, contact: Contact) -> dict[str, Any]:
    """Write a person's own act of signing."""
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


def notes(dossier: Dossier, has_development_keys: bool, time: TimeSource) -> dict[str, Any]:
    """Name what is missing from a full proof."""
    sellers = [s for s in dossier.signatures if s.role == "seller"]
    operators = [s for s in dossier.signatures if s.role == "operator"]
    return {
        "development_keys": has_development_keys,
        "no_seller_signature": not sellers,
        "no_second_factor": not any(s.second_factor != "none" for s in sellers),
        "no_operator_sign_off": not operators,
        "no_timestamp_authority": time != "timestamp_authority",
        "time": time,
        "demonstration_pictures": dossier.is_sandbox or any(c.method == "demo" for c in dossier.captures),
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
        {"seq": e.seq, "kind": e.kind, "at": isoformat(e.at), "by": actor(e.actor)}
        for e in sorted(dossier.events, key=lambda e: e.seq)
        if e.kind in JUDGING_EVENTS and (e.at > signed_at if signed_seq is None else e.seq > signed_seq)
    ]
