"""Redis as the broker: pub/sub for messages, keys that expire for leases.

One connection listens for the whole process and one task sends for it, in batches: redis-py's pool refuses a socket's
own connection beyond a hundred, and a batch keeps the order. A lost connection is made again with ever longer pauses;
meanwhile nothing waits for Redis.

Source: https://redis.io/docs/latest/develop/pubsub/ (at most once), https://redis.io/docs/latest/commands/set/ (NX, PX)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from inspection_service.storage.broker import MAX_MESSAGE_BYTES, Take, Undelivered
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

_CONNECTIONS: Final = 8
_CONNECT_S: Final = 2.0
_ANSWER_S: Final = 3.0
"""Longest wait for an answer: a lease is asked for while a page waits to be let in."""
_SILENCE_S: Final = 5.0
"""After so long without a word the listening connection is asked whether it lives."""
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_BATCH: Final = 64
_MAX_WAITING: Final = 4096
_MAX_WAITING_BYTES: Final = 32 * 1024 * 1024

# Each is one step for Redis: nobody comes in between.
_ACQUIRE: Final = """
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_RENEW: Final = """
local lost = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if held == false or held == ARGV[i + 1] then
    redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1])
  else
    lost[#lost + 1] = key
  end
end
return lost
"""
_TAKE_OVER: Final = """
local held = redis.call('GET', KEYS[1])
if held == false or held == ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
  return ARGV[1]
end
return held
"""
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    channel: str
    message: bytes
    undelivered: Undelivered | None


