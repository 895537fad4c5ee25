"""The events platforms are told about: public names that stay, whatever ours are called, and what each says.

A message says ids, states and facts about photos, and nothing personal: who receives it may keep it for ever. The one
exception is the platform's own ``reference``, which is added when a message is sent and rests nowhere beside the
inspection, so that an erasure reaches it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from inspection_service.clock import isoformat
from inspection_service.inspections.records import Event, Inspection

Kind = Literal[
    "inspection.ordered",
    "inspection.invited",
    "inspection.started",
    "inspection.submitted",
    "inspection.reopened",
    "inspection.seller_signed",
    "inspection.signed_off",
    "inspection.sealed",
    "inspection.corrected",
    "inspection.published",
    "inspection.unpublished",
    "inspection.erased",
    "inspection.extended",
    "inspection.cancelled",
    "inspection.expired",
    "capture.received",
    "capture.judged",
    "capture.accepted",
    "capture.kept",
    "capture.retake_asked",
    "step.skipped",
    "photo.requested",
    "photo.request_withdrawn",
    "reminder.sent",
    "reminder.failed",
    "help.requested",
    "help.answered",
    "help.withdrawn",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PING: Final = "webhook.ping"
"""A test message; it belongs to no inspection and nobody subscribes to it."""


@dataclass(frozen=True, slots=True)
class _Told:
    kind: Kind
    facts: tuple[str, ...] = ()
    """Members of the event's data that are told."""


_TOLD: Final[Mapping[str, _Told]] = {
    "inspection.ordered": _Told("inspection.ordered", ("checklist",)),
    "inspection.invited": _Told("inspection.invited"),
    "seller.joined": _Told("inspection.started"),
    "photos.begun": _Told("inspection.started"),
    "seller.submitted": _Told("inspection.submitted"),
    "inspection.reopened": _Told("inspection.reopened"),
    "seller.signed": _Told("inspection.seller_signed"),
    "operator.signed_off": _Told("inspection.signed_off"),
    "report.sealed": _Told("inspection.sealed", ("json_sha256", "pdf_sha256")),
    "report.corrected": _Told("inspection.corrected", ("no", "kind", "json_sha256", "pdf_sha256")),
    "publication.approved": _Told("inspection.published"),
    "publication.withdrawn": _Told("inspection.unpublished"),
    "data.erased": _Told("inspection.erased", ("what",)),
    "inspection.extended": _Told("inspection.extended", ("deadline_at",)),
    "inspection.cancelled": _Told("inspection.cancelled"),
    "inspection.expired": _Told("inspection.expired"),
    "capture.received": _Told("capture.received", ("capture_id", "step_id", "attempt")),
    "capture.judged": _Told("capture.judged", ("capture_id", "step_id", "accepted", "reasons", "view")),
    "capture.accepted": _Told("capture.accepted", ("capture_id", "step_id")),
    "capture.kept": _Told("capture.kept", ("capture_id", "step_id")),
    "capture.overridden": _Told("capture.kept", ("capture_id", "step_id")),
    "capture.retake_asked": _Told("capture.retake_asked", ("capture_id", "step_id")),
    "step.skipped": _Told("step.skipped", ("step_id",)),
    "photo.asked": _Told("photo.requested", ("step_id", "about")),
    "photo.not_asked": _Told("photo.request_withdrawn", ("step_id",)),
    "reminder.sent": _Told("reminder.sent", ("reminder_id", "kind", "channel")),
    "reminder.failed": _Told("reminder.failed", ("reminder_id", "kind", "channel", "reason")),
    "help.asked": _Told("help.requested", ("step_id",)),
    "help.answered": _Told("help.answered", ("how",)),
    "help.withdrawn": _Told("help.withdrawn"),
}
"""Our names and theirs. A new event that platforms shall hear of gets a line here and one in docs/webhooks.md."""
TOLD_EVENTS: Final = frozenset(_TOLD)


def kind_of(event_kind: str) -> Kind | None:
    """Return the public name of an event, or ``None`` when platforms are not told."""
    told = _TOLD.get(event_kind)
    return None if told is None else told.kind


def payload_of(inspection: Inspection, event: Event) -> str:
    """Write what is kept of a message until it is sent: everything but the reference.

    Args:
        inspection: As the act that wrote the event has left it.
        event: One of ``TOLD_EVENTS``.
    """
    told = _TOLD[event.kind]
    facts = {name: event.data[name] for name in told.facts if name in event.data}
    data = {"inspection_id": inspection.id, "state": inspection.state, "seq": event.seq} | facts
    return _compact({"type": told.kind, "timestamp": isoformat(event.at), "data": data})


def ping_payload(endpoint_id: str, at: str) -> str:
    """Write a test message."""
    return _compact({"type": PING, "timestamp": at, "data": {"webhook_id": endpoint_id}})


def body_of(payload: str, reference: str | None, *, has_inspection: bool) -> str:
    """Write the message as it is sent and signed: the reference, as it is known now, behind the inspection's id."""
    if not has_inspection:
        return payload
    message: dict[str, Any] = json.loads(payload)
    data = message["data"]
    message["data"] = {"inspection_id": data.pop("inspection_id"), "reference": reference, **data}
    return _compact(message)


def message_id(inspection_id: str | None, seq: int | None, delivery_id: str) -> str:
    """Name a message: the same event has the same name however often and wherever it is sent.

    Source: Standard Webhooks, ``webhook-id``; it stands in the signed content and therefore holds no full stop.
    """
    if inspection_id is None or seq is None:
        return f"msg_{delivery_id.partition('_')[2]}"
    return f"msg_{inspection_id.partition('_')[2]}_{seq}"


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
