"""A command reaches the phone while its line is being written, and the log is true all the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest

from inspection_service.errors import Closed
from inspection_service.inspections.errors import SessionMoved
from inspection_service.inspections.records import Actor, ChatMessage, InspectionId, OperatorId
from inspection_service.media.signalling import Participant
from inspection_service.media.turn import Relays
from inspection_service.sessions import Connection, LiveSession, SessionFacts
from inspection_service.settings import MediaSettings
from inspection_service.testing import FakeClock
from tests.unit.sessions.nodes import _Blind

pytestmark = pytest.mark.unit

CASE = InspectionId("ins_1")
FACTS = SessionFacts({"front": "front"}, "front", live_level="steer", claimed_by=OperatorId("op_1"))
PATIENCE_S = 60.0


class Record:
    """Writes when it is let, and fails when it is told to."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        self.lines: list[tuple[str, int]] = []
        self.failure: Exception | None = None
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def record(self, _: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]) -> object:
        if not kind.startswith("command."):
            return None
        self.begun.set()
        await self.may_end.wait()
        if self.failure is not None:
            raise self.failure
        self.lines.append((kind.removeprefix("command."), int(data["no"])))
        return None

    async def say(
        self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
    ) -> ChatMessage:
        raise AssertionError("nobody writes here")

    async def facts(self, _: InspectionId) -> SessionFacts:
        return FACTS

    async def head(self, _: InspectionId) -> int:
        return FACTS.last_seq


class Pair:
    """Both pages of a call that goes on."""

    def __init__(self, session: LiveSession, phone: Connection, desk: Connection) -> None:
        self.session, self.phone, self.desk = session, phone, desk

    async def ask(self, command_id: str) -> None:
        """Send a command from the desk."""
        told = {"type": "command", "id": command_id, "name": "take_photo", "args": {}}
        await self.session.receive(self.desk, json.dumps(told))

    async def answer(self, command_id: str) -> None:
        """Answer it from the phone."""
        told = {"type": "ack", "id": command_id, "ok": True, "effect": {"method": "canvas"}, "error": None}
        await self.session.receive(self.phone, json.dumps(told))

    @property
    def heard(self) -> list[int]:
        """Numbers of the commands that have reached the phone since this was last read."""
        told = [self.phone.outbox.get_nowait() for _ in range(self.phone.outbox.qsize())]
        return [each["no"] for each in told if isinstance(each, Mapping) and each["type"] == "command"]


@asynccontextmanager
async def call(record: Record) -> AsyncIterator[Pair]:
    """Let a seller and an operator talk."""
    phone = Connection(Participant("c1", "seller", "ins_1", "seller"))
    desk = Connection(Participant("c2", "operator", "op_1", "Ada"))
    with ThreadPoolExecutor(1) as executor:
        session = LiveSession(
            CASE,
            FACTS,
            record=record,
            guide=_Blind(),
            executor=executor,
            relays=Relays(MediaSettings(), FakeClock()),
        )
        async with asyncio.timeout(PATIENCE_S):
            await session.join(phone)
            await session.join(desk)
            await session.receive(desk, json.dumps({"type": "call.open"}))
            await session.receive(phone, json.dumps({"type": "call.accept"}))
            yield Pair(session, phone, desk)


async def test_the_phone_hears_a_command_before_its_line_is_written_and_its_answer_waits_for_that_line() -> (
    None
):
    record = Record()
    async with call(record) as pair:
        record.may_end.clear()
        asking = asyncio.create_task(pair.ask("k1"))
        await record.begun.wait()
        assert pair.heard == [1]
        assert record.lines == []
        answering = asyncio.create_task(pair.answer("k1"))
        next_one = asyncio.create_task(pair.ask("k2"))
        for _ in range(10):
            await asyncio.sleep(0)
        assert pair.heard == []  # the second command waits for the first one's line
        record.may_end.set()
        await asyncio.gather(asking, answering, next_one)
        assert record.lines == [("sent", 1), ("acknowledged", 1), ("sent", 2)]
        assert pair.heard == [2]


async def test_where_another_node_might_have_the_session_nothing_is_done_before_it_is_written() -> None:
    """The record refuses a node that was cut off; its phone must not have heard by then."""
    record = Record(is_shared=True)
    async with call(record) as pair:
        record.may_end.clear()
        asking = asyncio.create_task(pair.ask("k1"))
        await record.begun.wait()
        assert pair.heard == []
        record.may_end.set()
        await asking
        assert pair.heard == [1]
        record.failure = SessionMoved()
        await pair.ask("k2")
        assert pair.heard == []


async def test_a_line_that_could_not_be_written_is_written_first_and_nothing_is_asked_of_the_phone_before() -> (
    None
):
    """The database is away: one command may have run ahead; the next ones wait until the log has it."""
    record = Record()
    async with call(record) as pair:
        record.failure = OSError("the database is away")
        await pair.ask("k1")
        assert pair.heard == [1]
        await pair.ask("k2")
        assert pair.heard == []
        await pair.answer("k1")
        assert record.lines == []
        record.failure = None
        await pair.ask("k3")
        assert pair.heard == [3]
        assert record.lines == [("sent", 1), ("acknowledged", 1), ("sent", 3)]
        await pair.answer("k3")
        assert record.lines[-1] == ("acknowledged", 3)


async def test_what_is_owed_is_written_as_soon_as_the_record_can_be_and_keeps_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when everybody has gone: the session is not forgotten before its log is whole."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.001)
    record = Record()
    async with call(record) as pair:
        record.failure = OSError("the database is away")
        await pair.ask("k1")
        await pair.session.receive(pair.desk, json.dumps({"type": "call.end"}))
        await pair.session.leave(pair.phone)
        await pair.session.leave(pair.desk)
        assert not pair.session.is_empty
        is_forgettable = asyncio.Event()
        pair.session.on_change = lambda: is_forgettable.set() if pair.session.is_empty else None
        running = asyncio.create_task(pair.session.run())
        record.failure = None
        await is_forgettable.wait()
        assert record.lines == [("sent", 1)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_page_that_goes_away_does_not_stop_the_line_of_what_the_phone_has_heard() -> None:
    record = Record()
    async with call(record) as pair:
        record.may_end.clear()
        asking = asyncio.create_task(pair.ask("k1"))
        await record.begun.wait()
        asking.cancel()
        await asyncio.sleep(0)
        record.may_end.set()
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.cancelled()
        assert (pair.heard, record.lines) == ([1], [("sent", 1)])


async def test_a_log_that_has_ended_is_owed_nothing() -> None:
    """The case was sealed at the same moment: its log takes no more, and the session does not try for ever."""
    record = Record()
    async with call(record) as pair:
        record.failure = Closed()
        await pair.ask("k1")
        record.failure = None
        await pair.ask("k2")
        assert record.lines == [("sent", 2)]
