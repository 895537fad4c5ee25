"""What an inspection refuses, and why.

InspectionServiceError
├── InvalidInput
│   ├── StepUnknown           the checklist of this inspection has no such step
│   ├── ControlPointUnknown   nor such a control point
│   ├── DrawingInvalid        a drawn signature that is not plain line data
│   ├── TextInvalid           a reason or a name that is empty or far too long
│   ├── ReasonUnknown         a reason for a retake the checklist does not have
│   ├── ReadingInvalid        an odometer reading that is not digits
│   ├── FindingInvalid        a kind or a box that means nothing
│   ├── UploadTooLarge        more bytes than one photo may have
│   ├── BytesDiffer           what a platform sent is not what it announced
│   ├── UploadInvalid         the announced facts contradict each other
│   ├── ChecksumMismatch      the bytes that arrived are not the bytes announced
│   ├── DrawingTooLarge       more lines on a frozen picture than anybody draws
│   ├── PhoneInvalid          a number nobody can call back
│   └── OperatorUnknown       a colleague to hand over to who is not there
├── NotAllowed
│   ├── ConsentMissing        the seller has not agreed to this
│   ├── LevelNeeded           the seller allows less than this in a call
│   └── ClaimNeeded           an operator acts on a case nobody has claimed
├── NotFound
│   ├── InspectionUnknown, CaptureUnknown, FindingUnknown, UploadUnknown, ReportUnknown
│   ├── CorrectionUnknown     no entry with this number
│   ├── FrameUnknown          no such frozen picture, or its bytes have gone
│   └── RecordingUnknown      no such recording, or its bytes have gone
├── Closed
│   └── SessionMoved          another node has the live session by now
├── Unavailable
│   └── SessionElsewhere      another node has it and cannot be reached
└── Conflict
    ├── VersionConflict       somebody else wrote first
    ├── StateChanged          it is no longer the version the caller saw
    ├── BytesMissing          nothing was sent yet
    ├── AlreadyAnswered       a photo that was asked for is there
    ├── CaseClaimed           another operator holds the case
    ├── CannotKeep            a photo may only be kept after two failed tries
    ├── NotTakingPhotos       the inspection is not in a state that takes photos
    ├── DuplicatePhoto        this very photo is already in the inspection
    ├── CaptureIdReused       the client's id names other bytes
    ├── QuotaExceeded         more photos, bytes, open uploads or pieces than one inspection may have
    ├── OffsetMismatch        the upload goes on at another place
    ├── NoCall                this needs a call that both sides have accepted
    ├── RecordingEnded        the recording takes no more
    ├── RecordingNotAsked     no operator has started a recording in this call
    ├── RecordingIdReused     the id names another recording
    ├── ChunkGap              chunks come one after the other
    ├── ChunkReused           the number names other bytes
    ├── RecordingIncomplete   fewer chunks are here than were announced
    ├── NoAddress             the order names no address to write to
    ├── RemindersStopped      the seller wants no more messages
    ├── NotSealed             there is no report yet that could be corrected
    ├── CorrectionRaced       another correction was made at the same moment
    ├── UnderLegalHold        nothing of it may be erased for now
    ├── StillOpen             a case that goes on cannot be erased
    ├── StillJudging          a photo has no judgement yet
    ├── ReasonNeeded          the model refused the photo: override it with a reason
    ├── CannotOpen            the photo is no image anybody can look at
    ├── StepsMissing          required steps have no answer yet
    ├── ReviewChanged         what was signed is not what is there now
    ├── DecisionTooEarly      the photo has not been judged yet, or has nothing to decide
    └── IdempotencyKeyReused  the key was used for another order
"""

from __future__ import annotations

from inspection_service.errors import Closed, Conflict, InvalidInput, NotAllowed, NotFound, Unavailable


class StepUnknown(InvalidInput):
    """This inspection has no such step."""

    slug = "step-unknown"


class ControlPointUnknown(InvalidInput):
    """This inspection has no such control point."""

    slug = "control-point-unknown"


class DrawingInvalid(InvalidInput):
    """The drawn signature is not plain line data."""

    slug = "drawing-invalid"


class TextInvalid(InvalidInput):
    """A text is empty or too long."""

    slug = "text-invalid"


class UploadTooLarge(InvalidInput):
    """This file is larger than a photo may be."""

    slug = "upload-too-large"


class UploadInvalid(InvalidInput):
    """The upload cannot be taken as announced."""

    slug = "upload-invalid"


class ChecksumMismatch(InvalidInput):
    """The bytes that arrived are not the bytes announced; please send them again."""

    slug = "checksum-mismatch"
    retryable = True


class ReasonUnknown(InvalidInput):
    """There is no such reason for another photo; choose a known one, or write what the seller should do."""

    slug = "reason-unknown"


class ReadingInvalid(InvalidInput):
    """An odometer reading is one to seven digits."""

    slug = "reading-invalid"


class FindingInvalid(InvalidInput):
    """The finding cannot be placed on the photo."""

    slug = "finding-invalid"


class ConsentMissing(NotAllowed):
    """The seller has not agreed to this."""

    slug = "consent-missing"


class ClaimNeeded(NotAllowed):
    """Claim the case before you act on it."""

    slug = "claim-needed"


class InspectionUnknown(NotFound):
    """There is no such inspection."""

    slug = "inspection-unknown"


