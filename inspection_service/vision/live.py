"""Opinions on the frames of one live session, for a fifth of what a photo costs.

The view and the pixels are judged on every frame. The scene, which costs as much as both together, is looked at now
and then, and only while it can change what the seller is told.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision import quality
from inspection_service.vision.framing import Framing, decide, known, largest_car, needs_scene
from inspection_service.vision.judgement import Guidance
from inspection_service.vision.scene import SceneObject

SCENE_EVERY_S = 2.0
"""The scene is looked at this often at most; a car does not move faster."""


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
        seen = self._framing.glance(frame)
        objects = self._scene_now(frame) if needs_scene(asked_view, seen, limits) else ()
        verdict = decide(
            asked_view, seen, quality.measure(frame), objects, size=(width, height), limits=limits
        )
        car = largest_car(objects)
        box = None
        if car is not None:
            x1, y1, x2, y2 = car.box
            box = (x1 / width, y1 / height, x2 / width, y2 / height)
        code = verdict.reasons[0] if verdict.reasons else "ok"
        return Guidance(code, verdict.accepted, asked_view, seen.view, seen.score, verdict.reasons, box)

    def _scene_now(self, frame: NDArray[np.uint8]) -> tuple[SceneObject, ...]:
        now_s = self._monotonic_s()
        if self._look_again_s is None or now_s >= self._look_again_s:
            self._objects = self._scene(frame)
            self._look_again_s = now_s + SCENE_EVERY_S + self._phase_s
            self._phase_s = 0.0
        return self._objects
