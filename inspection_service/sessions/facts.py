"""What a live session must know of the record: at its beginning, after a restart, and now and then in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from inspection_service.inspections import views
from inspection_service.inspections.calls import ongoing_call, ringing_call
from inspection_service.inspections.records import (
    Dossier,
    Event,
    LiveLevel,
    OngoingCallFacts,
    RingingCallFacts,
)
from inspection_service.media.signalling import Participant, SentCommand


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """The record as a session must know it. What comes after ``help_waited_s`` matters only where a session begins."""

    views: Mapping[str, str]
    """The view that each step asks for."""
    current_step: str | None
    live_level: LiveLevel
    claimed_by: str | None
    help_waited_s: float | None = None
    """How long the seller has waited for the person they asked for; ``None`` when they do not wait."""
    call: OngoingCallFacts | None = None
    """The call that goes on, as the log tells it."""
    ringing: RingingCallFacts | None = None
    """The call that rang when the log ended."""
    idle_s: float = 0.0
    """How long ago anything happened in the inspection."""
    commands_sent: int = 0
    unanswered: tuple[SentCommand, ...] = ()
    """Commands that the log knows no answer to."""
    last_seq: int = 0
    """The number of the newest event in the log: what comes after it is news."""


def facts_of(dossier: Dossier, now: datetime, *, help_waiting: bool) -> SessionFacts:
    """Read the facts out of a dossier.

    Args:
        dossier: With all events where a session begins; a summary is enough in between.
        now: The present moment.
        help_waiting: Whether the seller still waits to hear from the person they asked for.
    """
    events = dossier.events
    asked = [event.at for event in events if event.kind == "help.asked"] if help_waiting else []
    last = events[-1] if events else None
    sent = [event for event in events if event.kind == "command.sent"]
    return SessionFacts(
        views={
            str(step["id"]): str(step["view"])
            for step in views.checklist_steps(dossier.inspection)
            if step["view"]
        },
        current_step=dossier.inspection.current_step,
        live_level=views.live_level(dossier),
        claimed_by=dossier.inspection.claimed_by,
        help_waited_s=(now - (asked[-1] if asked else now)).total_seconds() if help_waiting else None,
        call=ongoing_call(events),
        ringing=ringing_call(events),
        idle_s=0.0 if last is None else (now - last.at).total_seconds(),
        commands_sent=max((_number(event) for event in sent), default=0),
        unanswered=_unanswered(events),
        last_seq=0 if last is None else last.seq,
    )


def _number(event: Event) -> int:
    return int(event.data.get("no", 0))


def _unanswered(events: Sequence[Event]) -> tuple[SentCommand, ...]:
    waiting: dict[int, SentCommand] = {}
    for event in events:
        if event.kind == "command.sent":
            operator = Participant("", "operator", event.actor.id, event.actor.name)
            number, data = _number(event), event.data
            waiting[number] = SentCommand(str(data.get("id")), number, str(data.get("name")), operator)
        elif event.kind == "command.acknowledged":
            waiting.pop(_number(event), None)
    return tuple(waiting.values())
