"""A live session with a real WebRTC sender on loopback: frames in, hints out, nothing left running."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame
from numpy.typing import NDArray

from inspection_service.errors import Closed
from inspection_service.inspections.records import (
    Actor,
    ChatMessage,
    InspectionId,
    MessageId,
    OngoingCallFacts,
    OperatorId,
)
from inspection_service.media import peer
from inspection_service.media.frames import LatestFrame
from inspection_service.media.signalling import MAX_JPEG_BYTES, Participant
from inspection_service.media.turn import Relays
from inspection_service.sessions import Connection, Farewell, Hint, LiveSession, LiveSessions, SessionFacts
from inspection_service.settings import MediaSettings
from inspection_service.telemetry.metrics import Metrics
from inspection_service.testing import FakeClock

pytestmark = pytest.mark.integration

INSPECTION = InspectionId("ins_1")
SELLER = Participant("c1", "seller", "ins_1", "seller")
OPERATOR = Participant("c2", "operator", "op_1", "Ada")
FACTS = SessionFacts({"front": "front", "rear": "rear"}, "front", live_level="steer", claimed_by="op_1")
PATIENCE_S = 60.0


class White(VideoStreamTrack):
    """A camera before a white wall."""

    def __init__(self, width: int = 640, height: int = 360) -> None:
        super().__init__()
        self._picture = np.full((height, width, 3), 250, np.uint8)

    async def recv(self) -> VideoFrame:
        frame = VideoFrame.from_ndarray(self._picture, format="bgr24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class BrightnessGuide:
    """Says what it saw, so that a test knows that pixels arrived."""

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        assert frame.shape[2] == 3
        return Hint("too_bright" if frame.mean() > 200 else "too_dark", False, asked_view)


class Record:
    """Keeps what a session records, and says what the record says by now."""

    def __init__(self, facts: SessionFacts = FACTS) -> None:
        self.now = facts
        self.kinds: list[str] = []
        self.said: list[str] = []
        self.facts_read = self.heads_read = 0

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> object:
        self.kinds.append(kind)
        return None

    async def say(
        self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
    ) -> ChatMessage:
        self.said.append(text)
        return ChatMessage(MessageId("msg_1"), inspection_id, actor, text, FakeClock().now(), read_aloud)

    async def facts(self, inspection_id: InspectionId) -> SessionFacts:
        self.facts_read += 1
        return self.now

    async def head(self, inspection_id: InspectionId) -> int:
        self.heads_read += 1
        return self.now.last_seq


def sessions(record: Record, executor: ThreadPoolExecutor, metrics: Metrics | None = None) -> LiveSessions:
    async def open_session(inspection_id: InspectionId) -> LiveSession:
        return LiveSession(
            inspection_id,
            record.now,
            record=record,
            guide=BrightnessGuide(),
            executor=executor,
            relays=Relays(MediaSettings(), FakeClock()),
            metrics=metrics,
        )

    return LiveSessions(open_session)


async def reached(condition: Callable[[], bool]) -> None:
    """Give everybody else a turn until the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110, a count tells nobody
            await asyncio.sleep(0)


async def heard(connection: Connection, kind: str) -> Mapping[str, Any]:
    """The next message of one type."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            item = await connection.outbox.get()
            assert isinstance(item, Mapping)
            if item["type"] == kind:
                return item


async def offer(
    session: LiveSession, connection: Connection, sender: RTCPeerConnection, camera: White | None = None
) -> None:
    """Do what the seller's page does: offer a small copy of the camera and take the answer."""
    sender.addTrack(camera or White())
    await sender.setLocalDescription(await sender.createOffer())
    description = {"type": "offer", "sdp": sender.localDescription.sdp}
    await session.receive(connection, json.dumps({"type": "analysis.offer", "description": description}))
    answer = (await heard(connection, "analysis"))["description"]
    await sender.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))


