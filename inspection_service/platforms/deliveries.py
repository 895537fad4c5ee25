"""What was sent and what came of it, as platforms look at it; what failed is sent again when they say so."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.clock import Clock, isoformat, new_id
from inspection_service.errors import InvalidInput
from inspection_service.inspections.records import TenantId
from inspection_service.platforms.endpoints import Endpoints
from inspection_service.platforms.errors import DeliveryUnknown, PingedTooOften, WebhookDisabled
from inspection_service.platforms.kinds import PING, body_of, message_id, ping_payload
from inspection_service.platforms.posting import Poster
from inspection_service.platforms.queue import write_attempt
from inspection_service.platforms.records import Attempt, Delivery, DeliveryState
from inspection_service.platforms.rows import attempt_from, delivery_from
from inspection_service.platforms.signing import signed_headers
from inspection_service.platforms.turns import is_free, line_up, lock
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

PINGS_A_MINUTE: Final = 10
"""Test messages of one tenant: a button, not a load generator aimed at somebody else."""
_MINUTE: Final = timedelta(minutes=1)
_REPLAYED_AT_ONCE: Final = 200
_d, _a, _e = t.webhook_deliveries.c, t.webhook_attempts.c, t.webhook_endpoints.c


@dataclass(frozen=True, slots=True)
class Sought:
    """Which deliveries to list; ``None``: any."""

    endpoint_id: str | None = None
    inspection_id: str | None = None
    kind: str | None = None
    state: DeliveryState | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of deliveries, newest first."""

    items: tuple[Delivery, ...]
    next_cursor: str | None


