"""From a stream of opinions about frames to a hint that a person can follow: steady, and about now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

CONFIRM_FRAMES: Final = 2
"""A new hint is shown once two frames in a row (0.7 s at 3 frames a second) ask for it."""
REPEAT_S: Final = 3.0
"""An unchanged hint is sent again so often, so that a page that joins late shows it."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What the seller should do now with the camera, as a code that the pages put into words."""

    code: str
    ok: bool
    view: str | None


class Guide(Protocol):
    """Looks at the frames of one session; keeps what it needs to know from earlier ones."""

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        """Give an opinion on one ``(H, W, 3)`` uint8 BGR frame. Runs in a worker thread."""
        ...


class SteadyHint:
    """Lets a hint through only when it has settled, so that the overlay does not flicker."""

    def __init__(self) -> None:
        self._shown: Hint | None = None
        self._shown_s = 0.0
        self._candidate: str | None = None
        self._seen = 0

    def offer(self, hint: Hint, now_s: float) -> Hint | None:
        """Take the opinion on the newest frame.

        Returns:
            The hint to show now, or ``None`` when what is on the screen stays.
        """
        self._seen = self._seen + 1 if self._candidate == hint.code else 1
        self._candidate = hint.code
        if self._seen < CONFIRM_FRAMES and self._shown is not None:
            return None
        is_news = self._shown is None or self._shown.code != hint.code
        if not is_news and now_s - self._shown_s < REPEAT_S:
            return None
        self._shown, self._shown_s = hint, now_s
        return hint
