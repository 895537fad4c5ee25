"""Commands: typed, allowed by level, numbered, carried out once, always answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspection_service.inspections.records import LiveLevel
from inspection_service.media.signalling import (
    COMMAND_TIMEOUT_S,
    COMMANDS,
    MAX_PENDING_COMMANDS,
    SELLER_ASKED_S,
    Log,
    Participant,
    SentCommand,
    Signalling,
)
from tests.unit.media.room import (
    COLLEAGUE,
    OPERATOR,
    OPERATOR_AGAIN,
    SELLER,
    SELLER_AGAIN,
    command,
    in_call,
    joined,
    logged,
    message,
    problem_of,
    sent,
)

pytestmark = pytest.mark.unit

ARGUMENTS: dict[str, dict[str, Any]] = {
    "go_to_step": {"step_id": "front"},
    "show_example": {"step_id": "front"},
    "torch": {"on": True},
    "zoom": {"level": 2.5},
    "record": {"on": True},
}
LEVELS: tuple[LiveLevel, ...] = ("watch", "point", "steer")


def refusal(signalling: Signalling, text: str, now_s: float = 3.0) -> dict[str, Any]:
    """The answer to a command that reaches nobody: refused at once, and not in the log."""
    effects = signalling.receive(OPERATOR, text, now_s)
    (ack,) = sent(effects, OPERATOR, "ack")
    assert ack["ok"] is False
    assert logged(effects) == []
    assert not sent(effects, SELLER, "command")
    return ack


def test_a_command_reaches_the_phone_and_its_effect_comes_back() -> None:
    """The acknowledgement carries what the camera did, and both are in the log under one number."""
    signalling = in_call()
    sending = signalling.receive(OPERATOR, command("k1"), 3.0)
    assert sent(sending, SELLER, "command") == [
        {"type": "command", "id": "k1", "no": 1, "name": "take_photo", "args": {}}
    ]
    effect = {"capture_id": "a", "width": 4032, "height": 3024, "method": "take_photo"}
    answering = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect=effect), 4.0)
    assert sent(answering, OPERATOR, "ack") == [
        {"type": "ack", "id": "k1", "no": 1, "ok": True, "effect": effect, "error": None}
    ]
    assert logged(sending) + logged(answering) == ["command.sent", "command.acknowledged"]
    assert sent(signalling.receive(OPERATOR, command("k2"), 5.0), SELLER, "command")[0]["no"] == 2


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("level", LEVELS)
def test_every_command_needs_its_level(name: str, level: LiveLevel) -> None:
    """What the seller has not allowed is refused with the level it takes, and never reaches the phone."""
    signalling = in_call(level=level)
    text = command("k1", name, **ARGUMENTS.get(name, {}))
    needed = COMMANDS[name].level
    if LEVELS.index(level) >= LEVELS.index(needed):
        assert len(sent(signalling.receive(OPERATOR, text, 3.0), SELLER, "command")) == 1
    else:
        ack = refusal(signalling, text)
        assert (ack["error"], ack["level"]) == ("level-needed", needed)


def test_a_level_taken_back_in_the_middle_counts_from_the_next_command() -> None:
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1", "torch", on=True), 3.0)
    signalling.set_consents("point")
    assert refusal(signalling, command("k2", "torch", on=False), 4.0)["error"] == "level-needed"
    late = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect={"torch": True}), 5.0)
    assert sent(late, OPERATOR, "ack")[0]["ok"] is True
    assert signalling.call is not None


def test_a_recording_is_asked_for_on_the_phone_and_the_seller_has_time_to_read() -> None:
    """Without the consent the command reaches the phone, which asks; only after a minute has nobody answered."""
    signalling = in_call(level="watch")
    asking = signalling.receive(OPERATOR, command("k1", "record", on=True), 4.0)
    assert len(sent(asking, SELLER, "command")) == 1
    assert sent(signalling.tick(4.0 + SELLER_ASKED_S - 0.1), OPERATOR, "ack") == []
    late = signalling.tick(4.0 + SELLER_ASKED_S)
    assert [ack["error"] for ack in sent(late, OPERATOR, "ack")] == ["no-answer"]


def test_what_cannot_be_done_now_is_said_at_once() -> None:
    """Without the claim, without the seller, without a call, while paused: each by its name."""
    unclaimed, absent, paused = joined(claimed=False), in_call(), in_call()
    absent.leave(SELLER, 3.0)
    paused.receive(SELLER, message("call.pause"), 2.5)
    for signalling, error in (
        (unclaimed, "claim-needed"),
        (absent, "seller-absent"),
        (joined(), "no-call"),
        (paused, "paused"),
    ):
        assert refusal(signalling, command("k1"), 4.0)["error"] == error


def test_a_command_refused_may_be_sent_again_once_it_is_allowed() -> None:
    """A refusal is no answer to remember: the seller may have tapped meanwhile."""
    signalling = in_call(level="watch")
    refusal(signalling, command("k1"))
    signalling.set_consents("steer")
    assert len(sent(signalling.receive(OPERATOR, command("k1"), 4.0), SELLER, "command")) == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("format_phone", {}),
        ("go_to_step", {}),
        ("go_to_step", {"step_id": 3}),
        ("go_to_step", {"step_id": ""}),
        ("go_to_step", {"step_id": "x" * 65}),
        ("go_to_step", {"step_id": "front", "more": 1}),
        ("take_photo", {"now": True}),
        ("torch", {"on": 1}),
        ("torch", {"on": "true"}),
        ("zoom", {"level": True}),
        ("zoom", {"level": "2"}),
        ("zoom", {"level": 0}),
        ("zoom", {"level": 101}),
        ("record", {"on": None}),
    ],
)
def test_a_command_with_other_arguments_is_no_command(name: str, arguments: dict[str, Any]) -> None:
    """The problem names the command's id, so that the page knows which one."""
    effects = in_call().receive(OPERATOR, command("k1", name, **arguments), 3.0)
    assert problem_of(effects, OPERATOR) == "malformed-message"
    assert sent(effects, OPERATOR, "problem")[0]["problem"]["id"] == "k1"


