"""The whole topology on one machine: nodes and workers behind a balancer, on PostgreSQL, Redis and an S3 server.

Everything is a process of its own that can be killed and started again, on the same port and folder. With
``real_models`` the processes are the program as it is installed; else photos are decoded and judged by a script, which
makes a start and a judgement some hundred times cheaper. ``compose.yaml`` describes the same topology for containers.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import httpx

from inspection_service.app import open_directory, open_signer
from inspection_service.clock import SystemClock
from inspection_service.commands.worker import work
from inspection_service.identity.secrets import load_pepper
from inspection_service.settings import Settings
from inspection_service.work.pieces import QUEUES, Queue
from tests.integration.node_process import Node, _context, take_settings
from tests.integration.servers import (
    ACCESS,
    READY_S,
    SECRET,
    PostgresServer,
    RedisServer,
    SeaweedServer,
    Server,
    _Process,
    free_port,
)
from tests.integration.service import ScriptedJudge

_TRIES: Final = 5
_CHUNK: Final = 64 * 1024


class Worker(Node):
    """A worker, forked off like the nodes; on its port it shows its metrics."""

    def __init__(self, folder: Path, shared: Path, queues: Sequence[Queue], **settings: str) -> None:
        super().__init__(folder, shared, **settings)
        self._settings["INSPECTION_WORK__METRICS_PORT"] = str(self.port)
        self._queues = tuple(queues)
        self._said = _Said(self.folder / "log")

    def begin(self) -> None:
        """Start it, without waiting."""
        assert self.process is None, "it runs already"
        self._said.forget()
        self.process = _context().Process(
            target=_work, args=(self._settings, self.folder / "log", self._queues), daemon=True
        )
        self.process.start()

    def terminate(self) -> int | None:
        """Ask it to stop, and return its exit code."""
        process, self.process = self.process, None
        assert process is not None
        process.terminate()
        process.join(READY_S)
        return process.exitcode

    def _is_ready(self) -> bool:
        return self._said.has(b"worker.started")


def _work(settings: dict[str, str], log: Path, queues: tuple[Queue, ...]) -> None:
    """Work until asked to stop, with these settings and no others, and a judge that follows a script."""
    read = take_settings(settings, log)
    asyncio.run(work(read, queues, judge=ScriptedJudge()))


class Installed(_Process):
    """The program as it is installed, with its models: a node or a worker."""

    def __init__(self, folder: Path, shared: Path, *words: str, **settings: str) -> None:
        super().__init__(folder)
        self.port = free_port()
        self._words = words
        self._said = _Said(folder / "log")
        self._settings = {
            "INSPECTION_DATA_DIR": str(shared),
            "INSPECTION_HTTP__PORT": str(self.port),
            "INSPECTION_WORK__ENABLED": "false",
            "INSPECTION_LOG_FORMAT": "json",
            "OMP_NUM_THREADS": "1",
            **settings,
        }
        if words[0] == "worker":
            self._settings["INSPECTION_WORK__METRICS_PORT"] = str(self.port)

    def start(self) -> None:
        """Start it and return when it can work."""
        self._said.forget()
        super().start()

    def command(self) -> list[str]:
        """The words that start it."""
        return [sys.executable, "-m", "inspection_service", *self._words]

    def as_whom(self) -> dict[str, Any]:
        """With its own settings and no others."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INSPECTION_")}
        return {"env": kept | self._settings}

    def is_ready(self) -> bool:
        """Whether it can work."""
        if self._words[0] == "worker":
            return self._said.has(b"worker.started")
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def terminate(self) -> int | None:
        """Ask it to stop, and return its exit code."""
        process, self.process = self.process, None
        assert process is not None
        process.terminate()
        return process.wait(READY_S)


class _Said:
    """What a process wrote into its log since it was started last."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._before = 0

    def forget(self) -> None:
        self._before = self._log.stat().st_size if self._log.exists() else 0

    def has(self, words: bytes) -> bool:
        if not self._log.exists():
            return False
        with self._log.open("rb") as log:
            log.seek(self._before)
            return words in log.read()


class Balancer:
    """Gives each connection to the next node that takes it; knows neither sessions nor what is spoken."""

    def __init__(self, ports: Callable[[], Sequence[int]]) -> None:
        """Keep how to learn the nodes' ports; ``start`` listens."""
        self._ports = ports
        self._turn = itertools.count()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port, the same after ``stop``."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close everything."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._join(reader, writer)
        except asyncio.CancelledError:
            pass  # ``stop``: the server that made this task would tell of it as a fault
        finally:
            writer.close()
            self._open.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node = await self._some_node()
        if node is None:
            return
        back_reader, back_writer = node
        both = [
            asyncio.create_task(_pass_on(reader, back_writer)),
            asyncio.create_task(_pass_on(back_reader, writer)),
        ]
        try:
            # What one side ends, the other hears by itself; a node that dies takes the connection with it.
            await both[1]
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            back_writer.close()

    async def _some_node(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(_TRIES):
            ports = list(self._ports())
            start = next(self._turn)
            for place in range(len(ports)):
                with suppress(OSError):
                    port = ports[(start + place) % len(ports)]
                    return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.2)
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


