"""What keeps nodes from working together.

InspectionServiceError
└── Conflict
    └── NodesDisagree   another node has other secrets
"""

from __future__ import annotations

from inspection_service.errors import Conflict


class NodesDisagree(Conflict):
    """Another node of this service has another pepper: share secrets.pepper_file, or set another broker.prefix."""

    slug = "nodes-disagree"
