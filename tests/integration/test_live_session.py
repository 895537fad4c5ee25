"""A live session with a real WebRTC sender on loopback: frames in, hints out, nothing left running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame
from numpy.typing import NDArray

from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.media.frames import LatestFrame
from inspection_service.media.signalling import Participant
from inspection_service.sessions import Connection, Farewell, Hint, LiveSession, LiveSessions, SessionFacts
from inspection_service.telemetry.metrics import Metrics

pytestmark = pytest.mark.integration

INSPECTION = InspectionId("ins_1")
SELLER = Participant("c1", "seller", "ins_1", "seller")
OPERATOR = Participant("c2", "operator", "op_1", "Ada")
FACTS = SessionFacts({"front": "front", "rear": "rear"}, "front", may_see_live=True, claimed_by="op_1")
PATIENCE_S = 30.0


class White(VideoStreamTrack):
    """A camera before a white wall."""

    async def recv(self) -> VideoFrame:
        frame = VideoFrame.from_ndarray(np.full((360, 640, 3), 250, np.uint8), format="bgr24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class BrightnessGuide:
    """Says what it saw, so that a test knows that pixels arrived."""

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        assert frame.shape[2] == 3
        return Hint("too_bright" if frame.mean() > 200 else "too_dark", False, asked_view)


class Log:
    """Keeps what a session records."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> object:
        self.kinds.append(kind)
        return None


def sessions(log: Log, executor: ThreadPoolExecutor, metrics: Metrics | None = None) -> LiveSessions:
    async def open_session(inspection_id: InspectionId) -> LiveSession:
        return LiveSession(
            inspection_id, FACTS, events=log, guide=BrightnessGuide(), executor=executor, metrics=metrics
        )

    return LiveSessions(open_session)


async def heard(connection: Connection, kind: str) -> Mapping[str, Any]:
    """The next message of one type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            item = await connection.outbox.get()
            assert not isinstance(item, Farewell)
            if item["type"] == kind:
                return item


async def offer(session: LiveSession, connection: Connection, sender: RTCPeerConnection) -> None:
    """Do what the seller's page does: offer a small copy of the camera and take the answer."""
    sender.addTrack(White())
    await sender.setLocalDescription(await sender.createOffer())
    description = {"type": "offer", "sdp": sender.localDescription.sdp}
    await session.receive(connection, json.dumps({"type": "analysis.offer", "description": description}))
    answer = (await heard(connection, "analysis"))["description"]
    await sender.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))


async def test_frames_of_the_sellers_camera_become_hints_for_both_sides() -> None:
    """Pixels travel by WebRTC to the service's peer; the hint reaches both pages, and its age is measured."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Log(), executor, metrics)
        sender = RTCPeerConnection()
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await offer(session, seller, sender)
            for connection in (seller, operator):
                hint = await heard(connection, "hint")
                assert (hint["code"], hint["view"], hint["step_id"]) == ("too_bright", "front", "front")
        await sender.close()
        assert len(live) == 0
    looked_at = metrics.registry.get_sample_value("inspection_frame_age_seconds_count")
    assert looked_at is not None
    assert looked_at >= 1


async def test_another_step_asks_the_guide_for_another_view() -> None:
    """What the seller is shown is about the step on the screen, not the one before."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Log(), executor)
        sender = RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await offer(session, seller, sender)
            await heard(seller, "hint")
            await session.receive(seller, json.dumps({"type": "watch.step", "step_id": "rear"}))
            hint = await heard(seller, "hint")
            assert (hint["view"], hint["step_id"]) == ("rear", "rear")
        await sender.close()


