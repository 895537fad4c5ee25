"""What privacy refuses.

InspectionServiceError
├── Conflict
│   └── PersonalDataGone   the key was destroyed: what it closed cannot be read or made again
└── Unavailable
    └── PersonalDataClosed the keys do not open with the secret of this instance
"""

from __future__ import annotations

from inspection_service.errors import Conflict, Unavailable


class PersonalDataGone(Conflict):
    """The personal data of this inspection has been erased."""

    slug = "personal-data-gone"


class PersonalDataClosed(Unavailable):
    """The personal data cannot be opened: the pepper is not the one it was closed with."""

    slug = "personal-data-closed"
    retryable = False
