"""``kill -9`` of the real service loses nothing: it goes on where it was, and does nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from inspection_service.app import open_directory
from inspection_service.settings import Settings
from tests.integration.service import piece_headers, token_of, tus_headers

pytestmark = pytest.mark.integration
PHOTO = Path(__file__).parents[1] / "data" / "demo_car" / "front.webp"
START_S = 240
"""A service with real models on a busy machine; no test waits that long when all is well."""


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def service(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the real service, with the real models, in a process group of its own, until it answers and after."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "inspection_service",
            "serve",
            "--data-dir",
            str(folder),
            "--port",
            str(port),
        ),
        stderr=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "INSPECTION_LOG_FORMAT": "json",
            "INSPECTION_MEDIA__HEARTBEAT_S": "60",  # the test only listens
            "OMP_NUM_THREADS": "1",
        },
        start_new_session=True,
    )
    assert process.stderr is not None
    lines: list[bytes] = []
    reading: asyncio.Task[None] | None = None
    try:
        async with asyncio.timeout(START_S):
            async for line in process.stderr:
                lines.append(line)
                if b"service.started" in line:
                    break
            else:
                raise AssertionError(b"".join(lines).decode())
            await _listens(port)
        reading = asyncio.create_task(_drain(process.stderr))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if reading is not None:
            await reading


async def _listens(port: int) -> None:
    """Return when the port takes connections: the line in the log comes a moment earlier."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            continue
        writer.close()
        await writer.wait_closed()
        return


async def _drain(stream: asyncio.StreamReader) -> None:
    async for _ in stream:
        pass


def kill(process: asyncio.subprocess.Process) -> None:
    """Kill the service and the processes it started, at once."""
    os.killpg(process.pid, signal.SIGKILL)


async def test_killed_in_the_middle_of_an_upload_and_before_the_judgement(tmp_path: Path) -> None:
    """Half a photo survives the first kill; the whole one, not judged yet, survives the second and is judged once."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    async with open_directory(Settings(data_dir=tmp_path)) as identity:
        key = await identity.issue_key((await identity.create_tenant("Platform")).id)
    data, capture_id = PHOTO.read_bytes(), str(uuid.uuid4())
    half = len(data) // 2
    tus = {"Tus-Resumable": "1.0.0"}
    async with httpx.AsyncClient(base_url=origin, headers={"Origin": origin}, timeout=60) as seller:
        async with service(tmp_path, port) as process:
            answer = await seller.post(
                "/v1/inspections",
                json={"checklist": "listing-12", "language": "en"},
                headers={"Authorization": f"Bearer {key}"},
            )
            ordered = answer.json()
            await seller.post("/v1/seller/session", json={"token": token_of(ordered)})
            agreed = {"photos": True, "live_video": False, "location": False, "recording": False}
            await seller.put("/v1/seller/consents", json=agreed)
            created = await seller.post("/v1/uploads", headers=tus_headers(data, "front", capture_id))
            where = created.headers["location"]
            assert (
                await seller.patch(where, headers=piece_headers(0), content=data[:half])
            ).status_code == 204
            kill(process)

        async with service(tmp_path, port) as process:
            assert (await seller.head(where, headers=tus)).headers["upload-offset"] == str(half)
            rest = await seller.patch(where, headers=piece_headers(half), content=data[half:])
            assert rest.status_code == 204
            kill(process)

        async with service(tmp_path, port):
            events = await _events_until(seller, ordered["id"], "capture.accepted")
            kinds = [event["kind"] for event in events]
            assert kinds.count("capture.received") == 1
            assert kinds.count("capture.judged") == 1
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            step = (await seller.get("/v1/seller/inspection")).json()["steps"][0]
            assert (step["status"], step["capture"]["id"]) == ("done", capture_id)
            assert step["capture"]["judgement"]["view"] == "front"


async def _events_until(seller: httpx.AsyncClient, inspection_id: str, kind: str) -> list[dict[str, Any]]:
    """Read the inspection's log from its beginning until an event of this kind, as the seller's page does."""
    cookies = "; ".join(f"{name}={value}" for name, value in seller.cookies.items())
    url = f"ws{str(seller.base_url).removeprefix('http').rstrip('/')}/v1/sessions/{inspection_id}/signalling"
    events: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(START_S),
        websockets.connect(
            f"{url}?role=seller&after=0",
            origin=websockets.Origin(str(seller.base_url).rstrip("/")),
            additional_headers={"Cookie": cookies},
        ) as connection,
    ):
        async for text in connection:
            message = json.loads(text)
            if message["type"] == "event":
                events.append(message["event"])
                if message["event"]["kind"] == kind:
                    break
    return events
