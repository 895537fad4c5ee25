"""The protocol over lines that lose, repeat and reorder, between people who come, go, change their minds and forge."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection_service.inspections.calls import ongoing_call
from inspection_service.inspections.records import Actor, Event, LiveLevel
from inspection_service.inspections.views import allows
from inspection_service.media.signalling import (
    COMMANDS,
    MAX_VIEWERS,
    SELLER_ASKED_S,
    Close,
    Effect,
    Log,
    Participant,
    Send,
    SentCommand,
    Signalling,
)
from inspection_service.testing import NOON
from tests.unit.media.room import (
    COLLEAGUE,
    OFFER,
    OPERATOR,
    OPERATOR_AGAIN,
    SELLER,
    SELLER_AGAIN,
    SUPERVISOR,
    command,
    in_call,
    logged,
    message,
    sent,
)

pytestmark = pytest.mark.unit

# --- commands over lossy lines ------------------------------------------------------------------


class Line:
    """Carries messages one way: some are lost, some come twice, some come late."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._under_way: list[str] = []

    def put(self, text: str) -> None:
        self._under_way += [text] * self._chance.choice((0, 1, 1, 2))

    def take(self) -> list[str]:
        """What arrives now, in any order; the rest comes later."""
        self._chance.shuffle(self._under_way)
        arrived = self._chance.randint(0, len(self._under_way))
        taken, self._under_way = self._under_way[:arrived], self._under_way[arrived:]
        return taken


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_each_command_is_carried_out_at_most_once_and_has_one_answer(seed: int) -> None:
    """The operator's page repeats until it hears; the phone's answers are lost, doubled and late, too."""
    chance = random.Random(seed)
    signalling, to_service, from_phone = in_call(), Line(chance), Line(chance)
    wanted = {f"k{number}" for number in range(8)}
    done: Counter[str] = Counter()
    answers: dict[str, set[bool]] = {}
    lines: list[Log] = []
    now_s = 3.0

    def carry_out(effects: list[Effect]) -> None:
        lines.extend(e for e in effects if isinstance(e, Log))
        for asked in sent(effects, SELLER, "command"):
            done[asked["id"]] += 1
            from_phone.put(message("ack", id=asked["id"], ok=True, effect={"torch": True}))
        for told in sent(effects, OPERATOR, "ack"):
            answers.setdefault(told["id"], set()).add(told["ok"])

    while set(answers) < wanted:
        now_s += 1.0
        for command_id in sorted(wanted - set(answers)):
            to_service.put(command(command_id, "torch", on=True))
        for text in to_service.take():
            carry_out(signalling.receive(OPERATOR, text, now_s))
        for text in from_phone.take():
            carry_out(signalling.receive(SELLER, text, now_s))
        carry_out(signalling.tick(now_s))
        assert now_s < 10_000

    assert set(done.values()) == {1}
    assert all(len(each) == 1 for each in answers.values())
    carry_out(signalling.tick(now_s + SELLER_ASKED_S))
    kinds = Counter((line.kind, line.data["id"]) for line in lines)
    assert set(kinds.values()) == {1}
    assert [line.data["no"] for line in lines if line.kind == "command.sent"] == list(range(1, 9))


# --- anything at all ----------------------------------------------------------------------------

PAGES = (SELLER, SELLER_AGAIN, OPERATOR, OPERATOR_AGAIN, COLLEAGUE, SUPERVISOR)
LEVELS: tuple[LiveLevel, ...] = ("off", "watch", "point", "steer")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "go_to_step": {"step_id": "front"},
    "show_example": {"step_id": "front"},
    "torch": {"on": True},
    "zoom": {"level": 2},
    "record": {"on": True},
}

SELLERS = [page for page in PAGES if page.role == "seller"]
OPERATORS = [page for page in PAGES if page.role == "operator"]
Happening = tuple[str, Any, Any]


