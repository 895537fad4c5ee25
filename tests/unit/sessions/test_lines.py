"""A command reaches the phone when the log knows of it, and what the phone has done is not forgotten."""

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

    def __init__(self) -> None:
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


async def test_the_phone_hears_a_command_when_its_line_stands_and_what_comes_next_waits_for_it() -> None:
    record = Record()
    async with call(record) as pair:
        record.may_end.clear()
        asking = asyncio.create_task(pair.ask("k1"))
        await record.begun.wait()
        next_one = asyncio.create_task(pair.ask("k2"))
        for _ in range(10):
            await asyncio.sleep(0)
        assert pair.heard == []
        record.may_end.set()
        await asyncio.gather(asking, next_one)
        assert record.lines == [("sent", 1), ("sent", 2)]
        assert pair.heard == [1, 2]


async def test_who_the_record_refuses_steers_nothing() -> None:
    """Another node has the session: the phone of this one must not have heard."""
    record = Record()
    async with call(record) as pair:
        record.failure = SessionMoved()
        await pair.ask("k1")
        assert pair.heard == []


async def test_an_answer_that_could_not_be_written_is_written_first_and_nothing_is_asked_before() -> None:
    """The database goes away between the command and its answer: what the phone did is in the log in the end."""
    record = Record()
    async with call(record) as pair:
        await pair.ask("k1")
        assert pair.heard == [1]
        record.failure = OSError("the database is away")
        await pair.answer("k1")
        await pair.ask("k2")
        assert (pair.heard, record.lines) == ([], [("sent", 1)])
        record.failure = None
        await pair.ask("k3")
        assert pair.heard == [3]
        assert record.lines == [("sent", 1), ("acknowledged", 1), ("sent", 3)]


async def test_what_is_owed_is_written_as_soon_as_the_record_can_be_and_keeps_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when everybody has gone: the session is not forgotten before its log is whole."""
    monkeypatch.setattr("inspection_service.sessions.live.TICK_S", 0.001)
    record = Record()
    async with call(record) as pair:
        await pair.ask("k1")
        record.failure = OSError("the database is away")
        await pair.answer("k1")
        await pair.session.receive(pair.desk, json.dumps({"type": "call.end"}))
        await pair.session.leave(pair.phone)
        await pair.session.leave(pair.desk)
        assert not pair.session.is_empty
        is_forgettable = asyncio.Event()
        pair.session.on_change = lambda: is_forgettable.set() if pair.session.is_empty else None
        running = asyncio.create_task(pair.session.run())
        record.failure = None
        await is_forgettable.wait()
        assert record.lines == [("sent", 1), ("acknowledged", 1)]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_page_that_goes_away_does_not_stop_a_line_that_was_begun() -> None:
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
        assert record.lines == [("sent", 1)]


async def test_a_log_that_has_ended_is_owed_nothing() -> None:
    """The case was sealed at the same moment: its log takes no more, and the session does not try for ever."""
    record = Record()
    async with call(record) as pair:
        await pair.ask("k1")
        record.failure = Closed()
        await pair.answer("k1")
        record.failure = None
        await pair.ask("k2")
        assert record.lines == [("sent", 1), ("sent", 2)]
