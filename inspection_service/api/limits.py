"""Slows down guessing of passwords, codes and links: a fixed window of tries per caller, kept in this process."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Final

from inspection_service.api.errors import RateLimited
from inspection_service.clock import Clock

_MAX_CALLERS: Final = 10_000
"""Windows kept at most; beyond it the finished ones are dropped, then the oldest."""


class FixedWindow:
    """At most ``tries`` per caller within each ``window_s`` seconds."""

    def __init__(self, clock: Clock, *, tries: int, window_s: int) -> None:
        """Keep the limits; nothing is counted yet.

        Args:
            clock: Tells when a window is over.
            tries: How many calls pass within one window.
            window_s: Length of the window in seconds.
        """
        self._clock = clock
        self._tries = tries
        self._window_s = window_s
        self._windows: dict[str, tuple[datetime, int]] = {}

    def hit(self, caller: str) -> None:
        """Count one try.

        Args:
            caller: Whom to count for, such as ``login:203.0.113.7``.

        Raises:
            RateLimited: The window is used up; ``retry_after_s`` says when the next one starts.
        """
        now = self._clock.now()
        started_at, count = self._windows.get(caller, (now, 0))
        age_s = (now - started_at).total_seconds()
        if age_s >= self._window_s:
            started_at, count, age_s = now, 0, 0.0
        if count >= self._tries:
            raise RateLimited(retry_after_s=ceil(self._window_s - age_s))
        self._windows.pop(caller, None)
        self._windows[caller] = (started_at, count + 1)
        if len(self._windows) > _MAX_CALLERS:
            self._forget(now)

    def _forget(self, now: datetime) -> None:
        for caller, (started_at, _) in list(self._windows.items()):
            if (now - started_at).total_seconds() >= self._window_s:
                del self._windows[caller]
        while len(self._windows) > _MAX_CALLERS:
            del self._windows[next(iter(self._windows))]
