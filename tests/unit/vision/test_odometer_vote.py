"""Votes of two readers over many looks: which number they favour, and when that is enough to print it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspection_service.vision.odometer_ballot import (
    Ballot,
    Quorum,
    carries,
    confidence,
    decide_by_vote,
)
from inspection_service.vision.odometer_decision import Evidence, Limits, Place
from inspection_service.vision.odometer_number import Character, Number
from inspection_service.vision.odometer_second import Text
from inspection_service.vision.odometer_vote import (
    NOTHING,
    Look,
    Vote,
    elect,
    look_of_number,
    look_of_text,
)

pytestmark = pytest.mark.unit

LIMITS, QUORUM = Limits(), Quorum()


def look(text: str, sure: float = 0.8, *, instead: str = "", rest: float = 0.0) -> Look:
    """A look that saw ``text``; where ``instead`` names another digit, that one came second with ``rest``."""
    scores = np.full((len(text), 10), 0.01, np.float32)
    for at, digit in enumerate(text):
        scores[at, int(digit)] = sure
        if instead:
            scores[at, int(instead[at])] = max(rest, scores[at, int(instead[at])])
    return Look(text, scores)


# ---------------------------------------------------------------- the vote
def test_digits_are_voted_on_one_by_one() -> None:
    """No single look has the number right, and yet together they do."""
    own = [look("185662", instead="182662", rest=0.7), look("182652", instead="182662", rest=0.7)]
    vote = elect(own, [look("182662"), look("188662", instead="182662", rest=0.6)])
    assert vote is not None
    assert (vote.text, vote.own_same, vote.second_same) == ("182662", 0.0, 0.5)


def test_a_clear_number_leads_by_far_and_a_wavering_one_does_not() -> None:
    clear = elect([look("127506")] * 3, [look("127506")] * 3)
    wavering = elect(
        [look("127506", 0.5, instead="127508", rest=0.5)] * 3,
        [look("127506", 0.5, instead="127508", rest=0.45)],
    )
    assert clear is not None and wavering is not None
    assert clear.margin > 3
    assert wavering.margin < 0.5


def test_looks_that_saw_nothing_count_against_the_number() -> None:
    vote = elect([look("127506"), NOTHING, NOTHING, NOTHING], [look("127506"), NOTHING])
    assert vote is not None
    assert (vote.own_same, vote.second_same) == (0.25, 0.5)


def test_readers_that_never_saw_one_length_elect_nothing() -> None:
    assert elect([look("1275066")], [look("127506")]) is None
    assert elect([], []) is None


# ---------------------------------------------------------------- looks
def test_the_look_of_a_text_is_its_longest_run_of_digits() -> None:
    digits = tuple(tuple(0.9 if k == int(c) else 0.01 for k in range(10)) for c in "12345")
    text = Text(
        "7:123 45km", 0.9, (digits[0], digits[0], *digits[:3], digits[0], *digits[3:], digits[0], digits[0])
    )
    found = look_of_text(text)
    assert found.text == "12345"
    assert found.scores.argmax(1).tolist() == [1, 2, 3, 4, 5]


def test_a_letter_is_a_digit_with_doubt() -> None:
    found = look_of_text(Text("1O5", 0.8))
    assert found.text == "105"
    assert found.scores[1, 0] == pytest.approx(0.4)


def test_a_text_without_digits_is_no_look() -> None:
    assert look_of_text(Text("STOP", 0.99)).text == ""


def test_the_look_of_a_number_has_its_decimals() -> None:
    part = Character("4", 0.9, 0.0, 0.0, (0, 0, 9, 20), tuple([0.0] * 10))
    number = Number("444", "4", True, 0.9, 0.0, (0, 0, 40, 20), 0.0, parts=(part,) * 4)
    assert look_of_number(number).text == "4444"
    assert look_of_number(None) == NOTHING


# ---------------------------------------------------------------- whether it is enough
def vote(text: str = "182662", **changes: Any) -> Vote:
    values = {
        "own_long": 1.0,
        "own_same": 0.8,
        "own_least": 0.1,
        "second_long": 1.0,
        "second_same": 0.8,
        "margin": 4.0,
    }
    return Vote(text, **(values | changes))


def place(text: str, score: float = 0.6, left: float = 10) -> Evidence:
    box = (left, 10.0, left + 50, 22.0)
    return Evidence(
        Place(box, score), Number(text, "", False, 0.4, 0.5, (60, 16, 190, 48), 0.0), cuts=3, same=1, box=box
    )


def ballot(text: str = "182662", *, at: Evidence | None = None, **changes: Any) -> Ballot:
    """A ballot that leads to a reading, unless something is changed."""
    voted = vote(
        text,
        **{k: changes.pop(k) for k in ("own_same", "own_least", "second_same", "margin") if k in changes},
    )
    return Ballot(at or place(text), voted, **changes)


def printed(*ballots: Ballot, more: tuple[Evidence, ...] = ()) -> str | None:
    answer = decide_by_vote(ballots, [*(b.evidence for b in ballots), *more], LIMITS, QUORUM)
    return answer.reading if answer else None


def test_a_carried_vote_is_printed_with_its_unit_and_box() -> None:
    answer = decide_by_vote([ballot(unit="km")], [], LIMITS, QUORUM)
    assert answer is not None
    assert (answer.reading, answer.unit, answer.box, answer.why_not) == (
        "182662",
        "km",
        (10.0, 10.0, 60.0, 22.0),
        None,
    )
    assert 0 < answer.confidence < 1


@pytest.mark.parametrize(
    "changes",
    [
        {"own_same": 0.1},
        {"second_same": 0.2},
        {"own_same": 0.4, "second_same": 0.4},
        {"margin": 2.0},
        {"pointed": 0.1},
        {"mark": 0.3},
        {"is_other": True},
        {"is_divided": True},
        {"goes_on": True},
        {"at": place("182662", 0.2)},
    ],
    ids=lambda c: next(iter(c)),
)
def test_every_doubt_keeps_the_number_back(changes: dict[str, Any]) -> None:
    assert printed(ballot(**changes)) is None


def test_a_tenths_drum_is_not_counted() -> None:
    assert printed(ballot("0182662", mark=0.9)) == "018266"


def test_the_second_reader_may_lead_where_ours_does_not_object() -> None:
    tall = replace(place("182662"), digit_px=10.0)
    led: dict[str, Any] = {"own_same": 0.0, "own_least": 0.3, "second_same": 1.0}
    assert printed(ballot(at=tall, **led)) == "182662"
    assert printed(ballot(at=tall, **(led | {"own_least": 0.05}))) is None
    assert printed(ballot(at=replace(tall, digit_px=5.0), **led)) is None


def test_without_a_vote_there_is_no_reading() -> None:
    assert not carries(Ballot(place("182662"), None), LIMITS, QUORUM)


@pytest.mark.parametrize("text", ["405", "6795", "18266245"])
def test_a_number_that_is_too_short_or_too_long_is_never_printed(text: str) -> None:
    """Four digits may be a trip meter whose point nobody sees, however clearly they are read."""
    assert printed(ballot(text, own_same=1.0, second_same=1.0, margin=5.0)) is None


def test_two_places_that_could_be_the_odometer_are_a_doubt() -> None:
    other = ballot("55555", at=place("55555", 0.5, left=200), own_same=0.2)
    assert printed(ballot(), other) is None
    assert printed(ballot(), ballot("55555", at=place("55555", 0.5, left=200), pointed=1.0)) == "182662"


def test_a_place_without_a_ballot_can_compete_too() -> None:
    other = place("55555", 0.55, left=200)
    steady = Evidence(other.place, other.number, cuts=3, same=3, weakest=0.9, box=other.box)
    assert printed(ballot(), more=(steady,)) is None


def test_more_agreement_is_more_confidence() -> None:
    assert (
        confidence(ballot(own_same=0.3))
        < confidence(ballot())
        < confidence(ballot(own_same=1.0, second_same=1.0))
    )