def happening(chance: random.Random) -> Happening:
    """Draw what happens next: mostly messages, mostly of the side they belong to, now and then a change."""
    kind = chance.choices(
        ("receive", "join", "leave", "claim", "consent", "wait", "restart"), (60, 12, 6, 5, 5, 10, 2)
    )[0]
    match kind:
        case "receive":
            page = chance.choice(SELLERS if chance.random() < 0.45 else OPERATORS)
            is_forged = chance.random() < 0.1
            draw = sellers_text if (page.role == "seller") != is_forged else operators_text
            return kind, page, draw(chance)
        case "join" | "leave":
            return kind, chance.choice(PAGES), None
        case "claim":
            return kind, chance.choice(("op_1", "op_1", "op_1", "op_2", None)), None
        case "consent":
            return kind, chance.choice((*LEVELS, "steer", "steer")), chance.random() < 0.5
        case "wait":
            return kind, chance.choice((0.2, 1.0, 3.0, 15.0, 70.0)), None
        case _:
            return kind, None, None


def sellers_text(chance: random.Random) -> str:
    return chance.choice(
        (
            message(
                chance.choice(("call.accept", "call.accept", "call.pause", "call.resume", "call.resume"))
            ),
            message("ack", id=f"k{chance.randrange(9)}", ok=chance.random() < 0.5),
            message("ack", id=f"k{chance.randrange(9)}", ok=chance.random() < 0.5),
            message("viewer.end", viewer_id=chance.choice(("c6", "c3", "nobody"))),
            message("phone", phone={"visible": True}),
            noise(chance),
        )
    )


def operators_text(chance: random.Random) -> str:
    name = chance.choice(sorted(COMMANDS))
    return chance.choice(
        (
            message("call.open"),
            command(f"k{chance.randrange(9)}", name, **ARGUMENTS.get(name, {})),
            command(f"k{chance.randrange(9)}", name, **ARGUMENTS.get(name, {})),
            message(chance.choice(("watch.join", "watch.join", "watch.leave"))),
            message("chat", id="m1", text="Hello"),
            noise(chance),
        )
    )


def noise(chance: random.Random) -> str:
    to = chance.choice((None, None, "c6", "c3", "nobody"))
    signal = message("signal", viewer_id=to, payload=OFFER)
    return chance.choice((signal, signal, signal, message("call.end"), message("ice"), message("fly"), "{"))


IN_CALL: tuple[Happening, ...] = (
    ("claim", "op_1", None),
    ("consent", "steer", True),
    *(("join", page, None) for page in (SELLER, OPERATOR, SUPERVISOR)),
    ("receive", OPERATOR, message("call.open")),
    ("receive", SELLER, message("call.accept")),
    ("receive", SUPERVISOR, message("watch.join")),
)


