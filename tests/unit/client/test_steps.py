"""What the client does about refusals, silence and lost connections, played without a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from inspection_service.client import Problem, ServiceAway
from inspection_service.client.steps import Answer, Call, Lost, Pause, Retries, Send, retry_after_s, sent

pytestmark = pytest.mark.unit
RETRIES = Retries(tries=4, first_pause_s=1.0, longest_pause_s=10.0, spread=lambda: 1.0)
OK = Answer(200, {}, b"{}")


def refusal(status: int, slug: str = "x", **headers: str) -> Answer:
    document = {
        "type": f"urn:inspection:problem:{slug}",
        "title": "T",
        "status": status,
        "detail": "D",
        "more": 7,
    }
    return Answer(
        status, {name.replace("_", "-"): v for name, v in headers.items()}, json.dumps(document).encode()
    )


def played(call: Call, outcomes: Sequence[Answer | Lost]) -> tuple[Any, list[Call], list[float]]:
    """Run the flow against outcomes; return how it ended, what was sent, and the pauses."""
    flow, waiting = sent(call, RETRIES), list(outcomes)
    calls: list[Call] = []
    pauses: list[float] = []
    reply: Any = None
    try:
        while True:
            match flow.send(reply):
                case Send(asked):
                    calls.append(asked)
                    reply = waiting.pop(0)
                case Pause(seconds):
                    pauses.append(seconds)
                    reply = None
    except StopIteration as done:
        return done.value, calls, pauses
    except (Problem, ServiceAway) as error:
        return error, calls, pauses


def test_one_key_for_all_tries_of_an_unsafe_request() -> None:
    """So whatever arrived, it happens once; a key of one's own stays; reading needs none."""
    lost: list[Answer | Lost] = [Lost("reset"), Lost("reset"), OK]
    _, calls, pauses = played(Call("POST", "/v1/inspections"), lost)
    keys = {call.headers["Idempotency-Key"] for call in calls}
    assert (len(calls), len(keys)) == (3, 1)
    assert pauses == [1.0, 2.0]
    _, (other, *_), _ = played(Call("POST", "/v1/inspections"), [OK])
    assert other.headers["Idempotency-Key"] not in keys
    _, (mine,), _ = played(Call("POST", "/", headers={"Idempotency-Key": "order-1"}), [OK])
    assert mine.headers["Idempotency-Key"] == "order-1"
    _, (read,), _ = played(Call("GET", "/"), [OK])
    assert "Idempotency-Key" not in read.headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 500])
def test_what_another_try_would_not_mend_is_said_at_once(status: int) -> None:
    error, calls, _ = played(Call("POST", "/"), [refusal(status, "inspection-closed")])
    assert isinstance(error, Problem)
    assert (error.status, error.slug, error.title, error.detail) == (status, "inspection-closed", "T", "D")
    assert error.document["more"] == 7
    assert len(calls) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_another_try_may_mend_is_tried_and_not_for_ever(status: int) -> None:
    answer, calls, _ = played(Call("GET", "/"), [refusal(status), OK])
    assert answer == OK
    error, calls, pauses = played(Call("GET", "/"), [refusal(status)] * 9)
    assert isinstance(error, Problem)
    assert (len(calls), pauses) == (4, [1.0, 2.0, 4.0])


def test_the_same_order_still_under_way_is_waited_for() -> None:
    answer, _, pauses = played(
        Call("POST", "/"), [refusal(409, "idempotency-key-in-use", retry_after="2"), OK]
    )
    assert answer == OK
    assert pauses == [2.0]


def test_the_service_says_when_to_come_back() -> None:
    """And one that says tomorrow is not waited for: the caller is told when."""
    answer, _, pauses = played(Call("GET", "/"), [refusal(429, retry_after="7"), OK])
    assert (answer, pauses) == (OK, [7.0])
    error, calls, pauses = played(Call("GET", "/"), [refusal(429, retry_after="3600")])
    assert isinstance(error, Problem)
    assert (error.retry_after_s, len(calls), pauses) == (3600.0, 1, [])
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_s({"retry-after": "soon"}) is None


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"[]", b"\xff", b""])
def test_an_answer_of_something_in_between_is_a_problem_too(body: bytes) -> None:
    error, _, _ = played(Call("GET", "/"), [Answer(404, {}, body)])
    assert isinstance(error, Problem)
    assert (error.slug, error.errors) == ("about:blank", [])


def test_pauses_are_spread_and_bounded() -> None:
    """Between half and all of the doubled pause, so that a thousand clients do not come back together."""
    assert Retries(spread=lambda: 0.0).pause_s(3) == 1.0
    assert Retries(spread=lambda: 1.0).pause_s(3) == 2.0
    assert Retries(spread=lambda: 1.0).pause_s(40) == 30.0
