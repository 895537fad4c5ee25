"""What live sessions cost the service: the cameras it looks at, and the messages it passes on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from inspection_service.app import open_directory
from inspection_service.commands.terminal import read_settings
from inspection_service.inspections.records import Vehicle
from inspection_service.inspections.requests import Order
from tests.bench.rows import Row, row
from tests.e2e.instance import ROOT, Instance, command, environment, free_port

CAMERAS: Final = 5
CAMERA_SECONDS: Final = 20
ENTRY_SECONDS: Final = 5
PAIRS: Final = 200
MESSAGES_PER_S: Final = 5
TALK_SECONDS: Final = 10
PING_S: Final = 5.0
PATIENCE_S: Final = 60.0
SERVICE_CORE, LOAD_CORE = 0, 1
Heard = Callable[[str], None]
"""What is done with a message of the service."""


class Page:
    """One page's socket, listened to all the time, as a page does: a line nobody reads is a line that breaks."""

    def __init__(self, socket: ClientConnection) -> None:
        self.send = socket.send
        self._socket = socket
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.on_message: Heard = self._keep
        self._listening = asyncio.create_task(self._listen())

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of one kind."""
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self._heard.get())["type"] != kind:
                pass
        return message

    async def close(self) -> None:
        """Leave."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._socket.close()

    def _keep(self, text: str) -> None:
        self._heard.put_nowait(json.loads(text))

    async def _listen(self) -> None:
        async for text in self._socket:
            self.on_message(str(text))


Pair = tuple[Page, Page]
"""A seller's page and an operator's."""


