"""Which messages a seller is due about an inspection, each planned once, sent once, and noted in the log.

A row is the promise of one message; its text, its link and the address are made when it is sent, so that nothing
personal and nothing secret rests here. What is due follows from the records: ``to_plan`` finds it, whoever asks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from inspection_service.clock import new_id
from inspection_service.inspections.changes import Acts, Change
from inspection_service.inspections.errors import NoAddress, QuotaExceeded, RemindersStopped
from inspection_service.inspections.queue_repository import QueueRepository
from inspection_service.inspections.records import SERVICE, Actor, InspectionId, InspectionState, TenantId
from inspection_service.inspections.states import CLOSED
from inspection_service.settings import MessageSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

ReminderKind = Literal["invitation", "start", "deadline", "photos", "asked"]
REMINDER_KINDS: Final[tuple[ReminderKind, ...]] = get_args(ReminderKind)
Outcome = Literal["sent", "sandbox", "refused", "failed", "not_needed"]
AUTOMATIC: Final[tuple[ReminderKind, ...]] = ("start", "deadline")
NAGGING: Final[tuple[ReminderKind, ...]] = (*AUTOMATIC, "asked")
"""Kinds that count against the most a seller is reminded, and that the seller may stop."""
WAITING: Final[frozenset[InspectionState]] = frozenset({"ordered", "invited", "in_progress", "review"})
"""States in which the seller still has something to do."""
UNSTARTED: Final[frozenset[InspectionState]] = frozenset({"ordered", "invited"})
GIVE_UP_AFTER: Final = 8
"""Tries: with waits that double from a minute, some four hours."""
LEASE: Final = timedelta(minutes=2)
"""How long a message being sent is left alone; longer than any mail server is waited for."""
_FIRST_PAUSE: Final = timedelta(minutes=1)
_IN_A_ROW: Final = timedelta(minutes=1)
"""Photos asked for within this time are one message."""
_YOUNG: Final = timedelta(hours=6)
"""An order younger than this needs no reminder of its deadline."""
_TOO_LATE: Final = timedelta(days=7)
"""A service that begins to remind wakes nobody whose order is older still."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message to a seller, planned or settled."""

    id: str
    tenant_id: TenantId
    inspection_id: InspectionId
    kind: ReminderKind
    no: int
    channel: Literal["email", "phone"]
    due_at: datetime
    """When it is to be sent, or tried again."""
    tries: int
    sent_at: datetime | None
    """When it was settled; ``None`` while it waits."""
    outcome: Outcome | None


def by_day(moment: datetime, settings: MessageSettings) -> datetime:
    """Return the moment itself, or the end of the night it lies in, by the clock of the sellers' country."""
    begins, ends = settings.quiet_from_h, settings.quiet_until_h
    local = moment.astimezone(ZoneInfo(settings.timezone))
    is_night = begins <= local.hour < ends if begins < ends else local.hour >= begins or local.hour < ends
    if begins == ends or not is_night:
        return moment
    morning = local.replace(hour=ends, minute=0, second=0, microsecond=0)
    if local.hour >= ends:
        morning = datetime.combine(local.date() + timedelta(days=1), time(ends), local.tzinfo)
    return morning.astimezone(moment.tzinfo)


