"""The signalling protocol decides who may ring and speak; W3C WebRTC 1.0 descriptions are only passed on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inspection_service.inspections.records import OngoingCallFacts, OperatorId, Viewer
from inspection_service.media.signalling import (
    CLOSE_REPLACED,
    HANDED_OVER_LASTS_S,
    HELP_LASTS_S,
    OPERATOR_ABSENCE_S,
    RINGING_TIMEOUT_S,
    SELLER_ABSENCE_S,
    AnalysisOffer,
    Close,
    Effect,
    IceWanted,
    Log,
    Participant,
    Say,
    Send,
    Signalling,
)
from tests.unit.media.room import (
    COLLEAGUE,
    OFFER,
    OPERATOR,
    OPERATOR_AGAIN,
    SDP,
    SELLER,
    SELLER_AGAIN,
    in_call,
    joined,
    logged,
    message,
    problem_of,
    sent,
)

pytestmark = pytest.mark.unit


def state(effects: list[Effect], to: Participant) -> tuple[str, str | None]:
    """The state, and the reason, of the newest call message to a page."""
    newest = sent(effects, to, "call")[-1]
    return newest["state"], newest.get("reason")


def test_everybody_learns_who_is_there() -> None:
    """Presence reaches both sides when a page joins and when it leaves."""
    effects = joined().leave(SELLER, 5.0)
    assert sent(effects, OPERATOR, "presence") == [
        {"type": "presence", "seller": False, "operators": ["Ada"]}
    ]


def test_a_call_rings_and_is_accepted() -> None:
    """Both sides see each state, and the log keeps who opened and who accepted."""
    signalling = joined()
    ringing = signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert sent(ringing, SELLER, "call")[0]["state"] == "ringing"
    accepted = signalling.receive(SELLER, message("call.accept"), 2.0)
    (told,) = sent(accepted, OPERATOR, "call")
    assert (told["state"], told["paused"], told["viewers"]) == ("accepted", False, [])
    assert (told["operator_id"], told["operator_name"]) == ("op_1", "Ada")
    assert logged(ringing) + logged(accepted) == ["call.opened", "call.accepted"]


def test_only_the_operator_who_holds_the_case_may_ring() -> None:
    effects = joined(claimed=False).receive(OPERATOR, message("call.open"), 1.0)
    assert problem_of(effects, OPERATOR) == "claim-needed"


def test_no_call_without_consent_to_live_video() -> None:
    """The seller's tap on accept is not enough when the consent was not given."""
    signalling = joined(level="off")
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert problem_of(signalling.receive(SELLER, message("call.accept"), 2.0), SELLER) == "consent-missing"
    signalling.set_consents("watch")
    assert state(signalling.receive(SELLER, message("call.accept"), 3.0), SELLER) == ("accepted", None)


def test_a_declined_call_is_over() -> None:
    signalling = joined()
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    effects = signalling.receive(SELLER, message("call.decline"), 2.0)
    assert state(effects, OPERATOR) == ("declined", None)
    assert signalling.call is None


# --- answered at once ---------------------------------------------------------------------------


def test_who_was_asked_for_comes_in_at_once() -> None:
    """The seller has tapped help and allows to be seen: nothing rings, and the log says why."""
    signalling = joined(level="watch")
    signalling.set_help(0.0)
    effects = signalling.receive(OPERATOR, message("call.open"), HELP_LASTS_S - 1)
    assert state(effects, SELLER) == ("accepted", None)
    accepted = next(e for e in effects if isinstance(e, Log) and e.kind == "call.accepted")
    assert (accepted.by, accepted.data["at_once"]) == (OPERATOR, True)
    signalling.receive(SELLER, message("call.end"), 5.0)
    assert state(signalling.receive(OPERATOR, message("call.open"), 6.0), SELLER) == ("ringing", None)


def test_a_call_rings_where_help_was_not_asked_for_or_long_ago_or_nothing_may_be_seen() -> None:
    """Consent off, a request of half an hour ago, a request taken back: the seller decides anew."""
    unseen, late, alone = joined(level="off"), joined(), joined()
    for each in (unseen, late, alone):
        each.set_help(0.0)
    alone.set_help(None)
    for each, now_s in ((unseen, 5.0), (late, HELP_LASTS_S), (alone, 5.0)):
        assert state(each.receive(OPERATOR, message("call.open"), now_s), SELLER) == ("ringing", None)