@pytest.mark.parametrize("args", ["[]", "3", '"x"', '{"level": NaN}', '{"level": 1e999}'])
def test_arguments_are_an_object_of_real_numbers(args: str) -> None:
    text = f'{{"type":"command","id":"k1","name":"zoom","args":{args}}}'
    assert problem_of(in_call().receive(OPERATOR, text, 3.0), OPERATOR) == "malformed-message"


def test_a_command_that_nobody_answers_says_so() -> None:
    """Ten seconds of silence become an answer, exactly once."""
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    assert not sent(signalling.tick(3.0 + COMMAND_TIMEOUT_S - 0.1), OPERATOR, "ack")
    assert sent(signalling.tick(3.0 + COMMAND_TIMEOUT_S), OPERATOR, "ack")[0]["error"] == "no-answer"
    assert signalling.receive(SELLER, message("ack", id="k1", ok=True), 14.0) == []


def test_a_command_that_comes_twice_is_carried_out_once() -> None:
    """Before its answer the second is silent; after it, it is given the same answer again."""
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    assert signalling.receive(OPERATOR, command("k1"), 3.1) == []
    answer = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect={"torch": True}), 4.0)
    again = signalling.receive(OPERATOR, command("k1"), 5.0)
    assert sent(again, OPERATOR, "ack") == sent(answer, OPERATOR, "ack")
    assert logged(again) == []


def test_a_colleagues_command_id_is_not_answered_to_another() -> None:
    signalling = in_call()
    signalling.join(COLLEAGUE, 2.0)
    signalling.receive(OPERATOR, command("k1"), 3.0)
    for now_s in (3.5, 20.0):
        effects = signalling.receive(COLLEAGUE, command("k1"), now_s)
        assert problem_of(effects, COLLEAGUE) == "malformed-message"
        signalling.tick(15.0)


def test_so_many_commands_wait_and_no_more() -> None:
    signalling = in_call()
    for number in range(MAX_PENDING_COMMANDS):
        assert logged(signalling.receive(OPERATOR, command(f"k{number}"), 3.0)) == ["command.sent"]
    assert problem_of(signalling.receive(OPERATOR, command("more"), 3.0), OPERATOR) == "malformed-message"


