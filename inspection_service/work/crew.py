"""The workers behind a broker: pieces of work go to them as ids, by taskiq on Redis streams, one stream a queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq.acks import AcknowledgeType
from taskiq.exceptions import TaskiqError
from taskiq.receiver import Receiver

from inspection_service.settings import BrokerSettings, WorkSettings
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.backoff import Backoff
from inspection_service.work.errors import JudgeAway
from inspection_service.work.marks import DOING_S, Marks
from inspection_service.work.pieces import QUEUES, Ids, Queue, Work
from inspection_service.work.reconciler import LONGEST_WAIT_S, tried
from inspection_service.work.streams import CONNECTION, Stream

_TASK: Final = "do"
_END_S: Final = 5.0
"""How long work that is broken off may take to let go."""


class Crew:
    """Sends work, and takes it. What is lost on the way is in the records and is found again."""

    def __init__(self, broker: BrokerSettings, settings: WorkSettings, *, metrics: Metrics) -> None:
        """Keep where the broker is; nothing is connected yet. ``learn`` says what work there is."""
        url = broker.url.get_secret_value()
        self._settings = settings
        self._metrics = metrics
        self._redis: Redis = Redis.from_url(url, **CONNECTION)
        self._marks = Marks(
            self._redis,
            broker.prefix,
            sent_s=settings.resend_s,
            first_wait_s=settings.poll_s,
            longest_wait_s=LONGEST_WAIT_S,
        )
        self._streams = {
            queue: Stream(url, f"{broker.prefix}:queue:{queue}", idle_s=2 * DOING_S) for queue in QUEUES
        }
        self._sent = {
            queue: stream.register_task(_plain(self._perform), task_name=_TASK)
            for queue, stream in self._streams.items()
        }
        self._works: dict[str, Work] = {}
        self._at_work: set[asyncio.Task[object]] = set()
        self._ours = Backoff(settings.poll_s, LONGEST_WAIT_S, lambda: asyncio.get_running_loop().time())

    def learn(self, works: Sequence[Work]) -> None:
        """Say what work there is, before any is taken."""
        self._works |= {work.kind: work for work in works}

    async def is_turn_to_look(self, work: Work) -> bool:
        """Whether nobody else looked for this a moment ago."""
        try:
            return await self._marks.is_turn(work.kind, self._settings.turn_s)
        except (RedisError, OSError):
            return True

    async def send(self, work: Work, found: Sequence[Ids]) -> None:
        """Send what is not known to be under way."""
        try:
            free = await self._marks.not_under_way([_name(work.kind, ids) for ids in found])
            for ids, is_free in zip(found, free, strict=True):
                if is_free:
                    await self._send_one(work, ids)
        except (RedisError, OSError, TaskiqError) as error:
            logs.queue_away(work.queue, error)
            raise BrokerUnavailable from error

    async def _send_one(self, work: Work, ids: Ids) -> None:
        try:
            await self._sent[work.queue].kiq(work.kind, list(ids))
        except BaseException:
            with suppress(RedisError, OSError):
                await self._marks.forget(_name(work.kind, ids))
            raise

    async def take(self, at_once: Mapping[Queue, int], stop: asyncio.Event) -> None:
        """Do what others sent until ``stop``: then take nothing new, and finish what has begun while there is time.

        Args:
            at_once: The queues to serve, and how many pieces of each at a time.
            stop: Set it to end.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for queue, many in at_once.items():
                    receiver = Receiver(
                        self._streams[queue],
                        validate_params=False,
                        max_async_tasks=many,
                        run_startup=False,
                        ack_type=AcknowledgeType.WHEN_EXECUTED,
                        wait_tasks_timeout=self._settings.grace_s,
                    )
                    group.create_task(receiver.listen(stop), name=f"queue-{queue}")
        finally:
            await self._break_off()

    async def ping(self) -> None:
        """Return when the broker answers.

        Raises:
            BrokerUnavailable: It does not.
        """
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise BrokerUnavailable from error

    async def close(self) -> None:
        """Let go of all connections; closing twice is fine."""
        await self._break_off()
        for stream in self._streams.values():
            await stream.shutdown()
        await self._redis.aclose()

    async def _break_off(self) -> None:
        at_work = set(self._at_work)
        for task in at_work:
            task.cancel()
        if at_work:
            await asyncio.wait(at_work, timeout=_END_S)

    async def _perform(self, kind: str, ids: list[str]) -> None:
        """Do one piece that arrived; nothing it raises leaves, but for being broken off."""
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        work = self._works.get(kind)
        if work is None:  # sent by a newer release: one that knows it does it when it is sent again
            logs.work_unknown(kind)
            return
        async with self._marks.hold(_name(kind, tuple(ids))) as hold:
            if hold is None:
                return
            if not self._ours.is_due(kind):  # nothing of the kind can be done here now
                hold.has_failed = True
                return
            error = await tried(work.do(*ids), work, tuple(ids), self._metrics)
            hold.has_failed = error is not None
            if isinstance(error, JudgeAway):
                self._ours.failed(kind)
            elif error is None:
                self._ours.done(kind)


def _plain(perform: Callable[[str, list[str]], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Make a function of a method: taskiq renames what it is given, and a method has no name of its own."""

    async def do(kind: str, ids: list[str]) -> None:
        await perform(kind, ids)

    return do


def _name(kind: str, ids: Ids) -> str:
    return "/".join((kind, *ids))
