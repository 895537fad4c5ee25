"""Every act on an inspection, each in one transaction that also writes its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from inspection_service.checklists import Shelf
from inspection_service.clock import Clock
from inspection_service.inspections.bus import EventBus
from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    ConsentPurpose,
    Dossier,
    Event,
    Finding,
    FindingId,
    Inspection,
    InspectionId,
    InspectionState,
    ReportFiles,
    StepId,
    TenantId,
)
from inspection_service.inspections.requests import (
    IdempotencyKey,
    Listed,
    NewCapture,
    NewFinding,
    NewUpload,
    Order,
    Placed,
    SellerMark,
    Upload,
    Verdict,
)
from inspection_service.inspections.scope import Scope
from inspection_service.settings import UploadSettings
from inspection_service.storage.database import Database, Transaction
from inspection_service.storage.objects import ObjectStore

SessionEventKind = Literal[
    "call.opened", "call.accepted", "call.declined", "call.ended", "command.sent", "command.acknowledged"
]


class Inspections:
    """The inspections a caller may see, and all that may be done to them.

    Bound to a scope: ``app.py`` makes one with ``AllTenants`` for operators and the service; a platform's or a seller's
    request works with ``inspections.of(tenant_id)``. What lies outside the scope is ``InspectionUnknown``.

    Every act takes ``by`` (who) and returns the new record; its event is published after the commit. All operator acts except
    ``claim`` need the claim (``ClaimNeeded``, ``CaseClaimed`` with ``claimed_by {id, name}``). All of them refuse a closed
    inspection with ``Closed``.
    """

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        clock: Clock,
        bus: EventBus,
        shelf: Shelf,
        uploads: UploadSettings,
        *,
        scope: Scope,
    ) -> None: ...

    def of(self, tenant_id: TenantId) -> Inspections:
        """Return the same service, confined to one tenant."""
        raise NotImplementedError

    # -- reading ---------------------------------------------------------------------------------------------------------
    async def get(self, inspection_id: InspectionId) -> Inspection:
        """Return one inspection. Raises ``InspectionUnknown``."""
        raise NotImplementedError

    async def page(
        self, *, state: InspectionState | None = None, cursor: str | None = None, limit: int = 50
    ) -> Listed[Dossier]:
        """List inspections, newest first, as dossiers so that ``views.progress`` works on each (events: newest only)."""
        raise NotImplementedError

    async def queue(self, *, only_open: bool = True, cursor: str | None = None, limit: int = 50) -> Listed[Dossier]:
        """List what operators look at, in the order ``views.needs`` asks for attention, then newest first.

        The dossiers carry only the events that ``views`` reads (help, claims, joins, and the newest).
        """
        raise NotImplementedError

    async def dossier(self, inspection_id: InspectionId) -> Dossier:
        """Read everything about one inspection at one moment, in one consistent transaction."""
        raise NotImplementedError

    async def events(self, inspection_id: InspectionId, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        """Return events with ``seq > after``, oldest first."""
        raise NotImplementedError

    async def photo(self, inspection_id: InspectionId, capture_id: CaptureId) -> tuple[Capture, bytes]:
        """Return a capture and its bytes exactly as they arrived (with EXIF: strip before handing out)."""
        raise NotImplementedError

    async def report_files(self, inspection_id: InspectionId) -> ReportFiles:
        """Return where the sealed report rests (read its keys from the object store). Raises ``ReportUnknown``."""
        raise NotImplementedError

    # -- order -----------------------------------------------------------------------------------------------------------
    async def order(
        self, tenant_id: TenantId, order: Order, *, by: Actor, key: IdempotencyKey | None = None, within: Transaction | None = None
    ) -> Placed:
        """Open an inspection with its checklist frozen into it. Use ``Identity.order``, which also makes the link.

        Raises:
            ChecklistUnknown: There is no such checklist.
            IdempotencyKeyReused: The key came with another body before.
        """
        raise NotImplementedError

    async def invite(self, inspection_id: InspectionId, *, by: Actor, within: Transaction | None = None) -> Inspection:
        """Note that a seller link was made. Use ``Identity.open_link``."""
        raise NotImplementedError

    async def cancel(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Close an inspection that is no longer wanted; repeating it is fine."""
        raise NotImplementedError

    async def expire(self, inspection_id: InspectionId) -> Inspection:
        """Close an inspection whose deadline has passed."""
        raise NotImplementedError

    # -- seller ----------------------------------------------------------------------------------------------------------
    async def join(
        self, inspection_id: InspectionId, *, by: Actor, took_over: bool = False, within: Transaction | None = None
    ) -> Inspection:
        """The seller taps Start (or comes back on another browser): the inspection is in progress. Use ``Identity.spend``."""
        raise NotImplementedError

    async def give_consents(
        self, inspection_id: InspectionId, consents: Mapping[ConsentPurpose, bool], *, by: Actor
    ) -> Inspection:
        """Record what changed among the consents (``consent.given``, ``consent.withdrawn``)."""
        raise NotImplementedError

    async def enter_step(self, inspection_id: InspectionId, step_id: StepId, *, by: Actor) -> Inspection:
        """Remember where the seller is, so that a reload continues there. Raises ``StepUnknown``."""
        raise NotImplementedError

    async def create_upload(self, inspection_id: InspectionId, new: NewUpload, *, by: Actor) -> Upload:
        """Announce a photo. The same ``capture_id`` again gives the same upload (finished: offset is the length).

        Raises:
            UploadTooLarge, UploadInvalid, StepUnknown: It cannot be taken.
            ConsentMissing: No consent to photos.
            NotTakingPhotos, Closed: Not in this state. For a step: ``in_progress``; for declared damage also ``review``.
            DuplicatePhoto: The announced hash is already here (``capture_id``, ``step_id`` of the first).
            CaptureIdReused: The id was announced with other facts.
        """
        raise NotImplementedError

    async def upload(self, inspection_id: InspectionId, upload_id: str) -> Upload:
        """Say how far an upload is (HEAD); one whose bytes are complete is finished on the way. Raises ``UploadUnknown``."""
        raise NotImplementedError

    async def append(
        self, inspection_id: InspectionId, upload_id: str, offset_bytes: int, data: bytes, *, sha256: bytes | None = None
    ) -> Upload:
        """Add bytes; with the last ones the photo is hashed and becomes a capture in state ``received``.

        Args:
            sha256: Digest of this piece (``Upload-Checksum``).

        Raises:
            OffsetMismatch: ``expected_offset`` tells where to go on.
            ChecksumMismatch: This piece, or the whole, is not what was announced (then the upload is dropped).
            UploadTooLarge: More than announced.
            StorageFull: Nothing of this piece was taken; try later.
            DuplicatePhoto, NotTakingPhotos, Closed: As for ``create_upload``.
        """
        raise NotImplementedError

    async def drop(self, inspection_id: InspectionId, upload_id: str) -> None:
        """Throw an unfinished upload away; a finished one only loses its upload, never its capture."""
        raise NotImplementedError

    async def receive_capture(self, inspection_id: InspectionId, new: NewCapture, *, by: Actor) -> Capture:
        """Take a whole photo at once; same rules as an upload, and the same bytes for the same id are the same capture."""
        raise NotImplementedError

    async def keep(self, inspection_id: InspectionId, capture_id: CaptureId, reason: str, *, by: Actor) -> Capture:
        """The seller keeps a photo after two failed tries. Raises ``CannotKeep`` (``failed_attempts``), ``TextInvalid``."""
        raise NotImplementedError

    async def skip(self, inspection_id: InspectionId, step_id: StepId, reason: str, *, by: Actor) -> Inspection:
        """The seller cannot answer a step and says why."""
        raise NotImplementedError

    async def declare_damage(
        self, inspection_id: InspectionId, client_id: str, text: str, captures: Sequence[CaptureId], *, by: Actor
    ) -> Finding:
        """The seller names damage in their own words; the same ``client_id`` again is the same finding."""
        raise NotImplementedError

    async def dispute(self, inspection_id: InspectionId, finding_id: FindingId, text: str, *, by: Actor) -> Finding:
        """The seller disagrees with a finding; an empty text takes it back."""
        raise NotImplementedError

    async def ask_help(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """The seller asks for a person."""
        raise NotImplementedError

    async def submit(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """The seller has answered every step. Raises ``StepsMissing`` (``steps``, and ``pending`` those still being judged)."""
        raise NotImplementedError

    async def reopen(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Back from review to taking photos; a seller's signature given before is void."""
        raise NotImplementedError

    async def sign_as_seller(self, inspection_id: InspectionId, mark: SellerMark, *, by: Actor) -> Inspection:
        """The seller signs what they were shown. Raises ``ReviewChanged``, ``DrawingInvalid``, ``TextInvalid``."""
        raise NotImplementedError

    # -- operator --------------------------------------------------------------------------------------------------------
    async def claim(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Take the case; one's own claim is refreshed, another's is ``CaseClaimed`` unless it lapsed (30 idle minutes)."""
        raise NotImplementedError

    async def release(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Let the case go; fine when one does not hold it."""
        raise NotImplementedError

    async def accept(self, inspection_id: InspectionId, capture_id: CaptureId, *, by: Actor) -> Capture:
        """The operator takes a judged photo as evidence."""
        raise NotImplementedError

    async def ask_retake(
        self, inspection_id: InspectionId, capture_id: CaptureId, reason_code: str, text: str | None = None, *, by: Actor
    ) -> Capture:
        """The operator wants another photo: the step is open again, and so is an inspection in review or signed by the seller."""
        raise NotImplementedError

    async def override(self, inspection_id: InspectionId, capture_id: CaptureId, reason: str, *, by: Actor) -> Capture:
        """The operator keeps a photo the model refused, for a stated reason."""
        raise NotImplementedError

    async def edit_odometer(
        self, inspection_id: InspectionId, reading: str, unit: Literal["km", "mi"], note: str | None = None, *, by: Actor
    ) -> Inspection:
        """The operator's own reading, beside the model's; ``reading`` is 1 to 7 digits."""
        raise NotImplementedError

    async def make_statement(
        self, inspection_id: InspectionId, control_point: str, answer: str, note: str | None = None, *, by: Actor
    ) -> Inspection:
        """The operator answers a control point."""
        raise NotImplementedError

    async def add_finding(self, inspection_id: InspectionId, new: NewFinding, *, by: Actor) -> Finding:
        """The operator marks damage on a photo."""
        raise NotImplementedError

    async def judge_finding(
        self, inspection_id: InspectionId, finding_id: FindingId, verdict: Verdict, *, by: Actor
    ) -> Finding:
        """The operator confirms or rejects a finding, or takes that back."""
        raise NotImplementedError

    async def sign_off(self, inspection_id: InspectionId, note: str | None = None, *, by: Actor) -> Inspection:
        """The operator closes the case; sealing follows by itself."""
        raise NotImplementedError

    # -- the service itself ----------------------------------------------------------------------------------------------
    async def record_judgement(
        self, inspection_id: InspectionId, capture_id: CaptureId, judgement: Mapping[str, Any]
    ) -> Capture:
        """Write what the models say, once per photo and model set, and decide the photo by it."""
        raise NotImplementedError

    async def record_unreadable(self, inspection_id: InspectionId, capture_id: CaptureId, fault: str) -> Capture:
        """The photo could not be judged (``unusable_image``, ``vision_failed``): ask for another, never get stuck."""
        raise NotImplementedError

    async def mark_sealed(self, inspection_id: InspectionId, files: ReportFiles) -> ReportFiles:
        """The report is stored: the inspection is sealed. When it already was, the earlier files are returned and stand."""
        raise NotImplementedError

    async def note(
        self,
        inspection_id: InspectionId,
        kind: SessionEventKind | Literal["code.sent"],
        data: Mapping[str, Any],
        *,
        by: Actor,
        within: Transaction | None = None,
    ) -> Event:
        """Append an event of a live session that changes no record (calls, commands); ids and facts only."""
        raise NotImplementedError
