"""Finds what is to do in the records and does it, or has it done: at start, when the bus calls, and on a clock.

Nothing is queued that is not in the records: a capture ``received`` is to be judged, an inspection ``signed_off`` is to
be sealed, one past its deadline is to expire, an upload whose bytes are complete is to be finished, an old one to be
dropped, a frozen frame nobody kept and a recording whose time is over are to be forgotten. So ``kill -9`` loses
nothing, also not of a broker: what it lost is found again and sent again. What fails is tried again, ever more rarely.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from inspection_service.inspections.bus import EventBus, Subscription
from inspection_service.inspections.service import Inspections
from inspection_service.reports.errors import SealingMustWait
from inspection_service.settings import WorkSettings
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.telemetry.traces import span
from inspection_service.work.backoff import Backoff
from inspection_service.work.errors import JudgeAway
from inspection_service.work.handlers import Handlers
from inspection_service.work.pieces import QUEUES, Ids, Queue, Work, works_of
from inspection_service.work.upkeep import Upkeep

LONGEST_WAIT_S: Final = 300.0
"""Longest pause before what keeps failing is tried again."""


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one round did."""

    done: Mapping[str, int] = field(default_factory=dict)
    """Pieces that were done, by kind."""
    failed: int = 0
    """Pieces of work that raised; they are tried again later."""

    def __add__(self, other: WorkDone) -> WorkDone:
        kinds = {*self.done, *other.done}
        both = {kind: self.done.get(kind, 0) + other.done.get(kind, 0) for kind in kinds}
        return WorkDone(both, self.failed + other.failed)

    @property
    def judged(self) -> int:
        """Photos that have their judgement."""
        return self.done.get("judge", 0)

    @property
    def sealed(self) -> int:
        """Reports."""
        return self.done.get("seal", 0)

    @property
    def expired(self) -> int:
        """Inspections that came too late."""
        return self.done.get("expire", 0)

    @property
    def finished_uploads(self) -> int:
        """Uploads whose process had died."""
        return self.done.get("finish", 0)

    @property
    def dropped_uploads(self) -> int:
        """Uploads nobody continued."""
        return self.done.get("drop", 0)

    @property
    def forgotten(self) -> int:
        """Frozen frames nobody kept, and recordings that were left open or kept long enough."""
        return self.done.get("forget-frame", 0) + self.done.get("forget-recording", 0)

    @property
    def kept_up(self) -> int:
        """Pieces of upkeep: the log published, promises about personal data kept."""
        return self.done.get("upkeep", 0)

    @property
    def total(self) -> int:
        """Pieces of work that were done."""
        return sum(self.done.values())


class Workers(Protocol):
    """Those who do the work when it is not done here; ``work.crew.Crew`` reaches them by a broker."""

    async def is_turn_to_look(self, work: Work) -> bool:
        """Whether nobody else looked for this a moment ago; always true while the broker does not answer."""
        ...

    async def send(self, work: Work, found: Sequence[Ids]) -> None:
        """Send what is not known to be under way.

        Raises:
            BrokerUnavailable: Nothing can be sent.
        """
        ...