class CaptureUnknown(NotFound):
    """There is no such photo in this inspection."""

    slug = "capture-unknown"


class FindingUnknown(NotFound):
    """There is no such finding in this inspection."""

    slug = "finding-unknown"


class UploadUnknown(NotFound):
    """There is no such upload; it may have expired."""

    slug = "upload-unknown"


class ReportUnknown(NotFound):
    """The report of this inspection is not sealed yet."""

    slug = "report-unknown"


class VersionConflict(Conflict):
    """Somebody else changed this inspection first; read it again."""

    slug = "version-conflict"
    retryable = True


class BytesDiffer(InvalidInput):
    """What was sent is not what was announced; announce it again and send it once more."""

    slug = "bytes-differ"


class BytesMissing(Conflict):
    """Nothing has arrived at the upload's address yet."""

    slug = "bytes-missing"


class StateChanged(Conflict):
    """The inspection has changed since you looked; read it again."""

    slug = "precondition-failed"


class AlreadyAnswered(Conflict):
    """The seller has answered this already."""

    slug = "already-answered"


class CaseClaimed(Conflict):
    """Another operator is working on this case."""

    slug = "case-claimed"


class CannotKeep(Conflict):
    """A photo can be kept only after two tries that did not succeed."""

    slug = "cannot-keep"


class NotTakingPhotos(Conflict):
    """This inspection takes no photos now."""

    slug = "not-taking-photos"


class DuplicatePhoto(Conflict):
    """This very photo was already sent; please take a new one."""

    slug = "duplicate-photo"


class CaptureIdReused(Conflict):
    """This capture id already names another photo."""

    slug = "capture-id-reused"


class QuotaExceeded(Conflict):
    """This inspection has reached what one inspection may send."""

    slug = "quota-exceeded"


class OffsetMismatch(Conflict):
    """The upload continues at another offset."""

    slug = "offset-mismatch"


class StillJudging(Conflict):
    """A photo is still being checked; please try again in a moment."""

    slug = "still-judging"
    retryable = True


class ReasonNeeded(Conflict):
    """The model refused this photo; keep it with a reason instead."""

    slug = "reason-needed"


class CannotOpen(Conflict):
    """This photo cannot be opened, so it cannot be kept; ask for another one."""

    slug = "cannot-open"


class StepsMissing(Conflict):
    """Some required steps have no answer yet."""

    slug = "steps-missing"


class ReviewChanged(Conflict):
    """The inspection changed after it was shown; please look at it again before signing."""

    slug = "review-changed"


class DecisionTooEarly(Conflict):
    """This photo has not been judged yet."""

    slug = "decision-too-early"


class IdempotencyKeyReused(Conflict):
    """This Idempotency-Key was already used with another body."""

    slug = "idempotency-key-reused"


class DrawingTooLarge(InvalidInput):
    """This drawing has more lines or points than one picture may have."""

    slug = "drawing-too-large"


class PhoneInvalid(InvalidInput):
    """This is not a phone number; write it as you would dial it."""

    slug = "phone-invalid"


class OperatorUnknown(InvalidInput):
    """There is no such colleague to hand the case to."""

    slug = "operator-unknown"


class LevelNeeded(NotAllowed):
    """The seller has not allowed this much in the call."""

    slug = "level-needed"


class FrameUnknown(NotFound):
    """There is no such frozen picture; one that nobody keeps is deleted after a day."""

    slug = "frame-unknown"


class RecordingUnknown(NotFound):
    """There is no such recording, or its time is over and it has been deleted."""

    slug = "recording-unknown"


class NoCall(Conflict):
    """There is no call going on."""

    slug = "no-call"


class RecordingEnded(Conflict):
    """This recording has ended and takes no more."""

    slug = "recording-ended"


class RecordingNotAsked(Conflict):
    """No operator has started a recording in this call."""

    slug = "recording-not-asked"


class RecordingIdReused(Conflict):
    """This recording id already names another recording."""

    slug = "recording-id-reused"


class ChunkGap(Conflict):
    """The chunks of a recording come one after the other."""

    slug = "chunk-gap"


class ChunkReused(Conflict):
    """This chunk number already names other bytes."""

    slug = "chunk-reused"


class RecordingIncomplete(Conflict):
    """Not all chunks of this recording have arrived."""

    slug = "recording-incomplete"


class NotSealed(Conflict):
    """There is no sealed report of this inspection yet."""

    slug = "not-sealed"


class CorrectionRaced(Conflict):
    """Another correction was made at the same moment; please try again."""

    slug = "correction-raced"
    retryable = True


class UnderLegalHold(Conflict):
    """This inspection is under a legal hold: nothing of it may be erased."""

    slug = "legal-hold"


class StillOpen(Conflict):
    """This inspection is not closed yet: cancel it, or wait for its report."""

    slug = "still-open"


class CorrectionUnknown(NotFound):
    """There is no correction with this number."""

    slug = "correction-unknown"


class SessionMoved(Closed):
    """Another node has this live session by now; come back to be brought there."""

    slug = "live-session-moved"
    retryable = True


class SessionElsewhere(Unavailable):
    """This live session is on another node that cannot be reached at the moment; please try again."""

    slug = "live-session-elsewhere"


class NoAddress(Conflict):
    """The order names no address to which anything could be sent."""

    slug = "no-address"


class RemindersStopped(Conflict):
    """The seller asked for no more messages about this inspection."""

    slug = "reminders-stopped"
