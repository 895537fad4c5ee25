"""Whatever a page sends: a defined answer, no effect it may not have, and an inspection's log that stays readable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspection_service.media.signalling import (
    BURST_MESSAGES,
    CLOSE_BINARY,
    CLOSE_FLOOD,
    MAX_JPEG_BYTES,
    MAX_MESSAGE_BYTES,
    AnalysisFrame,
    Close,
    Log,
    Send,
)
from tests.unit.media.room import (
    COLLEAGUE,
    OFFER,
    OPERATOR,
    SDP,
    SELLER,
    command,
    in_call,
    joined,
    logged,
    message,
    problem_of,
    sent,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("", "malformed-message"),
        ("{", "malformed-message"),
        ("[]", "malformed-message"),
        ("null", "malformed-message"),
        ('{"type": 3}', "malformed-message"),
        ('{"type": ["ping"]}', "malformed-message"),
        ("[" * 50_000, "malformed-message"),
        ('{"type":"ping","n":' + "9" * 5000 + "}", "malformed-message"),
        ('{"type":"ping","n":NaN}', "malformed-message"),
        ('{"type":"ping","n":-Infinity}', "malformed-message"),
        ('{"type":"ping","n":1e999}', "malformed-message"),
        ('{"type":"chat","id":"m","text":"a\\u0000b"}', "malformed-message"),
        (message("fly"), "malformed-message"),
        (message("call"), "malformed-message"),
        (message("call.steal"), "malformed-message"),
        (message("signal", payload={"script": "x"}), "malformed-message"),
        (message("signal", payload="v=0"), "malformed-message"),
        (message("signal", payload={"renegotiate": "always"}), "malformed-message"),
        (message("signal", payload={"candidate": {"candidate": ["x"]}}), "malformed-message"),
        (message("signal", payload={"candidate": {str(n): "x" for n in range(17)}}), "malformed-message"),
        (message("signal", payload={"description": {"type": "rollback", "sdp": SDP}}), "malformed-message"),
        (message("signal", payload={"description": {"type": "offer"}}), "malformed-message"),
        (
            message("signal", payload={"description": {"type": "offer", "sdp": "hello"}}),
            "unusable-description",
        ),
        (message("signal", viewer_id=7, payload=OFFER), "malformed-message"),
        (message("signal", viewer_id="nobody", payload=OFFER), "no-call"),
        (message("ack", id="k"), "wrong-role"),
        (message("call.accept"), "wrong-role"),
        (message("call.decline"), "wrong-role"),
        (message("call.resume"), "wrong-role"),
        (message("phone", phone={}), "wrong-role"),
        (message("watch.step", step_id="front"), "wrong-role"),
        (message("viewer.end", viewer_id="c6"), "wrong-role"),
        (message("watch.join"), "supervisor-needed"),
        (message("analysis.offer", description={"type": "offer", "sdp": SDP}), "wrong-role"),
        (message("analysis.candidate", candidate=None), "wrong-role"),
        (message("ping", pad="x" * MAX_MESSAGE_BYTES), "malformed-message"),
    ],
)
def test_a_message_that_makes_no_sense_is_answered_with_its_problem(text: str, slug: str) -> None:
    """Nothing a page sends raises, and nothing it may not send has an effect on anybody else."""
    effects = in_call().receive(OPERATOR, text, 3.0)
    assert problem_of(effects, OPERATOR) == slug
    assert len(effects) == 1
    json.dumps(effects[0].message if isinstance(effects[0], Send) else None, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        command("k"),
        command("k", "torch", on=True),
        message("call.open"),
        message("watch.join"),
        message("watch.leave"),
    ],
)
def test_a_seller_does_not_do_an_operators_work(text: str) -> None:
    """A forged role in the message itself changes nothing: the role is the socket's."""
    forged = json.dumps(json.loads(text) | {"role": "operator", "from": "operator", "actor_id": "op_1"})
    effects = in_call().receive(SELLER, forged, 3.0)
    assert problem_of(effects, SELLER) == "wrong-role"
    assert len(effects) == 1


