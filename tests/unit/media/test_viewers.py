"""A supervisor looks on: the seller knows, and each pair of browsers hears only its own descriptions."""

from __future__ import annotations

import pytest

from inspection_service.media.signalling import MAX_VIEWERS, Participant, Send, Signalling
from tests.unit.media.room import (
    COLLEAGUE,
    OFFER,
    OPERATOR,
    SELLER,
    SUPERVISOR,
    SUPERVISOR_AGAIN,
    command,
    in_call,
    joined,
    logged,
    message,
    problem_of,
    sent,
)

pytestmark = pytest.mark.unit


def watched() -> Signalling:
    signalling = in_call(level="watch")
    signalling.join(SUPERVISOR, 3.0)
    signalling.receive(SUPERVISOR, message("watch.join"), 3.0)
    return signalling


def test_everybody_in_the_call_is_told_who_looks_on() -> None:
    """Joining and leaving reach the seller by name, and the log."""
    signalling = in_call(level="watch")
    signalling.join(SUPERVISOR, 3.0)
    coming = signalling.receive(SUPERVISOR, message("watch.join"), 3.0)
    for page in (SELLER, OPERATOR, SUPERVISOR):
        assert sent(coming, page, "call")[0]["viewers"] == [{"viewer_id": "c6", "name": "Eve"}]
    going = signalling.receive(SUPERVISOR, message("watch.leave"), 4.0)
    assert sent(going, SELLER, "call")[0]["viewers"] == []
    assert logged(coming) + logged(going) == ["viewer.joined", "viewer.left"]


def test_who_may_not_look_on() -> None:
    """No supervisor; no call; a call one is in oneself; a seller who has not agreed."""
    signalling = in_call()
    signalling.join(COLLEAGUE, 3.0)
    join = message("watch.join")
    assert problem_of(signalling.receive(COLLEAGUE, join, 3.0), COLLEAGUE) == "supervisor-needed"
    assert problem_of(signalling.receive(SELLER, join, 3.0), SELLER) == "wrong-role"
    idle = joined()
    idle.join(SUPERVISOR, 0.0)
    assert problem_of(idle.receive(SUPERVISOR, join, 3.0), SUPERVISOR) == "no-call"
    own = Signalling()
    own.set_claim("op_3", 0.0)
    own.set_consents("watch")
    own.join(SELLER, 0.0)
    own.join(SUPERVISOR, 0.0)
    own.receive(SUPERVISOR, message("call.open"), 1.0)
    own.receive(SELLER, message("call.accept"), 2.0)
    assert problem_of(own.receive(SUPERVISOR, join, 3.0), SUPERVISOR) == "no-call"


def test_a_viewer_sees_and_does_nothing() -> None:
    """Looking on gives no claim: no command, no word, no end of the call."""
    signalling = watched()
    ack = sent(signalling.receive(SUPERVISOR, command("k1", "play_sound"), 4.0), SUPERVISOR, "ack")[0]
    assert ack["error"] == "claim-needed"
    assert problem_of(signalling.receive(SUPERVISOR, message("call.end"), 4.0), SUPERVISOR) == "no-call"
    said = signalling.receive(SUPERVISOR, message("chat", id="m", text="Hi"), 4.0)
    assert problem_of(said, SUPERVISOR) == "claim-needed"


def test_descriptions_go_to_the_viewer_they_are_addressed_to() -> None:
    """The pair of seller and operator hears nothing of it, and the other way round."""
    signalling = watched()
    out = signalling.receive(SELLER, message("signal", viewer_id="c6", payload=OFFER), 4.0)
    told = {"type": "signal", "viewer_id": "c6", "payload": OFFER}
    assert out == [Send(SUPERVISOR, told | {"from": "seller"})]
    back = signalling.receive(SUPERVISOR, message("signal", viewer_id="c6", payload=OFFER), 4.0)
    assert back == [Send(SELLER, told | {"from": "operator"})]
    main = signalling.receive(SELLER, message("signal", payload=OFFER), 4.0)
    assert main == [Send(OPERATOR, {"type": "signal", "from": "seller", "payload": OFFER})]


def test_nobody_speaks_under_a_viewers_id_but_the_viewer() -> None:
    signalling = watched()
    forged = message("signal", viewer_id="c6", payload=OFFER)
    unaddressed = message("signal", payload=OFFER)
    assert problem_of(signalling.receive(OPERATOR, forged, 4.0), OPERATOR) == "no-call"
    assert problem_of(signalling.receive(SUPERVISOR, unaddressed, 4.0), SUPERVISOR) == "no-call"
    unknown = message("signal", viewer_id="c99", payload=OFFER)
    assert problem_of(signalling.receive(SELLER, unknown, 4.0), SELLER) == "no-call"


def test_the_seller_sends_a_viewer_away() -> None:
    signalling = watched()
    effects = signalling.receive(SELLER, message("viewer.end", viewer_id="c6"), 4.0)
    assert sent(effects, SUPERVISOR, "call")[0]["viewers"] == []
    assert logged(effects) == ["viewer.left"]
    forged = watched().receive(OPERATOR, message("viewer.end", viewer_id="c6"), 4.0)
    assert problem_of(forged, OPERATOR) == "wrong-role"


def test_a_viewer_who_loads_the_page_again_gets_a_new_connection() -> None:
    """The new id tells the seller's page to connect anew, also when the old page's end was not noticed."""
    signalling = watched()
    signalling.join(SUPERVISOR_AGAIN, 4.0)
    effects = signalling.receive(SUPERVISOR_AGAIN, message("watch.join"), 4.0)
    assert sent(effects, SELLER, "call")[-1]["viewers"] == [{"viewer_id": "c7", "name": "Eve"}]
    assert logged(effects) == ["viewer.left", "viewer.joined"]
    assert logged(signalling.leave(SUPERVISOR, 5.0)) == []


def test_a_viewer_whose_page_closes_looks_on_no_longer() -> None:
    assert logged(watched().leave(SUPERVISOR, 4.0)) == ["viewer.left"]


def test_nobody_looks_on_after_the_call() -> None:
    signalling = watched()
    effects = signalling.set_consents("off")
    assert logged(effects) == ["viewer.left", "call.ended"]
    after = signalling.receive(SELLER, message("signal", viewer_id="c6", payload=OFFER), 5.0)
    assert problem_of(after, SELLER) == "no-call"


def test_the_phone_serves_so_many_viewers_and_no_more() -> None:
    signalling = in_call()
    pages = [
        Participant(f"v{n}", "operator", f"op_v{n}", f"Viewer {n}", may_supervise=True)
        for n in range(MAX_VIEWERS + 1)
    ]
    for page in pages:
        signalling.join(page, 3.0)
        effects = signalling.receive(page, message("watch.join"), 3.0)
    assert problem_of(effects, pages[-1]) == "viewers-full"
