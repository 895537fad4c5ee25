"""Messages to sellers, as their platform sees them: when and how, never to whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from inspection_service.api.dto.common import Moment, View
from inspection_service.inspections.reminding import Outcome, ReminderKind


class ReminderView(View):
    """One message to the seller."""

    id: str
    kind: ReminderKind = Field(
        description="`invitation` (`send_link`), `start` and `deadline` (by the clock), `photos`, `asked` (by you)."
    )
    channel: Literal["email", "phone"]
    due_at: Moment = Field(description="When it goes, or is tried again. Nobody is reminded at night.")
    settled_at: Moment | None
    outcome: Outcome | None = Field(
        description="`sent`; `sandbox` (would have been); `refused` (by the address); `failed`; `not_needed`; null: "
        "it waits."
    )


class ReminderList(View):
    """All messages to the seller of one inspection, oldest first."""

    items: list[ReminderView]
