"""The signalling protocol decides who may ring, speak and steer; W3C WebRTC 1.0 descriptions are only passed on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspection_service.media.signalling import (
    ABSENCE_TIMEOUT_S,
    BURST_MESSAGES,
    CLOSE_FLOOD,
    CLOSE_REPLACED,
    COMMAND_TIMEOUT_S,
    MAX_MESSAGE_BYTES,
    RINGING_TIMEOUT_S,
    AnalysisOffer,
    Close,
    Effect,
    Log,
    Participant,
    Send,
    Signalling,
)

pytestmark = pytest.mark.unit

SELLER = Participant("c1", "seller", "ins_1", "Seller")
SELLER_AGAIN = Participant("c2", "seller", "ins_1", "Seller")
OPERATOR = Participant("c3", "operator", "op_1", "Ada")
OPERATOR_AGAIN = Participant("c4", "operator", "op_1", "Ada")
COLLEAGUE = Participant("c5", "operator", "op_2", "Bob")


def message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def sent(effects: list[Effect], to: Participant, kind: str) -> list[dict[str, Any]]:
    """The messages of one type that go to one page."""
    return [
        dict(e.message) for e in effects if isinstance(e, Send) and e.to == to and e.message["type"] == kind
    ]


def logged(effects: list[Effect]) -> list[str]:
    return [e.kind for e in effects if isinstance(e, Log)]


def problem(effects: list[Effect], to: Participant) -> str:
    """The slug of the one problem that was answered."""
    (only,) = sent(effects, to, "problem")
    return str(only["problem"]["type"]).rpartition(":")[2]


def joined(*, claimed: bool = True, consent: bool = True) -> Signalling:
    signalling = Signalling()
    signalling.claimed_by = "op_1" if claimed else None
    signalling.may_see_live = consent
    signalling.join(SELLER, 0.0)
    signalling.join(OPERATOR, 0.0)
    return signalling


def in_call() -> Signalling:
    signalling = joined()
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    signalling.receive(SELLER, message("call.accept"), 2.0)
    return signalling


def test_everybody_learns_who_is_there() -> None:
    """Presence reaches both sides when a page joins and when it leaves."""
    signalling = joined()
    effects = signalling.leave(SELLER, 5.0)
    assert sent(effects, OPERATOR, "presence") == [
        {"type": "presence", "seller": False, "operators": ["Ada"]}
    ]


def test_a_call_rings_and_is_accepted() -> None:
    """Both sides see each state, and the log keeps who opened and who accepted."""
    signalling = joined()
    ringing = signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert sent(ringing, SELLER, "call")[0]["state"] == "ringing"
    accepted = signalling.receive(SELLER, message("call.accept"), 2.0)
    assert sent(accepted, OPERATOR, "call")[0]["state"] == "accepted"
    assert logged(ringing) + logged(accepted) == ["call.opened", "call.accepted"]


def test_only_the_operator_who_holds_the_case_may_ring() -> None:
    assert (
        problem(joined(claimed=False).receive(OPERATOR, message("call.open"), 1.0), OPERATOR)
        == "claim-needed"
    )


def test_no_call_without_consent_to_live_video() -> None:
    """The seller's tap on accept is not enough when the consent was not given."""
    signalling = joined(consent=False)
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert problem(signalling.receive(SELLER, message("call.accept"), 2.0), SELLER) == "consent-missing"


def test_consent_taken_back_ends_the_call_at_once() -> None:
    signalling = in_call()
    effects = signalling.withdraw_live_consent()
    assert sent(effects, OPERATOR, "call")[0]["state"] == "ended"
    assert (
        problem(signalling.receive(SELLER, message("signal", payload={"candidate": {}}), 3.0), SELLER)
        == "no-call"
    )


def test_descriptions_are_relayed_only_inside_a_call() -> None:
    """An offer of the seller reaches the operator's page unchanged, and nobody else's."""
    offer = {"description": {"type": "offer", "sdp": "v=0"}}
    signalling = joined()
    signalling.join(COLLEAGUE, 0.0)
    assert problem(signalling.receive(SELLER, message("signal", payload=offer), 1.0), SELLER) == "no-call"
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    signalling.receive(SELLER, message("call.accept"), 2.0)
    effects = signalling.receive(SELLER, message("signal", payload=offer), 3.0)
    assert effects == [Send(OPERATOR, {"type": "signal", "from": "seller", "payload": offer})]


def test_a_command_reaches_the_phone_and_its_effect_comes_back() -> None:
    """The acknowledgement carries what the camera did, and both are in the log."""
    signalling = in_call()
    sending = signalling.receive(OPERATOR, message("command", id="k1", name="take_photo", args={}), 3.0)
    assert sent(sending, SELLER, "command") == [
        {"type": "command", "id": "k1", "name": "take_photo", "args": {}}
    ]
    effect = {"width": 4032, "height": 3024}
    answering = signalling.receive(SELLER, message("ack", id="k1", ok=True, effect=effect), 4.0)
    assert sent(answering, OPERATOR, "ack") == [
        {"type": "ack", "id": "k1", "ok": True, "effect": effect, "error": None}
    ]
    assert logged(sending) + logged(answering) == ["command.sent", "command.acknowledged"]