class RedisBroker:
    """One Redis, shared by the nodes; ``async with`` listens and sends for the length of the block.

    Redis is inside the service's own walls: whoever can write there can speak for any page. Give it a password and, in
    networks one does not own, ``rediss://``.
    """

    def __init__(self, url: str, metrics: Metrics | None = None, *, prefix: str = "inspection:") -> None:
        """Keep where it is; nothing is connected yet.

        Args:
            url: ``redis://`` or ``rediss://``.
            metrics: Where its state is counted.
            prefix: Before every channel and key, so that two services may share one Redis.
        """
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_S,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_CONNECT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Redis = Redis(connection_pool=pool)
        # Waiting for messages takes as long as it takes: this one has no bound on its answers.
        self._ears: Redis = Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_S,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=False,
        )
        self._metrics = metrics or Metrics()
        self._prefix = prefix
        self._takers: dict[str, list[Take]] = {}
        self._gaps: list[Callable[[], None]] = []
        self._returns: list[Callable[[], None]] = []
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._something = asyncio.Event()
        self._has_listened = asyncio.Event()
        self._is_up = False
        self._hearing: PubSub | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # --- open and close -------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Begin; returns once connected, or at once where Redis is away: it will be found when it is back."""
        self._tasks = [
            asyncio.create_task(self._keep_listening(), name="broker-listens"),
            asyncio.create_task(self._keep_sending(), name="broker-sends"),
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(_CONNECT_S):
                await self._has_listened.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send what waits, then let go."""
        if self._is_up:
            with suppress(Exception):
                while self._waiting:
                    await self._send_batch()
        tasks, self._tasks = self._tasks, []
        left = set(tasks)
        while left:  # one cancellation may be swallowed by the client; see ``work.marks``
            for task in left:
                task.cancel()
            left = (await asyncio.wait(left, timeout=_CONNECT_S))[1]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._is_up = False
        for redis in (self._redis, self._ears):
            with suppress(RedisError, OSError):
                await redis.aclose()
                await redis.connection_pool.disconnect()

    # --- messages -------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether messages pass at present."""
        return self._is_up

    def listen(self, channel: str, take: Take) -> None:
        """Hear everything that is sent to a channel; to be told before the broker is opened."""
        self._takers.setdefault(self._prefix + channel, []).append(take)

    def on_gap(self, tell: Callable[[], None]) -> None:
        """Call this whenever messages may have been lost."""
        self._gaps.append(tell)

    def on_return(self, tell: Callable[[], None]) -> None:
        """Call this whenever messages pass again."""
        self._returns.append(tell)

    def send(self, channel: str, message: bytes, undelivered: Undelivered | None = None) -> bool:
        """Queue a message; see ``Broker.send``."""
        is_full = len(self._waiting) >= _MAX_WAITING or self._waiting_bytes >= _MAX_WAITING_BYTES
        if not self._is_up or is_full or len(message) > MAX_MESSAGE_BYTES:
            return False
        self._waiting.append(_Waiting(self._prefix + channel, message, undelivered))
        self._waiting_bytes += len(message)
        self._something.set()
        return True

    async def _keep_sending(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                try:
                    await self._send_batch()
                except Exception as error:  # whatever a driver raises means the same here
                    self._lost(error)
                    await self._listen_anew()

    async def _listen_anew(self) -> None:
        """End the listening connection too: with the next one both directions begin afresh."""
        connection: Any = getattr(self._hearing, "connection", None)  # the driver says it is always None
        if connection is not None:
            with suppress(RedisError, OSError):
                await connection.disconnect()

    async def _send_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        self._waiting_bytes -= sum(len(each.message) for each in batch)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for each in batch:
                pipeline.publish(each.channel, each.message)
            heard: list[int] = await pipeline.execute()
        for each, listeners in zip(batch, heard, strict=True):
            if not listeners and each.undelivered is not None:
                with logs.kept_going("broker.undelivered", "all"):
                    each.undelivered()

    async def _keep_listening(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async with self._subscribed() as self._hearing:
                    pause_s = _FIRST_PAUSE_S
                    self._found()
                    await self._hear(self._hearing)
            except Exception as error:  # whatever a driver raises means the same here
                self._lost(error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _subscribed(self) -> AsyncIterator[PubSub]:
        """Subscribe to all channels, and return once Redis has said so for each."""
        ears = self._ears.pubsub()
        try:
            async with asyncio.timeout(_ANSWER_S):
                await ears.subscribe(*(self._takers or (f"{self._prefix}nothing",)))
                for _ in self._takers or (None,):
                    while (await ears.get_message(timeout=None)) is None:
                        pass
            yield ears
        finally:
            with suppress(RedisError, OSError):
                await ears.aclose()  # type: ignore[no-untyped-call]

    async def _hear(self, ears: PubSub) -> None:
        is_asked = False
        while True:
            said = await ears.get_message(ignore_subscribe_messages=True, timeout=_SILENCE_S)
            if said is None:
                if is_asked:
                    raise TimeoutError("Redis no longer speaks on the listening connection")
                await ears.ping()
                is_asked = True
                continue
            is_asked = False
            if said["type"] == "message":
                for take in self._takers.get(said["channel"].decode(), ()):
                    with logs.kept_going("broker.take", "all"):
                        take(said["data"])

    def _found(self) -> None:
        is_back = self._has_listened.is_set() and not self._is_up
        self._is_up = True
        self._has_listened.set()
        self._metrics.broker_up.set(1)
        if is_back:
            logs.broker_back()
        for tell in self._returns:
            tell()

    def _lost(self, error: BaseException) -> None:
        """Forget what waits, and say so once: what was under way may or may not have arrived."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._metrics.broker_up.set(0)
        if self._is_up or not self._has_listened.is_set():
            self._metrics.broker_losses.inc()
            logs.broker_lost(error)
        self._has_listened.set()
        self._is_up = False
        for tell in self._gaps:
            tell()

    # --- leases ---------------------------------------------------------------------------------

    async def acquire(self, key: str, holder: str, ttl_s: float) -> str:
        """Take a lease that nobody has; see ``Broker.acquire``."""
        return _text(await self._run(_ACQUIRE, [key], holder, _ms(ttl_s)))

    async def renew(self, leases: Mapping[str, str], ttl_s: float) -> frozenset[str]:
        """Keep leases; see ``Broker.renew``."""
        if not leases:
            return frozenset()
        lost = await self._run(_RENEW, list(leases), _ms(ttl_s), *leases.values())
        return frozenset(_text(key).removeprefix(self._prefix) for key in lost)

    async def take_over(self, key: str, holder: str, from_holder: str, ttl_s: float) -> str:
        """Take a lease from a holder that is gone; see ``Broker.take_over``."""
        return _text(await self._run(_TAKE_OVER, [key], holder, from_holder, _ms(ttl_s)))

    async def release(self, key: str, holder: str) -> None:
        """Give a lease back; see ``Broker.release``."""
        await self._run(_RELEASE, [key], holder)

    async def is_heard(self, channel: str) -> bool:
        """Say whether anybody listens to a channel."""
        with _translated():
            ((_, listeners),) = await self._redis.pubsub_numsub(self._prefix + channel)
        return int(listeners) > 0

    async def ping(self) -> None:
        """Return when Redis answers. Raises ``BrokerUnavailable``."""
        if not self._is_up:
            raise BrokerUnavailable
        with _translated():
            await self._redis.ping()

    async def _run(self, script: str, keys: list[str], *arguments: str) -> Any:  # what a script returns
        with _translated():
            names = [self._prefix + key for key in keys]
            return await self._redis.eval(script, len(names), *names, *arguments)


class _translated:  # noqa: N801 - reads as a clause: with _translated()
    """Turn the driver's errors into ours at the door."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (RedisError, OSError, TimeoutError)):
            raise BrokerUnavailable from error


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _ms(seconds: float) -> str:
    return str(int(seconds * 1000))
