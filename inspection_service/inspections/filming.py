"""Recordings of a call: chunks that hang together by their hashes, kept for a time, then only their hashes.

``chain_n = SHA-256(chain_{n-1} || SHA-256(chunk_n))`` with ``chain_{-1}`` = 32 zero bytes: the last value vouches for
every chunk and their order, also when the bytes are gone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from inspection_service.clock import new_id
from inspection_service.inspections.annotating import call_now
from inspection_service.inspections.case import Case
from inspection_service.inspections.changes import OPEN_STATES, Acts, Change, needs_claim
from inspection_service.inspections.errors import (
    ChecksumMismatch,
    ChunkGap,
    ChunkReused,
    ConsentMissing,
    QuotaExceeded,
    RecordingEnded,
    RecordingIdReused,
    RecordingIncomplete,
    RecordingNotAsked,
    RecordingUnknown,
    UploadInvalid,
    UploadTooLarge,
)
from inspection_service.inspections.live_case import Chunk
from inspection_service.inspections.records import (
    SERVICE,
    Actor,
    InspectionId,
    OngoingCallFacts,
    RecordedStep,
    Recording,
    RecordingEnd,
    RecordingId,
    RecordingKind,
    StepId,
)
from inspection_service.inspections.requests import NewRecording

CHUNK_MAX_BYTES: Final = 4 * 1024 * 1024
IDLE_S: Final = 24 * 3600
"""Seconds without a chunk after which a recording has ended by itself: an absent seller's case stays open as long."""
_RECORDINGS_MAX: Final = 50
_CHUNKS_MAX: Final = 20_000
_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
_MEDIA_TYPE: Final[Mapping[RecordingKind, re.Pattern[str]]] = {
    "video": re.compile(r"video/(webm|mp4|x-matroska|quicktime)(;\s?codecs=[\w.,\"+-]{1,80})?"),
    "mirror": re.compile(r"application/(json|x-ndjson|octet-stream|gzip)"),
}
"""What a page may later be given back under our own name: nothing that a browser would run."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BEFORE_ALL: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class NewChunk:
    """One piece of a recording on its way in."""

    recording_id: RecordingId
    kind: RecordingKind
    n: int
    """From 0, without gaps."""
    data: bytes
    sha256: str
    """As its device computed it, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One kind of a recording, as it rests in the store: join the objects in order."""

    recording: Recording
    media_type: str
    chunks: tuple[Chunk, ...]
    keys: tuple[str, ...]


class Filming(Acts):
    """How recordings come in, are read, and go."""

    async def start_recording(
        self, inspection_id: InspectionId, new: NewRecording, *, by: Actor
    ) -> Recording:
        """Begin a recording, or add a kind to one; repeating it is fine.

        Both sides must have agreed: the seller by the consent ``recording``; the operator by the command ``record`` in
        this call, or by recording on their own device.

        Raises:
            ConsentMissing, LevelNeeded, NoCall: The seller's side is missing.
            RecordingNotAsked: The operator's is.
            RecordingIdReused, RecordingEnded: The id cannot be used for this.
            UploadInvalid: The id or the media type means nothing.
            QuotaExceeded: ``recordings`` or ``recording_bytes``.
        """
        _check_new(new)
        async with self._change(inspection_id, by) as change:
            change.needs_state(OPEN_STATES)
            if by.kind == "operator":
                await needs_claim(change)
            call = await call_now(change, "watch")
            if not (await change.case.consents()).get("recording", False):
                raise ConsentMissing("The seller has not agreed to a recording.", purpose="recording")
            if by.kind == "seller":
                await _needs_command(change, call)
            recording = await self._recording_for(change, new, by)
            earlier = next((part for part in recording.parts if part.kind == new.kind), None)
            if earlier is not None and earlier.media_type != new.media_type:
                raise RecordingIdReused(recording_id=recording.id)
            if earlier is None:
                await change.case.add_recording_part(
                    recording.id, new.kind, new.media_type, _BEFORE_ALL, change.now
                )
                await change.record(
                    "recording.started",
                    recording_id=recording.id,
                    device=recording.device,
                    kind=new.kind,
                    media_type=new.media_type,
                )
            return await change.case.recording(recording.id)

    async def _recording_for(self, change: Change, new: NewRecording, by: Actor) -> Recording:
        """Return the recording that is meant, made when it is new."""
        case = change.case
        recording_id = new.recording_id or RecordingId(new_id("rec"))
        found = await case.find_recording(recording_id)
        if found is not None:
            if (found.by.kind, found.by.id) != (by.kind, by.id):
                raise RecordingIdReused(recording_id=recording_id)
            if found.ended_at is not None:
                raise RecordingEnded(end=found.end)
            return found
        if not await case.is_recording_id_free(recording_id):
            raise RecordingIdReused(recording_id=recording_id)
        if len(await case.recordings()) >= _RECORDINGS_MAX:
            raise _quota("recordings", "recordings", _RECORDINGS_MAX)
        if await case.recorded_bytes() >= self._media.recording_max_bytes:
            raise _quota("bytes of recordings", "recording_bytes", self._media.recording_max_bytes)
        recording = Recording(
            id=recording_id,
            inspection_id=change.inspection.id,
            device="seller" if by.kind == "seller" else "operator",
            by=by,
            started_at=change.now,
            device_started_at=new.device_started_at,
            ended_at=None,
            end=None,
            parts=(),
            steps=(),
        )
        await case.add_recording(recording)
        return recording

    async def add_chunk(self, inspection_id: InspectionId, new: NewChunk, *, by: Actor) -> Chunk:
        """Take the next chunk; the same one again gives the same answer.

        Raises:
            UploadTooLarge, UploadInvalid: More than 4 MiB, or nothing.
            ChecksumMismatch: These are not the bytes the device hashed.
            ChunkGap: ``expected`` is the number that comes next.
            ChunkReused: The number names other bytes.
            RecordingEnded: It takes no more; ``end`` says why (a consent taken back among others).
            RecordingUnknown: This device has no such recording.
            QuotaExceeded: ``recording_bytes`` or ``chunks``.
        """
        _check_chunk(new)
        async with self._reading() as repository:
            earlier = await self._admit(await repository.case(inspection_id), new, by)
        if earlier is not None:
            return earlier
        key = _key(inspection_id, new.recording_id, new.kind, new.n, new.sha256)
        await self._store.put(key, new.data)
        try:
            return await self._add_chunk(inspection_id, new, by)
        except Exception:
            if not await self._is_named(inspection_id, new):
                await self._store.delete(key)
            raise

    async def _add_chunk(self, inspection_id: InspectionId, new: NewChunk, by: Actor) -> Chunk:
        async with self._change(inspection_id, by) as change:
            earlier = await self._admit(change.case, new, by)
            if earlier is not None:
                return earlier
            recording = await change.case.recording(new.recording_id)
            before = next(part.chain_sha256 for part in recording.parts if part.kind == new.kind)
            chunk = Chunk(new.n, new.sha256, len(new.data), chained(before, new.sha256))
            await change.case.add_chunk(new.recording_id, new.kind, chunk, change.now)
            return chunk

    async def _admit(self, case: Case, new: NewChunk, by: Actor) -> Chunk | None:
        """Refuse a chunk that cannot be taken now; return it when it was taken before."""
        recording = await _own_recording(case, new.recording_id, by)
        part = next((part for part in recording.parts if part.kind == new.kind), None)
        if part is None:
            raise RecordingUnknown
        earlier = await case.chunk(new.recording_id, new.kind, new.n)
        if earlier is not None:
            if earlier.sha256 != new.sha256:
                raise ChunkReused(n=new.n)
            return earlier
        if recording.ended_at is not None or case.inspection.state not in OPEN_STATES:
            raise RecordingEnded(end=recording.end or case.inspection.state)
        if new.n != part.chunks:
            raise ChunkGap(expected=part.chunks)
        if new.n >= _CHUNKS_MAX:
            raise _quota("chunks in one recording", "chunks", _CHUNKS_MAX)
        if await case.recorded_bytes() + len(new.data) > self._media.recording_max_bytes:
            raise _quota("bytes of recordings", "recording_bytes", self._media.recording_max_bytes)
        return None

    async def _is_named(self, inspection_id: InspectionId, new: NewChunk) -> bool:
        async with self._reading() as repository:
            case = await repository.case(inspection_id)
            if await case.find_recording(new.recording_id) is None:
                return False
            chunk = await case.chunk(new.recording_id, new.kind, new.n)
        return chunk is not None and chunk.sha256 == new.sha256

    async def finish_recording(
        self,
        inspection_id: InspectionId,
        recording_id: RecordingId,
        chunks: Mapping[RecordingKind, int],
        *,
        by: Actor,
    ) -> Recording:
        """The device has sent everything; repeating it is fine.

        Raises:
            RecordingIncomplete: ``have`` says how many chunks of each kind are here.
            RecordingEnded: It was stopped before.
        """
        async with self._change(inspection_id, by) as change:
            recording = await _own_recording(change.case, recording_id, by)
            have = {part.kind: part.chunks for part in recording.parts}
            if have != {kind: chunks.get(kind, 0) for kind in have} or not set(chunks) <= set(have):
                raise RecordingIncomplete(have=dict(have))
            if recording.ended_at is not None:
                if recording.end != "finished":
                    raise RecordingEnded(end=recording.end)
                return recording
            change.needs_state(OPEN_STATES)
            return await _end(change, recording, "finished")

    # -- reading ---------------------------------------------------------------------------------------------
    async def recordings(self, inspection_id: InspectionId) -> tuple[Recording, ...]:
        """Return all recordings, oldest first."""
        async with self._reading() as repository:
            return await (await repository.case(inspection_id)).recordings()

    async def stored_recording(
        self, inspection_id: InspectionId, recording_id: RecordingId, kind: RecordingKind
    ) -> Stored:
        """Return where the bytes of one kind rest. Raises ``RecordingUnknown``, also when they have gone."""
        async with self._reading() as repository:
            case = await repository.case(inspection_id)
            recording = await case.recording(recording_id)
            part = next((part for part in recording.parts if part.kind == kind), None)
            if part is None or recording.deleted_at is not None:
                raise RecordingUnknown
            chunks = await case.chunks(recording_id, kind)
        keys = tuple(_key(inspection_id, recording_id, kind, chunk.n, chunk.sha256) for chunk in chunks)
        return Stored(recording, part.media_type, chunks, keys)

    # -- what is to do ---------------------------------------------------------------------------------------
    async def to_forget_recordings(self, limit: int = 20) -> list[tuple[InspectionId, RecordingId]]:
        """Return recordings that nobody goes on with, and those whose bytes were kept long enough."""
        now = self._clock.now()
        async with self._reading() as repository:
            return await repository.recordings_to_forget(
                now - timedelta(seconds=IDLE_S), now - timedelta(days=self._media.recording_days), limit
            )

    async def forget_recording(self, inspection_id: InspectionId, recording_id: RecordingId) -> None:
        """End what was left open, or delete the bytes of what is over; the hashes stay. Safe to repeat."""
        async with self._change(inspection_id, SERVICE) as change:
            recording = await change.case.recording(recording_id)
            if recording.ended_at is None:
                if await change.case.is_idle_since(recording_id, change.now - timedelta(seconds=IDLE_S)):
                    await _end(change, recording, "abandoned")
                return
            kept_until = recording.ended_at + timedelta(days=self._media.recording_days)
            if recording.deleted_at is None:
                if change.now < kept_until:
                    return
                await change.case.save_recording(replace(recording, deleted_at=change.now))
                await change.record("recording.deleted", recording_id=recording_id, parts=_parts(recording))
        for key in await self._store.list(f"inspections/{inspection_id}/recordings/{recording_id}/"):
            await self._store.delete(key)
        async with self._writing() as (repository, _):
            await (await repository.case(inspection_id)).recording_bytes_gone(recording_id)


def chained(before: str, chunk_sha256: str) -> str:
    """Return the next value of the chain, both in hexadecimal."""
    return hashlib.sha256(bytes.fromhex(before) + bytes.fromhex(chunk_sha256)).hexdigest()


async def stop_recordings(change: Change, end: RecordingEnd) -> None:
    """End every recording that still runs: not one more chunk is taken."""
    for recording in await change.case.recordings():
        if recording.ended_at is None:
            await _end(change, recording, end)


async def drop_recordings(change: Change) -> None:
    """Note that the bytes of every recording go now; whoever erases removes them, and the hashes stay."""
    for recording in await change.case.recordings():
        ended = recording if recording.ended_at else await _end(change, recording, "abandoned")
        if ended.deleted_at is None:
            await change.case.save_recording(replace(ended, deleted_at=change.now))
            await change.record("recording.deleted", recording_id=recording.id, parts=_parts(recording))


async def _end(change: Change, recording: Recording, end: RecordingEnd) -> Recording:
    ended = replace(recording, ended_at=change.now, end=end, steps=await _steps_during(change, recording))
    await change.case.save_recording(ended)
    facts: dict[str, Any] = {"recording_id": recording.id, "device": recording.device}
    if end == "finished":
        await change.record("recording.finished", **facts, parts=_parts(recording))
    else:
        await change.record("recording.stopped", **facts, reason=end, parts=_parts(recording))
    return ended


async def _steps_during(change: Change, recording: Recording) -> tuple[RecordedStep, ...]:
    """Say where in the recording each step was entered; the one the seller was on comes first, at 0."""
    steps: list[RecordedStep] = []
    for event in await change.case.events_of({"step.entered"}):
        at_s = (event.at - recording.started_at).total_seconds()
        step = RecordedStep(StepId(str(event.data["step_id"])), round(max(0.0, at_s), 3))
        if at_s <= 0:
            steps = [step]
        else:
            steps.append(step)
    return tuple(steps)


async def _own_recording(case: Case, recording_id: RecordingId, by: Actor) -> Recording:
    """Return a recording of this very device. Raises ``RecordingUnknown``: nobody writes into another one's."""
    recording = await case.recording(recording_id)
    if (recording.by.kind, recording.by.id) != (by.kind, by.id):
        raise RecordingUnknown
    return recording


