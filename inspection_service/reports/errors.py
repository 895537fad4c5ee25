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
    └── RenderingFailed     the document could not be set

Verification raises none of these: it answers questions (``verify.py``).
"""

from __future__ import annotations

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
