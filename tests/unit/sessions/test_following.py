"""A session follows its log, each line once and in order, whatever it was told and was not told of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inspection_service.inspections.bus import Hint, Published
from inspection_service.inspections.records import Actor, Event, InspectionId, TenantId
from inspection_service.sessions import LiveSessions
from inspection_service.testing import NOON
from tests.unit.sessions.nodes import CASE, SELLER, TestNode, nodes

pytestmark = pytest.mark.unit
OPERATOR = Actor("operator", "op_1", "Olivia")


class Log:
    """The log of one inspection, and how often it was read."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.reads = 0

    async def read(self, _: InspectionId, after: int) -> Sequence[Event]:
        """Return what comes after a number."""
        self.reads += 1
        return [event for event in self.events if event.seq > after]

    def write(self, kind: str) -> Published:
        """Write an event; return what the bus says of it."""
        self.events.append(Event(len(self.events) + 1, NOON, kind, OPERATOR, {}))
        return Published(TenantId("ten_1"), CASE, self.events[-1])

    def hint(self, kind: str) -> Published:
        """Write an event; return what other nodes hear of it."""
        event = self.write(kind).event
        return Published(TenantId("ten_1"), CASE, Hint(event.seq, event.kind))


def following(node: TestNode, log: Log) -> tuple[LiveSessions, list[str]]:
    """Have a node's sessions follow a log; return what they noted."""
    noted: list[str] = []
    node.local._read_events = log.read
    running = node.local._running[CASE].session

    async def note(kind: str, actor: Actor, data: object) -> None:
        noted.append(kind)

    running.note = note  # type: ignore[method-assign]
    return node.local, noted


async def test_every_event_is_followed_once_and_in_order() -> None:
    """Those that come in order are not read again; gaps, hints and what comes twice are told by the log."""
    log = Log()
    async with nodes("a") as (_, (node,)), node.page(SELLER):
        live, noted = following(node, log)
        for kind in ("one", "two"):
            await live.follow(log.write(kind))
        assert (noted, log.reads) == (["one", "two"], 0)
        late = log.write("three")
        await live.follow(log.write("four"))
        await live.follow(late)
        assert noted == ["one", "two", "three", "four"]
        await live.follow(log.hint("five"))
        log.write("six")
        await live.follow(None)
        await live.follow(log.hint("seven"))
        assert noted == ["one", "two", "three", "four", "five", "six", "seven"]


async def test_an_inspection_without_a_session_costs_nothing() -> None:
    """Nodes hear of every event of every inspection: those of others are not read."""
    log = Log()
    async with nodes("a") as (_, (node,)):
        node.local._read_events = log.read
        await node.local.follow(log.hint("one"))
        await node.local.follow(None)
    assert log.reads == 0
