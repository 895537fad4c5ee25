"""How every act writes: one transaction that locks the inspection, moves it, appends its events, then tells the bus."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Self

from inspection_service.checklists import Shelf
from inspection_service.clock import Clock
from inspection_service.errors import Closed, Conflict
from inspection_service.inspections.asking import steps_of
from inspection_service.inspections.bus import EventBus, Published
from inspection_service.inspections.case import Case
from inspection_service.inspections.errors import (
    CaseClaimed,
    ClaimNeeded,
    FindingInvalid,
    QuotaExceeded,
    StateChanged,
    StepUnknown,
    TextInvalid,
)
from inspection_service.inspections.frozen import FrozenChecklists
from inspection_service.inspections.heads import LogHeads
from inspection_service.inspections.outbox import NobodyToTell, Outbox
from inspection_service.inspections.questions import Questions
from inspection_service.inspections.records import (
    Actor,
    Dossier,
    Event,
    Inspection,
    InspectionId,
    InspectionState,
    OperatorId,
    StepId,
    TenantId,
)
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.scope import OrganisationScope, Scope, TenantScope
from inspection_service.inspections.states import CLOSED, Move, move
from inspection_service.settings import MediaSettings, UploadSettings
from inspection_service.storage.database import Database, Transaction
from inspection_service.storage.objects import ObjectStore

CLAIM_LAPSES_S: Final = 30 * 60
"""Seconds without an act after which another operator may take the case: nobody's absence may block a seller."""
OPEN_STATES: Final[frozenset[InspectionState]] = frozenset({"in_progress", "review", "seller_signed"})
EVENTS_MAX: Final = 10_000
"""Length of a log after which the seller's acts are refused: twenty times that of a long inspection."""
_NEVER_REFUSED: Final = frozenset({"consent.withdrawn", "recording.stopped", "call.declined", "call.ended"})
"""What ends something must be written however long the log is; each needs a beginning, which is counted."""
_KIND: Final = re.compile(r"[a-z][a-z_]{0,39}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Change:
    """One act under way: the locked case, who acts, and what will be written when the block ends well."""

    def __init__(self, repository: Repository, case: Case, by: Actor, now: datetime) -> None:
        self.repository = repository
        self.case = case
        self.by = by
        self.now = now
        self.inspection = case.inspection
        self.events: list[Event] = []
        self._next_seq: int | None = None

    def needs_state(self, states: Iterable[InspectionState]) -> None:
        """Refuse the act in any other state.

        Raises:
            Closed: The inspection is over.
            Conflict: It is not, but the act does not belong here; ``state`` says where it is.
        """
        state = self.inspection.state
        if state in CLOSED:
            raise Closed(state=state)
        if state not in states:
            raise Conflict(
                f"This cannot be done while the inspection is {state.replace('_', ' ')}.", state=state
            )

    def needs_claim(self) -> None:
        """Let only the operator through who holds the case; their claim is fresh again.

        Raises:
            CaseClaimed: Another operator holds it.
            ClaimNeeded: Nobody does.
        """
        if self.by.kind != "operator" or self.inspection.claimed_by != self.by.id:
            if self.inspection.claimed_by is not None and not self.claim_lapsed:
                raise CaseClaimed(claimed_by={"id": self.inspection.claimed_by})
            raise ClaimNeeded
        self.set(claimed_at=self.now)

    @property
    def claim_lapsed(self) -> bool:
        """Whether the holder has not acted for so long that another may take over."""
        claimed_at = self.inspection.claimed_at
        return claimed_at is None or self.now - claimed_at > timedelta(seconds=CLAIM_LAPSES_S)

    def needs_version(self, expected: int | None) -> None:
        """Refuse the act when the inspection is not the one the caller saw. Raises ``StateChanged``."""
        if expected is not None and self.inspection.version != expected:
            raise StateChanged(version=self.inspection.version)

    def step(self, step_id: StepId) -> dict[str, Any]:
        """Return a step of the frozen checklist. Raises ``StepUnknown``."""
        return step_of(self.inspection, step_id)

    def move(self, by: Move) -> None:
        """Make a move; it is the state machine that refuses."""
        self.inspection = replace(
            self.inspection, state=move(self.inspection.state, by, sign_off=self.inspection.sign_off)
        )

    def set(self, **fields: Any) -> None:
        """Change fields of the inspection."""
        self.inspection = replace(self.inspection, **fields)

    async def record(self, kind: str, by: Actor | None = None, /, **data: Any) -> Event:
        """Append an event: ids and facts, nothing personal.

        Raises:
            QuotaExceeded: ``events``: a seller's page that never stops must not fill the log.
        """
        if self._next_seq is None:
            self._next_seq = await self.case.last_seq() + 1
        if self._next_seq > EVENTS_MAX and self.by.kind == "seller" and kind not in _NEVER_REFUSED:
            raise QuotaExceeded(
                f"The log of one inspection has at most {EVENTS_MAX} lines of its seller.",
                quota="events",
                limit=EVENTS_MAX,
            )
        event = Event(self._next_seq, self.now, kind, by or self.by, data)
        await self.case.append(event)
        self._next_seq += 1
        self.events.append(event)
        return event

    async def dossier(self) -> Dossier:
        """Read everything about the inspection as this change has left it."""
        (dossier,) = await self.repository.dossiers([self.inspection])
        return dossier

    async def save(self) -> None:
        """Write the inspection when anything happened."""
        if self.events or self.inspection != self.case.inspection:
            self.inspection = await self.case.save(replace(self.inspection, updated_at=self.now))


class Acts:
    """What all acts stand on: collaborators, the scope, and the one way to change something."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        bus: EventBus,
        *,
        shelf: Shelf,
        uploads: UploadSettings,
        scope: Scope,
        media: MediaSettings | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._bus = bus
        self._shelf = shelf
        self._uploads = uploads
        self._scope = scope
        self._media = media or MediaSettings()
        self._outbox = outbox or NobodyToTell()
        self._heads = LogHeads(database)
        self._checklists = FrozenChecklists()

    def of(self, tenant_id: TenantId) -> Self:
        """Return the same service, confined to one tenant."""
        return self._confined(TenantScope(tenant_id))

    def seen_by(self, organisation_id: str) -> Self:
        """Return the same service, confined to the tenants that let an operating organisation in."""
        return self._confined(OrganisationScope(organisation_id))

    def _confined(self, scope: Scope) -> Self:
        confined = copy(self)
        confined._scope = scope
        return confined

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Repository]:
        async with self._database.read() as transaction:
            yield Repository(transaction.connection, self._scope, self._checklists)

    def _asking(self) -> Questions:
        """For what one statement tells, which sees one moment by itself; ``_reading`` is for several."""
        return Questions(self._database.ask, self._scope, self._checklists)

    @asynccontextmanager
    async def _writing(
        self, within: Transaction | None = None
    ) -> AsyncIterator[tuple[Repository, Transaction]]:
        if within is not None:
            yield Repository(within.connection, self._scope, self._checklists), within
            return
        async with self._database.write() as transaction:
            yield Repository(transaction.connection, self._scope, self._checklists), transaction

    @asynccontextmanager
    async def _change(
        self, inspection_id: InspectionId, by: Actor, *, within: Transaction | None = None
    ) -> AsyncIterator[Change]:
        """Lock one inspection and write what the block does to it; tell the bus after the commit."""
        async with self._writing(within) as (repository, transaction):
            case = await repository.case(inspection_id, lock=True)
            change = Change(repository, case, by, self._clock.now())
            yield change
            await change.save()
            await self._tell(transaction, change.inspection, change.events)

    @asynccontextmanager
    async def _operator_change(
        self, inspection_id: InspectionId, by: Actor, states: Iterable[InspectionState] = OPEN_STATES
    ) -> AsyncIterator[Change]:
        """Like ``_change``, for acts that need the claim."""
        async with self._change(inspection_id, by) as change:
            change.needs_state(states)
            await needs_claim(change)
            yield change

    async def _tell(self, transaction: Transaction, inspection: Inspection, events: Sequence[Event]) -> None:
        await self._outbox.put(transaction.connection, inspection, events)
        for event in events:
            published = Published(inspection.tenant_id, inspection.id, event)
            transaction.after_commit(partial(self._bus.publish, published))


async def needs_claim(change: Change) -> None:
    """Let only the operator through who holds the case; who does is named for people to talk to.

    Raises:
        CaseClaimed: Another operator holds it.
        ClaimNeeded: Nobody does.
    """
    try:
        change.needs_claim()
    except CaseClaimed as error:
        raise await named(change.case, error) from None


async def named(case: Case, error: CaseClaimed) -> CaseClaimed:
    """Return the refusal with the holder's name in it, for people to talk to."""
    holder = OperatorId(error.attributes["claimed_by"]["id"])
    name = await case.operator_name(holder)
    return CaseClaimed(
        f"{name or 'Another operator'} is working on this case.", claimed_by={"id": holder, "name": name}
    )


def step_of(inspection: Inspection, step_id: StepId) -> dict[str, Any]:
    """Return a step of the frozen checklist. Raises ``StepUnknown``."""
    for step in steps_of(inspection):
        if step["id"] == step_id:
            return step
    raise StepUnknown(step_id=step_id)


def checked_text(text: str, field: str, *, at_most: int = 1000) -> str:
    """Return what a person wrote, trimmed.

    Raises:
        TextInvalid: Nothing is left, or it is too long; ``field`` and ``at_most`` say what and how long.
    """
    trimmed = _CONTROL.sub(" ", text).strip()
    if not trimmed:
        raise TextInvalid(f"Please write something for {field}.", field=field, at_most=at_most)
    if len(trimmed) > at_most:
        raise TextInvalid(f"The {field} is longer than {at_most} characters.", field=field, at_most=at_most)
    return trimmed


def optional_text(text: str | None, field: str, *, at_most: int = 1000) -> str | None:
    """Return what a person wrote, or ``None`` when they wrote nothing."""
    return checked_text(text, field, at_most=at_most) if text and text.strip() else None


def checked_kind(kind: str) -> str:
    """Return a kind of damage. Raises ``FindingInvalid``: it is no short word."""
    if not _KIND.fullmatch(kind):
        raise FindingInvalid("The kind is a short word such as scratch.", field="kind")
    return kind
