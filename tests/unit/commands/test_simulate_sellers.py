"""The load generator: what it counts must be what happened."""

from __future__ import annotations

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.cli import main
from inspection_service.commands.simulate_sellers import run, summarise
from inspection_service.commands.simulated_seller import Sighting, latencies_ms
from inspection_service.errors import InvalidInput

pytestmark = pytest.mark.unit

SENT_S = {n * 1000 // 3 + (n * n * 7) % 61: 10.0 + n / 3 for n in range(60)}
"""As the simulated camera numbers its frames, each sent a third of a second after the one before."""


@given(st.sets(st.sampled_from(sorted(SENT_S)), min_size=4), st.integers(-(10**9), 10**9))
def test_a_hint_is_timed_from_the_very_frame_it_is_about(frames: set[int], origin: int) -> None:
    """Whatever origin the receiver counts from, each hint finds its frame again, or none is timed at all."""
    heard = {stamp - origin: SENT_S[stamp] + 0.080 for stamp in frames}
    measured = latencies_ms(SENT_S, heard)
    assert measured == [] or measured == pytest.approx([80.0] * len(frames))


def test_hints_spread_over_the_session_are_timed() -> None:
    """The spacing of the frames is uneven enough for a handful of hints to fix the origin."""
    heard = {stamp - 4711: SENT_S[stamp] + 0.080 for stamp in sorted(SENT_S)[1::7]}
    assert latencies_ms(SENT_S, heard) == pytest.approx([80.0] * len(heard))


def test_a_hint_about_no_frame_of_ours_is_not_timed() -> None:
    """A figure nobody can stand for is left out rather than guessed."""
    assert latencies_ms(SENT_S, {0: 1.0, 12: 2.0, 1_000_003: 3.0}) == []


def test_the_summary_counts_who_connected_and_who_failed() -> None:
    """A seller who never connected weighs on the count, not on the times."""
    seen = [
        Sighting(connect_ms=100.0, frames_sent=30, hints=4, frame_to_hint_ms=[50.0, 70.0]),
        Sighting(connect_ms=300.0, frames_sent=30, hints=2, frame_to_hint_ms=[60.0]),
        Sighting(error="TimeoutError: "),
    ]
    assert summarise(seen) == {
        "sessions": 3,
        "connected": 2,
        "frames_sent": 60,
        "hints": 6,
        "connect_ms": {"p50": 200.0, "p95": 290.0},
        "frame_to_hint_ms": {"p50": 60.0, "p95": 69.0},
        "errors": 1,
        "first_error": "TimeoutError: ",
    }


def test_another_machine_is_left_alone_unless_asked_for() -> None:
    """Load on somebody else's service takes one more word."""
    arguments = argparse.Namespace(
        url="http://192.0.2.1:8000",
        remote=False,
        api_key="isk_x",
        data_dir=None,
        count=1,
        seconds=1,
        json=True,
    )
    with pytest.raises(InvalidInput, match="not this machine"):
        run(arguments)


@pytest.mark.parametrize(
    "words", [["--count", "501"], ["--count", "0"], ["--seconds", "3601"], ["--seconds", "x"]]
)
def test_the_load_is_bounded(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody floods a service by a slip of the finger."""
    with pytest.raises(SystemExit) as stopped:
        main(["simulate-sellers", "--url", "http://127.0.0.1:1", *words])
    assert stopped.value.code == 2
    assert "is not a whole number from 1 to" in capsys.readouterr().err
