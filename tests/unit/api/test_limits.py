"""Guessing is slowed down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from inspection_service.api.errors import RateLimited
from inspection_service.api.limits import FixedWindow

pytestmark = pytest.mark.unit


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


def test_tries_are_counted_per_caller_until_the_window_is_over() -> None:
    """A caller who used up the window waits; another caller does not; after the window it starts again."""
    clock = SetClock()
    window = FixedWindow(clock, tries=2, window_s=60)
    window.hit("a")
    window.hit("a")
    with pytest.raises(RateLimited) as refused:
        window.hit("a")
    assert refused.value.attributes["retry_after_s"] == 60
    window.hit("b")
    clock.moment += timedelta(seconds=61)
    window.hit("a")


def test_memory_stays_bounded() -> None:
    """A crowd of callers does not fill the memory, and those seen last are the ones remembered."""
    window = FixedWindow(SetClock(), tries=1, window_s=60)
    for number in range(10_050):
        window.hit(str(number))
    window.hit("0")
    with pytest.raises(RateLimited):
        window.hit("10049")