class Reminding(Acts):
    """Messages about an inspection."""

    async def plan_reminder(
        self,
        inspection_id: InspectionId,
        kind: ReminderKind,
        no: int,
        *,
        within: Transaction | None = None,
    ) -> Reminder:
        """Promise one message, to be sent at once; promising the same again changes nothing.

        Raises:
            NoAddress: The order names nobody to write to.
        """
        async with self._change(inspection_id, SERVICE, within=within) as change:
            return await _plan(change, kind, no, change.now)

    async def ask_reminder(
        self, inspection_id: InspectionId, settings: MessageSettings, *, by: Actor
    ) -> Reminder:
        """A platform wants the seller reminded: at once, or in the morning; asking again before it went is fine.

        Raises:
            Closed, Conflict: The seller has nothing left to do.
            NoAddress: The order names nobody to write to.
            RemindersStopped: The seller wants no more messages.
            QuotaExceeded: There were enough; ``quota`` is ``reminders``.
        """
        async with self._change(inspection_id, by) as change:
            change.needs_state(WAITING)
            earlier = await _reminders(change)
            waiting = next((r for r in earlier if r.kind == "asked" and r.sent_at is None), None)
            if waiting is not None:
                return waiting
            if await _is_stopped(change):
                raise RemindersStopped
            if sum(r.kind in NAGGING for r in earlier) >= settings.max_reminders:
                raise QuotaExceeded(
                    f"One inspection has at most {settings.max_reminders} reminders.",
                    quota="reminders",
                    limit=settings.max_reminders,
                )
            no = 1 + sum(r.kind == "asked" for r in earlier)
            planned = await _plan(change, "asked", no, by_day(change.now, settings))
            await change.record("reminder.asked", reminder_id=planned.id)
            return planned

    async def stop_reminders(self, inspection_id: InspectionId, *, by: Actor) -> None:
        """The seller wants no more messages; saying it twice is fine."""
        async with self._change(inspection_id, by) as change:
            if change.inspection.state not in CLOSED and not await _is_stopped(change):
                await change.record("reminder.stopped")

    async def reminders(self, inspection_id: InspectionId) -> list[Reminder]:
        """Return all messages of an inspection, oldest first."""
        async with self._reading() as repository:
            await repository.case(inspection_id)
            column = t.reminders.c
            query = select(t.reminders).where(column.inspection_id == inspection_id).order_by(column.id)
            found = (await repository.connection.execute(query)).mappings().all()
        return sorted((_reminder(row) for row in found), key=lambda r: (r.due_at, r.id))

    # -- the service's own -----------------------------------------------------------------------------------
    async def to_plan(
        self, settings: MessageSettings, limit: int = 100
    ) -> list[tuple[InspectionId, ReminderKind, int]]:
        """Find who is due a message and has none of its kind and number; nobody at night.

        Never: a seller who asked to stop, one without an address, one who had enough, and sandboxes' sellers.
        """
        now = self._clock.now()
        if by_day(now, settings) != now:
            return []
        async with self._database.read() as transaction:
            found = _ReminderRepository(transaction.connection, self._scope)
            by_clock = [(each, kind, 1) for each, kind in await found.due(now, settings, limit)]
            return by_clock + await found.asked_for_photos(now, limit)

    async def to_send(self, settings: MessageSettings, limit: int = 100) -> list[Reminder]:
        """Return planned messages whose time has come, oldest first.

        At night only invitations: whatever delayed a reminder (a mail server, a service that was down), it can wait.
        """
        now = self._clock.now()
        kinds = REMINDER_KINDS if by_day(now, settings) == now else ("invitation",)
        async with self._database.read() as transaction:
            found = _ReminderRepository(transaction.connection, self._scope)
            return await found.to_send(now, kinds, limit)

    async def begin_reminder(self, reminder: Reminder) -> bool:
        """Take a message in hand, alone; should this process die, it is taken up again after ``LEASE``.

        Returns:
            Whether it is to be sent: not when another worker has it or when it is no longer needed.
        """
        async with self._change(reminder.inspection_id, SERVICE) as change:
            column = t.reminders.c
            taken = await change.repository.connection.execute(
                update(t.reminders)
                .where(
                    column.id == reminder.id,
                    column.sent_at.is_(None),
                    column.tries == reminder.tries,
                )
                .values(tries=reminder.tries + 1, due_at=change.now + LEASE)
            )
            if taken.rowcount != 1:
                return False
            is_nagging = reminder.kind in NAGGING
            state = change.inspection.state
            is_needed = state in (UNSTARTED if reminder.kind in ("invitation", "start") else WAITING)
            if is_needed and not (is_nagging and await _is_stopped(change)):
                return True
            await _settle(change, reminder.id, "not_needed")
            return False

    async def end_reminder(self, reminder: Reminder, outcome: Outcome) -> None:
        """Write how a message in hand ended; one that failed is tried again, ever more rarely, for some hours."""
        async with self._change(reminder.inspection_id, SERVICE) as change:
            tries = reminder.tries + 1
            facts = {"reminder_id": reminder.id, "kind": reminder.kind, "channel": reminder.channel}
            if outcome == "failed" and tries < GIVE_UP_AFTER:
                await change.repository.connection.execute(
                    update(t.reminders)
                    .where(t.reminders.c.id == reminder.id, t.reminders.c.sent_at.is_(None))
                    .values(due_at=change.now + _FIRST_PAUSE * 2 ** (tries - 1))
                )
            elif await _settle(change, reminder.id, outcome) and change.inspection.state not in CLOSED:
                if outcome in ("sent", "sandbox"):
                    await change.record("reminder.sent", **facts)
                else:
                    await change.record("reminder.failed", **facts, reason=outcome)


