"""The live session as pages know it: a real service, real sockets, restarts, refusals and hostile pages."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from inspection_service.identity.records import Role
from inspection_service.inspections.records import SERVICE, InspectionId, OperatorId
from inspection_service.settings import Settings
from inspection_service.storage.tables import HOUSE
from tests.e2e.instance import Instance
from tests.integration.live_pages import PATIENCE_S, Live, Page, agree, open_live_service, page, session_page
from tests.integration.service import token_of

pytestmark = pytest.mark.integration
PHOTO = Path(__file__).parents[1] / "data" / "demo_car" / "front.webp"
ROLES: tuple[Role, ...] = ("supervisor", "operator")
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"


@dataclass
class Pair:
    """A seller and an operator in the same session."""

    inspection_id: str
    seller: Page
    operator: Page
    phone: httpx.AsyncClient
    desk: httpx.AsyncClient

    async def call(self) -> dict[str, Any]:
        """Ring and accept."""
        await self.operator.say("call.open")
        await self.seller.hear("call", state="ringing")
        await self.seller.say("call.accept")
        await self.seller.hear("call", state="accepted")
        return await self.operator.hear("call", state="accepted")


@asynccontextmanager
async def paired(live: Live, *, level: str = "steer", is_claimed: bool = True) -> AsyncIterator[Pair]:
    """Bring a seller and an operator together."""
    inspection_id, phone = await live.seller(level)
    desk = await live.operator()
    if is_claimed:
        assert (
            await desk.post(f"/v1/operator/inspections/{inspection_id}/claim", json={})
        ).status_code == 200
    async with AsyncExitStack() as stack:
        seller = await stack.enter_async_context(session_page(live, phone, inspection_id, "seller"))
        operator = await stack.enter_async_context(session_page(live, desk, inspection_id, "operator"))
        await operator.hear("presence", seller=True)
        yield Pair(inspection_id, seller, operator, phone, desk)


async def test_a_service_that_restarts_in_the_middle_of_a_call_drops_nothing(tmp_path: Path) -> None:
    """Both pages come back to the same call, still paused; numbers go on, the open command gets its answer."""
    async with open_live_service(tmp_path) as live, AsyncExitStack() as stack:
        async with paired(live) as pair:
            accepted = await pair.call()
            await pair.operator.say("command", id="k1", name="torch", args={"on": True})
            assert (await pair.seller.hear("command"))["no"] == 1
            await pair.seller.say("ack", id="k1", ok=True, effect={"torch": True})
            await pair.operator.hear("ack", id="k1", ok=True)
            await pair.operator.say("command", id="k2", name="take_photo", args={})
            await pair.seller.hear("command", id="k2")
            await pair.seller.say("call.pause")
            await pair.operator.hear("call", paused=True)
            await live.stop()
            assert await pair.seller.closed() == await pair.operator.closed() == 1012
        await live.start()
        inspections = live.service.running.services.inspections
        assert await inspections.calls_left_open() == (pair.inspection_id,)
        back = [
            await stack.enter_async_context(
                session_page(live, browser, pair.inspection_id, role, after=old.last_seq)
            )
            for browser, role, old in (
                (pair.phone, "seller", pair.seller),
                (pair.desk, "operator", pair.operator),
            )
        ]
        for each in back:
            welcome = await each.hear("welcome")
            assert (welcome["call_id"], welcome["live_level"]) == (accepted["call_id"], "steer")
            call = await each.hear("call")
            assert (call["call_id"], call["state"], call["paused"]) == (accepted["call_id"], "accepted", True)
        seller, operator = back
        await seller.say(
            "ack", id="k2", ok=True, effect={"capture_id": "c", "width": 4, "height": 3, "method": "file"}
        )
        assert (await operator.hear("ack", id="k2"))["no"] == 2
        await seller.say("call.resume")
        await operator.hear("call", paused=False)
        await operator.say("command", id="k3", name="torch", args={"on": False})
        assert (await seller.hear("command"))["no"] == 3
        kinds = [event.kind for event in await live.log(pair.inspection_id)]
        assert (kinds.count("call.accepted"), kinds.count("call.ended")) == (1, 0)
        assert kinds.count("command.acknowledged") == 2
        await operator.say("call.end")
        await seller.hear("call", state="ended")
        assert await inspections.calls_left_open() == ()


async def test_a_call_survives_the_sudden_death_of_the_service(tmp_path: Path) -> None:
    """Killed without a word in the middle of a call: both pages come back to the same call, and commands go on."""
    instance = Instance.prepare(tmp_path / "data")
    instance.start()
    live = Live(Settings(data_dir=instance.folder, http={"port": instance.port}))
    try:
        phone, desk = live.browser(), live.browser()
        ordered = instance.order()
        case = ordered["id"]
        who = {"email": instance.access["operator_email"], "password": instance.access["operator_password"]}
        assert (await desk.post("/v1/operator/login", json=who)).status_code == 200
        await phone.post("/v1/seller/session", json={"token": token_of(ordered)})
        await agree(phone, "steer")
        assert (await desk.post(f"/v1/operator/inspections/{case}/claim", json={})).status_code == 200
        async with (
            session_page(live, phone, case, "seller") as seller,
            session_page(live, desk, case, "operator") as operator,
        ):
            pair = Pair(case, seller, operator, phone, desk)
            await operator.hear("presence", seller=True)
            call_id = (await pair.call())["call_id"]
            await operator.say("command", id="k1", name="torch", args={"on": True})
            await seller.hear("command", id="k1")
            instance.kill()
        instance.start()
        async with (
            session_page(live, phone, case, "seller") as seller,
            session_page(live, desk, case, "operator") as operator,
        ):
            for each in (seller, operator):
                assert (await each.hear("call"))["call_id"] == call_id
            await seller.say("ack", id="k1", ok=True, effect={"torch": True})
            assert (await operator.hear("ack", id="k1", ok=True))["no"] == 1
            await operator.say("command", id="k2", name="torch", args={"on": False})
            assert (await seller.hear("command", id="k2"))["no"] == 2
    finally:
        for client in live.clients:
            await client.aclose()
        instance.stop()


async def test_a_call_that_rang_when_the_service_ended_has_an_end_in_the_log(tmp_path: Path) -> None:
    """Nobody hears it ring any more; the log says that it was not answered, also when no page comes back."""
    async with open_live_service(tmp_path) as live:
        async with paired(live) as pair:
            await pair.operator.say("call.open")
            call_id = (await pair.seller.hear("call", state="ringing"))["call_id"]
            await live.stop()
        await live.start()
        inspections = live.service.running.services.inspections
        async with asyncio.timeout(PATIENCE_S), live.service.running.services.bus.subscribe() as events:
            while await inspections.calls_left_open():
                await events.next(1.0)
        end = (await live.log(pair.inspection_id))[-1]
        assert (end.kind, dict(end.data)) == ("call.ended", {"call_id": call_id, "reason": "unanswered"})


async def test_a_call_ends_with_its_case(tmp_path: Path) -> None:
    """Whoever calls an inspection off ends its call, on both screens and in the log before the log closes."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        call_id = (await pair.call())["call_id"]
        running = live.service.running.services
        await running.inspections.cancel(InspectionId(pair.inspection_id), by=SERVICE)
        for each in (pair.seller, pair.operator):
            assert (await each.hear("call", state="ended"))["reason"] == "closed"
        *_, ended, cancelled = await live.log(pair.inspection_id)
        assert (ended.kind, dict(ended.data)) == ("call.ended", {"call_id": call_id, "reason": "closed"})
        assert cancelled.kind == "inspection.cancelled"


