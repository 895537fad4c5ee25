"""What keeps failing is tried ever more rarely, and never given up."""

import pytest

from inspection_service.testing import FakeClock
from inspection_service.work.backoff import Backoff

pytestmark = pytest.mark.unit


def test_it_waits_twice_as_long_each_time_up_to_a_limit() -> None:
    """And begins anew after a success."""
    clock = FakeClock()
    backoff = Backoff(15, 100, clock.monotonic_s)
    assert backoff.is_due("seal", "ins_1")
    for wait_s in (15, 30, 60, 100, 100):
        backoff.failed("seal", "ins_1")
        clock.advance(seconds=wait_s - 1)
        assert not backoff.is_due("seal", "ins_1")
        assert backoff.is_due("seal", "ins_2")
        assert backoff.is_due("seal")
        clock.advance(seconds=1)
        assert backoff.is_due("seal", "ins_1")
    backoff.done("seal", "ins_1")
    backoff.failed("seal", "ins_1")
    clock.advance(seconds=15)
    assert backoff.is_due("seal", "ins_1")


def test_a_thousand_failures_do_not_break_the_arithmetic() -> None:
    """Two to the power of a thousand is no time to wait."""
    clock = FakeClock()
    backoff = Backoff(15, 100, clock.monotonic_s)
    for _ in range(2000):
        backoff.failed("judge")
    clock.advance(seconds=100)
    assert backoff.is_due("judge")
