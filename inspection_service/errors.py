"""The root of the error tree, so that every boundary can tell our refusals from our faults.

InspectionServiceError
├── InvalidInput        what was sent cannot be used; sending it again unchanged will not help
│   ├── (rooms) UnusableImage, ChecklistInvalid, UploadRefused ...
├── NotAllowed          the caller is known, or not, and may not do this
├── NotFound            there is no such thing for this caller
├── Conflict            the thing exists and is not in a state that allows this
│   └── Closed          the inspection no longer takes changes
└── Unavailable         a resource we depend on does not answer; trying again may help

Each room adds its leaves in its own ``errors.py``. HTTP status codes are known only to ``api/problems.py``.
"""

from __future__ import annotations

from typing import Any, ClassVar


class InspectionServiceError(Exception):
    """Something went wrong in the inspection service."""

    slug: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None, **attributes: Any) -> None:
        """Say what was wrong and what to do.

        Args:
            message: One sentence for a person; the class docstring's first line when absent.
            attributes: Facts a machine can branch on; they become extension members of the problem document.
        """
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.attributes = attributes
        super().__init__(self.message)


class InvalidInput(InspectionServiceError):
    """What was sent cannot be used."""

    slug = "invalid-input"


class NotAllowed(InspectionServiceError):
    """This is not allowed with the rights you have."""

    slug = "not-allowed"


class NotFound(InspectionServiceError):
    """There is no such thing here."""

    slug = "not-found"


class Conflict(InspectionServiceError):
    """This cannot be done in the present state."""

    slug = "conflict"


class Closed(Conflict):
    """This inspection is closed and takes no more changes."""

    slug = "inspection-closed"


class Unavailable(InspectionServiceError):
    """A part of the service does not answer; please try again."""

    slug = "unavailable"
    retryable = True
