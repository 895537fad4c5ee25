"""What nodes say to each other: read as it was written, bounded, and nobody falls over what is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.inspections.broker_bus import CHANNEL, BrokerBus
from inspection_service.inspections.bus import Hint, Published
from inspection_service.inspections.records import SERVICE, Event, InspectionId, TenantId
from inspection_service.media.signalling import OngoingCall, Participant
from inspection_service.sessions.board import (
    FORGET_S,
    SESSIONS_PER_MESSAGE,
    Board,
    Shown,
    changes,
    last_words,
)
from inspection_service.sessions.frames import Bye, Echo, Frame, Join, Left, Probe, Said, Told, read, written
from inspection_service.storage.broker import MAX_MESSAGE_BYTES
from inspection_service.testing import NOON, FakeClock, MemoryBroker, MemoryExchange

pytestmark = pytest.mark.unit
CASE = InspectionId("ins_1")
WHO = Participant("con_1", "operator", "op_1", "Zoë\n[x]", True)
FRAMES: list[Frame] = [
    Join("node_a", CASE, WHO, {"type": "welcome", "heartbeat_s": 5.0}),
    Said("con_1", 3, '{"type":"chat","text":"two\nlines"}'),
    Said("con_1", 4, b"\xff\xd8\xff\n\x00"),
    Left("con_1"),
    Told("con_1", 9, '{"type":"pong"}'),
    Bye("con_1", 4409, "opened in another tab"),
    Probe("node_a", 7),
    Echo("node_b", 7),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_is_read_as_it_was_written(frame: Frame) -> None:
    """Also with line ends and other alphabets in it."""
    assert read(written(frame)) == frame


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b"[" * 5000,
        b'["join","n","i",{"role":"admin"},{}]',
        b'["join","n","i",{"connection_id":"c","role":"seller","actor_id":"a","name":"n","may_supervise":1},{}]',
        b'["said","c","3"]\nx',
        b'["told","c",0]\n\xff',
        b'["bye","c",4409]',
        b'["x"' + b" " * 9000 + b"]",
    ],
)
def test_what_is_no_frame_is_nothing(message: bytes) -> None:
    """Another release's words, or nobody's."""
    assert read(message) is None


@given(st.binary(max_size=300))
def test_no_bytes_upset_a_node(message: bytes) -> None:
    """Neither as a frame, nor on the board, nor as a hint."""
    read(message)
    exchange = MemoryExchange(FakeClock())
    broker = MemoryBroker(exchange)
    BrokerBus(broker, "node_a")
    broker.send(CHANNEL, message)
    Board("node_a").take(message)


def test_the_largest_frame_of_a_page_passes() -> None:
    """A message of as many characters as are read at most, each of which takes four bytes."""
    assert len(written(Said("c" * 64, 10**9, "🚗" * 64 * 1024))) <= MAX_MESSAGE_BYTES


def test_the_board_knows_what_others_tell_until_they_fall_silent() -> None:
    """Changes at once, lost ones with the next whole, a silent node not at all."""
    clock = FakeClock()
    board = Board("node_a", clock.monotonic_s)
    call = OngoingCall("call_1", "op_1", "Olivia", "accepted", paused=True)
    shown = Shown(True, ("Olivia",), ("op_1",), call)

    def take(messages: list[bytes]) -> set[str]:
        return {str(changed) for message in messages for changed in board.take(message)}

    assert take(changes("node_b", {CASE: shown}, desks=["op_2"])) == {CASE}
    assert take(changes("node_b", {CASE: shown})) == set()
    assert (board.shown(CASE), board.operators_online) == (shown, frozenset({"op_1", "op_2"}))
    other = InspectionId("ins_2")
    assert take(changes("node_b", {other: Shown()}, all_of=[other])) == {CASE, other}
    assert (board.shown(CASE), board.shown(other)) == (None, Shown())
    assert take(changes("node_b", {other: None})) == {other}
    take(changes("node_b", {CASE: shown}))
    clock.advance(seconds=FORGET_S - 1)
    assert board.forget_silent() == frozenset()
    clock.advance(seconds=1)
    assert board.forget_silent() == {CASE}
    assert (board.shown(CASE), board.operators_online) == (None, frozenset())
    take(changes("node_b", {CASE: shown}))
    assert take([last_words("node_b")]) == {CASE}
    assert take(changes("node_a", {CASE: shown})) == set()  # its own words


def test_a_node_with_thousands_of_sessions_tells_of_them_in_messages_that_pass() -> None:
    """However many; and all are known in the end."""
    board = Board("node_a")
    cases = [InspectionId(f"ins_{number:032d}") for number in range(3 * SESSIONS_PER_MESSAGE + 1)]
    messages = changes("node_b", dict.fromkeys(cases, Shown(True, ("O" * 200,), ("o" * 64,))), all_of=cases)
    assert len(messages) == 4
    assert all(len(message) <= MAX_MESSAGE_BYTES for message in messages)
    assert {changed for message in messages for changed in board.take(message)} == set(cases)
    assert all(board.shown(case) for case in cases)


async def test_other_nodes_get_a_hint_and_no_word_of_what_the_event_says() -> None:
    """Here the event itself; there its number and kind; and when messages were lost, a call to look into the log."""
    exchange = MemoryExchange(FakeClock())
    brokers = [MemoryBroker(exchange) for _ in range(2)]
    here, there = (BrokerBus(broker, f"node_{number}") for number, broker in enumerate(brokers))
    sent: list[bytes] = []
    exchange.drop = lambda _, message: bool(sent.append(message))  # type: ignore[func-returns-value]
    event = Event(7, NOON, "chat.said", SERVICE, {"message_id": "msg_secret"})
    published = Published(TenantId("ten_1"), CASE, event)
    async with (
        here.subscribe() as near,
        there.subscribe(CASE) as far,
        there.subscribe(InspectionId("x")) as not_his,
    ):
        await here.publish(published)
        assert await near.next(60) == published
        assert await far.next(60) == Published(TenantId("ten_1"), CASE, Hint(7, "chat.said"))
        assert json.loads(sent[0]) == ["node_0", "ten_1", CASE, 7, "chat.said"]
        brokers[1].lose()
        assert await far.next(60) is None
        assert await not_his.next(60) is None
        await here.publish(published)
        brokers[1].find()
        assert await far.next(60) is None  # it looks into the log, and finds what it was not told
        assert await near.next(60) == published
