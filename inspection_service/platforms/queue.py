"""What is to be sent, who sends it, and what came of it: as several processes agree on it through the records.

A delivery is claimed by compare-and-set on the number of its attempts, until a lease ends: two processes never send
the same one at once, and one that dies in the middle loses nothing, because the lease ends without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.clock import Clock
from inspection_service.platforms.endpoints import disable
from inspection_service.platforms.pauses import PATIENCE, QUIET, pause_after
from inspection_service.platforms.records import Answer, Claimed, DeliveryState, DisabledWhy
from inspection_service.platforms.rows import delivery_from
from inspection_service.platforms.signing import SecretBox
from inspection_service.platforms.turns import is_behind, line_up, lock
from inspection_service.settings import WebhookSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

LEASE_BEYOND_S: Final = 30
"""A lease is so much longer than an attempt may take: clocks of machines disagree, and answers are to be written."""
_GONE: Final = 410
_SWEPT_AT_ONCE: Final = 500
_d, _e, _a = t.webhook_deliveries.c, t.webhook_endpoints.c, t.webhook_attempts.c
_IN_USE: Final = (_e.disabled_at.is_(None), _e.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a delivery after an attempt."""

    state: DeliveryState
    next_at: datetime | None
    disabled: DisabledWhy | None
    """Why the endpoint was taken out of use with this attempt."""
    is_anybody_next: bool
    """Whether the next event of the inspection has its turn now."""


