"""A real HTTP endpoint on loopback that answers as a test says and keeps what it was sent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

WAIT_S = 120
"""On a busy machine; no test waits that long when all is well."""
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
Answers = Callable[["Arrived", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Arrived:
    """One message as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def message(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read


@dataclass
class Receiver:
    """The endpoint."""

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    answer: bytes | Answers = NO_CONTENT
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, is_enough: Callable[[list[Arrived]], bool]) -> None:
        """Wait until enough has arrived."""
        async with asyncio.timeout(WAIT_S):
            while not is_enough(self.arrived):
                self.more.clear()
                await self.more.wait()

    def kinds(self) -> list[str]:
        """Return the kinds that arrived, in order."""
        return [each.message["type"] for each in self.arrived]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(await _read(reader), writer)
        finally:
            writer.close()
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1):  # a peer that hangs up without a word keeps nobody
                    await writer.wait_closed()

    async def _answer(self, arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        self.arrived.append(arrived)
        self.more.set()
        if isinstance(self.answer, bytes):
            writer.write(self.answer)
        else:
            await self.answer(arrived, writer)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Arrived:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    named = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in named}
    body = await reader.readexactly(int(headers["content-length"]))
    return Arrived(first.split(" ")[1], headers, body)


@asynccontextmanager
async def open_receiver(ssl: SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Listen on a free port until the block is left."""
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.take(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=ssl)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if ssl else 'http'}://{'localhost' if ssl else '127.0.0.1'}:{port}/in"
    try:
        yield receiver
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