class Cluster:
    """PostgreSQL, Redis, S3, nodes, workers and a balancer.

    ``async with Cluster(folder) as cluster``: everything is up. ``cluster.origin`` is the balancer's address;
    ``cluster.parts`` names every process that may be killed (``kill()``) and started again (``start()``, blocking: use
    ``asyncio.to_thread``). Connections that are kept open stay with their node: a client with
    ``httpx.Limits(max_keepalive_connections=0)`` meets all of them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 2,
        workers: int = 2,
        queues: Sequence[Queue] = QUEUES,
        real_models: bool = False,
        **settings: str,
    ) -> None:
        """Prepare everything; nothing runs yet.

        Args:
            folder: For what they write.
            nodes: How many serve.
            workers: How many work.
            queues: What each worker works on.
            real_models: Judge with the installed models.
            settings: Further ones for all processes, by their names in the environment.
        """
        self.folder = folder
        self.postgres = PostgresServer()
        self.redis = RedisServer(folder / "redis")
        self.seaweed = SeaweedServer(folder / "seaweed")
        self._plan = (nodes, workers, tuple(queues), real_models)
        self._more = settings
        self.nodes: list[Node | Installed] = []
        self.workers: list[Worker | Installed] = []
        self.balancer = Balancer(lambda: [node.port for node in self.nodes])

    @property
    def origin(self) -> str:
        """The address that browsers and platforms use."""
        return f"http://127.0.0.1:{self.balancer.port}"

    @property
    def parts(self) -> dict[str, Server]:
        """Everything that may die, by name."""
        engines: dict[str, Server] = {"postgres": self.postgres, "redis": self.redis, "s3": self.seaweed}
        nodes = {f"node{number}": node for number, node in enumerate(self.nodes, 1)}
        return engines | nodes | {f"worker{number}": each for number, each in enumerate(self.workers, 1)}

    @property
    def settings(self) -> Settings:
        """As a process of the cluster has them, for tools in this one (``open_directory``)."""
        return Settings(
            data_dir=self.folder / "shared",
            public_url=cast(Any, self.origin),
            database=cast(Any, {"url": self._database}),
            store=cast(Any, {"url": self.seaweed.url(), "access_key": ACCESS, "secret_key": SECRET}),
            broker=cast(Any, {"url": self.redis.url}),
        )

    async def admit_platform(self, name: str = "Platform") -> str:
        """Admit a platform and return its API key."""
        async with open_directory(self.settings) as identity:
            return await identity.issue_key((await identity.create_tenant(name)).id)

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        await self.balancer.start()
        await _at_once([each.start for each in (self.postgres, self.redis, self.seaweed)])
        self._database = self.postgres.new_database()
        settings = self.settings
        # What every process needs and only the first would make: two at once would make two.
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        open_signer(settings, SystemClock())
        load_pepper(settings.pepper_file)
        nodes, workers, queues, real = self._plan
        environment = {
            "INSPECTION_PUBLIC_URL": self.origin,
            "INSPECTION_DATABASE__URL": self._database,
            "INSPECTION_STORE__URL": self.seaweed.url(),
            "INSPECTION_STORE__ACCESS_KEY": ACCESS,
            "INSPECTION_STORE__SECRET_KEY": SECRET,
            "INSPECTION_BROKER__URL": self.redis.url,
            "INSPECTION_WORK__POLL_S": "2",
            "INSPECTION_WORK__RESEND_S": "10",
        } | self._more
        shared = settings.data_dir
        for number in range(1, nodes + 1):
            place = self.folder / f"node{number}"
            node = (
                Installed(place, shared, "serve", **environment)
                if real
                else Node(place, shared, **environment)
            )
            self.nodes.append(node)
        for number in range(1, workers + 1):
            place = self.folder / f"worker{number}"
            self.workers.append(
                Installed(place, shared, "worker", "--queues", ",".join(queues), **environment)
                if real
                else Worker(place, shared, queues, **environment)
            )
        await _at_once([each.start for each in (*self.nodes, *self.workers)])

    async def _stop(self) -> None:
        await self.balancer.stop()
        await _at_once([each.kill for each in (*self.workers, *self.nodes, self.redis, self.seaweed)])
        await asyncio.to_thread(self.postgres.remove)


async def _at_once(calls: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(max(1, len(calls))) as threads:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(threads, call) for call in calls))
