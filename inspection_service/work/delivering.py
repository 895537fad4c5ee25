"""Tells platforms what happened: sends what the outbox holds, at the commit, again when it failed, never two at once.

Any number of processes may do this. What is due stands in the records, so ``kill -9`` loses nothing; the bus only makes
it quick. ``run`` is what a process does that tells others; ``due`` and ``deliver`` are its parts, for whoever shares
out the work by other means.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from inspection_service.clock import Clock
from inspection_service.inspections.bus import EventBus, Subscription
from inspection_service.platforms.kinds import TOLD_EVENTS, body_of, message_id
from inspection_service.platforms.lanes import Lanes
from inspection_service.platforms.posting import Poster
from inspection_service.platforms.queue import DeliveryQueue, Outcome
from inspection_service.platforms.records import Answer, Claimed
from inspection_service.platforms.signing import signed_headers
from inspection_service.settings import WebhookSettings
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.backoff import Backoff

SWEEP_EVERY: Final = timedelta(minutes=10)
_LONGEST_WAIT_S: Final = 300.0


class Delivering:
    """Sends webhooks."""

    def __init__(
        self,
        queue: DeliveryQueue,
        poster: Poster,
        bus: EventBus,
        clock: Clock,
        settings: WebhookSettings,
        *,
        metrics: Metrics,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators.

        Args:
            queue: What is to be sent.
            poster: Sends.
            bus: Calls when there may be something to send.
            clock: Dates signatures.
            settings: Pace and bounds.
            metrics: Count what came of it.
            monotonic_s: Seconds that only grow.
        """
        self._queue = queue
        self._poster = poster
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._monotonic_s = monotonic_s
        self._lanes = Lanes(settings.at_once, settings.at_once_each)
        self._backoff = Backoff(settings.poll_s, _LONGEST_WAIT_S, monotonic_s)
        self._under_way: set[str] = set()
        self._refused: dict[str, float] = {}
        """What could not be claimed lately, and until when it is left alone."""
        self._more_waits = False
        """Whether the last look found more than could begin."""
        self._call = asyncio.Event()
        self._swept_at: datetime | None = None

    async def due(self, limit: int = 100) -> list[str]:
        """Name deliveries that are due, a few of each endpoint, so that one with many hides no other's."""
        found = await self._queue.due(lambda _: self._settings.at_once_each)
        return [delivery_id for each in found.values() for delivery_id in each][:limit]

    async def deliver(self, delivery_id: str) -> Outcome | None:
        """Make one attempt, if it is due and nobody else makes it.

        Returns:
            What has become of it; ``None`` when there was nothing to do.

        Raises:
            WebhookSecretsClosed: The pepper is another one: nothing was sent, and it stays due.
        """
        claimed = await self._queue.claim(delivery_id)
        if claimed is None:
            return None
        try:
            answer = await self._send(claimed)
        except asyncio.CancelledError:
            await self._queue.release(claimed)  # whoever comes next need not wait for the lease to end
            raise
        # What came of it is written also while we are asked to stop: else it would be sent once more.
        finishing = asyncio.ensure_future(self._queue.finish(claimed, answer))
        try:
            outcome = await asyncio.shield(finishing)
        except asyncio.CancelledError:
            await finishing
            raise
        self._note(claimed, answer, outcome)
        return outcome

    async def run(self) -> None:
        """Send until cancelled; run it in a ``TaskGroup``."""
        async with self._bus.subscribe() as subscription, asyncio.TaskGroup() as group:
            group.create_task(self._listen(subscription), name="webhooks-listen")
            group.create_task(self._keep_in_order(), name="webhooks-keep-in-order")
            while True:
                self._call.clear()
                await self._look(group)
                try:
                    async with asyncio.timeout(self._settings.poll_s):
                        await self._call.wait()
                except TimeoutError:
                    continue

    async def run_once(self) -> int:
        """Send here all that is due now, what becomes due by it too, and return (tests, the command line).

        Returns:
            Attempts that were made.
        """
        made = 0
        while found := await self.due():
            outcomes = [await self.deliver(delivery_id) for delivery_id in found]
            if not any(outcomes):
                return made
            made += sum(outcome is not None for outcome in outcomes)
        return made

    def call(self) -> None:
        """Say that something may be due."""
        self._call.set()

    async def keep_in_order(self) -> None:
        """Say how long the oldest message waits, and now and then forget old ones."""
        self._metrics.webhook_oldest_seconds.set(await self._queue.oldest_pending_s())
        now = self._clock.now()
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            while await self._queue.sweep():
                pass
            self._swept_at = now

    async def _listen(self, subscription: Subscription) -> None:
        while True:
            published = await subscription.next(self._settings.poll_s)
            # Without a message some may have been lost; a look costs little.
            if published is None or published.event.kind in TOLD_EVENTS:
                self._call.set()

    async def _keep_in_order(self) -> None:
        while True:
            try:
                await self.keep_in_order()
            except Exception as error:  # a boundary: the database may be away for a while
                logs.work_failed("webhooks", "order", error)
                self._metrics.work_failures.labels("webhooks").inc()
            await asyncio.sleep(self._settings.poll_s)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        """Begin what may begin."""
        now_s = self._monotonic_s()
        self._refused = {name: until_s for name, until_s in self._refused.items() if until_s > now_s}
        try:
            # Those under way are about to be claimed, here or elsewhere: they may still look due.
            busy = self._under_way | self._refused.keys()
            self._more_waits = False
            for endpoint_id, found in (await self._queue.due(partial(self._room, len(busy)))).items():
                for delivery_id in found:
                    if delivery_id in self._under_way or delivery_id in self._refused:
                        continue
                    if self._lanes.free(endpoint_id) <= 0:
                        self._more_waits = True
                        break
                    self._under_way.add(delivery_id)
                    lane = self._lanes.begin(endpoint_id)
                    group.create_task(self._go(endpoint_id, delivery_id, lane))
        except Exception as error:  # a boundary: the sender outlives whatever a look meets
            logs.work_failed("webhooks", "look", error)
            self._metrics.work_failures.labels("webhooks").inc()

    def _room(self, busy: int, endpoint_id: str) -> int:
        """Say how many names are worth asking for: one more than may begin, to know whether more waits."""
        if not self._backoff.is_due(endpoint_id):
            return 0
        free = self._lanes.free(endpoint_id)
        if free <= 0:
            self._more_waits = True
            return 0
        return free + busy + 1

    async def _go(self, endpoint_id: str, delivery_id: str, lane: str) -> None:
        try:
            outcome = await self.deliver(delivery_id)
            self._backoff.done(endpoint_id)
            if (
                outcome is None
            ):  # another was quicker; asking for the same again at once would go round in circles
                self._refused[delivery_id] = self._monotonic_s() + self._settings.poll_s
            else:
                if outcome.next_at is not None:
                    self._call_at(outcome.next_at)
                if outcome.is_anybody_next:
                    self._call.set()
        except Exception as error:  # a boundary: one bad delivery must not stop the others
            logs.work_failed("webhook", delivery_id, error)
            self._metrics.work_failures.labels("webhook").inc()
            self._backoff.failed(endpoint_id)
        finally:
            self._lanes.end(endpoint_id, lane)
            self._under_way.discard(delivery_id)
            if self._more_waits:
                self._call.set()

    def _call_at(self, moment: datetime) -> None:
        """Look when a pause is over; long ones are met by the clock."""
        wait_s = (moment - self._clock.now()).total_seconds()
        if 0 < wait_s < _LONGEST_WAIT_S:
            asyncio.get_running_loop().call_later(wait_s, self._call.set)

    async def _send(self, claimed: Claimed) -> Answer:
        delivery = claimed.delivery
        body = body_of(
            delivery.payload, delivery.reference, has_inspection=delivery.inspection_id is not None
        )
        name = message_id(delivery.inspection_id, delivery.event_seq, delivery.id)
        headers = signed_headers(claimed.secrets, name, self._clock.now(), body)
        return await self._poster.post(claimed.url, body, headers)

    def _note(self, claimed: Claimed, answer: Answer, outcome: Outcome) -> None:
        endpoint_id = claimed.delivery.endpoint_id
        self._lanes.learn(endpoint_id, is_good=answer.is_good, seconds=answer.duration_ms / 1000)
        self._metrics.webhook_attempts.labels(answer.fault or "delivered").inc()
        if outcome.state != "pending":
            self._metrics.webhook_deliveries.labels(outcome.state).inc()
        if outcome.state == "delivered":
            waited = self._clock.now() - claimed.delivery.created_at
            self._metrics.webhook_seconds.observe(max(0.0, waited.total_seconds()))
        if outcome.state == "failed":
            logs.webhook_given_up(claimed.delivery.id, endpoint_id, claimed.no, answer.fault)
        if outcome.disabled is not None:
            logs.webhook_disabled(endpoint_id, outcome.disabled)
