"""The kinds of work there are: how each is found in the records, how one piece is done, and who does it.

A piece is named by ids alone, so that it can travel: whoever does it reads the record anew and finds out whether it is
still to do. A room that brings work of its own (webhooks, reminders) brings a ``Work``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, get_args

from inspection_service.inspections.errors import (
    CaptureUnknown,
    FrameUnknown,
    InspectionUnknown,
    RecordingUnknown,
    UploadUnknown,
)
from inspection_service.inspections.records import CaptureId, FrameId, InspectionId, RecordingId
from inspection_service.inspections.service import Inspections
from inspection_service.work.handlers import Handlers
from inspection_service.work.upkeep import Upkeep

Queue = Literal["vision", "report", "webhook"]
"""Who does it: photos are judged, reports are made and records kept in order, others are told."""
QUEUES: Final[tuple[Queue, ...]] = get_args(Queue)
Ids = tuple[str, ...]
_NONE: Final[frozenset[str]] = frozenset()
_GONE: Final = (InspectionUnknown, CaptureUnknown, UploadUnknown, FrameUnknown, RecordingUnknown)
"""Erased, or done by another, between the look and the work."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work."""

    kind: str
    """For logs, metrics and messages."""
    queue: Queue
    find: Callable[[], Awaitable[Sequence[Ids]]]
    """Look in the records: the ids of what is to do now."""
    do: Callable[..., Awaitable[None]]
    """Do one piece, given its ids: safe to repeat, safe to do twice at once, nothing when it is done already."""
    calls: frozenset[str] | None = _NONE
    """Kinds of events after which there may be something to find at once; ``None``: after any."""

    def is_called_by(self, kind: str) -> bool:
        """Whether it is worth looking after an event of this kind."""
        return self.calls is None or kind in self.calls


def works_of(inspections: Inspections, handlers: Handlers, upkeep: Upkeep | None = None) -> tuple[Work, ...]:
    """Return the work that inspections bring, in the order in which one makes the next possible."""
    pieces = _Pieces(inspections, handlers)
    works = [
        Work("finish", "report", pieces.uploads_to_finish, pieces.finish),
        Work("judge", "vision", pieces.captures_to_judge, pieces.judge, frozenset({"capture.received"})),
        Work(
            "seal",
            "report",
            pieces.inspections_to_seal,
            pieces.seal,
            frozenset({"operator.signed_off", "seller.signed", "capture.judged"}),
        ),
        Work("expire", "report", pieces.inspections_to_expire, pieces.expire),
        Work("drop", "report", pieces.uploads_to_drop, pieces.drop),
        Work("forget-frame", "report", pieces.frames_to_forget, pieces.forget_frame),
        Work("forget-recording", "report", pieces.recordings_to_forget, pieces.forget_recording),
    ]
    if upkeep is not None:
        works.append(_upkeep(upkeep))
    return tuple(works)


def _upkeep(upkeep: Upkeep) -> Work:
    async def due() -> Sequence[Ids]:
        return [(name,) for name in await upkeep.due()]

    return Work("upkeep", "report", due, upkeep.do)


class _Pieces:
    """Translates between ids, which travel, and records, which do not. What has gone meanwhile needs no work."""

    def __init__(self, inspections: Inspections, handlers: Handlers) -> None:
        self._room = inspections
        self._handlers = handlers

    async def uploads_to_finish(self) -> Sequence[Ids]:
        return [(u.inspection_id, u.id) for u in await self._room.to_finish()]

    async def finish(self, inspection_id: str, upload_id: str) -> None:
        with suppress(*_GONE):
            await self._handlers.finish(InspectionId(inspection_id), upload_id)

    async def captures_to_judge(self) -> Sequence[Ids]:
        return [(c.inspection_id, c.id) for c in await self._room.to_judge()]

    async def judge(self, inspection_id: str, capture_id: str) -> None:
        with suppress(*_GONE):
            capture = await self._room.capture(InspectionId(inspection_id), CaptureId(capture_id))
            if capture.state == "received":
                await self._handlers.judge(capture)

    async def inspections_to_seal(self) -> Sequence[Ids]:
        return [(found,) for found in await self._room.to_seal()]

    async def seal(self, inspection_id: str) -> None:
        with suppress(*_GONE):
            await self._handlers.seal(InspectionId(inspection_id))

    async def inspections_to_expire(self) -> Sequence[Ids]:
        return [(found,) for found in await self._room.to_expire()]

    async def expire(self, inspection_id: str) -> None:
        with suppress(*_GONE):
            await self._handlers.expire(InspectionId(inspection_id))

    async def uploads_to_drop(self) -> Sequence[Ids]:
        return [(u.inspection_id, u.id) for u in await self._room.to_drop()]

    async def drop(self, inspection_id: str, upload_id: str) -> None:
        with suppress(*_GONE):
            await self._handlers.drop(InspectionId(inspection_id), upload_id)

    async def frames_to_forget(self) -> Sequence[Ids]:
        return [(f.inspection_id, f.id) for f in await self._room.to_forget_frames()]

    async def forget_frame(self, inspection_id: str, frame_id: str) -> None:
        with suppress(*_GONE):
            for frame in await self._room.frames(InspectionId(inspection_id)):
                if frame.id == FrameId(frame_id):
                    await self._handlers.forget_frame(frame)

    async def recordings_to_forget(self) -> Sequence[Ids]:
        return await self._room.to_forget_recordings()

    async def forget_recording(self, inspection_id: str, recording_id: str) -> None:
        with suppress(*_GONE):
            await self._handlers.forget_recording((InspectionId(inspection_id), RecordingId(recording_id)))
