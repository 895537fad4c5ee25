"""Models that are opened with the first picture that needs them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspection_service.sessions import (
    Hint,
)
from inspection_service.vision.hideable import Found, Hideable
from inspection_service.vision.live import LiveGuide
from inspection_service.vision.pipeline import Pipeline


class LazyPipeline:
    """Models that are opened with the first frame of the first call: most inspections have none."""

    def __init__(self, load: Callable[[], Pipeline]) -> None:
        """Keep how to open the models."""
        self._load = load
        self._pipeline: Pipeline | None = None
        self._opening = threading.Lock()

    def opened(self) -> Pipeline:
        """Return the models; the first call takes seconds."""
        with self._opening:
            self._pipeline = self._pipeline or self._load()
            return self._pipeline


class LazyFinder:
    """Looks for what to hide in photos, with a model that is opened for the first of them."""

    def __init__(self, models_dir: Path) -> None:
        """Keep where the model is."""
        self._models_dir = models_dir
        self._opened: Hideable | None = None
        self._opening = threading.Lock()

    @property
    def model_sha256(self) -> str | None:
        """Of the model file that looks; ``None`` before it has."""
        return None if self._opened is None else self._opened.model_sha256

    def find(self, data: bytes) -> Found:
        """Look at one photo as it was received; runs in a worker thread.

        Raises:
            ModelMissing, ModelCorrupt: There is nothing to look with.
            UnusableImage: It cannot be decoded.
        """
        with self._opening:
            self._opened = self._opened or Hideable.open(self._models_dir)
        return self._opened.find(data)


class SessionGuide:
    """Looks at the frames of one live session."""

    def __init__(self, pipeline: LazyPipeline) -> None:
        """Keep the models, unopened."""
        self._pipeline = pipeline
        self._guide: LiveGuide | None = None

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        """Give an opinion on one ``(H, W, 3)`` uint8 BGR frame; runs in a worker thread."""
        self._guide = self._guide or self._pipeline.opened().live()
        guidance = self._guide.hint(frame, asked_view)
        return Hint(code=guidance.code, ok=guidance.ok, view=guidance.view)
