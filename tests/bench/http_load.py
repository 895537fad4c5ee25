"""A client that costs next to nothing: bytes on a kept connection, so that what is measured is the server."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

_END: Final = b"\r\n\r\n"


def request_of(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END + body


class Line:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        """Keep where to go."""
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of an answer that says success."""
        self._writer.write(request)
        head = (await self._reader.readuntil(_END)).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await self._reader.readexactly(length)
        assert head.startswith(b"http/1.1 2"), head + body
        return body


async def one_after_another(port: int, requests: Sequence[bytes]) -> list[float]:
    """Return how many seconds each took."""
    took = []
    async with Line(port) as line:
        for request in requests:
            began = time.perf_counter()
            await line.ask(request)
            took.append(time.perf_counter() - began)
    return took


async def most_per_s(port: int, request: bytes, *, lines: int, seconds: float) -> float:
    """Return how many requests a second are answered when ``lines`` ask without a pause."""
    done = 0

    async def go_on(line: Line, until: float) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await line.ask(request)
            done += 1

    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(Line(port)) for _ in range(lines)]
        began = time.perf_counter()
        await asyncio.gather(*(go_on(line, began + seconds) for line in opened))
        return done / (time.perf_counter() - began)


async def at_pace(port: int, request: bytes, *, per_s: float, count: int, lines: int) -> list[float]:
    """Ask at a steady pace whatever comes back, and return how long each took from the moment it was due."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    took: list[float] = []

    async def one(due: float) -> None:
        line = await free.get()
        await line.ask(request)
        took.append(time.perf_counter() - due)
        free.put_nowait(line)

    async with AsyncExitStack() as stack:
        for _ in range(lines):
            free.put_nowait(await stack.enter_async_context(Line(port)))
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                due = began + number / per_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(one(due))
    return took


def ms(seconds: Sequence[float], percent: int = 50) -> float:
    """Return a percentile in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1]


def by_turns(acts: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Measure by turns, so that whatever else the machine does falls on all alike; the median of each."""
    found = [[act() for act in acts] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*found, strict=True)]
