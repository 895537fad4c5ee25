"""Remembers what failed lately, so that what keeps failing is tried ever more rarely and never given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Failed:
    times: int
    due_s: float


class Backoff:
    """Waits twice as long after each failure in a row; in memory only: a restart tries everything at once."""

    def __init__(self, first_s: float, longest_s: float, monotonic_s: Callable[[], float]) -> None:
        """Set the pace.

        Args:
            first_s: Seconds after the first failure.
            longest_s: Seconds it never waits longer than.
            monotonic_s: Seconds that only grow.
        """
        self._first_s = first_s
        self._longest_s = longest_s
        self._monotonic_s = monotonic_s
        self._failed: dict[tuple[str, ...], _Failed] = {}

    def is_due(self, *what: str) -> bool:
        """Whether it may be tried now."""
        failed = self._failed.get(what)
        return failed is None or self._monotonic_s() >= failed.due_s

    def failed(self, *what: str) -> None:
        """Note a failure."""
        before = self._failed.get(what)
        times = 1 if before is None else before.times + 1
        wait_s = min(self._longest_s, self._first_s * 2.0 ** min(times - 1, 30))
        self._failed[what] = _Failed(times, self._monotonic_s() + wait_s)

    def done(self, *what: str) -> None:
        """Forget what succeeded at last."""
        self._failed.pop(what, None)
