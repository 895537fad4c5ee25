"""Judges that misbehave, importable by a spawned child process."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection_service.errors import InvalidInput
from inspection_service.testing import judgement


class Verdict:
    """A judgement with a JSON form."""

    def __init__(self, view: str) -> None:
        self._view = view

    def to_json(self) -> Mapping[str, Any]:
        return judgement(self._view)


class OddJudge:
    """Does what the bytes of the photo say."""

    def judge(self, image_bytes: bytes, asked_view: str | None) -> Verdict:
        order, _, argument = image_bytes.decode().partition(" ")
        if order == "die":
            os._exit(9)
        if order == "die-once" and not Path(argument).exists():
            Path(argument).write_text("died", encoding="utf-8")
            os._exit(9)
        if order == "hang":
            time.sleep(3600)
        if order == "raise":
            raise ArithmeticError("odd")
        if order == "unusable":
            raise InvalidInput("This file is not an image.")
        return Verdict(asked_view or "other")


def broken() -> OddJudge:
    """A judge that cannot be made."""
    raise RuntimeError("no models")


def dying() -> OddJudge:
    """A judge whose making ends the process, as a lack of memory does."""
    os._exit(9)


@dataclass(frozen=True)
class Restorable:
    """Makes a judge once a file is there, as models that somebody puts back."""

    models: Path

    def __call__(self) -> OddJudge:
        if not self.models.exists():
            raise FileNotFoundError("scene.onnx")
        return OddJudge()