async def _needs_command(change: Change, call: OngoingCallFacts) -> None:
    commands = [
        event
        for event in await change.case.events_of({"command.sent"})
        if event.data.get("name") == "record" and event.at >= call.accepted_at
    ]
    args = commands[-1].data.get("args") if commands else None
    if not (isinstance(args, Mapping) and args.get("on") is True):
        raise RecordingNotAsked


def _parts(recording: Recording) -> dict[str, dict[str, Any]]:
    return {
        part.kind: {"chunks": part.chunks, "bytes": part.bytes_, "chain_sha256": part.chain_sha256}
        for part in recording.parts
    }


def _key(
    inspection_id: InspectionId, recording_id: RecordingId, kind: RecordingKind, n: int, sha256: str
) -> str:
    # The hash keeps a refused chunk's bytes apart from those that took its number.
    return f"inspections/{inspection_id}/recordings/{recording_id}/{kind}/{n:06d}-{sha256[:24]}"


def _check_new(new: NewRecording) -> None:
    if new.recording_id is not None and not _ID.fullmatch(new.recording_id):
        raise UploadInvalid("recording_id is 8 to 64 letters, digits, - and _.", field="recording_id")
    if not _MEDIA_TYPE[new.kind].fullmatch(new.media_type):
        raise UploadInvalid(
            "media_type is video/webm, video/mp4 ... with codecs; for the mirror application/x-ndjson.",
            field="media_type",
        )


def _check_chunk(new: NewChunk) -> None:
    if len(new.data) > CHUNK_MAX_BYTES:
        raise UploadTooLarge("A chunk of a recording has at most 4 MiB.", max_bytes=CHUNK_MAX_BYTES)
    if not new.data or new.n < 0:
        raise UploadInvalid("A chunk has at least one byte, and a number from 0.", field="chunk")
    if not _SHA256.fullmatch(new.sha256):
        raise UploadInvalid("Digest-SHA256 is 64 lower-case hexadecimal digits.", field="Digest-SHA256")
    if not hmac.compare_digest(hashlib.sha256(new.data).hexdigest(), new.sha256):
        raise ChecksumMismatch


def _quota(what: str, quota: str, limit: int) -> QuotaExceeded:
    return QuotaExceeded(f"One inspection may have at most {limit} {what}.", quota=quota, limit=limit)