def test_what_is_relayed_carries_nothing_beside_it() -> None:
    """Only the parts a browser needs go on: no field of one page's making reaches the other."""
    payload = OFFER | {"script": "alert(1)"}
    text = message("signal", payload=payload, html="<b>")
    (only,) = in_call().receive(SELLER, text, 3.0)
    assert only == Send(OPERATOR, {"type": "signal", "from": "seller", "payload": OFFER})


def test_ten_megabytes_are_a_problem_and_not_read() -> None:
    """Refused by its length, before anything is parsed."""
    effects = in_call().receive(SELLER, '{"type":"ping","pad":"' + "x" * 10_000_000 + '"}', 3.0)
    assert problem_of(effects, SELLER) == "malformed-message"


def test_a_flood_closes_the_connection() -> None:
    """A page may burst; a thousand messages at once cost it the connection, and nothing after counts."""
    signalling = in_call()
    effects = [e for _ in range(1000) for e in signalling.receive(OPERATOR, message("ping"), 3.0)]
    assert len(sent(effects, OPERATOR, "pong")) <= BURST_MESSAGES
    assert [e.code for e in effects if isinstance(e, Close)] == [CLOSE_FLOOD]
    assert logged(signalling.receive(OPERATOR, message("call.end"), 4.0)) == []


def test_a_flood_of_frames_closes_the_connection_too() -> None:
    signalling = in_call()
    effects = [e for _ in range(1000) for e in signalling.receive_frame(SELLER, b"x", 3.0)]
    assert [e.code for e in effects if isinstance(e, Close)] == [CLOSE_FLOOD]
    assert sum(isinstance(e, AnalysisFrame) for e in effects) == 3


def test_frames_are_the_sellers_small_and_need_consent() -> None:
    large = in_call().receive_frame(SELLER, b"x" * (MAX_JPEG_BYTES + 1), 3.0)
    assert problem_of(large, SELLER) == "malformed-message"
    unseen = joined(level="off").receive_frame(SELLER, b"x", 3.0)
    assert problem_of(unseen, SELLER) == "consent-missing"
    forged = in_call().receive_frame(OPERATOR, b"x", 3.0)
    assert [e.code for e in forged if isinstance(e, Close)] == [CLOSE_BINARY]


def test_what_an_answer_says_of_itself_does_not_reach_the_log() -> None:
    """Only id, number, name, success, effect and error are kept, whatever the phone adds."""
    signalling = in_call()
    signalling.receive(OPERATOR, command("k1"), 3.0)
    forged = message("ack", id="k1", ok="yes", no=99, name="format", by="op_1", effect=None, error=None)
    (line,) = (e for e in signalling.receive(SELLER, forged, 4.0) if isinstance(e, Log))
    data: dict[str, Any] = {
        "id": "k1",
        "no": 1,
        "name": "take_photo",
        "ok": False,
        "effect": None,
        "error": None,
    }
    assert (line.by, dict(line.data)) == (SELLER, data)


def test_an_operator_without_the_claim_has_no_effect() -> None:
    """A colleague at another case's door looks at presence and no more."""
    signalling = in_call()
    signalling.join(COLLEAGUE, 2.0)
    for text in (
        message("call.open"),
        message("call.end"),
        command("k9"),
        message("chat", id="m", text="Hi"),
        message("signal", payload=OFFER),
    ):
        effects = signalling.receive(COLLEAGUE, text, 3.0)
        assert {e.to for e in effects if isinstance(e, Send)} == {COLLEAGUE}
        assert logged(effects) == []


def test_a_seller_who_pauses_and_resumes_without_end_fills_no_log() -> None:
    """A pause always counts; the page that would go on too often is told that the call is still paused."""
    signalling = in_call()
    lines: list[str] = []
    for turn in range(1000):
        now_s = 10.0 + turn / 20
        lines += logged(signalling.receive(SELLER, message("call.pause"), now_s))
        effects = signalling.receive(SELLER, message("call.resume"), now_s)
        lines += logged(effects)
    assert len(lines) < 150
    assert problem_of(effects, SELLER) == "too-many-messages"
    assert sent(effects, SELLER, "call")[0]["paused"] is True
    later = signalling.receive(SELLER, message("call.resume"), 100.0)
    assert logged(later) == ["call.resumed"]
