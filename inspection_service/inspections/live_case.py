"""What a live session leaves with one inspection: frozen frames, recordings, words, calls for help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections import rows
from inspection_service.inspections.errors import FrameUnknown, RecordingUnknown, SessionMoved
from inspection_service.inspections.records import (
    Annotation,
    ChatMessage,
    Event,
    Frame,
    FrameId,
    HelpRequest,
    Inspection,
    Recording,
    RecordingId,
    RecordingKind,
)
from inspection_service.storage import tables as t

FRAME_FACTS = (
    t.frames.c.step_id,
    t.frames.c.sha256,
    t.frames.c.size_bytes,
    t.frames.c.media_type,
    t.frames.c.width,
    t.frames.c.height,
    t.frames.c.object_key,
    t.frames.c.at.label("frozen_at"),
)
"""What an annotation takes from its frame."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a recording, as it is remembered when its bytes have gone."""

    n: int
    sha256: str
    size_bytes: int
    chain_sha256: str


@dataclass(frozen=True, slots=True)
class SessionHolder:
    """The node that has the live session; ``None`` once it was given back."""

    node_id: str | None
    fence: int


class LiveCase:
    """The part of a ``Case`` that a live session writes."""

    def __init__(self, connection: AsyncConnection, inspection: Inspection) -> None:
        self._connection = connection
        self.inspection = inspection

    # -- who has the session ---------------------------------------------------------------------------------
    async def session_holder(self) -> SessionHolder | None:
        """Return who has the live session, ``None`` when no node ever had it."""
        column = t.session_holders.c
        query = select(column.node_id, column.fence).where(self._is_mine(column.inspection_id))
        row = (await self._connection.execute(query)).first()
        return None if row is None else SessionHolder(row.node_id, int(row.fence))

    async def add_session_holder(self, node_id: str, fence: int) -> None:
        """Write who has it first."""
        await self._connection.execute(
            insert(t.session_holders).values(inspection_id=self.inspection.id, node_id=node_id, fence=fence)
        )

    async def save_session_holder(self, node_id: str | None, fence: int) -> None:
        """Write who has it now."""
        column = t.session_holders.c
        await self._connection.execute(
            update(t.session_holders)
            .where(self._is_mine(column.inspection_id))
            .values(node_id=node_id, fence=fence)
        )

    async def needs_fence(self, fence: int | None) -> None:
        """Refuse what a node writes whose session another node has by now.

        Args:
            fence: The number it was given; ``None`` where there is only one node.

        Raises:
            SessionMoved: The number is not the newest.
        """
        if fence is None:
            return
        held = await self.session_holder()
        if held is None or held.fence != fence:
            raise SessionMoved

    # -- events ----------------------------------------------------------------------------------------------
    async def events_of(self, kinds: Iterable[str]) -> tuple[Event, ...]:
        """Return the events of some kinds, oldest first, with the operators' names."""
        column = t.events.c
        query = (
            select(t.events, t.operators.c.name)
            .outerjoin(t.operators, t.operators.c.id == column.actor_id)
            .where(self._is_mine(column.inspection_id), column.kind.in_(sorted(kinds)))
            .order_by(column.seq)
        )
        found = (await self._connection.execute(query)).mappings().all()
        return tuple(rows.event_from(row, {row["actor_id"]: row["name"] or ""}) for row in found)

    # -- frames ----------------------------------------------------------------------------------------------
    async def frame(self, frame_id: FrameId) -> Frame:
        """Return a frozen frame, also one whose bytes have gone. Raises ``FrameUnknown``."""
        column = t.frames.c
        query = select(t.frames).where(self._is_mine(column.inspection_id), column.id == frame_id)
        row = (await self._connection.execute(query)).mappings().first()
        if row is None:
            raise FrameUnknown
        return rows.frame_from(row)

    async def frames(self) -> tuple[Frame, ...]:
        """Return all frozen frames, oldest first."""
        column = t.frames.c
        query = select(t.frames).where(self._is_mine(column.inspection_id)).order_by(column.at, column.id)
        return tuple(rows.frame_from(row) for row in (await self._connection.execute(query)).mappings())

    async def frames_since(self, moment: datetime) -> int:
        """Count the frames frozen after a moment."""
        column = t.frames.c
        query = select(func.count()).where(self._is_mine(column.inspection_id), column.at > moment)
        return int((await self._connection.execute(query)).scalar_one())

    async def add_frame(self, frame: Frame) -> None:
        """Add a frozen frame."""
        await self._connection.execute(insert(t.frames).values(rows.frame_row(frame)))

    async def forget_frame(self, frame_id: FrameId, at: datetime) -> bool:
        """Note that the bytes of a frame go, unless somebody kept it or they have gone; say whether they do."""
        column = t.frames.c
        done = await self._connection.execute(
            update(t.frames)
            .where(
                self._is_mine(column.inspection_id),
                column.id == frame_id,
                column.is_kept.is_(False),
                column.deleted_at.is_(None),
            )
            .values(deleted_at=at)
        )
        return done.rowcount == 1

    async def frame_bytes_gone(self, frame_id: FrameId) -> None:
        """Note that nothing of a frame is left in the store."""
        column = t.frames.c
        await self._connection.execute(
            update(t.frames)
            .where(self._is_mine(column.inspection_id), column.id == frame_id)
            .values(has_bytes=False)
        )

    async def annotations(self) -> tuple[Annotation, ...]:
        """Return the drawings that were kept, with their frames' facts, oldest first."""
        column = t.frame_annotations.c
        query = (
            select(t.frame_annotations, *FRAME_FACTS)
            .join(t.frames, t.frames.c.id == column.frame_id)
            .where(self._is_mine(column.inspection_id))
            .order_by(column.position)
        )
        return tuple(rows.annotation_from(row) for row in (await self._connection.execute(query)).mappings())

    async def add_annotation(self, annotation: Annotation) -> None:
        """Add a drawing after the earlier ones, and keep its frame for good."""
        position = await self._next_position(
            t.frame_annotations.c.position, t.frame_annotations.c.inspection_id
        )
        values = rows.annotation_row(annotation) | {"position": position}
        await self._connection.execute(insert(t.frame_annotations).values(values))
        await self._connection.execute(
            update(t.frames).where(t.frames.c.id == annotation.frame_id).values(is_kept=True)
        )

    async def annotation_count(self) -> int:
        """Count the drawings that were kept."""
        return (
            await self._next_position(t.frame_annotations.c.position, t.frame_annotations.c.inspection_id) - 1
        )

    # -- recordings ------------------------------------------------------------------------------------------
    async def recordings(self) -> tuple[Recording, ...]:
        """Return all recordings, oldest first."""
        column = t.recordings.c
        query = (
            select(t.recordings)
            .where(self._is_mine(column.inspection_id))
            .order_by(column.started_at, column.id)
        )
        return await self._recordings(query)

    async def find_recording(self, recording_id: RecordingId) -> Recording | None:
        """Return one recording of this inspection, or ``None``."""
        column = t.recordings.c
        query = select(t.recordings).where(self._is_mine(column.inspection_id), column.id == recording_id)
        return next(iter(await self._recordings(query)), None)

    async def recording(self, recording_id: RecordingId) -> Recording:
        """Return one recording. Raises ``RecordingUnknown``."""
        found = await self.find_recording(recording_id)
        if found is None:
            raise RecordingUnknown
        return found

    async def _recordings(self, query: Select[Any]) -> tuple[Recording, ...]:
        found = (await self._connection.execute(query)).mappings().all()
        part = t.recording_parts.c
        ids = [row["id"] for row in found]
        parts = select(t.recording_parts).where(part.recording_id.in_(ids)).order_by(part.kind.desc())
        part_rows = (await self._connection.execute(parts)).mappings().all()
        return tuple(
            rows.recording_from(
                row, tuple(rows.part_from(part) for part in part_rows if part["recording_id"] == row["id"])
            )
            for row in found
        )

    async def is_idle_since(self, recording_id: RecordingId, moment: datetime) -> bool:
        """Say whether nothing came of a recording after a moment."""
        column = t.recordings.c
        query = select(column.id).where(column.id == recording_id, column.touched_at < moment)
        return (await self._connection.execute(query)).first() is not None

    async def is_recording_id_free(self, recording_id: RecordingId) -> bool:
        """Say whether no inspection has a recording of this id."""
        query = select(t.recordings.c.id).where(t.recordings.c.id == recording_id)
        return (await self._connection.execute(query)).first() is None

    async def add_recording(self, recording: Recording) -> None:
        """Add a recording that has no parts yet."""
        values = rows.recording_row(recording) | {"touched_at": recording.started_at, "has_bytes": True}
        await self._connection.execute(insert(t.recordings).values(values))

    async def add_recording_part(
        self, recording_id: RecordingId, kind: RecordingKind, media_type: str, chain: str, at: datetime
    ) -> None:
        """Add a kind to a recording; ``chain`` is the value before the first chunk."""
        await self._connection.execute(
            insert(t.recording_parts).values(
                recording_id=recording_id,
                kind=kind,
                media_type=media_type,
                chunks=0,
                bytes=0,
                chain_sha256=chain,
                at=at,
            )
        )

    async def save_recording(self, recording: Recording) -> None:
        """Write how a recording ended and what became of its bytes."""
        values = rows.recording_row(recording)
        await self._connection.execute(
            update(t.recordings)
            .where(self._is_mine(t.recordings.c.inspection_id), t.recordings.c.id == recording.id)
            .values({name: values[name] for name in ("ended_at", "end", "steps", "deleted_at")})
        )

    async def recording_bytes_gone(self, recording_id: RecordingId) -> None:
        """Note that nothing of a recording is left in the store."""
        column = t.recordings.c
        await self._connection.execute(
            update(t.recordings)
            .where(self._is_mine(column.inspection_id), column.id == recording_id)
            .values(has_bytes=False)
        )

    async def recorded_bytes(self) -> int:
        """Sum what the recordings of this inspection take up now."""
        part, recording = t.recording_parts.c, t.recordings.c
        query = (
            select(func.coalesce(func.sum(part.bytes), 0))
            .join(t.recordings, recording.id == part.recording_id)
            .where(self._is_mine(recording.inspection_id), recording.deleted_at.is_(None))
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def chunk(self, recording_id: RecordingId, kind: RecordingKind, n: int) -> Chunk | None:
        """Return what is remembered of one chunk."""
        column = t.recording_chunks.c
        query = select(t.recording_chunks).where(
            column.recording_id == recording_id, column.kind == kind, column.n == n
        )
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _chunk(row)

    async def chunks(self, recording_id: RecordingId, kind: RecordingKind) -> tuple[Chunk, ...]:
        """Return all chunks of a kind, in order."""
        column = t.recording_chunks.c
        query = (
            select(t.recording_chunks)
            .where(column.recording_id == recording_id, column.kind == kind)
            .order_by(column.n)
        )
        return tuple(_chunk(row) for row in (await self._connection.execute(query)).mappings())

    async def add_chunk(
        self, recording_id: RecordingId, kind: RecordingKind, chunk: Chunk, at: datetime
    ) -> None:
        """Add the next chunk and count it; numbers are unique."""
        await self._connection.execute(
            insert(t.recording_chunks).values(
                recording_id=recording_id,
                kind=kind,
                n=chunk.n,
                sha256=chunk.sha256,
                size_bytes=chunk.size_bytes,
                chain_sha256=chunk.chain_sha256,
            )
        )
        part = t.recording_parts.c
        await self._connection.execute(
            update(t.recording_parts)
            .where(part.recording_id == recording_id, part.kind == kind)
            .values(
                chunks=part.chunks + 1, bytes=part.bytes + chunk.size_bytes, chain_sha256=chunk.chain_sha256
            )
        )
        await self._connection.execute(
            update(t.recordings).where(t.recordings.c.id == recording_id).values(touched_at=at)
        )

    # -- words -----------------------------------------------------------------------------------------------
    async def messages(self) -> tuple[ChatMessage, ...]:
        """Return all messages, oldest first."""
        column = t.messages.c
        query = select(t.messages).where(self._is_mine(column.inspection_id)).order_by(column.position)
        return tuple(rows.message_from(row) for row in (await self._connection.execute(query)).mappings())

    async def message_of_client(self, client_id: str) -> ChatMessage | None:
        """Return the message a page's own id stands for."""
        column = t.messages.c
        query = select(t.messages).where(self._is_mine(column.inspection_id), column.client_id == client_id)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.message_from(row)

    async def message_count(self) -> int:
        """Count the messages."""
        return await self._next_position(t.messages.c.position, t.messages.c.inspection_id) - 1

    async def add_message(self, message: ChatMessage, client_id: str | None) -> None:
        """Add a message after the earlier ones."""
        position = await self._next_position(t.messages.c.position, t.messages.c.inspection_id)
        await self._connection.execute(
            insert(t.messages).values(
                id=message.id,
                position=position,
                inspection_id=message.inspection_id,
                client_id=client_id,
                by=rows.actor_to_json(message.by),
                text=message.text,
                at=message.at,
                read_aloud=message.read_aloud,
            )
        )

    # -- help ------------------------------------------------------------------------------------------------
    async def help(self) -> HelpRequest | None:
        """Return the newest call for help, also an answered one."""
        column = t.help_requests.c
        query = (
            select(t.help_requests)
            .where(self._is_mine(column.inspection_id))
            .order_by(column.id.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else rows.help_from(row)

    async def add_help(self, request: HelpRequest) -> None:
        """Add a call for help; it is the newest from now on."""
        values = {name: getattr(request, name) for name in HelpRequest.__dataclass_fields__}
        await self._connection.execute(
            insert(t.help_requests).values(values | {"inspection_id": self.inspection.id})
        )

    async def save_help(self, request: HelpRequest) -> None:
        """Write what became of the newest call for help."""
        column = t.help_requests.c
        newest = select(func.max(column.id)).where(self._is_mine(column.inspection_id)).scalar_subquery()
        values = {name: getattr(request, name) for name in HelpRequest.__dataclass_fields__}
        await self._connection.execute(update(t.help_requests).where(column.id == newest).values(values))

    async def _next_position(self, position: ColumnElement[int], owner: ColumnElement[str]) -> int:
        query = select(func.coalesce(func.max(position), 0)).where(self._is_mine(owner))
        return int((await self._connection.execute(query)).scalar_one()) + 1

    def _is_mine(self, column: ColumnElement[str]) -> ColumnElement[bool]:
        return column == self.inspection.id


def _chunk(row: rows.Row) -> Chunk:
    return Chunk(row["n"], row["sha256"], row["size_bytes"], row["chain_sha256"])