class Reconciler:
    """One that looks. Several may run: doing a piece twice is wasteful, never wrong."""

    def __init__(
        self,
        inspections: Inspections,
        handlers: Handlers,
        bus: EventBus,
        settings: WorkSettings,
        *,
        metrics: Metrics,
        workers: int = 1,
        upkeep: Upkeep | None = None,
        more: Sequence[Work] = (),
        crew: Workers | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators.

        Args:
            inspections: The records.
            handlers: Do the pieces.
            bus: Calls when there may be something to do.
            settings: Pace, and how many pieces are done at once.
            metrics: Count failures.
            workers: Photos judged at once.
            upkeep: What is due by the clock.
            more: Work of other rooms.
            crew: Those who do the work; ``None``: it is done here.
            monotonic_s: Seconds that only grow.
        """
        self.works = (*works_of(inspections, handlers, upkeep), *more)
        self._bus = bus
        self._settings = settings
        self._metrics = metrics
        self._at_once: Mapping[Queue, int] = settings.at_once(workers)
        self._crew = crew
        self._backoff = Backoff(settings.poll_s, LONGEST_WAIT_S, monotonic_s)

    async def run(self, queues: Collection[Queue] = QUEUES) -> None:
        """Work until cancelled, each queue for itself: a long judgement keeps no message waiting."""
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(self._go_on(queue), name=f"reconciler-{queue}")

    async def run_once(self) -> WorkDone:
        """Do here all there is to do now, also what failed a moment ago, and return (tests, the command line)."""
        total = WorkDone()
        while True:
            done = WorkDone()
            for work in self.works:
                done += await self._do_here(work, await work.find(), is_patient=False)
            total += done
            if not done.total or done.failed:
                return total

    async def round(self, queues: Collection[Queue] = QUEUES) -> WorkDone:
        """Look once and leave alone what failed lately.

        When even looking fails (the database is away), it says so and lets the clock try again.
        """
        return await self._round([work for work in self.works if work.queue in queues])

    async def _round(self, works: Sequence[Work]) -> WorkDone:
        done = WorkDone()
        try:
            for work in works:
                done += await self._have_done(work, await work.find())
        except Exception as error:  # a boundary: the worker outlives whatever a round meets
            logs.work_failed("look", "records", error)
            self._metrics.work_failures.labels("look").inc()
            return done + WorkDone(failed=1)
        return done

    async def _go_on(self, queue: Queue) -> None:
        works = [work for work in self.works if work.queue == queue]
        if not works:
            return
        async with self._bus.subscribe() as subscription:
            called: Sequence[Work] = works
            while True:
                done = await self._look(called)
                _end_if_asked()
                # Finishing one thing often makes the next one possible, whatever it is.
                called = works if done.total and not done.failed else await self._called(subscription, works)

    async def _look(self, works: Sequence[Work]) -> WorkDone:
        """Look, unless another did after this one was called: many workers do not ask the same a hundred times."""
        if self._crew is None:
            return await self._round(works)
        mine = [work for work in works if await self._crew.is_turn_to_look(work)]
        done = await self._round(mine)
        if len(mine) < len(works):
            await asyncio.sleep(self._settings.turn_s)
            others = [work for work in works if work not in mine]
            done += await self._round([work for work in others if await self._crew.is_turn_to_look(work)])
        return done

    async def _called(self, subscription: Subscription, works: Sequence[Work]) -> Sequence[Work]:
        """Return for what the bus called, or all of it when the clock did; several calls at once are one."""
        deadline = asyncio.get_running_loop().time() + self._settings.poll_s
        while (left_s := deadline - asyncio.get_running_loop().time()) > 0:
            heard = await subscription.next(left_s)
            if heard is None:
                break
            kinds = {heard.event.kind}
            if any(work.is_called_by(heard.event.kind) for work in works):
                while (more := await subscription.next(0)) is not None:
                    kinds.add(more.event.kind)
                return [work for work in works if any(work.is_called_by(kind) for kind in kinds)]
        return works

    async def _have_done(self, work: Work, found: Sequence[Ids]) -> WorkDone:
        """Send the pieces to those who do them; do them here when that is how it is, or nobody can be reached."""
        if self._crew is not None and found:
            try:
                await self._crew.send(work, found)
            except BrokerUnavailable:
                # Others do the same now: each begins somewhere else, and what is done is not done again.
                found = random.sample(found, len(found))
            else:
                return WorkDone()
        return await self._do_here(work, found, is_patient=True)

    async def _do_here(self, work: Work, found: Sequence[Ids], *, is_patient: bool) -> WorkDone:
        """Do each piece, a few at a time; one that raises is logged and left for later.

        Args:
            work: How it is done.
            found: What there is to do.
            is_patient: Leave alone what failed lately.
        """
        turn = asyncio.Semaphore(self._at_once[work.queue])
        outcomes: list[bool] = []

        async def one(ids: Ids) -> None:
            async with turn:
                # Asked again for each: when no photo can be judged, trying the next one only costs another start.
                if is_patient and not (
                    self._backoff.is_due(work.kind) and self._backoff.is_due(work.kind, *ids)
                ):
                    return
                outcomes.append(await self._tried(work, ids))

        async with asyncio.TaskGroup() as group:
            for ids in found:
                group.create_task(one(ids))
        done = sum(outcomes)
        return WorkDone({work.kind: done}, len(outcomes) - done)

    async def _tried(self, work: Work, ids: Ids) -> bool:
        error = await tried(work.do(*ids), work, ids, self._metrics)
        if error is not None:
            self._backoff.failed(*((work.kind,) if isinstance(error, JudgeAway) else (work.kind, *ids)))
            return False
        self._backoff.done(work.kind)
        self._backoff.done(work.kind, *ids)
        return True


def _end_if_asked() -> None:
    """Raise a cancellation that a driver turned into an error of its own: nobody would ask a second time."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def tried(doing: Awaitable[None], work: Work, ids: Ids, metrics: Metrics) -> Exception | None:
    """Do one piece; what it raises is told, counted and returned: one bad case must not stop the others."""
    try:
        with span(f"work {work.kind}", queue=work.queue):
            await doing
    except Exception as error:
        if not isinstance(error, SealingMustWait):  # told already, and no fault of ours
            logs.work_failed(work.kind, ids[-1], error)
        metrics.work_failures.labels(work.kind).inc()
        return error
    return None