def test_a_colleague_who_takes_over_goes_on_with_the_call() -> None:
    """The seller hears that the case was handed over; the colleague needs no second tap within two minutes."""
    signalling = in_call()
    signalling.join(COLLEAGUE, 3.0)
    ended = signalling.set_claim("op_2", 4.0)
    assert state(ended, SELLER) == ("ended", "handed-over")
    opened = signalling.receive(COLLEAGUE, message("call.open"), 4.0 + HANDED_OVER_LASTS_S - 1)
    assert state(opened, SELLER) == ("accepted", None)
    late = in_call()
    late.join(COLLEAGUE, 3.0)
    late.set_claim("op_2", 4.0)
    opened = late.receive(COLLEAGUE, message("call.open"), 4.0 + HANDED_OVER_LASTS_S)
    assert state(opened, SELLER) == ("ringing", None)


def test_who_lets_the_case_go_no_longer_looks() -> None:
    assert state(in_call().set_claim(None, 3.0), SELLER) == ("ended", "hung-up")


# --- pausing and consent ------------------------------------------------------------------------


def test_the_seller_pauses_and_goes_on_with_one_message_each() -> None:
    """Everybody is told, the log keeps both, and a second tap changes nothing."""
    signalling = in_call()
    paused = signalling.receive(SELLER, message("call.pause"), 3.0)
    assert sent(paused, OPERATOR, "call")[0]["paused"] is True
    assert logged(signalling.receive(SELLER, message("call.pause"), 4.0)) == []
    resumed = signalling.receive(SELLER, message("call.resume"), 5.0)
    assert sent(resumed, OPERATOR, "call")[0]["paused"] is False
    assert logged(paused) + logged(resumed) == ["call.paused", "call.resumed"]
    assert problem_of(signalling.receive(OPERATOR, message("call.pause"), 6.0), OPERATOR) == "wrong-role"


def test_consent_taken_back_ends_the_call_at_once() -> None:
    """Also when the seller's page is gone: the consent may be taken back from another one."""
    for is_seller_here in (True, False):
        signalling = in_call()
        if not is_seller_here:
            signalling.leave(SELLER, 3.0)
        effects = signalling.set_consents("off")
        assert state(effects, OPERATOR) == ("ended", "consent-withdrawn")
        (line,) = (e for e in effects if isinstance(e, Log))
        assert line.by == SELLER
    again = joined(level="off").receive(SELLER, message("signal", payload=OFFER), 3.0)
    assert problem_of(again, SELLER) == "no-call"


# --- descriptions -------------------------------------------------------------------------------


def test_descriptions_are_relayed_only_inside_a_call() -> None:
    """An offer of the seller reaches the operator's page unchanged, and nobody else's."""
    signalling = joined()
    signalling.join(COLLEAGUE, 0.0)
    assert problem_of(signalling.receive(SELLER, message("signal", payload=OFFER), 1.0), SELLER) == "no-call"
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    signalling.receive(SELLER, message("call.accept"), 2.0)
    effects = signalling.receive(SELLER, message("signal", payload=OFFER), 3.0)
    assert effects == [Send(OPERATOR, {"type": "signal", "from": "seller", "payload": OFFER})]
    stranger = signalling.receive(COLLEAGUE, message("signal", payload=OFFER), 3.0)
    assert problem_of(stranger, COLLEAGUE) == "no-call"


@pytest.mark.parametrize(
    "payload", [{"candidate": {"candidate": "candidate:1", "sdpMid": "0"}}, {"candidate": None},
                {"renegotiate": "path"}, {"renegotiate": "all"}]
)  # fmt: skip
def test_what_browsers_say_beside_descriptions_is_relayed_too(payload: object) -> None:
    effects = in_call().receive(OPERATOR, message("signal", payload=payload), 3.0)
    assert effects == [Send(SELLER, {"type": "signal", "from": "operator", "payload": payload})]


def test_an_offer_for_analysis_needs_consent() -> None:
    text = message("analysis.offer", description={"type": "offer", "sdp": SDP})
    assert problem_of(joined(level="off").receive(SELLER, text, 1.0), SELLER) == "consent-missing"
    assert joined().receive(SELLER, text, 1.0) == [AnalysisOffer(SELLER, {"type": "offer", "sdp": SDP})]


def test_a_page_may_ask_for_fresh_relay_credentials() -> None:
    assert joined().receive(OPERATOR, message("ice"), 1.0) == [IceWanted(OPERATOR)]


# --- coming back --------------------------------------------------------------------------------


def test_the_newer_tab_of_a_seller_wins_and_the_call_goes_on_there() -> None:
    """The older tab is closed with its own code, and what it still sends is ignored."""
    signalling = in_call()
    effects = signalling.join(SELLER_AGAIN, 3.0)
    assert Close(SELLER, CLOSE_REPLACED, "opened in another tab") in effects
    assert sent(effects, SELLER_AGAIN, "call")[0]["state"] == "accepted"
    assert signalling.receive(SELLER, message("call.end"), 4.0) == []
    assert signalling.receive_frame(SELLER, b"\xff\xd8\xff", 4.0) == []
    assert signalling.leave(SELLER, 4.0) == []


