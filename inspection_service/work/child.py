"""One child process that judges photos, seen from the parent: asked over a pipe, killed when it hangs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final, Protocol

from inspection_service.errors import InspectionServiceError, InvalidInput
from inspection_service.telemetry import logs
from inspection_service.work.errors import JudgeAway, UnusablePhoto, VisionFailed

_START_S: Final = 120.0
"""Longest start of a child: it imports and loads all models."""
_STOP_S: Final = 5.0
_TRIES: Final = 2


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


class Child:
    """A process that holds the models. Calls block: make them in a thread."""

    def __init__(self, make_judge: Callable[[], Judge]) -> None:
        self._make_judge = make_judge
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self.trouble: str | None = None
        """Why the last start failed; ``None`` after one that went well."""

    def judge(self, image_bytes: bytes, asked_view: str | None, timeout_s: float) -> Mapping[str, Any]:
        """Judge one photo; a photo on which the child dies is tried once more in a fresh one.

        Raises:
            InvalidInput: Not a usable image.
            VisionFailed: It crashed twice, raised, or took too long.
            JudgeAway: No child can be started, which is not this photo's fault.
        """
        with self._lock:
            for _ in range(_TRIES):
                pipe = self._started()
                try:
                    answer = _asked(pipe, image_bytes, asked_view, timeout_s)
                except TimeoutError:
                    self._replace("timeout")
                    raise VisionFailed(cause="timeout") from None
                except (EOFError, OSError):
                    # The child died; perhaps not because of this photo.
                    self._replace("died")
                    continue
                return _opened(answer)
            raise VisionFailed(cause="crash")

    def stop(self) -> None:
        """End the process; stopping twice is fine."""
        with self._lock:
            self._end()

    @property
    def pid(self) -> int | None:
        """The process now running, for whoever watches its memory."""
        return self._process.pid if self._process else None

    def _started(self) -> Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        # A fresh interpreter: forking a process with threads and onnxruntime inside may deadlock.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._make_judge), name="judge", daemon=True)
        process.start()
        theirs.close()
        self._process, self._pipe = process, ours
        self.trouble = _trouble(ours)
        if self.trouble is not None:
            self._end()
            raise JudgeAway(cause=self.trouble)
        return ours

    def _replace(self, reason: str) -> None:
        logs.vision_worker_replaced(reason)
        self._end()

    def _end(self) -> None:
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(_STOP_S)
            process.close()


def _trouble(pipe: Connection) -> str | None:
    """Wait for a child that starts and return why it did not, ``None`` when it did."""
    try:
        if not pipe.poll(_START_S):
            return f"no start within {_START_S:.0f} s"
        said = pipe.recv()
    except (EOFError, OSError):
        return "died while starting"
    return None if said == "ready" else str(said)


def _asked(pipe: Connection, image_bytes: bytes, asked_view: str | None, timeout_s: float) -> Any:
    pipe.send((image_bytes, asked_view))
    if not pipe.poll(timeout_s):
        raise TimeoutError
    return pipe.recv()


def _opened(answer: Any) -> Mapping[str, Any]:
    kind, value = answer
    if kind == "judged":
        judgement: Mapping[str, Any] = value
        return judgement
    if kind == "unusable":
        slug, message = value
        raise UnusablePhoto(message, cause=slug)
    raise VisionFailed(cause=value)


def _serve(pipe: Connection, make_judge: Callable[[], Judge]) -> None:
    """What the child does until the parent's end of the pipe closes."""
    # Ctrl-C goes to the whole group; the parent decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(5)  # answering people comes before judging photos
    try:
        judge = make_judge()
    except Exception as error:  # a boundary: the parent is told why there is no judge
        pipe.send(f"{type(error).__name__}: {error}")
        return
    pipe.send("ready")
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            image_bytes, asked_view = pipe.recv()
            pipe.send(_answer(judge, image_bytes, asked_view))


def _answer(judge: Judge, image_bytes: bytes, asked_view: str | None) -> tuple[str, Any]:
    try:
        return "judged", judge.judge(image_bytes, asked_view).to_json()
    except InvalidInput as error:
        return "unusable", (error.slug, error.message)
    except InspectionServiceError as error:
        return "failed", error.slug
    except Exception as error:  # a boundary: whatever a model does wrong ends here
        return "failed", type(error).__name__