class DeliveryQueue:
    """Deliveries of all tenants, as those who send see them."""

    def __init__(
        self, database: Database, clock: Clock, settings: WebhookSettings, secrets: SecretBox
    ) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock
        self._secrets = secrets
        self._lease = timedelta(seconds=settings.timeout_s + LEASE_BEYOND_S)
        self._disable_after = timedelta(seconds=settings.disable_after_s)
        self._keep = timedelta(days=settings.keep_days)

    async def due(self, room: Callable[[str], int]) -> dict[str, list[str]]:
        """Name what is due, longest due first, by endpoint in use.

        Args:
            room: How many at most are named for an endpoint; it is not asked for with none.
        """
        now = self._clock.now()
        is_due = (_d.state == "pending", _d.next_at <= now)
        query = select(_e.id).where(*_IN_USE, exists().where(_d.endpoint_id == _e.id, *is_due))
        found: dict[str, list[str]] = {}
        async with self._database.read() as transaction:
            connection = transaction.connection
            for endpoint_id in (await connection.execute(query)).scalars().all():
                limit = room(endpoint_id)
                if limit <= 0:
                    continue
                first = (
                    select(_d.id)
                    .where(_d.endpoint_id == endpoint_id, *is_due)
                    .order_by(_d.next_at, _d.id)
                    .limit(limit)
                )
                found[endpoint_id] = list((await connection.execute(first)).scalars())
        return found

    async def claim(self, delivery_id: str) -> Claimed | None:
        """Take a delivery for as long as one attempt may last.

        Returns:
            What to send; ``None`` when it is over, not due, another's, or its endpoint is out of use.

        Raises:
            WebhookSecretsClosed: It cannot be signed with the pepper of this instance.
        """
        now = self._clock.now()
        async with self._database.write() as transaction:
            connection = transaction.connection
            query = (
                select(t.webhook_deliveries, _e.url, _e.secrets_wrapped, t.inspections.c.reference)
                .join(t.webhook_endpoints, _e.id == _d.endpoint_id)
                .outerjoin(t.inspections, t.inspections.c.id == _d.inspection_id)
                .where(_d.id == delivery_id, _d.state == "pending", _d.next_at <= now, ~is_behind(), *_IN_USE)
            )
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            secrets = self._secrets.open(row["endpoint_id"], row["secrets_wrapped"])
            first_at = row["first_at"] or now
            claimed = await connection.execute(
                update(t.webhook_deliveries)
                .where(_d.id == delivery_id, _d.state == "pending", _d.attempts == row["attempts"])
                .values(attempts=row["attempts"] + 1, first_at=first_at, next_at=now + self._lease)
            )
            if claimed.rowcount != 1:
                return None
        return Claimed(
            delivery=delivery_from(row, row["reference"]),
            no=row["attempts"] + 1,
            round_no=row["attempts"] + 1 - row["attempts_before"],
            first_at=first_at,
            url=row["url"],
            secrets=secrets,
        )

    async def release(self, claimed: Claimed) -> None:
        """Let go of a delivery before it was known what came of it; it is due again."""
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.webhook_deliveries)
                .where(_d.id == claimed.delivery.id, _d.state == "pending", _d.attempts == claimed.no)
                .values(attempts=claimed.no - 1, next_at=self._clock.now())
            )

    async def finish(self, claimed: Claimed, answer: Answer) -> Outcome:
        """Write what came of an attempt, and give the turn to the next event when this one is over.

        An answer that comes after the lease has ended still counts: a message that arrived has arrived.
        """
        delivery, now = claimed.delivery, self._clock.now()
        async with self._database.write() as transaction:
            connection = transaction.connection
            # In this order everywhere: inspection, endpoint, deliveries; else two could wait for each other.
            await lock(connection, delivery.inspection_id)
            disabled = await self._note_health(connection, delivery.endpoint_id, answer, now)
            changed = self._after(claimed, answer, now)
            if disabled is not None and not answer.is_good:
                changed = {"state": "failed", "next_at": None, "finished_at": now}
            is_mine = (
                _d.state != "delivered"
                if answer.is_good
                else and_(_d.state == "pending", _d.attempts == claimed.no)
            )
            await connection.execute(
                update(t.webhook_deliveries).where(_d.id == delivery.id, is_mine).values(changed)
            )
            await write_attempt(connection, delivery.id, claimed.no, answer)
            is_next = False
            if disabled is not None:
                await disable(connection, delivery.endpoint_id, disabled, now)
            else:
                is_next = await line_up(connection, delivery.endpoint_id, delivery.inspection_id, now)
        return Outcome(changed["state"], changed["next_at"], disabled, is_next)

    async def oldest_pending_s(self) -> float:
        """Return for how long the oldest message waits that is to be delivered, in seconds; 0 when none is."""
        query = (
            select(_d.created_at)
            .join(t.webhook_endpoints, _e.id == _d.endpoint_id)
            .where(_d.state == "pending", *_IN_USE)
            .order_by(_d.created_at)
            .limit(1)
        )
        async with self._database.read() as transaction:
            oldest: datetime | None = (await transaction.connection.execute(query)).scalar()
        return 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds())

    async def sweep(self) -> int:
        """Put right what two transactions at once can leave, and forget what was kept long enough.

        Returns:
            Deliveries that were forgotten: call again while there are any.
        """
        now = self._clock.now()
        async with self._database.write() as transaction:
            connection = transaction.connection
            out_of_use = select(_e.id).where(or_(_e.disabled_at.is_not(None), _e.deleted_at.is_not(None)))
            await connection.execute(
                update(t.webhook_deliveries)
                .where(_d.state == "pending", _d.endpoint_id.in_(out_of_use))
                .values(state="failed", next_at=None, finished_at=now)
            )
            await connection.execute(
                update(t.webhook_deliveries)
                .where(_d.state == "pending", _d.next_at.is_(None), ~is_behind())
                .values(next_at=now)
            )
            query = (
                select(_d.id)
                .where(
                    _d.state.in_(("delivered", "failed")),
                    _d.created_at < now - self._keep,
                    _d.finished_at < now - self._keep,
                )
                .limit(_SWEPT_AT_ONCE)
            )
            old = list((await connection.execute(query)).scalars())
            if old:
                await connection.execute(delete(t.webhook_attempts).where(_a.delivery_id.in_(old)))
                await connection.execute(delete(t.webhook_deliveries).where(_d.id.in_(old)))
        return len(old)

    def _after(self, claimed: Claimed, answer: Answer, now: datetime) -> dict[str, Any]:
        """Say what a delivery is after an attempt, apart from what happens to its endpoint."""
        if answer.is_good:
            return {"state": "delivered", "next_at": None, "finished_at": now}
        pause = pause_after(claimed.round_no, answer.retry_after_s)
        if pause is None or now >= claimed.first_at + PATIENCE:
            return {"state": "failed", "next_at": None, "finished_at": now}
        return {"state": "pending", "next_at": now + pause, "finished_at": None}

    async def _note_health(
        self, connection: AsyncConnection, endpoint_id: str, answer: Answer, now: datetime
    ) -> DisabledWhy | None:
        """Remember since when an endpoint fails; say whether this was too long."""
        change = update(t.webhook_endpoints).where(_e.id == endpoint_id)
        if answer.is_good:
            # Only when it failed before: good answers of one endpoint must not queue up at its row.
            await connection.execute(change.where(_e.failing_since.is_not(None)).values(failing_since=None))
            return None
        query = select(_e.failing_since, _e.failed_at, _e.disabled_at).where(_e.id == endpoint_id)
        row = (await connection.execute(query.with_for_update(key_share=True))).one()
        since = row.failing_since
        if since is None or row.failed_at is None or now - row.failed_at > QUIET:
            since = now
        await connection.execute(change.values(failing_since=since, failed_at=now))
        if row.disabled_at is not None:
            return None
        if answer.status == _GONE:
            return "gone"
        return "failing" if now - since >= self._disable_after else None


async def write_attempt(connection: AsyncConnection, delivery_id: str, no: int, answer: Answer) -> None:
    """Write one line of a delivery's history."""
    await connection.execute(
        insert(t.webhook_attempts).values(
            delivery_id=delivery_id,
            no=no,
            at=answer.at,
            duration_ms=answer.duration_ms,
            status=answer.status,
            error=answer.fault,
            answer=answer.text,
        )
    )