def test_a_call_waits_a_minute_for_its_operator() -> None:
    """Who comes back in time finds the call; who does not ends it for the seller."""
    signalling = in_call()
    signalling.leave(OPERATOR, 10.0)
    assert signalling.tick(10.0 + OPERATOR_ABSENCE_S - 1) == []
    back = signalling.join(OPERATOR_AGAIN, 69.5)
    assert sent(back, OPERATOR_AGAIN, "call")[0]["state"] == "accepted"
    assert signalling.tick(200.0) == []
    signalling.leave(OPERATOR_AGAIN, 300.0)
    assert state(signalling.tick(300.0 + OPERATOR_ABSENCE_S), SELLER) == ("ended", "connection-lost")


def test_a_call_waits_a_day_for_its_seller() -> None:
    """A locked screen or a flat battery ends nothing while the operator stays."""
    signalling = in_call()
    signalling.leave(SELLER, 10.0)
    assert signalling.tick(10.0 + SELLER_ABSENCE_S - 1) == []
    back = signalling.join(SELLER_AGAIN, 10.0 + SELLER_ABSENCE_S - 1)
    assert sent(back, SELLER_AGAIN, "call")[0]["state"] == "accepted"
    signalling.leave(SELLER_AGAIN, 0.0)
    assert state(signalling.tick(SELLER_ABSENCE_S), OPERATOR) == ("ended", "connection-lost")


def test_a_call_goes_on_in_the_newer_of_an_operators_tabs_and_the_older_is_told() -> None:
    """Only the newer one speaks with the seller's browser; opening the call in the older brings it back there."""
    signalling = in_call()
    effects = signalling.join(OPERATOR_AGAIN, 3.0)
    for page in (OPERATOR, OPERATOR_AGAIN):
        (told,) = sent(effects, page, "call")
        assert (told["state"], told["page_id"]) == ("accepted", "c4")
    answer = message("signal", payload=OFFER)
    assert signalling.receive(OPERATOR, answer, 4.0) == []
    assert len(sent(signalling.receive(OPERATOR_AGAIN, answer, 4.0), SELLER, "signal")) == 1
    assert len(sent(signalling.receive(SELLER, answer, 4.0), OPERATOR_AGAIN, "signal")) == 1

    back = signalling.receive(OPERATOR, message("call.open"), 5.0)
    for page in (OPERATOR, OPERATOR_AGAIN):
        assert [told["page_id"] for told in sent(back, page, "call")] == ["c3"]
    assert logged(back) == []
    assert len(sent(signalling.receive(SELLER, answer, 6.0), OPERATOR, "signal")) == 1


def test_closing_one_of_two_tabs_leaves_the_call_with_the_other() -> None:
    """The operator's older tab takes the call over, and is sent what the seller says next."""
    signalling = in_call()
    signalling.join(OPERATOR_AGAIN, 3.0)
    assert sent(signalling.leave(OPERATOR_AGAIN, 4.0), OPERATOR, "call")[0]["state"] == "accepted"
    assert signalling.tick(4.0 + OPERATOR_ABSENCE_S) == []
    relayed = signalling.receive(SELLER, message("signal", payload=OFFER), 5.0)
    assert len(sent(relayed, OPERATOR, "signal")) == 1


def test_an_unanswered_ring_stops() -> None:
    signalling = joined()
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    assert state(signalling.tick(1.0 + RINGING_TIMEOUT_S), SELLER) == ("ended", "unanswered")


def test_a_colleague_cannot_break_into_a_call() -> None:
    signalling = in_call()
    assert sent(signalling.join(COLLEAGUE, 3.0), COLLEAGUE, "call")[0]["operator_name"] == "Ada"
    assert problem_of(signalling.receive(COLLEAGUE, message("call.end"), 4.0), COLLEAGUE) == "no-call"
    assert problem_of(signalling.receive(COLLEAGUE, message("call.open"), 4.0), COLLEAGUE) == "claim-needed"


# --- a restart of the service -------------------------------------------------------------------

FACTS = OngoingCallFacts(
    "call-7", OperatorId("op_1"), "Ada", datetime(2026, 11, 22, tzinfo=UTC), is_paused=True,
    viewers=(Viewer("c6", OperatorId("op_3"), "Eve"),),
)  # fmt: skip


def restarted(*, idle_s: float = 5.0, claimed_by: str = "op_1") -> tuple[Signalling, list[Effect]]:
    signalling = Signalling()
    effects = signalling.resume(now_s=1000.0, call=FACTS, idle_s=idle_s)
    effects += signalling.set_consents("steer")
    return signalling, effects + signalling.set_claim(claimed_by, 1000.0)


