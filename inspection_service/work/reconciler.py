"""Finds what is to do in the records and does it: at start, when the bus calls, and on a clock.

Nothing is queued: a capture ``received`` is to be judged, an inspection ``signed_off`` is to be sealed, one past its
deadline is to expire, an upload whose bytes are complete is to be finished, an old one to be dropped, a frozen frame
nobody kept and a recording whose time is over are to be forgotten. So ``kill -9`` loses nothing. What fails is tried
again, ever more rarely.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from inspection_service.inspections.bus import EventBus
from inspection_service.inspections.service import Inspections
from inspection_service.reports.errors import SealingMustWait
from inspection_service.settings import WorkSettings
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.backoff import Backoff
from inspection_service.work.errors import JudgeAway
from inspection_service.work.handlers import Handlers
from inspection_service.work.upkeep import Upkeep

_CALLS: Final = frozenset(
    {"capture.received", "operator.signed_off", "seller.signed", "capture.judged", "inspection.ordered"}
)
"""Events after which there may be something to do at once."""
_LONGEST_WAIT_S: Final = 300.0
Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one round did."""

    judged: int = 0
    sealed: int = 0
    expired: int = 0
    finished_uploads: int = 0
    dropped_uploads: int = 0
    forgotten: int = 0
    """Frozen frames nobody kept, and recordings that were left open or kept long enough."""
    kept_up: int = 0
    """Pieces of upkeep: the log published, promises about personal data kept."""
    failed: int = 0
    """Pieces of work that raised; they are tried again later."""

    @property
    def total(self) -> int:
        """Pieces of work that were done."""
        done = self.judged + self.sealed + self.expired + self.finished_uploads + self.dropped_uploads
        return done + self.forgotten + self.kept_up


class Reconciler:
    """One worker. Several may run: doing a piece twice is wasteful, never wrong."""

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
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inspections = inspections
        self._handlers = handlers
        self._bus = bus
        self._settings = settings
        self._metrics = metrics
        self._workers = workers
        self._upkeep = upkeep
        self._backoff = Backoff(settings.poll_s, _LONGEST_WAIT_S, monotonic_s)

    async def run(self) -> None:
        """Work until cancelled; run it in a ``TaskGroup``."""
        async with self._bus.subscribe() as subscription:
            while True:
                done = await self.round()
                if done.total and not done.failed:
                    continue  # finishing one thing often makes the next one possible
                deadline = asyncio.get_running_loop().time() + self._settings.poll_s
                while (left_s := deadline - asyncio.get_running_loop().time()) > 0:
                    called = await subscription.next(left_s)
                    if called is None or called.event.kind in _CALLS:
                        break

    async def run_once(self) -> WorkDone:
        """Do everything there is to do now, also what failed a moment ago, and return (tests, the command line)."""
        total = WorkDone()
        while True:
            done = await self._look(is_patient=False)
            total = _sum(total, done)
            if not done.total or done.failed:
                return total

    async def round(self) -> WorkDone:
        """Look once and leave alone what failed lately.

        When even looking fails (the database is away), it says so and lets the clock try again.
        """
        try:
            return await self._look(is_patient=True)
        except Exception as error:  # a boundary: the worker outlives whatever a round meets
            logs.work_failed("look", "records", error)
            self._metrics.work_failures.labels("look").inc()
            return WorkDone(failed=1)

    async def _look(self, *, is_patient: bool) -> WorkDone:
        room, do = self._inspections, self._handlers
        each = partial(self._each, is_patient=is_patient)
        finished, failed_1 = await each("finish", await room.to_finish(), do.finish, lambda u: u.id)
        judged, failed_2 = await each("judge", await room.to_judge(), do.judge, lambda c: c.id)
        sealed, failed_3 = await each("seal", await room.to_seal(), do.seal, str)
        expired, failed_4 = await each("expire", await room.to_expire(), do.expire, str)
        dropped, failed_5 = await each("drop", await room.to_drop(), do.drop, lambda u: u.id)
        frames, failed_6 = await each(
            "forget", await room.to_forget_frames(), do.forget_frame, lambda f: f.id
        )
        recordings, failed_7 = await each(
            "forget", await room.to_forget_recordings(), do.forget_recording, lambda r: r[1]
        )
        kept_up, failed_8 = 0, 0
        if self._upkeep is not None:
            kept_up, failed_8 = await each("upkeep", await self._upkeep.due(), self._upkeep.do, str)
        failed = failed_1 + failed_2 + failed_3 + failed_4 + failed_5 + failed_6 + failed_7 + failed_8
        return WorkDone(judged, sealed, expired, finished, dropped, frames + recordings, kept_up, failed)

    async def _each(
        self,
        kind: str,
        subjects: Iterable[Subject],
        do: Callable[[Subject], Awaitable[None]],
        name: Callable[[Subject], str],
        *,
        is_patient: bool,
    ) -> tuple[int, int]:
        """Do each piece, a few at a time; one that raises is logged and left for later.

        Args:
            kind: For the log.
            subjects: What there is to do.
            do: Does one.
            name: Names one.
            is_patient: Leave alone what failed lately.

        Returns:
            How many were done, and how many failed.
        """
        turn = asyncio.Semaphore(self._workers)
        outcomes: list[bool] = []

        async def one(subject: Subject) -> None:
            async with turn:
                # Asked again for each: when no photo can be judged, trying the next one only costs another start.
                if is_patient and not (
                    self._backoff.is_due(kind) and self._backoff.is_due(kind, name(subject))
                ):
                    return
                try:
                    await do(subject)
                except Exception as error:  # a boundary: one bad case must not stop the others
                    if not isinstance(error, SealingMustWait):  # told already, and no fault of ours
                        logs.work_failed(kind, name(subject), error)
                    self._metrics.work_failures.labels(kind).inc()
                    self._backoff.failed(
                        *((kind,) if isinstance(error, JudgeAway) else (kind, name(subject)))
                    )
                    outcomes.append(False)
                else:
                    self._backoff.done(kind)
                    self._backoff.done(kind, name(subject))
                    outcomes.append(True)

        async with asyncio.TaskGroup() as group:
            for subject in subjects:
                group.create_task(one(subject))
        return sum(outcomes), len(outcomes) - sum(outcomes)


def _sum(left: WorkDone, right: WorkDone) -> WorkDone:
    return WorkDone(
        left.judged + right.judged,
        left.sealed + right.sealed,
        left.expired + right.expired,
        left.finished_uploads + right.finished_uploads,
        left.dropped_uploads + right.dropped_uploads,
        left.forgotten + right.forgotten,
        left.kept_up + right.kept_up,
        left.failed + right.failed,
    )
