"""What privacy refuses.

InspectionServiceError
├── InvalidInput
│   └── RegionInvalid      a box to hide or to show lies outside the photo, or is not there
├── NotFound
│   ├── PublicationUnknown nothing was prepared or published here
│   └── PublicationWithdrawn  it was public and is no longer
├── Conflict
│   ├── PersonalDataGone   the key was destroyed: what it closed cannot be read or made again
│   ├── PublicationChanged what is to be published is not what was looked at
│   ├── PublicationUnchecked  nobody has looked at some copies
│   └── PublicationImpossible  a report of version 1.0 holds its values in clear
└── Unavailable
    └── PersonalDataClosed the keys do not open with the secret of this instance
"""

from __future__ import annotations

from inspection_service.errors import Conflict, InvalidInput, NotFound, Unavailable


class PersonalDataGone(Conflict):
    """The personal data of this inspection has been erased."""

    slug = "personal-data-gone"


class PersonalDataClosed(Unavailable):
    """The personal data cannot be opened: the pepper is not the one it was closed with."""

    slug = "personal-data-closed"
    retryable = False


class RegionInvalid(InvalidInput):
    """This box lies outside the photo, or is not one of those that are hidden."""

    slug = "region-invalid"


class PublicationUnknown(NotFound):
    """There is nothing public here."""

    slug = "publication-unknown"


class PublicationWithdrawn(NotFound):
    """This report is no longer public."""

    slug = "publication-withdrawn"


class PublicationChanged(Conflict):
    """The copies have changed since you looked at them; look again."""

    slug = "publication-changed"


class PublicationUnchecked(Conflict):
    """Some copies have not been looked at by a person yet."""

    slug = "publication-unchecked"


class PublicationImpossible(Conflict):
    """This report holds its personal values in clear (version 1.0): it cannot be made public."""

    slug = "publication-impossible"