async def test_frames_of_the_sellers_camera_become_hints_for_both_sides() -> None:
    """Pixels travel by WebRTC to the service's peer; the hint reaches both pages, and its age is measured."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor, metrics)
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
        live = sessions(Record(), executor)
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
        live = sessions(Record(), executor)
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
        live = sessions(Record(), executor)
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
        live = sessions(Record(), executor)
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

    class Broken(Record):
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
            kinds = [item["type"] for item in told if isinstance(item, Mapping)]
            assert "command" not in kinds
            assert kinds[-1] == "pong"


async def test_a_consent_withdrawn_unheard_is_found_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost message does not keep anybody looking: the session reads the record now and then."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    monkeypatch.setattr("inspection_service.sessions.live.FACTS_S", 0.0)
    record = Record()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(operator, json.dumps({"type": "call.open"}))
            assert (await heard(seller, "call"))["state"] == "ringing"
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            assert (await heard(seller, "call"))["state"] == "accepted"
            record.now = replace(FACTS, live_level="off", last_seq=1)
            ended = await heard(seller, "call")
            assert (ended["state"], ended["reason"]) == ("ended", "consent-withdrawn")


async def test_a_log_that_has_not_grown_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred quiet calls would keep the database busy with answers everybody knows."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.001)
    monkeypatch.setattr("inspection_service.sessions.live.FACTS_S", 0.0)
    record = Record()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}):
            await reached(lambda: record.heads_read >= 5)
            assert record.facts_read == 0


async def test_what_no_event_tells_is_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim lapses by the clock alone."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.001)
    monkeypatch.setattr("inspection_service.sessions.live.FACTS_S", 0.0)
    monkeypatch.setattr("inspection_service.sessions.live.ALL_FACTS_S", 0.0)
    record = Record()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}):
            await reached(lambda: record.facts_read >= 2)


async def test_what_the_record_allows_by_now_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page claims, or is allowed, by HTTP and acts at once: the news of it may still be on its way to the session."""
    monkeypatch.setattr("inspection_service.sessions.live.STALE_S", 0.0)
    record = Record(replace(FACTS, claimed_by=None, live_level="off"))
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            record.now = replace(FACTS, live_level="off")
            await session.receive(operator, json.dumps({"type": "call.open"}))
            assert (await heard(seller, "call"))["state"] == "ringing"
            record.now = replace(FACTS, live_level="watch")
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            assert (await heard(operator, "call"))["state"] == "ringing"
            assert (await heard(operator, "call"))["state"] == "accepted"
            command = {"type": "command", "id": "k1", "name": "torch", "args": {"on": True}}
            await session.receive(operator, json.dumps(command))
            assert (await heard(operator, "ack"))["error"] == "level-needed"
            record.now = FACTS
            await session.receive(operator, json.dumps(command))
            assert (await heard(seller, "command"))["name"] == "torch"


# --- frames over the WebSocket ------------------------------------------------------------------


def jpeg(*, width: int = 640, height: int = 360, brightness: int = 250) -> bytes:
    is_ok, data = cv2.imencode(".jpg", np.full((height, width, 3), brightness, np.uint8))
    assert is_ok
    return data.tobytes()


