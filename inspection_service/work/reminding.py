"""Sends sellers what they are due: plans it from the records, sends it once, and says in the log that it did."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from inspection_service.errors import Conflict, NotFound
from inspection_service.identity.errors import MessageRefused, MessengerFailed
from inspection_service.identity.messages import Matter, message_of
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.service import Identity
from inspection_service.inspections.errors import InspectionUnknown, NoAddress
from inspection_service.inspections.records import InspectionId
from inspection_service.inspections.reminding import Outcome, Reminder, ReminderKind
from inspection_service.inspections.service import Inspections
from inspection_service.settings import MessageSettings
from inspection_service.work.pieces import Ids, Work

STOP_PATH: Final = "/v1/messages/stop"
_CALLS: Final = frozenset({"inspection.ordered", "reminder.asked"})
"""Events after which a message may have to go at once."""


class Reminders:
    """Plans and writes messages to sellers; nothing is remembered between two looks."""

    def __init__(
        self,
        inspections: Inspections,
        identity: Identity,
        messenger: Messenger,
        settings: MessageSettings,
        base_url: str,
    ) -> None:
        """Keep the collaborators.

        Args:
            inspections: Of all tenants.
            identity: Makes the links.
            messenger: Carries the messages.
            settings: When, and how often.
            base_url: Of the service, as it stands in links.
        """
        self._inspections = inspections
        self._identity = identity
        self._messenger = messenger
        self._settings = settings
        self._base_url = base_url

    def works(self) -> tuple[Work, ...]:
        """Return what the reconciler is to find and do."""
        return (
            Work("remind", "webhook", self._due, self._plan),
            Work("write", "webhook", self._planned, self._write, _CALLS),
        )

    async def _due(self) -> Sequence[Ids]:
        found = await self._inspections.to_plan(self._settings)
        return [(inspection_id, kind, str(no)) for inspection_id, kind, no in found]

    async def _plan(self, inspection_id: str, kind: str, no: str) -> None:
        case = InspectionId(inspection_id)
        with suppress(NotFound, NoAddress):  # erased meanwhile
            await self._inspections.plan_reminder(case, cast("ReminderKind", kind), int(no))

    async def _planned(self) -> Sequence[Ids]:
        return [(each.inspection_id, each.id) for each in await self._inspections.to_send(self._settings)]

    async def _write(self, inspection_id: str, reminder_id: str) -> None:
        with suppress(InspectionUnknown):
            known = await self._inspections.reminders(InspectionId(inspection_id))
            for reminder in known:
                if reminder.id == reminder_id and reminder.sent_at is None:
                    await self._send(reminder)

    async def _send(self, reminder: Reminder) -> None:
        if not await self._inspections.begin_reminder(reminder):
            return
        outcome: Outcome = "failed"
        try:
            outcome = await self._sent(reminder)
        except (MessageRefused, Conflict, NotFound):
            outcome = "refused"
        except MessengerFailed:
            outcome = "failed"
        await self._inspections.end_reminder(reminder, outcome)

    async def _sent(self, reminder: Reminder) -> Outcome:
        dossier = await self._inspections.summary(reminder.inspection_id)
        inspection = dossier.inspection
        to = inspection.contact.email if reminder.channel == "email" else inspection.contact.phone
        if to is None:  # erased meanwhile
            return "refused"
        if dossier.is_sandbox:  # nothing leaves a sandbox: its addresses may be anybody's
            return "sandbox"
        link = await self._identity.link_of_message(reminder.tenant_id, inspection.id, reminder.id)
        zone = ZoneInfo(self._settings.timezone)
        stop = urlencode({"case": inspection.id, "token": self._identity.stop_token(inspection.id)})
        matter = Matter(
            about=reminder.kind,
            platform=dossier.platform_name,
            minutes=int(inspection.checklist["minutes"]),
            link=f"{self._base_url}/s#{link.token}",
            stop_url=f"{self._base_url}{STOP_PATH}?{stop}",
            deadline=None if inspection.deadline_at is None else inspection.deadline_at.astimezone(zone),
        )
        await self._messenger.send(message_of(reminder.channel, to, inspection.language, matter))
        return "sent"