async def test_a_second_offer_replaces_the_first_peer() -> None:
    """The peer knows no ICE restart: the page offers again, and frames flow again."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Log(), executor)
        first, second = RTCPeerConnection(), RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await offer(session, seller, first)
            await heard(seller, "hint")
            await offer(session, seller, second)
            await session.receive(seller, json.dumps({"type": "watch.step", "step_id": "rear"}))
            assert (await heard(seller, "hint"))["step_id"] == "rear"
        await first.close()
        await second.close()


@pytest.mark.parametrize("sdp", ["", "nonsense", "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"])
async def test_nonsense_instead_of_a_description_is_a_problem_and_nothing_else(sdp: str) -> None:
    """The session goes on, and the page is told."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Log(), executor)
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            text = json.dumps({"type": "analysis.offer", "description": {"type": "offer", "sdp": sdp}})
            await session.receive(seller, text)
            slug = (await heard(seller, "problem"))["problem"]["type"].rpartition(":")[2]
            assert slug in ("unusable-description", "malformed-message")
            await session.receive(seller, json.dumps({"type": "ping"}))
            assert await heard(seller, "pong") == {"type": "pong"}


async def test_consent_taken_back_stops_the_frames() -> None:
    """Withdrawing the consent to live video ends the service's view in the same moment."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Log(), executor)
        sender = RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await offer(session, seller, sender)
            await heard(seller, "hint")
            await live.note(
                INSPECTION, "consent.withdrawn", Actor("seller", "ins_1"), {"purpose": "live_video"}
            )
            again = {"type": "analysis.offer", "description": {"type": "offer", "sdp": "v=0"}}
            await session.receive(seller, json.dumps(again))
            assert (await heard(seller, "problem"))["problem"]["type"].endswith("consent-missing")
        await sender.close()


async def test_a_log_that_cannot_be_written_ends_nothing_and_steers_nothing() -> None:
    """The database is away for a moment: no command reaches the phone unrecorded, and the session goes on."""

    class Broken(Log):
        async def record(
            self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
        ) -> object:
            if kind.startswith("command"):
                raise OSError("the database is away")
            return await super().record(inspection_id, kind, actor, data)

    with ThreadPoolExecutor(1) as executor:
        live = sessions(Broken(), executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(operator, json.dumps({"type": "call.open"}))
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            command = {"type": "command", "id": "k1", "name": "take_photo", "args": {}}
            await session.receive(operator, json.dumps(command))
            await session.receive(seller, json.dumps({"type": "ping"}))
            told = [(await seller.outbox.get()) for _ in range(seller.outbox.qsize())]
            kinds = [item["type"] for item in told if not isinstance(item, Farewell)]
            assert "command" not in kinds
            assert kinds[-1] == "pong"


async def test_a_consent_withdrawn_unheard_is_found_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost message does not keep anybody looking: the session reads the record now and then."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    monkeypatch.setattr("inspection_service.sessions.live.FACTS_S", 0.0)
    record = [FACTS]

    async def read_facts() -> SessionFacts:
        return record[-1]

    async def open_session(inspection_id: InspectionId) -> LiveSession:
        return LiveSession(
            inspection_id,
            FACTS,
            read_facts=read_facts,
            events=Log(),
            guide=BrightnessGuide(),
            executor=executor,
            metrics=Metrics(),
        )

    with ThreadPoolExecutor(1) as executor:
        live = LiveSessions(open_session)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(operator, json.dumps({"type": "call.open"}))
            assert (await heard(seller, "call"))["state"] == "ringing"
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            assert (await heard(seller, "call"))["state"] == "accepted"
            record.append(replace(FACTS, may_see_live=False))
            ended = await heard(seller, "call")
            assert (ended["state"], ended["reason"]) == ("ended", "consent-withdrawn")


async def test_a_page_that_reads_too_slowly_is_sent_away_and_may_come_back() -> None:
    """Memory stays bounded: the outbox ends with a farewell instead of growing."""
    connection = Connection(SELLER)
    for number in range(10_000):
        connection.send({"type": "event", "number": number})
    items = [connection.outbox.get_nowait() for _ in range(connection.outbox.qsize())]
    assert len(items) < 1_000
    assert isinstance(items[-1], Farewell)


async def test_only_the_newest_frame_is_looked_at() -> None:
    """A slow model sees now, not two seconds ago; what it missed is counted."""
    slot: LatestFrame[int] = LatestFrame()
    for number in range(5):
        slot.put(number)
    assert await slot.take() == 4
    assert (slot.received, slot.dropped) == (5, 4)
