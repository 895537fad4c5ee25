"""Hints are steady: a person can follow them."""

from __future__ import annotations

import pytest

from inspection_service.sessions.guidance import REPEAT_S, Hint, SteadyHint

pytestmark = pytest.mark.unit

BACK = Hint("step_back", False, "front")
GOOD = Hint("good", True, "front")


def shown(codes: list[Hint]) -> list[str]:
    """What the page shows for opinions that come three times a second."""
    steady = SteadyHint()
    answers = (steady.offer(hint, number / 3) for number, hint in enumerate(codes))
    return [answer.code for answer in answers if answer is not None]


def test_the_first_hint_is_shown_at_once() -> None:
    assert shown([BACK]) == ["step_back"]


def test_a_single_frame_of_another_opinion_changes_nothing() -> None:
    """One bad frame in a good stretch would otherwise make the overlay flicker."""
    assert shown([GOOD, GOOD, BACK, GOOD, BACK, GOOD]) == ["good"]


def test_two_frames_in_a_row_change_the_hint() -> None:
    assert shown([GOOD, BACK, BACK, GOOD, GOOD]) == ["good", "step_back", "good"]


def test_an_unchanged_hint_is_repeated_for_pages_that_came_late() -> None:
    steady = SteadyHint()
    assert steady.offer(GOOD, 0.0) == GOOD
    assert steady.offer(GOOD, REPEAT_S - 0.1) is None
    assert steady.offer(GOOD, REPEAT_S) == GOOD
