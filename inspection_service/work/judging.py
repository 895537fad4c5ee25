"""Runs the vision pipeline beside the event loop, bounded in time, so that no photo can stop the service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from inspection_service.errors import InvalidInput
from inspection_service.work.child import Child, Judge, Judgement
from inspection_service.work.errors import JudgeAway, VisionFailed

__all__ = ["Judge", "JudgeInProcess", "JudgeInThread", "Judgement", "PhotoJudge"]


class PhotoJudge(Protocol):
    """What handlers call: the pipeline behind a door that keeps time."""

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Return the judgement as JSON values.

        Raises:
            InvalidInput: Not a usable image.
            VisionFailed: It crashed or took too long.
            JudgeAway: No photo can be judged at present; this one is to be tried again.
        """
        ...

    async def close(self) -> None:
        """Stop the workers; closing twice is fine."""
        ...


class JudgeInThread:
    """Judges in threads of this process: least memory, but a crash of native code takes the process along.

    A judgement that takes too long is given up, yet its thread runs on until the pipeline returns.
    """

    def __init__(self, judge: Judge, *, workers: int = 1, timeout_s: float = 60.0) -> None:
        self._judge = judge
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(workers, "judge")

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Judge one photo in a thread."""
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self._judge.judge(image_bytes, asked_view).to_json()
        )
        try:
            # Not wait_for: until Python 3.12 it swallows a cancellation that arrives together with the result.
            async with asyncio.timeout(self._timeout_s):
                return await work
        except InvalidInput:
            raise
        except TimeoutError as error:
            raise VisionFailed(cause="timeout") from error
        except Exception as error:  # a boundary: whatever a model does wrong ends here
            raise VisionFailed(cause=type(error).__name__) from error

    async def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class JudgeInProcess:
    """Judges in child processes that are killed when they hang and replaced when they die.

    ``make_judge`` is called in the child (spawned), so it must be importable, such as
    ``functools.partial(load_pipeline, models_dir)``.
    """

    def __init__(self, make_judge: Callable[[], Judge], *, workers: int = 1, timeout_s: float = 60.0) -> None:
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(workers, "judge")
        self._children = [Child(make_judge) for _ in range(workers)]
        self._idle: asyncio.Queue[Child] = asyncio.Queue()
        for child in self._children:
            self._idle.put_nowait(child)
        self._is_closed = False

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Judge one photo in a child process."""
        if self._is_closed:
            raise JudgeAway(cause="closed")
        child = await self._idle.get()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, child.judge, image_bytes, asked_view, self._timeout_s
            )
        finally:
            self._idle.put_nowait(child)

    async def ping(self) -> None:
        """Return when photos can be judged, as far as is known: a child starts with the first photo.

        Raises:
            JudgeAway: A child could not be started when it was last tried.
        """
        for child in self._children:
            if child.trouble is not None:
                raise JudgeAway(cause=child.trouble)

    async def close(self) -> None:
        """Stop the children; a judgement under way is waited for, and it has its time limit."""
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop()
        for child in self._children:
            await loop.run_in_executor(self._threads, child.stop)
        self._threads.shutdown(wait=True, cancel_futures=True)
