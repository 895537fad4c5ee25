"""What webhooks must do on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from inspection_service.inspections.records import Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.platforms.deliveries import Sought
from inspection_service.platforms.errors import (
    DeliveryUnknown,
    WebhookDisabled,
    WebhooksTooMany,
    WebhookUnknown,
)
from inspection_service.platforms.pauses import JITTER, PATIENCE, PAUSES_S
from inspection_service.platforms.queue import LEASE_BEYOND_S
from inspection_service.storage import tables as t
from inspection_service.testing import Backend
from tests.unit.platforms.receivers import FakePoster, count_rows, desk_of

_LONG = 1 + JITTER


def _order() -> Order:
    return Order(vehicle=Vehicle(), checklist="listing-12", language="en")


async def a_delivery_is_there_exactly_when_its_event_is(backend: Backend) -> None:
    """An order that is rolled back tells nobody; one that stands tells each endpoint that wants to hear of it."""
    desk = desk_of(backend)
    tenant_id = backend.platform.tenant_id
    with pytest.raises(RuntimeError):
        await desk.endpoint()
        async with backend.database.write() as transaction:
            await backend.inspections.order(
                tenant_id, _order(), by=backend.platform.actor, within=transaction
            )
            raise RuntimeError
    assert await count_rows(backend) == 0
    other = await backend.identity.create_tenant("Other")
    await desk.endpoints.create(other.id, "https://hooks.example.com/other")
    only_sealed = await desk.endpoint(kinds=["inspection.sealed"])
    off = await desk.endpoint()
    await desk.endpoints.change(tenant_id, off.id, enabled=False)
    gone = await desk.endpoint()
    await desk.endpoints.delete(tenant_id, gone.id)
    inspection_id = await desk.cancelled()
    found = await desk.all()
    assert [each.kind for each in found] == [
        "inspection.ordered",
        "inspection.invited",
        "inspection.cancelled",
    ]
    assert {each.inspection_id for each in found} == {inspection_id}
    assert not {each.endpoint_id for each in found} & {only_sealed.id, off.id, gone.id}
    assert await count_rows(backend) == 3


async def events_of_one_inspection_arrive_in_order(backend: Backend) -> None:
    """While the first fails the later ones wait, of this inspection only; then each follows the one before."""
    desk = desk_of(backend)
    await desk.endpoint()
    slow, quick = await desk.cancelled(), await desk.cancelled()
    desk.poster.says = lambda sent: 500 if sent.message["data"]["inspection_id"] == slow else 200
    await desk.delivering.run_once()
    assert [s.seq for s in desk.poster.sent if s.message["data"]["inspection_id"] == quick] == [1, 2, 3]
    assert [s.seq for s in desk.poster.sent if s.message["data"]["inspection_id"] == slow] == [1]
    assert [each.next_at for each in await desk.all() if each.inspection_id == slow][1:] == [None, None]
    desk.poster.says, desk.poster.sent = 200, []
    await desk.delivering.run_once()
    assert desk.poster.sent == []
    backend.clock.advance(seconds=PAUSES_S[0] * _LONG)
    await desk.delivering.run_once()
    assert desk.poster.seqs() == [1, 2, 3]
    assert set(await desk.states()) == {"delivered"}


async def what_fails_is_tried_for_a_day_and_then_given_up(backend: Backend) -> None:
    """With growing pauses, thirteen times within 24 hours; then the next event has its turn."""
    desk = desk_of(backend)
    await desk.endpoint()
    await desk.cancelled()
    desk.poster.says = lambda sent: 503 if sent.seq == 1 else 200
    began = backend.clock.now()
    for pause_s in PAUSES_S:
        assert await desk.delivering.run_once() == 1
        first = (await desk.all())[0]
        assert first.state == "pending"
        assert first.next_at is not None
        assert pause_s <= (first.next_at - backend.clock.now()).total_seconds() <= pause_s * _LONG
        backend.clock.advance(seconds=pause_s)
        if backend.clock.now() < first.next_at:
            assert await desk.delivering.run_once() == 0
            backend.clock.advance(seconds=(first.next_at - backend.clock.now()).total_seconds())
    assert timedelta(hours=23) < backend.clock.now() - began < PATIENCE * _LONG
    await desk.delivering.run_once()
    assert await desk.states() == ["failed", "delivered", "delivered"]
    first = (await desk.all())[0]
    assert first.attempts == len(first.tries) == len(PAUSES_S) + 1
    assert {(each.status, each.fault, each.answer) for each in first.tries} == {(503, "status", "said")}
    assert desk.poster.seqs()[-2:] == [2, 3]


async def two_senders_never_send_the_same_at_once(backend: Backend) -> None:
    """While one sends, the other finds nothing to claim; every message arrives once, in order."""
    desk = desk_of(backend)
    await desk.endpoint()
    inspections = [await desk.cancelled() for _ in range(4)]
    other_poster = FakePoster(backend)
    desk.poster.hold = asyncio.Event()
    (first, *_) = await desk.delivering.due()
    sending = asyncio.create_task(desk.delivering.deliver(first))
    await desk.poster.held.wait()
    assert await desk.another(other_poster).deliver(first) is None
    desk.poster.hold.set()
    await sending
    await asyncio.gather(desk.delivering.run_once(), desk.another(other_poster).run_once())
    sent = [*desk.poster.sent, *other_poster.sent]
    for inspection_id in inspections:
        assert sorted(s.seq for s in sent if s.message["data"]["inspection_id"] == inspection_id) == [1, 2, 3]
    assert set(await desk.states()) == {"delivered"}


async def a_sender_that_dies_loses_nothing(backend: Backend) -> None:
    """What it had claimed is sent by another once its lease has ended, under the same name, and in its turn."""
    desk = desk_of(backend)
    await desk.endpoint()
    await desk.cancelled()
    (first,) = await desk.delivering.due()
    assert await desk.queue.claim(first) is not None  # and now it dies
    assert await desk.delivering.run_once() == 0
    backend.clock.advance(seconds=desk.settings.timeout_s + LEASE_BEYOND_S)
    await desk.delivering.run_once()
    assert desk.poster.seqs() == [1, 2, 3]
    assert [each.attempts for each in await desk.all()] == [2, 1, 1]
    assert [each.no for each in (await desk.all())[0].tries] == [2]


async def a_late_answer_still_counts(backend: Backend) -> None:
    """A sender that was silent beyond its lease and then succeeds has delivered, whatever another met."""
    desk = desk_of(backend)
    await desk.endpoint()
    inspection, _ = await backend.ordered()
    (first,) = await desk.delivering.due()
    claimed = await desk.queue.claim(first)
    assert claimed is not None
    backend.clock.advance(seconds=desk.settings.timeout_s + LEASE_BEYOND_S)
    other = await desk.queue.claim(first)
    assert other is not None
    good = await desk.poster.post("", '{"data":{"seq":1}}', {})
    await desk.queue.finish(claimed, good)
    desk.poster.says = 500
    await desk.queue.finish(other, await desk.poster.post("", '{"data":{"seq":1}}', {}))
    delivered = (await desk.all())[0]
    assert (delivered.state, [each.status for each in delivered.tries]) == ("delivered", [204, 500])
    assert inspection.id == delivered.inspection_id


async def a_sender_that_stops_hands_on_what_it_had_begun(backend: Backend) -> None:
    """Cancelled in the middle, it lets go: the message is due at once, and the attempt is not counted."""
    desk = desk_of(backend)
    await desk.endpoint()
    await backend.ordered()
    desk.poster.hold = asyncio.Event()
    (first,) = await desk.delivering.due()
    sending = asyncio.create_task(desk.delivering.deliver(first))
    await desk.poster.held.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    desk.poster.hold.set()
    assert await desk.delivering.due() == [first]
    await desk.delivering.run_once()
    assert [each.attempts for each in await desk.all()] == [1, 1]


async def an_endpoint_that_fails_for_days_is_disabled(backend: Backend) -> None:
    """After three days without one good answer; what waits has failed, says so, and can be sent again in its order."""
    desk = desk_of(backend)
    endpoint = await desk.endpoint()
    tenant_id = backend.platform.tenant_id
    desk.poster.says = 500
    began = backend.clock.now()
    await desk.cancelled()
    while (await desk.endpoints.get(tenant_id, endpoint.id)).is_enabled:
        if backend.clock.now() - began in (timedelta(hours=30), timedelta(hours=60)):
            await desk.cancelled()
        await desk.delivering.run_once()
        backend.clock.advance(hours=10)
    assert timedelta(days=3) <= backend.clock.now() - began <= timedelta(days=4)
    shown = await desk.endpoints.get(tenant_id, endpoint.id)
    assert (shown.disabled_why, shown.failing_since) == ("failing", began)
    assert set(await desk.states()) == {"failed"}
    before = await count_rows(backend)
    await desk.cancelled()
    assert await count_rows(backend) == before
    with pytest.raises(WebhookDisabled):
        await desk.deliveries.replay_failed(tenant_id, endpoint.id, began)
    with pytest.raises(WebhookDisabled):
        await desk.deliveries.replay(tenant_id, (await desk.all())[0].id)
    await desk.endpoints.change(tenant_id, endpoint.id, enabled=True)
    desk.poster.says, desk.poster.sent = 200, []
    assert await desk.deliveries.replay_failed(tenant_id, endpoint.id, began) == before
    await desk.delivering.run_once()
    by_inspection: dict[str, list[int]] = {}
    for sent in desk.poster.sent:
        by_inspection.setdefault(sent.message["data"]["inspection_id"], []).append(sent.seq)
    assert set(map(tuple, by_inspection.values())) == {(1, 2, 3)}
    assert set(await desk.states()) == {"delivered"}
    assert (await desk.endpoints.get(tenant_id, endpoint.id)).failing_since is None


async def failures_far_apart_are_not_one_outage(backend: Backend) -> None:
    """A failure today and one next week, with nothing to send between, do not disable an endpoint."""
    desk = desk_of(backend)
    endpoint = await desk.endpoint(kinds=["inspection.ordered"])
    desk.poster.says = 500
    await backend.ordered()
    await desk.delivering.run_once()
    backend.clock.advance(days=7)
    await desk.delivering.run_once()
    shown = await desk.endpoints.get(backend.platform.tenant_id, endpoint.id)
    assert shown.is_enabled
    assert shown.failing_since == backend.clock.now()


async def an_endpoint_that_says_gone_is_believed(backend: Backend) -> None:
    """410 disables it at once."""
    desk = desk_of(backend)
    endpoint = await desk.endpoint()
    await desk.cancelled()
    desk.poster.says = 410
    assert await desk.delivering.run_once() == 1
    shown = await desk.endpoints.get(backend.platform.tenant_id, endpoint.id)
    assert (shown.is_enabled, shown.disabled_why) == (False, "gone")
    assert await desk.states() == ["failed"] * 3


async def one_delivery_is_sent_again_on_request(backend: Backend) -> None:
    """Under the same name, with a new round of attempts; later events wait for it; one being sent is not doubled."""
    desk = desk_of(backend)
    await desk.endpoint()
    inspection_id = await desk.cancelled()
    await desk.delivering.run_once()
    tenant_id = backend.platform.tenant_id
    first, second, third = await desk.all()
    again = await desk.deliveries.replay(tenant_id, second.id)
    assert (again.state, again.attempts, len(again.tries)) == ("pending", 1, 1)
    desk.poster.says = 500
    await desk.delivering.run_once()
    assert (await desk.deliveries.replay(tenant_id, third.id)).next_at is None
    desk.poster.says = 200
    # Waiting for its pause, it goes at once when asked.
    assert await desk.delivering.run_once() == 0
    await desk.deliveries.replay(tenant_id, second.id)
    assert await desk.delivering.run_once() == 2
    assert desk.poster.seqs() == [1, 2, 3, 2, 2, 3]
    assert len({sent.headers["webhook-id"] for sent in desk.poster.sent if sent.seq == 2}) == 1
    assert first.inspection_id == inspection_id
    await desk.deliveries.replay(tenant_id, first.id)
    claimed = await desk.queue.claim(first.id)
    assert claimed is not None
    await desk.deliveries.replay(tenant_id, first.id)
    assert await desk.delivering.due() == []
    other = await backend.identity.create_tenant("Other")
    with pytest.raises(DeliveryUnknown):
        await desk.deliveries.replay(other.id, first.id)
    with pytest.raises(WebhookUnknown):
        await desk.deliveries.replay_failed(other.id, first.endpoint_id, backend.clock.now())


async def an_earlier_event_sent_again_does_not_let_a_later_one_pass(backend: Backend) -> None:
    """A later event that is under way ends its attempt; if that fails, it waits behind the earlier one."""
    desk = desk_of(backend)
    await desk.endpoint()
    await desk.cancelled()
    await desk.delivering.run_once()
    tenant_id = backend.platform.tenant_id
    first, second, _ = await desk.all()
    await desk.deliveries.replay(tenant_id, second.id)
    claimed = await desk.queue.claim(second.id)
    assert claimed is not None
    await desk.deliveries.replay(tenant_id, first.id)
    desk.poster.says = 500
    await desk.queue.finish(claimed, await desk.poster.post("", '{"data":{"seq":2}}', {}))
    assert (await desk.deliveries.get(tenant_id, second.id)).next_at is None
    desk.poster.says, desk.poster.sent = 200, []
    await desk.delivering.run_once()
    assert desk.poster.seqs() == [1, 2]


async def deliveries_are_listed_page_by_page(backend: Backend) -> None:
    """Newest first, each once; filters hold."""
    desk = desk_of(backend)
    endpoint = await desk.endpoint()
    first = await desk.cancelled()
    backend.clock.advance(minutes=1)
    moment = backend.clock.now()
    await desk.cancelled()
    tenant_id = backend.platform.tenant_id
    seen: list[str] = []
    cursor = None
    while True:
        page = await desk.deliveries.list(tenant_id, cursor=cursor, limit=4)
        seen += [each.id for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    for sought, count in (
        (Sought(endpoint_id=endpoint.id), 6),
        (Sought(endpoint_id="whk_none"), 0),
        (Sought(inspection_id=first), 3),
        (Sought(kind="inspection.cancelled"), 2),
        (Sought(state="delivered"), 0),
        (Sought(since=moment), 3),
    ):
        assert len((await desk.deliveries.list(tenant_id, sought)).items) == count, sought
    other = await backend.identity.create_tenant("Other")
    assert (await desk.deliveries.list(other.id)).items == ()


async def old_deliveries_are_forgotten(backend: Backend) -> None:
    """Thirty days after they were over, with their attempts; what is still to be sent stays."""
    desk = desk_of(backend)
    await desk.endpoint()
    await desk.cancelled()
    await desk.delivering.run_once()
    backend.clock.advance(days=29)
    assert await desk.queue.sweep() == 0
    await desk.cancelled()
    backend.clock.advance(days=2)
    assert await desk.queue.sweep() == 3
    assert await desk.states() == ["pending"] * 3
    assert await desk.queue.oldest_pending_s() == timedelta(days=2).total_seconds()


async def a_turn_that_was_lost_is_given_again(backend: Backend) -> None:
    """What two transactions at once can leave behind, the sweep puts right: nothing waits for ever."""
    desk = desk_of(backend)
    endpoint = await desk.endpoint()
    await desk.cancelled()
    first, *_ = await desk.all()
    async with backend.database.write() as transaction:
        await transaction.connection.execute(update(t.webhook_deliveries).values(next_at=None))
    assert await desk.delivering.due() == []
    await desk.delivering.keep_in_order()
    assert await desk.delivering.due() == [first.id]
    async with backend.database.write() as transaction:
        await transaction.connection.execute(
            update(t.webhook_endpoints)
            .where(t.webhook_endpoints.c.id == endpoint.id)
            .values(disabled_at=backend.clock.now(), disabled_why="requested")
        )
    await desk.queue.sweep()
    assert await desk.states() == ["failed"] * 3


async def endpoints_are_made_once_for_one_request(backend: Backend) -> None:
    """The same request again is answered with the same endpoint and secret; no tenant has more than it may."""
    desk = desk_of(backend, max_endpoints=2)
    tenant_id = backend.platform.tenant_id
    url = "https://hooks.example.com/a"
    made = [await desk.endpoints.create(tenant_id, url, seed="key body") for _ in range(2)]
    assert made[0] == made[1]
    await desk.endpoint()
    with pytest.raises(WebhooksTooMany):
        await desk.endpoint()
    assert len(await desk.endpoints.list(tenant_id)) == 2
    await desk.endpoints.delete(tenant_id, made[0][0].id)
    await desk.endpoint()


BY_LOCKS = (
    a_delivery_is_there_exactly_when_its_event_is,
    events_of_one_inspection_arrive_in_order,
    two_senders_never_send_the_same_at_once,
    a_late_answer_still_counts,
    an_endpoint_that_fails_for_days_is_disabled,
    one_delivery_is_sent_again_on_request,
    an_earlier_event_sent_again_does_not_let_a_later_one_pass,
    a_turn_that_was_lost_is_given_again,
)
"""Rules that stand on locks and on what SQL does: held on every database."""
RULES = (
    *BY_LOCKS,
    what_fails_is_tried_for_a_day_and_then_given_up,
    a_sender_that_dies_loses_nothing,
    a_sender_that_stops_hands_on_what_it_had_begun,
    failures_far_apart_are_not_one_outage,
    an_endpoint_that_says_gone_is_believed,
    deliveries_are_listed_page_by_page,
    old_deliveries_are_forgotten,
    endpoints_are_made_once_for_one_request,
)