async def test_what_is_written_is_stored_once_and_shown_to_both(tmp_path: Path) -> None:
    """The same sentence, sent again after a reconnection, is the same sentence; the log keeps no words."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        for _ in range(2):
            await pair.operator.say("chat", id="m-1", text="A step back, please", read_aloud=True)
            own = await pair.operator.hear("chat")
            assert own["client_id"] == "m-1"
        shown = await pair.seller.hear("chat")
        assert (shown["from"], shown["text"], shown["read_aloud"]) == (
            "operator",
            "A step back, please",
            True,
        )
        await pair.operator.say("chat", id="m-2", text="Thank you")
        assert (await pair.seller.hear("chat"))["text"] == "Thank you"  # the first was shown once
        await pair.seller.say("chat", id="m-1", text="Like this?")
        assert (await pair.operator.hear("chat", text="Like this?"))["from"] == "seller"
        stored = await live.service.running.services.inspections.messages(InspectionId(pair.inspection_id))
        assert [message.text for message in stored] == ["A step back, please", "Thank you", "Like this?"]
        lines = [event for event in await live.log(pair.inspection_id) if event.kind == "chat.said"]
        assert [set(line.data) for line in lines] == 3 * [{"message_id"}]


async def test_commands_go_as_far_as_the_seller_allows_at_that_moment(tmp_path: Path) -> None:
    """One tap raises the level and another lowers it, in the middle of the call."""
    async with open_live_service(tmp_path) as live, paired(live, level="watch") as pair:
        await pair.call()
        await pair.operator.say("command", id="k1", name="freeze", args={})
        refused = await pair.operator.hear("ack", id="k1")
        assert (refused["error"], refused["level"]) == ("level-needed", "point")
        await agree(pair.phone, "point")
        await pair.operator.say("command", id="k2", name="freeze", args={})
        assert (await pair.seller.hear("command"))["id"] == "k2"
        await agree(pair.phone, "watch")
        await pair.seller.hear(
            "event"
        )  # the withdrawal has been written; nothing beyond it reaches the phone
        while (await live.log(pair.inspection_id))[-1].kind != "consent.withdrawn":
            await pair.seller.hear("event")
        await pair.operator.say("command", id="k3", name="torch", args={"on": True})
        assert (await pair.operator.hear("ack", id="k3"))["error"] == "level-needed"
        # The consent to a recording is asked for on the phone, whose answer is the command's.
        await pair.operator.say("command", id="k4", name="record", args={"on": True})
        assert (await pair.seller.hear("command"))["id"] == "k4"
        await pair.seller.say("ack", id="k4", ok=False, effect=None, error="denied")
        assert (await pair.operator.hear("ack", id="k4"))["error"] == "denied"


async def test_help_is_answered_without_a_ring(tmp_path: Path) -> None:
    """The seller asked for a person and allows to be seen: the operator who claims and calls is there at once."""
    async with open_live_service(tmp_path) as live, paired(live, level="watch", is_claimed=False) as pair:
        assert (await pair.phone.post("/v1/seller/help", json={})).status_code == 200
        claim = f"/v1/operator/inspections/{pair.inspection_id}/claim"
        assert (await pair.desk.post(claim, json={})).status_code == 200
        await pair.operator.say("call.open")
        assert (await pair.seller.hear("call"))["state"] == "accepted"


async def test_taking_back_the_consent_to_be_seen_ends_the_call(tmp_path: Path) -> None:
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        await pair.call()
        await agree(pair.phone, "off")
        assert (await pair.operator.hear("call", state="ended"))["reason"] == "consent-withdrawn"


async def test_a_supervisor_looks_on_and_the_seller_knows(tmp_path: Path) -> None:
    """Descriptions go between the two of them; an operator who is no supervisor stays out."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        await pair.call()
        eve, bob = (
            await live.operator("eve@example.com", "supervisor"),
            await live.operator("bob@example.com"),
        )
        async with (
            session_page(live, eve, pair.inspection_id, "operator") as supervisor,
            session_page(live, bob, pair.inspection_id, "operator") as colleague,
        ):
            await colleague.say("watch.join")
            refused = (await colleague.hear("problem"))["problem"]
            assert refused["type"].endswith("supervisor-needed")
            await supervisor.hear("call", state="accepted")
            await supervisor.say("watch.join")
            call = await pair.seller.hear("call")
            (viewer,) = call["viewers"]
            assert viewer["name"] == "Eve"
            offer = {"description": {"type": "offer", "sdp": SDP}}
            await pair.seller.say("signal", viewer_id=viewer["viewer_id"], payload=offer)
            assert (await supervisor.hear("signal"))["payload"] == offer
        gone = await pair.seller.hear("call", viewers=[])
        assert gone["state"] == "accepted"


