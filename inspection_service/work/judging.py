"""Runs the vision pipeline beside the event loop, bounded in time, so that no photo can stop the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Judgement(Protocol):
    """What the pipeline returns; only its JSON form travels."""

    def to_json(self) -> Mapping[str, Any]:
        """Return plain JSON values."""
        ...


class Judge(Protocol):
    """The vision pipeline: ``vision.Pipeline`` is one."""

    def judge(self, image_bytes: bytes, asked_view: str | None) -> Judgement:
        """Judge one photo; ``InvalidInput`` when it is not a usable image."""
        ...


class PhotoJudge(Protocol):
    """What handlers call: the pipeline behind a door that keeps time."""

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Return the judgement as JSON values.

        Raises:
            InvalidInput: Not a usable image.
            VisionFailed: It crashed or took too long.
        """
        ...

    async def close(self) -> None:
        """Stop the workers; closing twice is fine."""
        ...


class JudgeInThread:
    """Judges in threads of this process: least memory, but a crash of native code takes the process along."""

    def __init__(self, judge: Judge, *, workers: int = 1, timeout_s: float = 60.0) -> None: ...

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Judge one photo in a thread."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop the threads."""
        raise NotImplementedError


class JudgeInProcess:
    """Judges in child processes that are killed when they hang and replaced when they die.

    ``make_judge`` is called in the child (spawned), so it must be importable: ``functools.partial(load_pipeline, models_dir)``.
    """

    def __init__(self, make_judge: Callable[[], Judge], *, workers: int = 1, timeout_s: float = 60.0) -> None: ...

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Judge one photo in a child process."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop the children."""
        raise NotImplementedError