def test_a_call_survives_a_restart_as_it_was() -> None:
    """Both sides come back to the same call, still paused; who looked on asks again."""
    signalling, effects = restarted()
    assert logged(effects) == ["viewer.left"]
    for page in (SELLER, OPERATOR):
        (told,) = sent(signalling.join(page, 1001.0), page, "call")
        assert (told["call_id"], told["state"], told["paused"]) == ("call-7", "accepted", True)
        assert told["viewers"] == []
    assert signalling.tick(1000.0 + 2 * OPERATOR_ABSENCE_S) == []


def test_a_call_nobody_comes_back_to_after_a_restart_ends() -> None:
    """A minute without the operator; at once when the log has been silent for a day."""
    signalling, _ = restarted()
    signalling.join(SELLER, 1001.0)
    assert state(signalling.tick(1000.0 + OPERATOR_ABSENCE_S), SELLER) == ("ended", "connection-lost")
    old, _ = restarted(idle_s=SELLER_ABSENCE_S)
    old.join(SELLER, 1000.5)
    assert state(old.tick(1001.0), SELLER) == ("ended", "connection-lost")


def test_a_call_whose_case_went_to_a_colleague_during_the_restart_ends() -> None:
    _, effects = restarted(claimed_by="op_2")
    assert logged(effects) == ["viewer.left", "call.ended"]


def test_a_call_whose_consent_was_taken_back_during_the_restart_ends() -> None:
    signalling = Signalling()
    signalling.resume(now_s=0.0, call=FACTS)
    assert logged(signalling.set_consents("off")) == ["call.ended"]


# --- chat and the phone -------------------------------------------------------------------------


def test_both_sides_write_and_only_the_operators_words_are_read_aloud() -> None:
    """A sentence is stored before anybody sees it: the protocol only asks for that."""
    signalling = joined()
    said = signalling.receive(OPERATOR, message("chat", id="m1", text=" Bonjour ", read_aloud=True), 1.0)
    assert said == [Say(OPERATOR, "m1", "Bonjour", True)]
    said = signalling.receive(SELLER, message("chat", id="m2", text="Hello", read_aloud=True), 1.0)
    assert said == [Say(SELLER, "m2", "Hello", False)]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, 7, None])
def test_a_sentence_is_a_short_text(text: object) -> None:
    effects = joined().receive(SELLER, message("chat", id="m1", text=text), 1.0)
    assert problem_of(effects, SELLER) == "malformed-message"


def test_an_operator_without_the_claim_writes_nothing() -> None:
    effects = joined(claimed=False).receive(OPERATOR, message("chat", id="m1", text="Hi"), 1.0)
    assert problem_of(effects, OPERATOR) == "claim-needed"
    assert sent(effects, OPERATOR, "problem")[0]["problem"]["id"] == "m1"


def test_who_writes_too_fast_is_asked_to_wait_and_not_sent_away() -> None:
    signalling = joined()
    each = [signalling.receive(SELLER, message("chat", id=f"m{n}", text="Hi"), 1.0) for n in range(30)]
    said = [e for effects in each for e in effects if isinstance(e, Say)]
    assert len(said) == 10
    assert problem_of(each[-1], SELLER) == "too-many-messages"
    assert not any(isinstance(e, Close) for effects in each for e in effects)
    assert [type(e) for e in signalling.receive(SELLER, message("chat", id="z", text="Hi"), 3.0)] == [Say]


def test_the_phones_state_reaches_operators_and_who_comes_later() -> None:
    """It is gone with the phone."""
    signalling = joined()
    phone = {"battery": {"level": 0.5, "charging": False}}
    told = {"type": "phone", "phone": phone}
    assert signalling.receive(SELLER, message("phone", phone=phone), 1.0) == [Send(OPERATOR, told)]
    assert sent(signalling.join(COLLEAGUE, 2.0), COLLEAGUE, "phone") == [told]
    gone = signalling.leave(SELLER, 3.0)
    assert sent(gone, OPERATOR, "phone") == [{"type": "phone", "phone": None}]


def test_of_news_about_the_phone_that_come_too_fast_the_newest_is_kept() -> None:
    """A slider that is dragged sends a hundred states; the last one arrives within a second."""
    signalling = joined()
    effects = [
        e for n in range(100) for e in signalling.receive(SELLER, message("phone", phone={"n": n}), 1.0)
    ]
    assert len(sent(effects, OPERATOR, "phone")) == 4
    assert sent(signalling.tick(2.0), OPERATOR, "phone") == [{"type": "phone", "phone": {"n": 99}}]
    assert signalling.tick(3.0) == []


def test_a_state_of_the_phone_is_bounded_and_the_sellers_own() -> None:
    signalling = joined()
    large = message("phone", phone={"x": "y" * 4096})
    assert problem_of(signalling.receive(SELLER, large, 1.0), SELLER) == "malformed-message"
    forged = signalling.receive(OPERATOR, message("phone", phone={}), 1.0)
    assert problem_of(forged, OPERATOR) == "wrong-role"