class Deliveries:
    """The deliveries of all tenants; every call names the tenant it is made for."""

    def __init__(self, database: Database, clock: Clock, endpoints: Endpoints, poster: Poster) -> None:
        """Keep the collaborators."""
        self._database = database
        self._clock = clock
        self._endpoints = endpoints
        self._poster = poster

    async def list(
        self, tenant_id: TenantId, sought: Sought | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> Listed:
        """Return deliveries with their attempts, newest first.

        Raises:
            InvalidInput: The cursor is not one of ours.
        """
        wanted = sought or Sought()
        query = _found(tenant_id).order_by(_d.created_at.desc(), _d.id.desc()).limit(limit + 1)
        for column, value in (
            (_d.endpoint_id, wanted.endpoint_id),
            (_d.inspection_id, wanted.inspection_id),
            (_d.kind, wanted.kind),
            (_d.state, wanted.state),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.since is not None:
            query = query.where(_d.created_at >= wanted.since)
        if cursor is not None:
            at, last_id = _read_cursor(cursor)
            query = query.where(or_(_d.created_at < at, and_(_d.created_at == at, _d.id < last_id)))
        async with self._database.read() as transaction:
            items = await _deliveries(transaction.connection, query)
        return Listed(items[:limit], _write_cursor(items[limit - 1]) if len(items) > limit else None)

    async def get(self, tenant_id: TenantId, delivery_id: str) -> Delivery:
        """Return one delivery with its attempts. Raises ``DeliveryUnknown``."""
        async with self._database.read() as transaction:
            return await _get(transaction.connection, tenant_id, delivery_id)

    async def replay(self, tenant_id: TenantId, delivery_id: str) -> Delivery:
        """Send one again, with a new round of attempts; one that still waits for its next attempt goes at once.

        Raises:
            DeliveryUnknown: There is no such delivery, or its endpoint was deleted.
            WebhookDisabled: Its endpoint is out of use.
            InvalidInput: It is a test message; send a new one.
        """
        async with self._database.write() as transaction:
            connection, now = transaction.connection, self._clock.now()
            delivery = await _get(connection, tenant_id, delivery_id)
            if delivery.inspection_id is None:
                raise InvalidInput("A test message is not sent again; send a new one.")
            await lock(connection, delivery.inspection_id)
            query = select(_e.disabled_at).where(_e.id == delivery.endpoint_id, _e.deleted_at.is_(None))
            endpoint = (await connection.execute(query)).first()
            if endpoint is None:
                raise DeliveryUnknown("The endpoint of this delivery was deleted.")
            if endpoint.disabled_at is not None:
                raise WebhookDisabled
            await _begin_again(connection, delivery, now)
            return await _get(connection, tenant_id, delivery_id)

    async def replay_failed(
        self, tenant_id: TenantId, endpoint_id: str, since: datetime, until: datetime | None = None
    ) -> int:
        """Send again all that failed for an endpoint, each inspection's events in their order.

        Args:
            tenant_id: Whose.
            endpoint_id: To which.
            since: Events from this moment on.
            until: And before this one; the present when absent.

        Returns:
            How many there are.

        Raises:
            WebhookUnknown: There is no such endpoint.
            WebhookDisabled: It is out of use.
        """
        endpoint = await self._endpoints.get(tenant_id, endpoint_id)
        if not endpoint.is_enabled:
            raise WebhookDisabled
        now = self._clock.now()
        failed = (
            select(t.webhook_deliveries)
            .where(
                _d.endpoint_id == endpoint_id,
                _d.tenant_id == tenant_id,
                _d.state == "failed",
                _d.inspection_id.is_not(None),
                _d.created_at >= since,
                _d.created_at < (until or now),
                # What fails again while this goes on is not begun a third time.
                _d.finished_at <= now,
            )
            .order_by(_d.created_at, _d.inspection_id, _d.event_seq)
            .limit(_REPLAYED_AT_ONCE)
        )
        count = 0
        while True:
            # A few in each transaction: a whole day's must not keep every act on their inspections waiting.
            async with self._database.write() as transaction:
                connection = transaction.connection
                found = [delivery_from(row) for row in (await connection.execute(failed)).mappings()]
                for inspection_id in sorted({str(each.inspection_id) for each in found}):
                    await lock(connection, inspection_id)
                for each in found:
                    count += await _begin_again(connection, each, now)
            if len(found) < _REPLAYED_AT_ONCE:
                return count

    async def ping(self, tenant_id: TenantId, endpoint_id: str) -> Delivery:
        """Send a test message now, also to an endpoint that is out of use, and say what came of it.

        Raises:
            WebhookUnknown: There is no such endpoint.
            PingedTooOften: ``retry_after_s`` says when the next one may go.
        """
        endpoint, secrets = await self._endpoints.opened(tenant_id, endpoint_id)
        delivery_id, now = new_id("del"), self._clock.now()
        payload = ping_payload(endpoint_id, isoformat(now))
        async with self._database.write() as transaction:
            connection = transaction.connection
            await connection.execute(
                select(t.tenants.c.id).where(t.tenants.c.id == tenant_id).with_for_update(key_share=True)
            )
            query = select(func.count()).where(
                _d.tenant_id == tenant_id, _d.kind == PING, _d.created_at > now - _MINUTE
            )
            if int((await connection.execute(query)).scalar_one()) >= PINGS_A_MINUTE:
                raise PingedTooOften(retry_after_s=int(_MINUTE.total_seconds()))
            await connection.execute(
                insert(t.webhook_deliveries).values(
                    id=delivery_id,
                    tenant_id=tenant_id,
                    endpoint_id=endpoint_id,
                    kind=PING,
                    payload=payload,
                    # Whoever dies in the middle leaves a test that failed, and nothing to be sent later.
                    state="failed",
                    attempts=1,
                    attempts_before=0,
                    created_at=now,
                    first_at=now,
                    finished_at=now,
                )
            )
        body = body_of(payload, None, has_inspection=False)
        headers = signed_headers(secrets, message_id(None, None, delivery_id), now, body)
        answer = await self._poster.post(endpoint.url, body, headers)
        async with self._database.write() as transaction:
            connection = transaction.connection
            await write_attempt(connection, delivery_id, 1, answer)
            if answer.is_good:
                await connection.execute(
                    update(t.webhook_deliveries)
                    .where(_d.id == delivery_id)
                    .values(state="delivered", finished_at=self._clock.now())
                )
            return await _get(connection, tenant_id, delivery_id)


async def _begin_again(connection: AsyncConnection, delivery: Delivery, now: datetime) -> bool:
    """Start a new round of attempts, unless it is being sent right now; its inspection is locked."""
    again = {
        "state": "pending",
        "attempts_before": _d.attempts,
        "first_at": None,
        "finished_at": None,
        "next_at": now,
    }
    may_begin = or_(_d.state != "pending", is_free())
    done = await connection.execute(
        update(t.webhook_deliveries).where(_d.id == delivery.id, may_begin).values(again)
    )
    await line_up(connection, delivery.endpoint_id, delivery.inspection_id, now)
    return done.rowcount == 1


def _found(tenant_id: TenantId) -> Select[tuple[object, ...]]:
    return (
        select(t.webhook_deliveries, t.inspections.c.reference)
        .outerjoin(t.inspections, t.inspections.c.id == _d.inspection_id)
        .where(_d.tenant_id == tenant_id)
    )


async def _get(connection: AsyncConnection, tenant_id: TenantId, delivery_id: str) -> Delivery:
    found = await _deliveries(connection, _found(tenant_id).where(_d.id == delivery_id))
    if not found:
        raise DeliveryUnknown
    return found[0]


async def _deliveries(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> tuple[Delivery, ...]:
    rows = (await connection.execute(query)).mappings().all()
    tries: dict[str, list[Attempt]] = defaultdict(list)
    attempts = (
        select(t.webhook_attempts)
        .where(_a.delivery_id.in_([row["id"] for row in rows]))
        .order_by(_a.delivery_id, _a.no)
    )
    for row in (await connection.execute(attempts)).mappings():
        tries[row["delivery_id"]].append(attempt_from(row))
    return tuple(delivery_from(row, row["reference"], tuple(tries[row["id"]])) for row in rows)


def _write_cursor(last: Delivery) -> str:
    place = f"{last.created_at.astimezone(UTC).isoformat()} {last.id}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        moment, last_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        created_at = datetime.fromisoformat(moment)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor") from error
    if created_at.tzinfo is None or "\x00" in last_id:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor")
    return created_at, last_id
