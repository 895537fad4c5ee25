"""Two nodes of one service, and people whose pages come to one or the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import websockets

from inspection_service.app import open_directory
from inspection_service.settings import Settings
from tests.integration.live_pages import PATIENCE_S, Page, agree, beating
from tests.integration.node_process import Node
from tests.integration.servers import RedisServer
from tests.integration.service import PASSWORD, token_of


@dataclass
class Fleet:
    """Two nodes on one database and one Redis."""

    redis: RedisServer
    nodes: tuple[Node, Node]
    settings: Settings
    accounts: int = 0
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, node: Node) -> httpx.AsyncClient:
        """Open a browser at a node."""
        client = httpx.AsyncClient(base_url=node.origin, headers={"Origin": node.origin}, timeout=PATIENCE_S)
        self.clients.append(client)
        return client

    def at(self, node: Node, browser: httpx.AsyncClient) -> httpx.AsyncClient:
        """Return the same browser as the balancer brings it to another node."""
        moved = self.browser(node)
        moved.cookies = browser.cookies
        return moved


@dataclass
class People:
    """A seller and the operator who holds the case."""

    case: str
    phone: httpx.AsyncClient
    desk: httpx.AsyncClient
    call_id: str = ""


async def meet(fleet: Fleet, phone_at: Node, desk_at: Node) -> People:
    """Order, open the link at one node, sign in and claim at the other."""
    fleet.accounts += 1
    email = f"op{fleet.accounts}@example.com"
    async with open_directory(fleet.settings) as identity:
        key = await identity.issue_key((await identity.create_tenant("Platform")).id)
        await identity.create_operator(email, "Olivia", PASSWORD)
    phone, desk = fleet.browser(phone_at), fleet.browser(desk_at)
    ordered = await phone.post(
        "/v1/inspections",
        json={"checklist": "listing-12", "language": "en"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert ordered.status_code == 201, ordered.text
    opened = await phone.post("/v1/seller/session", json={"token": token_of(ordered.json())})
    assert opened.status_code == 200, opened.text
    await agree(phone, "steer")
    signed_in = await desk.post("/v1/operator/login", json={"email": email, "password": PASSWORD})
    assert signed_in.status_code == 200, signed_in.text
    case = ordered.json()["id"]
    claimed = await desk.post(f"/v1/operator/inspections/{case}/claim", json={})
    assert claimed.status_code == 200, claimed.text
    return People(case, phone, desk)


@asynccontextmanager
async def joined(browser: httpx.AsyncClient, case: str, role: str, after: int = 0) -> AsyncIterator[Page]:
    """Open a page of the session at the browser's node, coming back as long as it is asked to."""
    origin = str(browser.base_url).rstrip("/")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    url = f"{origin.replace('http', 'ws')}/v1/sessions/{case}/signalling?role={role}&after={after}"
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE_S) as patience:
        while True:
            connection = await stack.enter_async_context(
                websockets.connect(
                    url, origin=websockets.Origin(origin), additional_headers={"Cookie": cookies}
                )
            )
            opened = Page(connection)
            try:
                await opened.hear("welcome")
            except websockets.ConnectionClosed as end:
                assert end.rcvd is not None
                assert end.rcvd.code in (1012, 1013), end
                await asyncio.sleep(0.1)  # as a page does before it tries again
                continue
            break
        patience.reschedule(None)
        async with beating(opened):
            yield opened


@asynccontextmanager
async def in_call(people: People) -> AsyncIterator[tuple[Page, Page]]:
    """Both in the session and in a call."""
    async with (
        joined(people.phone, people.case, "seller") as seller,
        joined(people.desk, people.case, "operator") as operator,
    ):
        await operator.hear("presence", seller=True)
        await operator.say("call.open")
        await seller.hear("call", state="ringing")
        await seller.say("call.accept")
        people.call_id = (await operator.hear("call", state="accepted"))["call_id"]
        yield seller, operator


async def steer(seller: Page, operator: Page, name: str) -> int:
    """Have the phone's torch switched; return the command's number."""
    await operator.say("command", id=name, name="torch", args={"on": True})
    told = await seller.hear("command", id=name)
    await seller.say("ack", id=name, ok=True, effect={"torch": True})
    assert (await operator.hear("ack", id=name, ok=True))["effect"] == {"torch": True}
    return int(told["no"])
