"""Opinions on the frames of one live session, for a fraction of what a photo costs.

The view and the pixels are judged on every frame. The scene, which costs twice as much as both together, is looked at
now and then, only while it can change what the seller is told, and less often while the seller holds still.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision import quality
from inspection_service.vision.framing import Framing, Seen, decide, known, largest_car, needs_scene
from inspection_service.vision.judgement import Guidance
from inspection_service.vision.scene import SceneObject

FRAMING_PX = 448
"""Twice the sides of the framing network's input: exact pairs of pixels are averaged many times as fast as others."""
SCENE_EVERY_S = 2.0
"""The scene is looked at this often at most; a car does not move faster."""
SCENE_AT_LATEST_S = 12.0
"""While the seller holds still, so old may it become."""
STILL = 0.95
"""Likeness of two frames, by the framing model's look of the whole picture, from which the seller holds still.

Source: 60 photos of whole cars. A shaking hand (2 % aside, 1 degree, noise): half at 0.97, nine in ten above 0.95.
Steps back that make the car 1.3 times smaller: half at 0.86, 95 of 100 below 0.94; 1.6 times: 95 of 100 below 0.84."""
ROOM = 2.0
"""So many times as large as it must be is a car that no unnoticed step back makes too small."""


def quickly_shrunk(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring a frame to ``FRAMING_PX`` squared, its shape let go; a larger picture than frames have stays as it is.

    Averaging a frame straight to the input of the network took a millisecond more. Source: 220 photos at 640 x 360: the
    same view for all, its probability within 0.013 for 95 of 100, and one fault of one photo on the other side.
    """
    if max(frame.shape[:2]) >= 2 * FRAMING_PX:
        return frame
    size = (FRAMING_PX, FRAMING_PX)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), np.uint8)


class LiveGuide:
    """Opinions on the frames of one session; it remembers the scene and belongs to one task.

    Each frame is judged by itself; what is shown to people settles in ``sessions.guidance``.
    """

    def __init__(
        self,
        scene: Callable[[NDArray[np.uint8]], tuple[SceneObject, ...]],
        framing: Framing,
        monotonic_s: Callable[[], float],
        *,
        phase: float = 0.0,
    ) -> None:
        """Keep the collaborators; see :meth:`Pipeline.live`.

        Args:
            scene: Finds things in a frame.
            framing: Names the view.
            monotonic_s: Seconds that only grow.
            phase: Share of ``SCENE_EVERY_S`` by which the second look comes later, once: sessions that begin in one
                moment, after a restart, do not look at their scenes in one moment for ever.
        """
        self._scene = scene
        self._framing = framing
        self._monotonic_s = monotonic_s
        self._phase_s = phase * SCENE_EVERY_S
        self._objects: tuple[SceneObject, ...] = ()
        self._seen: Seen | None = None
        self._look_again_s: float | None = None

    def hint(self, frame: NDArray[np.uint8], asked_view: str | None) -> Guidance:
        """Judge the newest frame.

        Args:
            frame: ``(H, W, 3)`` uint8, BGR, upright.
            asked_view: One of ``VIEWS``, or None.

        Returns:
            The opinion; its ``box`` only where the scene was of use.
        """
        known(asked_view)
        height, width = frame.shape[:2]
        limits = self._framing.thresholds
        seen = self._framing.glance(quickly_shrunk(frame))
        objects = self._scene_now(frame, seen) if needs_scene(asked_view, seen, limits) else ()
        measures = quality.measure(frame, quality.quick_copy)
        verdict = decide(asked_view, seen, measures, objects, size=(width, height), limits=limits)
        car = largest_car(objects)
        box = None
        if car is not None:
            x1, y1, x2, y2 = car.box
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
        code = verdict.reasons[0] if verdict.reasons else "ok"
        return Guidance(code, verdict.accepted, asked_view, seen.view, seen.score, verdict.reasons, box)

    def _scene_now(self, frame: NDArray[np.uint8], seen: Seen) -> tuple[SceneObject, ...]:
        now_s = self._monotonic_s()
        if self._look_again_s is None or (
            now_s >= self._look_again_s and not self._stands(frame, seen, now_s)
        ):
            self._objects, self._seen = self._scene(frame), seen
            self._look_again_s = now_s + SCENE_EVERY_S + self._phase_s
            self._phase_s = 0.0
        return self._objects

    def _stands(self, frame: NDArray[np.uint8], seen: Seen, now_s: float) -> bool:
        """Say whether a new look would tell the same: the seller holds still, and the car is far from every limit."""
        assert self._look_again_s is not None
        car = largest_car(self._objects)
        if car is None or now_s >= self._look_again_s + SCENE_AT_LATEST_S - SCENE_EVERY_S:
            return False
        limits = self._framing.thresholds
        x1, y1, x2, y2 = car.box
        share = (x2 - x1) * (y2 - y1) / (frame.shape[0] * frame.shape[1])
        # near the picture's rim a little aside decides, which two looks hardly tell apart
        clear = share >= ROOM * limits["car_share"] and seen.faults["cut_off"] < limits["cut_off_at_edge"]
        return clear and self._seen is not None and seen.likeness(self._seen) >= STILL