def test_a_command_that_nobody_answers_says_so() -> None:
    """Ten seconds of silence become an answer, exactly once."""
    signalling = in_call()
    signalling.receive(OPERATOR, message("command", id="k1", name="take_photo", args={}), 3.0)
    assert not sent(signalling.tick(3.0 + COMMAND_TIMEOUT_S - 0.1), OPERATOR, "ack")
    assert sent(signalling.tick(3.0 + COMMAND_TIMEOUT_S), OPERATOR, "ack")[0]["error"] == "no-answer"
    assert signalling.receive(SELLER, message("ack", id="k1", ok=True), 14.0) == []


def test_a_command_to_an_absent_seller_is_refused_at_once() -> None:
    signalling = in_call()
    signalling.leave(SELLER, 3.0)
    effects = signalling.receive(OPERATOR, message("command", id="k1", name="take_photo", args={}), 4.0)
    assert sent(effects, OPERATOR, "ack")[0]["error"] == "seller-absent"


def test_an_answer_finds_the_operator_who_reloaded_the_page() -> None:
    signalling = in_call()
    signalling.receive(OPERATOR, message("command", id="k1", name="take_photo", args={}), 3.0)
    signalling.leave(OPERATOR, 3.5)
    signalling.join(OPERATOR_AGAIN, 4.0)
    effects = signalling.receive(SELLER, message("ack", id="k1", ok=True), 5.0)
    assert sent(effects, OPERATOR_AGAIN, "ack")[0]["ok"] is True


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("{", "malformed-message"),
        ("[]", "malformed-message"),
        ('{"type": 3}', "malformed-message"),
        ("[" * 50_000, "malformed-message"),
        (message("fly"), "malformed-message"),
        (message("command", id="k", name="format_phone", args={}), "malformed-message"),
        (message("command", id="k", name="go_to_step", args={}), "malformed-message"),
        (message("command", id="k", name="go_to_step", args={"step_id": 3}), "malformed-message"),
        (message("signal", payload={"script": "x"}), "malformed-message"),
        (message("ack", id="k"), "wrong-role"),
        (message("call.accept"), "wrong-role"),
        (message("analysis.offer", description={"type": "offer", "sdp": ""}), "wrong-role"),
        (message("ping", pad="x" * MAX_MESSAGE_BYTES), "malformed-message"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_with_its_problem(text: str, slug: str) -> None:
    """Nothing a page sends raises, and nothing it may not send has an effect."""
    assert problem(in_call().receive(OPERATOR, text, 3.0), OPERATOR) == slug


def test_the_seller_cannot_send_an_operators_command() -> None:
    text = message("command", id="k", name="take_photo", args={})
    assert problem(in_call().receive(SELLER, text, 3.0), SELLER) == "wrong-role"


def test_an_offer_for_analysis_needs_consent() -> None:
    text = message("analysis.offer", description={"type": "offer", "sdp": "v=0"})
    assert problem(joined(consent=False).receive(SELLER, text, 1.0), SELLER) == "consent-missing"
    assert joined().receive(SELLER, text, 1.0) == [AnalysisOffer(SELLER, {"type": "offer", "sdp": "v=0"})]


def test_the_newer_tab_of_a_seller_wins_and_the_call_goes_on_there() -> None:
    """The older tab is closed with its own code, and what it still sends is ignored."""
    signalling = in_call()
    effects = signalling.join(SELLER_AGAIN, 3.0)
    assert Close(SELLER, CLOSE_REPLACED, "opened in another tab") in effects
    assert sent(effects, SELLER_AGAIN, "call")[0]["state"] == "accepted"
    assert signalling.receive(SELLER, message("call.end"), 4.0) == []
    assert signalling.leave(SELLER, 4.0) == []


def test_a_broken_connection_keeps_the_call_for_a_while() -> None:
    """Who comes back in time finds the call; who does not ends it for the other side."""
    signalling = in_call()
    signalling.leave(SELLER, 10.0)
    assert signalling.tick(10.0 + ABSENCE_TIMEOUT_S - 1) == []
    assert sent(signalling.join(SELLER_AGAIN, 29.0), SELLER_AGAIN, "call")[0]["state"] == "accepted"
    assert signalling.tick(60.0) == []
    signalling.leave(SELLER_AGAIN, 61.0)
    ended = sent(signalling.tick(61.0 + ABSENCE_TIMEOUT_S), OPERATOR, "call")
    assert (ended[0]["state"], ended[0]["reason"]) == ("ended", "connection-lost")


def test_an_unanswered_ring_stops() -> None:
    signalling = joined()
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert sent(signalling.tick(1.0 + RINGING_TIMEOUT_S), SELLER, "call")[0]["reason"] == "unanswered"


def test_a_colleague_cannot_break_into_a_call() -> None:
    signalling = in_call()
    signalling.join(COLLEAGUE, 3.0)
    assert problem(signalling.receive(COLLEAGUE, message("call.end"), 4.0), COLLEAGUE) == "no-call"
    assert problem(signalling.receive(COLLEAGUE, message("call.open"), 4.0), COLLEAGUE) == "claim-needed"


def test_a_flood_closes_the_connection() -> None:
    """A page may burst; a thousand messages at once cost it the connection, and nothing after counts."""
    signalling = in_call()
    effects = [e for _ in range(1000) for e in signalling.receive(OPERATOR, message("ping"), 3.0)]
    assert len(sent(effects, OPERATOR, "pong")) <= BURST_MESSAGES
    assert [e.code for e in effects if isinstance(e, Close)] == [CLOSE_FLOOD]
