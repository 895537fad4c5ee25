"""A real service on a real port, and pages that speak to it over HTTP and WebSocket as browsers do."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
import websockets
from websockets.asyncio.client import ClientConnection

from inspection_service.app import create_app
from inspection_service.commands.serve import server_config
from inspection_service.identity.records import Role
from inspection_service.inspections.records import Event, InspectionId
from inspection_service.settings import Settings
from tests.integration.service import PASSWORD, Mailbox, ScriptedJudge, Service, manifests, token_of

PATIENCE_S: Final = 60.0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Live:
    """The running service; it can be stopped and started again on the same port and data."""

    settings: Settings
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    server: uvicorn.Server | None = None
    _running: asyncio.Task[None] | None = None
    _app: Any = None

    @property
    def origin(self) -> str:
        """The address of the service."""
        return f"http://127.0.0.1:{self.settings.http.port}"

    @property
    def service(self) -> Service:
        """The opened service."""
        return Service(self._app, ScriptedJudge(), Mailbox())

    async def start(self) -> None:
        """Start, and wait until it listens."""
        self._app = create_app(self.settings, judge=ScriptedJudge(), messenger=Mailbox())
        self.server = uvicorn.Server(server_config(self.settings, self._app))
        self._running = asyncio.create_task(self.server.serve())
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.settings.http.port)
                except ConnectionRefusedError:
                    await asyncio.wait([self._running], timeout=0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self) -> None:
        """Stop in order: every page's socket is closed by the service."""
        if self.server is not None and self._running is not None:
            self.server.should_exit = True
            await self._running

    def browser(self) -> httpx.AsyncClient:
        """Open a browser: it keeps cookies and sends its Origin."""
        client = httpx.AsyncClient(base_url=self.origin, headers={"Origin": self.origin}, timeout=PATIENCE_S)
        self.clients.append(client)
        return client

    async def operator(self, email: str = "op@example.com", role: Role = "operator") -> httpx.AsyncClient:
        """Admit an operator and return a signed-in browser."""
        name = email.partition("@")[0].title()
        await self.service.running.services.identity.create_operator(email, name, PASSWORD, role)
        client = self.browser()
        answer = await client.post("/v1/operator/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client

    async def seller(self, level: str = "steer", **consents: bool) -> tuple[str, httpx.AsyncClient]:
        """Order an inspection, open its link, agree; return the inspection's id and the seller's browser."""
        identity = self.service.running.services.identity
        key = await identity.issue_key((await identity.create_tenant("Platform")).id)
        ordered = await self.browser().post(
            "/v1/inspections",
            json={"checklist": "listing-12", "language": "en"},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert ordered.status_code == 201, ordered.text
        seller = self.browser()
        opened = await seller.post("/v1/seller/session", json={"token": token_of(ordered.json())})
        assert opened.status_code == 200, opened.text
        await agree(seller, level, **consents)
        return ordered.json()["id"], seller

    async def log(self, inspection_id: str) -> tuple[Event, ...]:
        """Read the inspection's event log."""
        return await self.service.running.services.inspections.events(InspectionId(inspection_id))


async def agree(seller: httpx.AsyncClient, level: str, **more: bool) -> None:
    """Change the consents."""
    agreed: dict[str, Any] = {"photos": True, "location": False, "recording": False} | more
    agreed |= {"live_video": level != "off", "live_level": level}
    answer = await seller.put("/v1/seller/consents", json=agreed)
    assert answer.status_code == 200, answer.text


@asynccontextmanager
async def open_live_service(folder: Path, *, with_models: bool = False, **media: Any) -> AsyncIterator[Live]:
    """Run the service for the length of the block.

    Args:
        folder: Where it keeps everything.
        with_models: Whether live frames are looked at with the released models.
        media: ``Settings.media``.
    """
    given: dict[str, Any] = {
        "data_dir": folder / "instance",
        "work": {"enabled": False},
        "http": {"port": free_port()},
        "media": media,
    }
    if not with_models:
        given["vision"] = {"models_dir": manifests(folder / "models")}
    live = Live(Settings(**given))
    await live.start()
    try:
        yield live
    finally:
        for client in live.clients:
            await client.aclose()
        await live.stop()


class Page:
    """One page's socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.last_seq = 0

    async def say(self, kind: str, /, **fields: Any) -> None:
        """Send a message."""
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str, /, **like: Any) -> dict[str, Any]:
        """Return the next message of one type whose fields are like these."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = json.loads(await self.connection.recv())
                if message["type"] == "event":
                    self.last_seq = message["event"]["seq"]
                if message["type"] == kind and like.items() <= message.items():
                    return message

    async def closed(self) -> int:
        """Wait for the end and return its code."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self.connection.recv()
            except websockets.ConnectionClosed as end:
                assert end.rcvd is not None
                return end.rcvd.code


@asynccontextmanager
async def page(
    live: Live,
    browser: httpx.AsyncClient,
    path: str,
    *,
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Page]:
    """Open a WebSocket with a browser's cookies."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with websockets.connect(
        live.origin.replace("http", "ws") + path,
        origin=websockets.Origin(origin or live.origin),
        additional_headers={"Cookie": cookies} | dict(headers or {}),
    ) as connection:
        yield Page(connection)


@asynccontextmanager
async def beating(opened: Page) -> AsyncIterator[None]:
    """Say that one is there, as pages do, for the length of the block."""

    async def beat() -> None:
        with suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(1.0)
                await opened.say("ping")

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def session_page(
    live: Live, browser: httpx.AsyncClient, inspection_id: str, role: str, *, after: int = 0
) -> AsyncIterator[Page]:
    """Open a page of a live session and wait for its welcome."""
    path = f"/v1/sessions/{inspection_id}/signalling?role={role}&after={after}"
    async with page(live, browser, path) as opened, beating(opened):
        yield opened