async def test_a_role_that_is_given_or_taken_counts_within_a_heartbeat(tmp_path: Path) -> None:
    """Also on a line that stays open: the page is asked to come back, and comes in as what it may be by now."""
    async with open_live_service(tmp_path) as live:
        inspection_id, _ = await live.seller()
        eve = await live.operator("eve@example.com")
        identity = live.service.running.services.identity
        person = OperatorId((await eve.get("/v1/operator/me")).json()["operator"]["id"])
        for role in ROLES:
            async with session_page(live, eve, inspection_id, "operator") as page_of_eve:
                await page_of_eve.hear("welcome")
                await identity.change_role(HOUSE, person, role)
                assert await page_of_eve.closed() == 1013


async def test_relay_credentials_are_fresh_and_can_be_recomputed(tmp_path: Path) -> None:
    """What coturn does with the shared secret gives the same password; a page may ask again."""
    turn = {"urls": ["turn:127.0.0.1:3479"], "secret": "s3cret", "ttl_s": 600}
    async with open_live_service(tmp_path, turn=turn, relay_only=True) as live:
        inspection_id, phone = await live.seller()
        async with session_page(live, phone, inspection_id, "seller") as seller:
            welcome = await seller.hear("welcome")
            assert welcome["relay_only"] is True
            await seller.say("ice")
            asked = await seller.hear("ice")
            for servers in (welcome["ice_servers"], asked["ice_servers"]):
                (relay,) = servers
                digest = hmac.new(b"s3cret", relay["username"].encode(), hashlib.sha1).digest()
                assert relay["credential"] == base64.b64encode(digest).decode()
                assert relay["username"].endswith(f":{inspection_id}")
            assert welcome["ice_expires_at"] <= asked["expires_at"]