class World:
    """Runs the protocol, keeps its log, and checks after each happening what must always hold."""

    def __init__(self) -> None:
        self.signalling = Signalling()
        self.now_s = 100.0
        self.log: list[Event] = []
        self.pages: set[Participant] = set()
        self.claimed_by: str | None = None
        self.level: LiveLevel = "off"
        self.waiting: dict[int, SentCommand] = {}
        self.last_no = 0

    def happen(self, what: str, first: Any, second: Any) -> None:
        match what:
            case "receive":
                self.carry_out(self.signalling.receive(first, second, self.now_s))
            case "join" if first not in self.pages:
                self.pages.add(first)
                self.carry_out(self.signalling.join(first, self.now_s))
            case "leave":
                self.pages.discard(first)
                self.carry_out(self.signalling.leave(first, self.now_s))
            case "claim":
                self.claimed_by = first
                self.carry_out(self.signalling.set_claim(first, self.now_s))
            case "consent":
                self.level = first
                self.carry_out(self.signalling.set_consents(first))
            case "wait":
                self.now_s += first
                self.carry_out(self.signalling.tick(self.now_s))
            case "restart":
                self.restart()
        self.check()

    def restart(self) -> None:
        """The service dies; a new one reads the log, and the pages come back to it."""
        self.signalling = Signalling()
        self.carry_out(
            self.signalling.resume(
                now_s=self.now_s,
                call=ongoing_call(self.log),
                commands_sent=self.last_no,
                unanswered=tuple(self.waiting.values()),
            )
        )
        self.carry_out(self.signalling.set_consents(self.level))
        self.carry_out(self.signalling.set_claim(self.claimed_by, self.now_s))
        for page in sorted(self.pages, key=lambda page: page.connection_id):
            self.carry_out(self.signalling.join(page, self.now_s))

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Log(by, kind, data):
                    self.write(by, kind, dict(data))
                case Send(to, told):
                    assert to in self.pages
                    self.check_sent(to, dict(told))
                case Close(to, _, _):
                    self.pages.discard(to)
                case _:
                    pass

    def write(self, by: Participant, kind: str, data: dict[str, Any]) -> None:
        at = NOON + timedelta(seconds=self.now_s)
        self.log.append(Event(len(self.log) + 1, at, kind, Actor(by.role, by.actor_id, by.name), data))
        if kind == "command.sent":
            assert data["no"] == self.last_no + 1
            self.last_no = data["no"]
            self.waiting[data["no"]] = SentCommand(data["id"], data["no"], data["name"], by)
        elif kind == "command.acknowledged":
            assert self.waiting.pop(data["no"]).id == data["id"]  # sent, and not answered before

    def check_sent(self, to: Participant, told: dict[str, Any]) -> None:
        call = self.signalling.call
        match told["type"]:
            case "command":
                newest = self.log[-1]
                assert (newest.kind, newest.data["no"]) == ("command.sent", told["no"])
                assert newest.actor.id == self.claimed_by
                assert to == self.signalling.seller
                assert call is not None
                assert call.state == "accepted"
                assert not call.paused
                assert allows(self.level, COMMANDS[told["name"]].level)
            case "signal":
                assert call is not None
                assert call.state == "accepted"
                viewers = {viewer.viewer_id for viewer in call.viewers}
                assert told.get("viewer_id") is None or told["viewer_id"] in viewers
                is_watching = to.connection_id in viewers
                assert to.role == "seller" or to.actor_id == call.operator_id or is_watching

    def check(self) -> None:
        call, known = self.signalling.call, ongoing_call(self.log)
        if call is None or call.state == "ringing":
            assert known is None
            return
        assert known is not None
        assert (known.call_id, known.operator_id, known.is_paused) == (call.id, call.operator_id, call.paused)
        assert {v.viewer_id for v in known.viewers} == {v.viewer_id for v in call.viewers}
        assert len(call.viewers) <= MAX_VIEWERS
        assert self.level != "off"
        assert self.claimed_by == call.operator_id


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 150))
def test_whatever_happens_the_log_tells_it_and_nothing_goes_beyond_consent_and_claim(
    seed: int, length: int
) -> None:
    """Any order of messages, pages, consents, claims, silences and restarts: the invariants of ``World`` hold."""
    chance = random.Random(seed)
    world = World()
    for what, first, second in (*IN_CALL, *(happening(chance) for _ in range(length))):
        world.happen(what, first, second)
    world.happen("wait", SELLER_ASKED_S + 1, None)
    assert not world.waiting


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_call_goes_on_whatever_is_lost_or_doubled_before_it(seed: int) -> None:
    """Both pages repeat what they want until they see it; each state is written down once."""
    chance = random.Random(seed)
    signalling = in_call()
    signalling.receive(SELLER, message("call.end"), 2.5)
    up, down = Line(chance), Line(chance)
    written: list[str] = []
    now_s = 3.0
    while signalling.call is None or signalling.call.state != "accepted":
        now_s += 1.0
        up.put(message("call.open"))
        if signalling.call is not None:
            down.put(message("call.accept"))
        for page, line in ((OPERATOR, up), (SELLER, down)):
            for text in line.take():
                written += logged(signalling.receive(page, text, now_s))
        assert now_s < 10_000
    assert written == ["call.opened", "call.accepted"]