def counted(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_where_no_udp_passes_jpegs_become_hints_too() -> None:
    """Upright or lying down; counted apart, so that the share of such sessions is known."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor, metrics)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(seller, jpeg())
            assert (await heard(operator, "hint"))["code"] == "too_bright"
            await session.receive(seller, json.dumps({"type": "watch.step", "step_id": "rear"}))
            await session.receive(seller, jpeg(width=360, height=640, brightness=9))
            hint = await heard(seller, "hint")
            while hint["step_id"] != "rear":
                hint = await heard(seller, "hint")
            assert hint["code"] == "too_dark"
    assert counted(metrics, "inspection_analysis_frames_total", path="jpeg") == 2
    assert counted(metrics, "inspection_analysis_sessions_total", path="jpeg") == 1
    assert counted(metrics, "inspection_analysis_frames_total", path="udp") == 0


async def test_of_jpegs_that_come_too_fast_most_are_dropped() -> None:
    """Three a second are looked at, whatever a page sends."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor, metrics)
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            data = jpeg()
            for _ in range(60):
                await session.receive(seller, data)
            await heard(seller, "hint")
    assert 3 <= counted(metrics, "inspection_analysis_frames_total", path="jpeg") < 60


@pytest.mark.parametrize(
    ("data", "slug"),
    [
        (b"", "not-an-image"),
        (b"\x89PNG\r\n\x1a\n", "not-an-image"),
        (b"\xff\xd8\xff nonsense", "image-truncated"),
        (jpeg()[:400], "image-truncated"),
        (jpeg(width=1280, height=720), "image-too-large"),
        (b"\xff\xd8\xff" + bytes(MAX_JPEG_BYTES), "malformed-message"),
    ],
    ids=["empty", "png", "nonsense", "half", "large", "heavy"],
)
async def test_a_binary_message_that_is_no_small_jpeg_is_a_problem_and_nothing_else(
    data: bytes, slug: str
) -> None:
    """Refused by its first bytes, its header or its size; the session goes on."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor)
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await session.receive(seller, data)
            assert (await heard(seller, "problem"))["problem"]["type"].rpartition(":")[2] == slug
            await session.receive(seller, jpeg())
            assert (await heard(seller, "hint"))["code"] == "too_bright"


async def test_a_jpeg_needs_consent_and_an_operator_sends_none() -> None:
    """The operator's page is closed with 4400."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(replace(FACTS, live_level="off")), executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(seller, jpeg())
            assert (await heard(seller, "problem"))["problem"]["type"].endswith("consent-missing")
            await session.receive(operator, jpeg())
            told = [operator.outbox.get_nowait() for _ in range(operator.outbox.qsize())]
            assert isinstance(told[-1], Farewell)
            assert told[-1].code == 4400


async def test_a_peer_that_delivers_keeps_jpegs_out() -> None:
    """One path at a time: a page does not send the same picture twice."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor, metrics)
        sender = RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await offer(session, seller, sender)
            await heard(seller, "hint")
            await session.receive(seller, jpeg())
        await sender.close()
    assert counted(metrics, "inspection_analysis_frames_total", path="jpeg") == 0
    assert counted(metrics, "inspection_analysis_frames_total", path="udp") >= 1
    assert counted(metrics, "inspection_analysis_sessions_total", path="udp") == 1


async def test_a_peer_that_falls_silent_is_given_up_and_the_page_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Aiortc would notice after half a minute; an offer whose network never connects is noticed the same way."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    monkeypatch.setattr(peer, "SILENCE_TIMEOUT_S", 0.2)
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor)
        sender = RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            sender.addTrack(White())
            await sender.setLocalDescription(await sender.createOffer())
            description = {"type": "offer", "sdp": sender.localDescription.sdp}
            await session.receive(seller, json.dumps({"type": "analysis.offer", "description": description}))
            assert (await heard(seller, "analysis"))["description"] is not None
            assert (await heard(seller, "analysis"))["description"] is None
        await sender.close()


async def test_a_peer_that_sends_huge_frames_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages send 640x360; who sends more wants our processor."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor, metrics)
        sender = RTCPeerConnection()
        async with live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller):
            await offer(session, seller, sender, White(1600, 1200))
            assert (await heard(seller, "analysis"))["description"] is None
        await sender.close()
    assert counted(metrics, "inspection_analysis_frames_total", path="udp") == 0


async def test_a_session_ends_when_nobody_comes_back_to_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its end cannot be written any more, because the inspection is closed: nothing is left running."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    monkeypatch.setattr("inspection_service.media.signalling.call.OPERATOR_ABSENCE_S", 0.1)

    class Sealed(Record):
        async def record(
            self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
        ) -> object:
            if kind == "call.ended":
                raise Closed
            return await super().record(inspection_id, kind, actor, data)

    with ThreadPoolExecutor(1) as executor:
        live = sessions(Sealed(), executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(operator, json.dumps({"type": "call.open"}))
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            assert (await heard(operator, "call"))["state"] == "ringing"
        assert len(live) == 1
        async with asyncio.timeout(PATIENCE_S), live.at_desk("op_7") as desk:
            await desk.next()
        await live.settled()
        assert len(live) == 0
        assert live.call(INSPECTION) is None


async def test_a_call_left_by_a_restart_ends_also_when_no_page_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The record does not say for ever that two people talk."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.01)
    monkeypatch.setattr("inspection_service.media.signalling.call.OPERATOR_ABSENCE_S", 0.1)
    left = OngoingCallFacts("c-1", OperatorId("op_1"), "Ada", FakeClock().now(), is_paused=False, viewers=())
    record = Record(replace(FACTS, call=left))
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with asyncio.timeout(PATIENCE_S), live.at_desk("op_7") as desk:
            await live.resume(INSPECTION)
            assert live.call(INSPECTION) is not None
            await desk.next()
        await live.settled()
        assert (record.kinds, len(live)) == (["call.ended"], 0)
        record.now = FACTS
        await live.resume(INSPECTION)
        assert len(live) == 0


async def test_a_call_ends_with_a_case_that_is_called_off() -> None:
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(operator, json.dumps({"type": "call.open"}))
            await session.receive(seller, json.dumps({"type": "call.accept"}))
            await live.note(INSPECTION, "inspection.cancelled", Actor("platform", "t"), {})
            states = [(await heard(operator, "call"))["state"] for _ in range(3)]
            assert states == ["ringing", "accepted", "ended"]


# --- words and lists ----------------------------------------------------------------------------


async def test_a_sentence_is_stored_and_shown_to_everybody() -> None:
    """Its author's page recognises it by its own id."""
    record = Record()
    with ThreadPoolExecutor(1) as executor:
        live = sessions(record, executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            words = {"type": "chat", "id": "m1", "text": "A step back, please", "read_aloud": True}
            await session.receive(operator, json.dumps(words))
            shown = dict(await heard(seller, "chat"))
            assert shown == {
                "type": "chat",
                "id": "msg_1",
                "from": "operator",
                "name": "Ada",
                "text": "A step back, please",
                "at": "2026-11-22T12:00:00.000Z",
                "read_aloud": True,
            }
            assert dict(await heard(operator, "chat")) == shown | {"client_id": "m1"}
    assert record.said == ["A step back, please"]


async def test_a_sentence_that_cannot_be_stored_is_shown_to_nobody() -> None:
    """Its author is told, with the page's own id."""

    class Full(Record):
        async def say(
            self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
        ) -> ChatMessage:
            raise OSError("the database is away")

    with ThreadPoolExecutor(1) as executor:
        live = sessions(Full(), executor)
        async with (
            live.connect(INSPECTION, SELLER, {"type": "welcome"}) as (session, seller),
            live.connect(INSPECTION, OPERATOR, {"type": "welcome"}) as (_, operator),
        ):
            await session.receive(seller, json.dumps({"type": "chat", "id": "m1", "text": "Hello"}))
            problem = (await heard(seller, "problem"))["problem"]
            assert (problem["type"].rpartition(":")[2], problem["id"]) == ("unavailable", "m1")
            await session.receive(operator, json.dumps({"type": "ping"}))
            told = [operator.outbox.get_nowait() for _ in range(operator.outbox.qsize())]
            assert not any(isinstance(each, Mapping) and each["type"] == "chat" for each in told)


async def test_operators_lists_hear_of_pages_and_calls() -> None:
    """A seller's page that opens is in no event log, and still moves the row; who has a list open is online."""
    with ThreadPoolExecutor(1) as executor:
        live = sessions(Record(), executor)
        async with live.at_desk("op_7") as desk, asyncio.timeout(PATIENCE_S):
            async with live.connect(INSPECTION, SELLER, {"type": "welcome"}):
                assert await desk.next() == INSPECTION
                async with live.connect(INSPECTION, OPERATOR, {"type": "welcome"}):
                    assert live.operators_online == {"op_7", "op_1"}
                assert await desk.next() == INSPECTION
            assert live.operators_online == {"op_7"}
        assert live.operators_online == frozenset()


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
