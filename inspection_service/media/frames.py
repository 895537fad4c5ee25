"""One slot for the newest frame, because guidance about a frame of two seconds ago is wrong guidance."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class LatestFrame(Generic[Frame]):
    """Hands over the newest frame and drops, and counts, the older ones nobody looked at."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._frame: Frame | None = None
        self._frame_at_s = 0.0
        self._arrived = asyncio.Event()
        self.taken_at_s = 0.0
        """When the frame last taken had arrived."""
        self.received = 0
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Replace whatever waits in the slot; never blocks the sender."""
        self.received += 1
        if self._frame is not None:
            self.dropped += 1
        self._frame, self._frame_at_s = frame, self._monotonic()
        self._arrived.set()

    async def take(self) -> Frame:
        """Wait for a frame and empty the slot."""
        while self._frame is None:
            self._arrived.clear()
            await self._arrived.wait()
        frame, self._frame = self._frame, None
        self.taken_at_s = self._frame_at_s
        return frame
