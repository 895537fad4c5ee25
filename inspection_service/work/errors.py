"""What work can fail with.

InspectionServiceError
├── InvalidInput
│   └── UnusablePhoto  a child's refusal of a photo, carried home; ``cause`` is the slug it had there
├── Conflict
│   └── ErasureImpossible  a report of version 1.0 holds its values in clear
└── Unavailable
    ├── VisionFailed   the models crashed on this photo, or took too long; ``cause`` says which
    └── JudgeAway      no photo can be judged at present, whatever it shows; ``cause`` says why
"""

from __future__ import annotations

from inspection_service.errors import Conflict, InvalidInput, Unavailable


class UnusablePhoto(InvalidInput):
    """This file is not a photo we can read."""

    slug = "unusable-image"


class VisionFailed(Unavailable):
    """This photo could not be judged."""

    slug = "vision-failed"


class JudgeAway(Unavailable):
    """Photos cannot be judged at present; they wait."""

    slug = "judge-away"


class ErasureImpossible(Conflict):
    """This report holds its personal values in clear (version 1.0): only the whole report can go."""

    slug = "erasure-impossible"