def test_an_answer_finds_the_operator_who_reloaded_the_page() -> None:
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    signalling.leave(OPERATOR, 3.5)
    signalling.join(OPERATOR_AGAIN, 4.0)
    effects = signalling.receive(SELLER, message("ack", id="k1", ok=True), 5.0)
    assert sent(effects, OPERATOR_AGAIN, "ack")[0]["ok"] is True


def test_the_sellers_newer_tab_answers_for_the_older() -> None:
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    signalling.join(SELLER_AGAIN, 3.5)
    assert signalling.receive(SELLER, message("ack", id="k1", ok=True), 4.0) == []
    answered = signalling.receive(SELLER_AGAIN, message("ack", id="k1", ok=False, error="camera-closed"), 5.0)
    assert sent(answered, OPERATOR, "ack")[0]["error"] == "camera-closed"


def test_nobody_but_the_seller_answers_and_only_what_was_sent() -> None:
    """An answer to a command of another inspection, or from an operator, changes nothing."""
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    assert (
        problem_of(signalling.receive(OPERATOR, message("ack", id="k1", ok=True), 4.0), OPERATOR)
        == "wrong-role"
    )
    assert signalling.receive(SELLER, message("ack", id="of-another", ok=True), 4.0) == []
    assert sent(signalling.tick(13.0), OPERATOR, "ack")[0]["error"] == "no-answer"


@pytest.mark.parametrize(
    "answer",
    [
        {"effect": []},
        {"effect": {"nested": {"a": 1}}},
        {"effect": {"text": "x" * 201}},
        {"effect": {f"k{n}": n for n in range(17)}},
        {"error": {"code": 1}},
        {"error": "x" * 65},
        {"effect": {"big": 2**60}},
    ],
)
def test_an_answer_is_a_few_short_values(answer: dict[str, Any]) -> None:
    """What goes into the log for good is bounded; the command still waits for a proper answer."""
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    bad = signalling.receive(SELLER, message("ack", id="k1", ok=True, **answer), 4.0)
    assert problem_of(bad, SELLER) == "malformed-message"
    good = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect=None), 5.0)
    assert logged(good) == ["command.acknowledged"]


def test_after_a_restart_the_numbers_go_on_and_open_commands_are_answered() -> None:
    """A command the log knows no answer to is answered by the phone, or by the clock."""
    signalling = Signalling()
    ada = Participant("", "operator", "op_1", "Ada")
    signalling.resume(
        now_s=100.0,
        commands_sent=7,
        unanswered=(SentCommand("k6", 6, "torch", ada), SentCommand("k7", 7, "take_photo", ada)),
    )
    signalling.set_claim("op_1", 100.0)
    signalling.set_consents("steer")
    signalling.join(SELLER, 101.0)
    signalling.join(OPERATOR, 101.0)
    answered = signalling.receive(SELLER, message("ack", id="k7", ok=True), 102.0)
    assert sent(answered, OPERATOR, "ack")[0]["no"] == 7
    late = signalling.tick(100.0 + COMMAND_TIMEOUT_S)
    assert [(a["id"], a["error"]) for a in sent(late, OPERATOR, "ack")] == [("k6", "no-answer")]
    signalling.receive(OPERATOR, message("call.open"), 112.0)
    signalling.receive(SELLER, message("call.accept"), 113.0)
    assert sent(signalling.receive(OPERATOR, command("k8"), 114.0), SELLER, "command")[0]["no"] == 8


def test_the_log_says_what_was_asked_and_what_the_camera_did() -> None:
    """Both lines carry the number and the name, so that the log reads by itself."""
    signalling = in_call()
    asked = signalling.receive(OPERATOR, command("k1", "zoom", level=2.5), 3.0)
    did = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect={"zoom": 2}), 4.0)
    lines = [e for e in asked + did if isinstance(e, Log)]
    assert [dict(line.data) for line in lines] == [
        {"id": "k1", "no": 1, "name": "zoom", "args": {"level": 2.5}},
        {"id": "k1", "no": 1, "name": "zoom", "ok": True, "effect": {"zoom": 2}, "error": None},
    ]
    assert [line.by for line in lines] == [OPERATOR, SELLER]
    json.dumps([dict(line.data) for line in lines], allow_nan=False)