class _ReminderRepository(QueueRepository):
    """Queries over many inspections, never outside the scope."""

    async def due(
        self, now: datetime, settings: MessageSettings, limit: int
    ) -> list[tuple[InspectionId, ReminderKind]]:
        column = t.inspections.c
        found: list[tuple[InspectionId, ReminderKind]] = []
        for kind in AUTOMATIC:
            if kind == "start":
                if settings.remind_start_h is None:
                    continue
                is_due = and_(
                    column.state.in_(UNSTARTED),
                    column.created_at <= now - timedelta(hours=settings.remind_start_h),
                    column.created_at > now - timedelta(hours=settings.remind_start_h) - _TOO_LATE,
                )
            else:
                if settings.remind_deadline_h is None:
                    continue
                is_due = and_(
                    column.state.in_(WAITING),
                    column.deadline_at > now,
                    column.deadline_at <= now + timedelta(hours=settings.remind_deadline_h),
                    column.created_at <= now - _YOUNG,
                )
            # Those who heard from us in the last hours are left in peace.
            mine = t.reminders.c.inspection_id == column.id
            had = select(t.reminders.c.id).where(mine, t.reminders.c.kind == kind).exists()
            heard = select(t.reminders.c.id).where(mine, t.reminders.c.due_at > now - _YOUNG).exists()
            enough = (
                select(func.count()).where(mine, t.reminders.c.kind.in_(NAGGING)).scalar_subquery()
                >= settings.max_reminders
            )
            query = (
                self._within(select(column.id).join(t.tenants, t.tenants.c.id == column.tenant_id))
                .where(
                    is_due,
                    or_(*(column.contact[way].as_string().is_not(None) for way in ("email", "phone"))),
                    t.tenants.c.kind == "live",
                    ~had,
                    ~heard,
                    ~enough,
                    ~_stopped(),
                )
                .order_by(column.created_at)
                .limit(limit)
            )
            rows = (await self._connection.execute(query)).scalars()
            already = {each for each, _ in found}  # one message at a time
            found += [(InspectionId(row), kind) for row in rows if row not in already]
        return found

    async def asked_for_photos(
        self, now: datetime, limit: int
    ) -> list[tuple[InspectionId, ReminderKind, int]]:
        """Sellers who were asked for more photos and were not told: once for all that was asked in a row."""
        column, event, reminder = t.inspections.c, t.events.c, t.reminders.c
        told = select(reminder.id).where(
            reminder.inspection_id == column.id, reminder.kind == "photos", reminder.no >= event.seq
        )
        later = t.events.alias()
        asked_later = select(later.c.seq).where(
            later.c.inspection_id == column.id, later.c.kind == "photo.asked", later.c.seq > event.seq
        )
        query = (
            self._within(
                select(column.id, event.seq)
                .join(t.events, event.inspection_id == column.id)
                .join(t.tenants, t.tenants.c.id == column.tenant_id)
            )
            .where(
                column.state.in_(WAITING),
                event.kind == "photo.asked",
                event.at <= now - _IN_A_ROW,
                or_(*(column.contact[way].as_string().is_not(None) for way in ("email", "phone"))),
                t.tenants.c.kind == "live",
                ~told.exists(),
                ~asked_later.exists(),
                ~_stopped(),
            )
            .order_by(event.at)
            .limit(limit)
        )
        return [(InspectionId(row.id), "photos", row.seq) for row in await self._connection.execute(query)]

    async def to_send(self, now: datetime, kinds: Collection[ReminderKind], limit: int) -> list[Reminder]:
        column = t.reminders.c
        query = (
            self._within(select(t.reminders).join(t.inspections))
            .where(column.sent_at.is_(None), column.due_at <= now, column.kind.in_(kinds))
            .order_by(column.due_at, column.id)
            .limit(limit)
        )
        return [_reminder(row) for row in (await self._connection.execute(query)).mappings()]


def _stopped() -> ColumnElement[bool]:
    event = t.events.alias()
    return (
        select(event.c.seq)
        .where(event.c.inspection_id == t.inspections.c.id, event.c.kind == "reminder.stopped")
        .exists()
    )


async def _plan(change: Change, kind: ReminderKind, no: int, due_at: datetime) -> Reminder:
    earlier = next((r for r in await _reminders(change) if (r.kind, r.no) == (kind, no)), None)
    if earlier is not None:
        return earlier
    contact = change.inspection.contact
    if not contact.is_reachable:
        raise NoAddress
    planned = Reminder(
        id=new_id("rem"),
        tenant_id=change.inspection.tenant_id,
        inspection_id=change.inspection.id,
        kind=kind,
        no=no,
        channel="email" if contact.email else "phone",
        due_at=due_at,
        tries=0,
        sent_at=None,
        outcome=None,
    )
    values = {name: getattr(planned, name) for name in Reminder.__dataclass_fields__}
    await change.repository.connection.execute(insert(t.reminders).values(**values))
    return planned


async def _settle(change: Change, reminder_id: str, outcome: Outcome) -> bool:
    settled = await change.repository.connection.execute(
        update(t.reminders)
        .where(t.reminders.c.id == reminder_id, t.reminders.c.sent_at.is_(None))
        .values(sent_at=change.now, outcome=outcome)
    )
    return settled.rowcount == 1


async def _reminders(change: Change) -> list[Reminder]:
    query = select(t.reminders).where(t.reminders.c.inspection_id == change.inspection.id)
    return [_reminder(row) for row in (await change.repository.connection.execute(query)).mappings()]


async def _is_stopped(change: Change) -> bool:
    query = select(t.events.c.seq).where(
        t.events.c.inspection_id == change.inspection.id, t.events.c.kind == "reminder.stopped"
    )
    return (await change.repository.connection.execute(query.limit(1))).first() is not None


def _reminder(row: Any) -> Reminder:
    return Reminder(**{name: row[name] for name in Reminder.__dataclass_fields__})
