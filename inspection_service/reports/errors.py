"""What can go wrong between a dossier and a sealed report.

InspectionServiceError
├── InvalidInput
│   └── EvidenceMismatch    a photo's bytes are not the bytes that were accepted
├── NotFound
│   └── EvidenceMissing     a photo the report rests on is not there
├── Conflict
│   └── NotReadyToSeal      the inspection has not been signed yet
└── Unavailable
    ├── KeysUnusable        the signing keys are missing, unreadable or do not belong together
    ├── SealingMustWait     what the seal needs from outside does not answer as it must; nothing was sealed
    └── RenderingFailed     the document could not be set

Verification raises none of these: it answers questions (``verify.py``).
"""

from __future__ import annotations

from typing import Literal

from inspection_service.errors import Conflict, InvalidInput, NotFound, Unavailable


class EvidenceMismatch(InvalidInput):
    """A stored photo is not the photo that was accepted; nothing was sealed."""

    slug = "evidence-mismatch"


class EvidenceMissing(NotFound):
    """A photo the report rests on is missing; nothing was sealed."""

    slug = "evidence-missing"


class NotReadyToSeal(Conflict):
    """Only an inspection that has been signed can be sealed."""

    slug = "not-ready-to-seal"


class KeysUnusable(Unavailable):
    """The signing keys cannot be used; see the guide on keys."""

    slug = "keys-unusable"
    retryable = False


class RenderingFailed(Unavailable):
    """The report could not be set as a document."""

    slug = "rendering-failed"
    retryable = False


WaitReason = Literal[
    "timestamp_away",
    "timestamp_slow",
    "timestamp_refused",
    "timestamp_malformed",
    "timestamp_false",
    "timestamp_clock",
    "timestamp_untrusted",
    "revocation_unknown",
    "signer_expired",
    "signer_not_yet_valid",
    "signer_revoked",
    "key_away",
]
"""Why a seal waits: the authority does not answer, answers too late, says no, answers what is not RFC 3161, answers
another question or signs wrongly, has another time than we, has a chain nobody named; whether a certificate is revoked
cannot be learned; the signer's certificate is not good now; the token or key service does not answer."""


class SealingMustWait(Unavailable):
    """The report cannot be sealed yet; it is tried again until it can."""

    slug = "sealing-must-wait"

    def __init__(self, reason: WaitReason = "timestamp_away", message: str | None = None) -> None:
        """Say what is waited for.

        Args:
            reason: For machines; it stands in the event, in readiness and in metrics.
            message: One sentence for whoever runs the service, no address, no name; the class's when absent.
        """
        super().__init__(message, reason=reason)
        self.reason: WaitReason = reason
