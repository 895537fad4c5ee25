"""What the log refuses.

InspectionServiceError
├── InvalidInput
│   └── TreeSizeInvalid   no such size, or the sizes are the wrong way round
└── NotFound
    └── LeafUnknown       the log has no such leaf, or not yet at that size
"""

from __future__ import annotations

from inspection_service.errors import InvalidInput, NotFound


class TreeSizeInvalid(InvalidInput):
    """The log never had that size."""

    slug = "tree-size-invalid"


class LeafUnknown(NotFound):
    """The log has no such leaf."""

    slug = "leaf-unknown"
