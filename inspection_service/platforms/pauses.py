"""How long to wait between attempts, and when to stop: some patience, growing, spread so that nobody is rushed."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

_HOUR_S: Final = 3600
PAUSES_S: Final = (
    5,
    30,
    2 * 60,
    5 * 60,
    15 * 60,
    30 * 60,
    _HOUR_S,
    2 * _HOUR_S,
    3 * _HOUR_S,
    4 * _HOUR_S,
    6 * _HOUR_S,
    7 * _HOUR_S,
)
"""Seconds after the first, the second ... failure: together just under 24 hours; then it is given up."""
PATIENCE: Final = timedelta(hours=24)
"""From the first attempt of a round: whatever fails later than this is given up."""
JITTER: Final = 0.2
"""Each pause is up to so much longer: endpoints that failed together are not tried again together."""
QUIET: Final = timedelta(hours=12)
"""Longer than any pause: failures further apart than this are not one outage."""


def pause_after(
    round_no: int, retry_after_s: int | None = None, *, chance: float | None = None
) -> timedelta | None:
    """Say how long to wait after a failure.

    Args:
        round_no: Number of the attempt that failed, 1 is the first.
        retry_after_s: What the endpoint asked for: it is heard when it asks for more, up to two hours.
        chance: From 0 to 1, where within the spread; drawn when absent.

    Returns:
        The pause, or ``None`` when that was the last attempt.
    """
    if round_no > len(PAUSES_S):
        return None
    spread = random.random() if chance is None else chance  # noqa: S311 - nothing secret about it
    pause_s = PAUSES_S[round_no - 1] * (1 + JITTER * spread)
    return timedelta(seconds=max(pause_s, min(retry_after_s or 0, 2 * _HOUR_S)))