def rows() -> list[Row]:
    """Measure sessions with cameras, then sessions that only talk; the service on one core, the load on the other."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.prepare(Path(folder) / "data")
        with _on_core(SERVICE_CORE):
            instance.start()
        try:
            cameras = _cameras(instance)
            with _relay() as relay_url, _on_core(LOAD_CORE):
                return [*cameras, *asyncio.run(_talk(instance, relay_url))]
        finally:
            instance.stop()


@contextmanager
def _on_core(core: int) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, to one core, where there are two."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _processor_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


# --- cameras ----------------------------------------------------------------------------------


def _cameras(instance: Instance) -> list[Row]:
    """Let five sellers send 640x360 at three frames a second to the analysis peer."""
    _spent(instance, 1, 5)  # opens the models
    short_s, _ = _spent(instance, CAMERAS, ENTRY_SECONDS)
    looked_before = _looked_at(instance)
    long_s, seen = _spent(instance, CAMERAS, ENTRY_SECONDS + CAMERA_SECONDS)
    looked_share = (_looked_at(instance) - looked_before) / seen["frames_sent"]
    share = (
        (long_s - short_s) / CAMERA_SECONDS / CAMERAS
    )  # what ordering, entering and connecting cost is in both
    entry_s = (short_s - share * ENTRY_SECONDS * CAMERAS) / CAMERAS
    on_one_core = f"{CAMERAS} sessions on one core"
    hint, joined = seen["frame_to_hint_ms"], seen["connect_ms"]
    return [
        row(
            "one session's share of a core, camera of 640x360 at 3 fps looked at", 100 * share, "%", at_most=8
        ),
        # A service that is starved looks cheap: it drops frames.
        row(f"frames looked at of those sent, {on_one_core}", 100 * looked_share, "%"),
        row("one session's order, consents and connection, processor time", 1000 * entry_s, "ms"),
        row(f"frame to hint, {on_one_core}, p50", hint["p50"], "ms"),
        row(f"frame to hint, {on_one_core}, p95", hint["p95"], "ms", at_most=250),
        row(f"offer to connection, {on_one_core}, p95", joined["p95"], "ms"),
    ]


def _spent(instance: Instance, count: int, seconds: int) -> tuple[float, dict[str, Any]]:
    """Let sellers send; returns the seconds of processor time the service spent, and what they lived through."""
    before_s = _processor_s(instance.pid)
    seen = _simulate(instance, count, seconds)
    assert seen["errors"] == 0, seen
    return _processor_s(instance.pid) - before_s, seen


def _looked_at(instance: Instance) -> float:
    """Return how many frames the service has looked at so far."""
    name = "inspection_frame_age_seconds_count "
    lines = httpx.get(f"{instance.url}/metrics", timeout=PATIENCE_S).text.splitlines()
    return next(float(line.removeprefix(name)) for line in lines if line.startswith(name))


def _simulate(instance: Instance, count: int, seconds: int) -> dict[str, Any]:
    words = ["--url", instance.url, "--data-dir", str(instance.folder), "--count", str(count)]
    with _on_core(LOAD_CORE):
        process = subprocess.Popen(
            [*command("simulate-sellers"), *words, "--seconds", str(seconds), "--json"],
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
    text, _ = process.communicate(timeout=seconds + 120)
    found: dict[str, Any] = json.loads(text)
    return found


# --- messages ---------------------------------------------------------------------------------


async def _talk(instance: Instance, relay_url: str) -> list[Row]:
    """Pair 200 sellers with an operator each, and pass candidates on five times a second in every pair."""
    rooms = await _rooms(instance)
    service = psutil.Process(instance.pid)
    empty_bytes = service.memory_info().rss
    pairs: list[Pair] = []
    pinging = asyncio.create_task(_keep_alive(pairs))
    for room in rooms:
        pairs.append(await _pair(instance.url, *room))
    pair_kb = (service.memory_info().rss - empty_bytes) / PAIRS / 1000
    ours = await _exchange(pairs)
    pinging.cancel()
    await asyncio.gather(pinging, return_exceptions=True)
    await _close(pairs)
    bare = await _exchange(bare_pairs := await _bare_pairs(relay_url))
    await _close(bare_pairs)
    return [
        row(
            f"signalling, {PAIRS} pairs at {MESSAGES_PER_S} messages a second, {name}",
            float(np.percentile(ours, share)),
            "ms",
            reference=("a bare FastAPI relay, same messages", float(np.percentile(bare, share))),
            at_most=most,
        )
        for name, share, most in (("p50", 50, None), ("p95", 95, 100.0))
    ] + [row("memory of a pair in a call", pair_kb, "kB")]


async def _rooms(instance: Instance) -> list[tuple[str, str, str]]:
    """Order the inspections and let everybody in; returns inspection, seller's cookie, operator's cookie."""
    settings = read_settings(data_dir=instance.folder, http__port=instance.port)
    async with httpx.AsyncClient(
        base_url=instance.url, headers={"Origin": instance.url}, timeout=60
    ) as operator:
        who = {"email": instance.access["operator_email"], "password": instance.access["operator_password"]}
        (await operator.post("/v1/operator/login", json=who)).raise_for_status()
        operator_cookie = _cookie_line(operator)
        made = []
        async with open_directory(settings) as identity:
            platform = await identity.platform(instance.access["api_key"])
            for _ in range(PAIRS):
                placed, link = await identity.order(
                    platform, Order(vehicle=Vehicle(), checklist="listing-12", language="en")
                )
                _, signed_in = await identity.spend(link.token)
                assert signed_in is not None
                made.append((str(placed.inspection.id), f"seller_session={signed_in.token}", operator_cookie))
        for inspection, seller_cookie, _ in made:
            consents = {"photos": True, "live_video": True, "location": False, "recording": False}
            given = await operator.put(
                "/v1/seller/consents", json=consents, headers={"Cookie": seller_cookie}
            )
            given.raise_for_status()
            (await operator.post(f"/v1/operator/inspections/{inspection}/claim")).raise_for_status()
    return made


async def _pair(url: str, inspection: str, seller_cookie: str, operator_cookie: str) -> Pair:
    """Join both sides and bring them into a call."""
    address = f"ws{url.removeprefix('http')}/v1/sessions/{inspection}/signalling?role="
    seller = await _join(address + "seller", url, seller_cookie)
    operator = await _join(address + "operator", url, operator_cookie)
    await operator.send('{"type":"call.open"}')
    await seller.until("call")
    await seller.send('{"type":"call.accept"}')
    while (await operator.until("call"))["state"] != "accepted":
        pass
    return seller, operator


async def _keep_alive(pairs: Sequence[Pair]) -> None:
    """Ping as pages do, each page in its own moment."""
    while True:
        for page in [page for pair in pairs for page in pair]:
            await page.send('{"type":"ping"}')
            await asyncio.sleep(PING_S / 2 / PAIRS)
        await asyncio.sleep(0.1)


async def _join(address: str, url: str, cookie: str) -> Page:
    return Page(
        await connect(
            address,
            additional_headers={"Cookie": cookie},
            origin=Origin(url),
            max_size=2**20,
            open_timeout=PATIENCE_S,
            ping_timeout=PATIENCE_S,
            compression=None,
        )
    )


async def _exchange(pairs: Sequence[Pair]) -> list[float]:
    """Let every seller speak five times a second; returns how long each message took, in ms."""
    taken: list[float] = []
    expected = len(pairs) * TALK_SECONDS * MESSAGES_PER_S
    complete = asyncio.Event()

    async def speak(page: Page, number: int) -> None:
        await asyncio.sleep(number / len(pairs) / MESSAGES_PER_S)
        for _ in range(TALK_SECONDS * MESSAGES_PER_S):
            line = {
                "candidate": f"candidate:1 1 udp 2 192.0.2.1 {time.monotonic_ns()} typ host",
                "sdpMid": "0",
            }
            await page.send(json.dumps({"type": "signal", "payload": {"candidate": line}}))
            await asyncio.sleep(1 / MESSAGES_PER_S)

    def listen(text: str) -> None:
        if '"signal"' in text:
            sent_ns = int(json.loads(text)["payload"]["candidate"]["candidate"].split()[5])
            taken.append((time.monotonic_ns() - sent_ns) / 1e6)
            if len(taken) == expected:
                complete.set()

    for _, operator in pairs:
        operator.on_message = listen
    await asyncio.gather(*(speak(seller, number) for number, (seller, _) in enumerate(pairs)))
    async with asyncio.timeout(PATIENCE_S):
        await complete.wait()
    return taken


async def _close(pairs: Sequence[Pair]) -> None:
    await asyncio.gather(*(page.close() for pair in pairs for page in pair))


@contextmanager
def _relay() -> Iterator[str]:
    """Serve a relay that does nothing else: the floor of this server stack."""
    port = free_port()
    words = ["tests.bench.bare_relay:app", "--port", str(port), "--log-level", "error"]
    with _on_core(SERVICE_CORE):
        process = subprocess.Popen([sys.executable, "-m", "uvicorn", *words], env=environment(), cwd=ROOT)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            client.get(f"http://127.0.0.1:{port}/")  # answers 404, and answers
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def _bare_pairs(url: str) -> list[Pair]:
    rooms = [f"ws{url.removeprefix('http')}/{number}" for number in range(PAIRS)]
    return [(await _join(room, url, ""), await _join(room, url, "")) for room in rooms]


def _cookie_line(client: httpx.AsyncClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())
