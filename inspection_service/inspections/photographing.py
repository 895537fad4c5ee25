"""Photos on their way in: announced, sent in pieces, joined, hashed, and only then part of the record.

The order of writing is what makes a crash harmless: bytes are safe in the store before a row names them, and pieces are
removed only after the capture exists. The upload protocol above this is tus 1.0 (https://tus.io/protocols/resumable-upload).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import timedelta
from typing import Final

from inspection_service.clock import new_id
from inspection_service.errors import Closed
from inspection_service.inspections.case import Case
from inspection_service.inspections.changes import Acts, Change, step_of
from inspection_service.inspections.errors import (
    BytesDiffer,
    BytesMissing,
    CaptureIdReused,
    ChecksumMismatch,
    ConsentMissing,
    DuplicatePhoto,
    NotTakingPhotos,
    OffsetMismatch,
    QuotaExceeded,
    UploadInvalid,
    UploadTooLarge,
    UploadUnknown,
)
from inspection_service.inspections.records import Actor, Capture, CaptureId, Consent, InspectionId, StepId
from inspection_service.inspections.requests import Load, NewCapture, NewUpload, Upload
from inspection_service.inspections.states import CLOSED
from inspection_service.storage.errors import ObjectMissing

_CAPTURE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE: Final = re.compile(r"(image|application)/[a-z0-9.+-]{1,40}")
_MOVING_S: Final = 3600
"""Seconds after its last byte when an upload no longer counts as under way: photos given up must not lock a seller out
until they expire. They still count as photos and bytes."""
_METHOD: Final = re.compile(r"[a-z_]{1,32}")
BY_PLATFORM: Final = "api"
"""The method of photos that a platform sends itself."""


class Photographing(Acts):
    """How photos come in."""

    async def create_upload(
        self, inspection_id: InspectionId, new: NewUpload, *, by: Actor, platform_consent: bool = False
    ) -> Upload:
        """Announce a photo. The same ``capture_id`` again gives the same upload (finished: offset is the length).

        Args:
            inspection_id: The inspection.
            new: The photo.
            by: Who will send it.
            platform_consent: The platform says that the seller agreed to photos before it; one that waits for its
                seller then begins.

        Raises:
            UploadTooLarge, UploadInvalid, StepUnknown: It cannot be taken.
            ConsentMissing: No consent to photos.
            NotTakingPhotos, Closed: Not in this state. For a step ``in_progress``; for declared damage also ``review``.
            DuplicatePhoto: The announced hash is already here (``capture_id``, ``step_id`` of the first).
            CaptureIdReused: The id was announced with other facts.
            QuotaExceeded: ``quota`` (open_uploads, captures, bytes) and its ``limit`` are reached.
        """
        self._check_facts(new.capture_id, new.length_bytes, new.media_type, new.method)
        if new.sha256 is not None and not _SHA256.fullmatch(new.sha256):
            raise UploadInvalid("sha256 is 64 lower-case hexadecimal digits.", field="sha256")
        if (new.method == BY_PLATFORM) != (by.kind == "platform"):
            raise UploadInvalid("Only what a platform sends is called api.", field="method")
        async with self._change(inspection_id, by) as change:
            if platform_consent:
                await begin_for_platform(change)
            case = change.case
            earlier = await case.upload_of_capture(new.capture_id)
            if earlier is not None:
                if (earlier.step_id, earlier.length_bytes, earlier.sha256) != (
                    new.step_id,
                    new.length_bytes,
                    new.sha256,
                ):
                    raise CaptureIdReused(capture_id=new.capture_id)
                return earlier
            capture = await case.find_capture(new.capture_id)
            if capture is None:
                await _admit(case, new.capture_id, new.step_id, new.sha256)
                load = await self._check_load(case, new.capture_id, new.length_bytes)
                if load.moving_uploads >= self._uploads.max_open:
                    raise _quota("uploads under way", "open_uploads", self._uploads.max_open)
            elif capture.size_bytes != new.length_bytes or (new.sha256 or capture.sha256) != capture.sha256:
                raise CaptureIdReused(capture_id=new.capture_id)
            upload = Upload(
                id=new_id("upl"),
                tenant_id=change.inspection.tenant_id,
                inspection_id=inspection_id,
                capture_id=new.capture_id,
                step_id=new.step_id,
                length_bytes=new.length_bytes,
                offset_bytes=new.length_bytes if capture else 0,
                sha256=new.sha256,
                media_type=new.media_type,
                method=new.method,
                taken_at=new.taken_at,
                expires_at=change.now + timedelta(seconds=self._uploads.expires_s),
                is_finished=capture is not None,
            )
            await case.add_upload(upload)
            if capture is None:
                await change.record(
                    "upload.created",
                    upload_id=upload.id,
                    capture_id=new.capture_id,
                    step_id=new.step_id,
                    length_bytes=new.length_bytes,
                )
            return upload

    async def upload(self, inspection_id: InspectionId, upload_id: str) -> Upload:
        """Say how far an upload is (HEAD); one whose bytes are complete is finished on the way.

        Raises:
            UploadUnknown: There is none, or it expired.
        """
        upload = await self._find_upload(inspection_id, upload_id)
        if upload.offset_bytes == upload.length_bytes and not upload.is_finished:
            return await self.finish(inspection_id, upload_id)
        return upload

    async def append(
        self,
        inspection_id: InspectionId,
        upload_id: str,
        offset_bytes: int,
        data: bytes,
        *,
        sha256: bytes | None = None,
    ) -> Upload:
        """Add bytes; with the last ones the photo is hashed and becomes a capture in state ``received``.

        Args:
            inspection_id: The inspection.
            upload_id: The upload.
            offset_bytes: Where these bytes belong; must be where the upload is.
            data: The bytes.
            sha256: Digest of this piece (``Upload-Checksum``).

        Raises:
            UploadUnknown: There is none, or it expired.
            OffsetMismatch: ``expected_offset`` tells where to go on.
            ChecksumMismatch: This piece, or the whole, is not what was announced (then the upload is dropped).
            UploadTooLarge: More than announced.
            QuotaExceeded: In too many pieces; ``quota`` is ``pieces``.
            StorageFull: Nothing of this piece was taken; try later.
            DuplicatePhoto, NotTakingPhotos, Closed: As for ``create_upload``.
        """
        upload = await self._find_upload(inspection_id, upload_id)
        if offset_bytes != upload.offset_bytes:
            raise OffsetMismatch(expected_offset=upload.offset_bytes)
        if offset_bytes + len(data) > upload.length_bytes:
            raise UploadTooLarge("More bytes arrived than were announced.", max_bytes=upload.length_bytes)
        digest = hashlib.sha256(data)
        if sha256 is not None and not hmac.compare_digest(digest.digest(), sha256):
            raise ChecksumMismatch(expected_offset=upload.offset_bytes)
        if data and not upload.is_finished:
            if len(upload.pieces) >= self._uploads.max_pieces:
                raise _quota("pieces in one upload", "pieces", self._uploads.max_pieces)
            # The hash in the key keeps a broken connection's late piece apart from the piece that replaced it.
            key = f"uploads/{upload.id}/{offset_bytes:012d}-{digest.hexdigest()[:24]}"
            await self._store.put(key, data)
            try:
                upload = await self._advance(upload, key, len(data))
            except (OffsetMismatch, UploadUnknown):
                await self._store.delete(key)  # nobody will ever name this piece: the upload has passed it by
                raise
        if upload.offset_bytes == upload.length_bytes and not upload.is_finished:
            return await self.finish(inspection_id, upload_id)
        return upload

    async def finish(self, inspection_id: InspectionId, upload_id: str) -> Upload:
        """Join the pieces of a complete upload, check them, and make the capture; safe to repeat at any point.

        Raises:
            ChecksumMismatch: The bytes are not those announced; the upload is dropped and may start again.
            DuplicatePhoto: These bytes are already here; the upload is dropped.
            NotTakingPhotos, Closed: Not in this state; the upload stays until it expires.
        """
        upload = await self._find_upload(inspection_id, upload_id)
        if not upload.is_finished:
            try:
                data = b"".join([await self._store.get(key) for key in upload.pieces])
            except ObjectMissing:
                # Somebody else finished it meanwhile; or the pieces are lost and it must start again.
                upload = await self._find_upload(inspection_id, upload_id)
                if not upload.is_finished:
                    await self.drop(inspection_id, upload_id)
                    raise UploadUnknown from None
                return upload
            if upload.sha256 is not None and hashlib.sha256(data).hexdigest() != upload.sha256:
                await self.drop(inspection_id, upload_id)
                raise ChecksumMismatch
            new = NewCapture(
                upload.capture_id, upload.step_id, data, upload.media_type, upload.method, upload.taken_at
            )
            is_platforms = upload.method == BY_PLATFORM
            sender = Actor("platform", upload.tenant_id) if is_platforms else Actor("seller", inspection_id)
            try:
                await self._receive(inspection_id, new, sender, upload_id)
            except (DuplicatePhoto, CaptureIdReused):
                await self.drop(inspection_id, upload_id)
                raise
            upload = replace(upload, is_finished=True, pieces=())
        await self._remove_pieces(upload_id)
        return upload

    async def finish_direct(self, inspection_id: InspectionId, upload_id: str) -> Upload:
        """Take what a platform put at ``direct_key``; safe to repeat at any point.

        Raises:
            BytesMissing: There is nothing yet.
            BytesDiffer: Its size or its hash is not the announced one; the upload is dropped and may start again.
            UploadUnknown, DuplicatePhoto, NotTakingPhotos, Closed: As for ``finish``.
        """
        upload = await self._find_upload(inspection_id, upload_id)
        if upload.method != BY_PLATFORM:
            raise UploadUnknown
        if upload.is_finished:
            return upload
        key = direct_key(upload_id)
        try:
            size_bytes = await self._store.size(key)
        except ObjectMissing:
            if upload.offset_bytes == upload.length_bytes:  # another request finished it a moment ago
                return await self.finish(inspection_id, upload_id)
            raise BytesMissing from None
        if size_bytes != upload.length_bytes:
            await self.drop(inspection_id, upload_id)
            raise BytesDiffer
        if upload.offset_bytes == 0:
            await self._advance(upload, key, size_bytes)
        try:
            return await self.finish(inspection_id, upload_id)
        except ChecksumMismatch as error:
            raise BytesDiffer from error

    async def drop(self, inspection_id: InspectionId, upload_id: str) -> None:
        """Throw an upload away; a finished one loses its upload, never its capture.

        Raises:
            UploadUnknown: This inspection has no such upload; nobody else's is touched.
        """
        async with self._writing() as (repository, _):
            case = await repository.case(inspection_id)
            await case.upload(upload_id)
            await case.drop_upload(upload_id)
        await self._remove_pieces(upload_id)

    async def receive_capture(self, inspection_id: InspectionId, new: NewCapture, *, by: Actor) -> Capture:
        """Take a whole photo at once, by the rules of an upload; same id and same bytes are the same capture."""
        self._check_facts(new.capture_id, len(new.data), new.media_type, new.method)
        return await self._receive(inspection_id, new, by, None)

    async def _receive(
        self, inspection_id: InspectionId, new: NewCapture, by: Actor, upload_id: str | None
    ) -> Capture:
        digest = hashlib.sha256(new.data).hexdigest()
        async with self._reading() as repository:
            case = await repository.case(inspection_id)
            earlier = _same_capture(await case.find_capture(new.capture_id), digest)
            if earlier is None:
                await _admit(case, new.capture_id, new.step_id, digest)
                await self._check_load(case, new.capture_id, len(new.data))
        # Bytes first: a row never names bytes that are not safe. The key is their hash, so a retry changes nothing.
        key = f"inspections/{inspection_id}/captures/{digest}"
        await self._store.put(key, new.data)
        async with self._change(inspection_id, by) as change:
            case = change.case
            earlier = _same_capture(await case.find_capture(new.capture_id), digest)
            if earlier is None:
                await _admit(case, new.capture_id, new.step_id, digest)
                await self._check_load(case, new.capture_id, len(new.data))
                of_step = [capture for capture in await case.captures() if capture.step_id == new.step_id]
                earlier = Capture(
                    id=new.capture_id,
                    inspection_id=inspection_id,
                    step_id=new.step_id,
                    attempt=len(of_step) + 1,
                    state="received",
                    sha256=digest,
                    size_bytes=len(new.data),
                    media_type=new.media_type,
                    object_key=key,
                    method=new.method,
                    taken_at=new.taken_at,
                    received_at=change.now,
                )
                await case.add_capture(earlier)
                if new.step_id is not None:
                    await case.unskip(new.step_id)
                await change.record(
                    "capture.received",
                    capture_id=new.capture_id,
                    step_id=new.step_id,
                    attempt=earlier.attempt,
                    sha256=digest,
                    method=new.method,
                )
            if upload_id is not None:
                await case.finish_upload(upload_id)
        return earlier

    async def _check_load(self, case: Case, capture_id: CaptureId, size_bytes: int) -> Load:
        """Refuse one more photo than an inspection may have; return what there is so far."""
        now = self._clock.now()
        moving_until = now + timedelta(seconds=self._uploads.expires_s - _MOVING_S)
        load = await case.load(now, moving_until=moving_until, apart_from=capture_id)
        if load.photos >= self._uploads.max_captures:
            raise _quota("photos", "captures", self._uploads.max_captures)
        if load.bytes_ + size_bytes > self._uploads.max_inspection_bytes:
            raise _quota("bytes", "bytes", self._uploads.max_inspection_bytes)
        return load

    async def _advance(self, upload: Upload, key: str, size_bytes: int) -> Upload:
        advanced = replace(
            upload,
            offset_bytes=upload.offset_bytes + size_bytes,
            pieces=(*upload.pieces, key),
            expires_at=self._clock.now() + timedelta(seconds=self._uploads.expires_s),
        )
        async with self._writing() as (repository, _):
            case = await repository.case(upload.inspection_id)
            if not await case.advance_upload(advanced, from_offset=upload.offset_bytes):
                present = await case.upload(upload.id)
                if key not in present.pieces:
                    raise OffsetMismatch(expected_offset=present.offset_bytes)
                return present
        return advanced

    async def _find_upload(self, inspection_id: InspectionId, upload_id: str) -> Upload:
        async with self._reading() as repository:
            upload = await (await repository.case(inspection_id)).upload(upload_id)
        if upload.expires_at < self._clock.now():
            raise UploadUnknown
        return upload

    async def _remove_pieces(self, upload_id: str) -> None:
        for key in await self._store.list(f"uploads/{upload_id}/"):
            await self._store.delete(key)

    def _check_facts(self, capture_id: CaptureId, length_bytes: int, media_type: str, method: str) -> None:
        if not _CAPTURE_ID.fullmatch(capture_id):
            raise UploadInvalid("capture_id is 1 to 64 letters, digits, - or _.", field="capture_id")
        if length_bytes < 1:
            raise UploadInvalid("The file is empty.", field="length")
        if length_bytes > self._uploads.max_bytes:
            raise UploadTooLarge(
                f"A photo may have at most {self._uploads.max_bytes // (1024 * 1024)} MiB.",
                max_bytes=self._uploads.max_bytes,
            )
        if not _MEDIA_TYPE.fullmatch(media_type):
            raise UploadInvalid("media_type names an image format such as image/jpeg.", field="media_type")
        if not _METHOD.fullmatch(method):
            raise UploadInvalid("method is a short word such as take_photo.", field="method")


def direct_key(upload_id: str) -> str:
    """Return where in the store a platform puts the bytes of an upload."""
    return f"uploads/{upload_id}/direct"


async def begin_for_platform(change: Change) -> None:
    """Note that the platform says its seller agrees to photos; what the seller said themselves stands."""
    consents = await change.case.consents()
    if change.inspection.state in ("ordered", "invited"):
        change.move("start")
        await change.record("photos.begun")
    if "photos" not in consents:
        await change.case.add_consent(Consent("photos", is_given=True, at=change.now))
        await change.record("consent.given", purpose="photos")
    await change.save()  # what admits a photo looks at the inspection as it is written


def _quota(what: str, quota: str, limit: int) -> QuotaExceeded:
    return QuotaExceeded(f"One inspection may have at most {limit} {what}.", quota=quota, limit=limit)


def _same_capture(earlier: Capture | None, sha256: str) -> Capture | None:
    """Return the capture when these are its bytes; refuse its id for any others."""
    if earlier is not None and earlier.sha256 != sha256:
        raise CaptureIdReused(capture_id=earlier.id)
    return earlier


async def _admit(case: Case, capture_id: CaptureId, step_id: StepId | None, sha256: str | None) -> None:
    """Refuse a new photo that this inspection cannot take now."""
    state = case.inspection.state
    if state in CLOSED:
        raise Closed(state=state)
    if step_id is not None:
        step_of(case.inspection, step_id)
    if not (await case.consents()).get("photos", False):
        raise ConsentMissing("The seller has not agreed to photos.", purpose="photos")
    if state not in (("in_progress",) if step_id is not None else ("in_progress", "review")):
        raise NotTakingPhotos(state=state)
    if sha256 is not None:
        same = await case.capture_of_bytes(sha256)
        if same is not None and same.id != capture_id:
            raise DuplicatePhoto(capture_id=same.id, step_id=same.step_id)
