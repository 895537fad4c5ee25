"""What can be wrong with a checklist.

InspectionServiceError
├── InvalidInput
│   └── ChecklistInvalid  the file breaks a rule; ``faults`` lists all of them
└── NotFound
    └── ChecklistUnknown  there is no checklist of this id
"""

from __future__ import annotations

from inspection_service.errors import InvalidInput, NotFound


class ChecklistInvalid(InvalidInput):
    """A checklist breaks its rules."""

    slug = "checklist-invalid"


class ChecklistUnknown(NotFound):
    """There is no such checklist."""

    slug = "checklist-unknown"