async def test_where_no_udp_passes_a_jpeg_is_answered_with_a_hint(tmp_path: Path) -> None:
    """The released models look at it, and both pages hear what they say about the step on the screen."""
    photo = cv2.imread(str(PHOTO))
    assert photo is not None
    height, width = photo.shape[:2]
    scale = 640 / max(height, width)
    small = cv2.resize(photo, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    is_ok, jpeg = cv2.imencode(".jpg", np.asarray(small), [cv2.IMWRITE_JPEG_QUALITY, 70])
    assert is_ok
    async with open_live_service(tmp_path, with_models=True) as live, paired(live) as pair:
        await pair.seller.say("watch.step", step_id="front")
        await pair.seller.connection.send(jpeg.tobytes())
        for each in (pair.seller, pair.operator):
            hint = await each.hear("hint")
            assert hint["step_id"] == "front"
            assert hint["code"]


async def test_an_operators_list_hears_that_a_seller_opened_the_page(tmp_path: Path) -> None:
    """No event is written for it; the row moves all the same."""
    async with open_live_service(tmp_path) as live:
        inspection_id, phone = await live.seller()
        desk = await live.operator()
        async with page(live, desk, "/v1/operator/feed") as feed:
            await feed.hear("welcome")
            async with session_page(live, phone, inspection_id, "seller"):
                changed = await feed.hear("changed", kind="presence")
                assert (changed["inspection_id"], changed["seq"]) == (inspection_id, 0)


# --- hostile pages ------------------------------------------------------------------------------


async def test_who_may_not_come_in_is_told_why_and_sent_away(tmp_path: Path) -> None:
    """A forged role, another seller's inspection, a foreign page, no cookie, an inspection that is not there."""
    async with open_live_service(tmp_path) as live:
        inspection_id, phone = await live.seller()
        other_id, _ = await live.seller()
        desk = await live.operator()

        async def code(
            browser: httpx.AsyncClient, inspection: str, role: str, origin: str | None = None
        ) -> int:
            path = f"/v1/sessions/{inspection}/signalling?role={role}"
            async with page(live, browser, path, origin=origin) as opened:
                await opened.hear("problem")
                return await opened.closed()

        assert await code(phone, inspection_id, "operator") == 4401
        assert await code(desk, inspection_id, "seller") == 4401
        assert await code(live.browser(), inspection_id, "seller") == 4401
        assert await code(phone, other_id, "seller") == 4403
        assert await code(phone, inspection_id, "seller", "https://evil.example") == 4403
        assert await code(desk, "ins_none", "operator") == 4404


async def test_a_hostile_page_loses_its_socket_and_nobody_elses(tmp_path: Path) -> None:
    """Ten megabytes, a thousand messages, a binary message from a desk: the call goes on, the log is whole."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        await pair.call()
        bob = await live.operator("bob@example.com")
        async with session_page(live, bob, pair.inspection_id, "operator") as large:
            await large.say("ping", pad="x" * 10_000_000)
            assert await large.closed() == 1009
        async with session_page(live, bob, pair.inspection_id, "operator") as flood:
            text = json.dumps({"type": "ping"})
            with_reading = asyncio.create_task(flood.closed())
            for _ in range(1000):
                if with_reading.done():
                    break
                await flood.connection.send(text)
            assert await with_reading == 4429
        async with session_page(live, bob, pair.inspection_id, "operator") as binary:
            await binary.connection.send(b"\xff\xd8\xff")
            assert await binary.closed() == 4400
        await pair.operator.say("signal", payload={"description": {"type": "offer", "sdp": "nonsense"}})
        refused = (await pair.operator.hear("problem"))["problem"]
        assert refused["type"].endswith("unusable-description")
        await pair.operator.say("command", id="k1", name="play_sound", args={})
        await pair.seller.hear("command", id="k1")
        events = await live.log(pair.inspection_id)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert "call.ended" not in {event.kind for event in events}


async def test_the_newer_of_two_tabs_of_a_seller_wins(tmp_path: Path) -> None:
    """The older one is told by its close code; the call goes on in the newer."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        await pair.call()
        async with session_page(live, pair.phone, pair.inspection_id, "seller") as newer:
            assert await pair.seller.closed() == 4409
            assert (await newer.hear("call"))["state"] == "accepted"
            await pair.operator.say("command", id="k1", name="play_sound", args={})
            await newer.hear("command", id="k1")


async def test_an_answer_to_another_inspections_command_changes_nothing(tmp_path: Path) -> None:
    """Ids are of one session: a seller cannot answer for somebody else's phone."""
    async with open_live_service(tmp_path) as live, paired(live) as pair:
        await pair.call()
        await pair.operator.say("command", id="k1", name="play_sound", args={})
        await pair.seller.hear("command", id="k1")
        other_id, other_phone = await live.seller()
        async with session_page(live, other_phone, other_id, "seller") as other:
            await other.hear("welcome")
            await other.say("ack", id="k1", ok=True, effect={"played": True})
            await other.say("ping")
            await other.hear("pong")
        await pair.seller.say("ack", id="k1", ok=False, error="denied")
        assert (await pair.operator.hear("ack", id="k1"))["error"] == "denied"
