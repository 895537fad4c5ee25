"""What only supervisors may do."""

from __future__ import annotations

from typing import Final

from inspection_service.api.errors import RoleNeeded
from inspection_service.api.operator import CaseDoor
from inspection_service.identity.records import Role

SUPERVISORS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})


def needs_supervisor(case: CaseDoor) -> None:
    """Let only supervisors through. Raises ``RoleNeeded``."""
    if case.operator.role not in SUPERVISORS:
        raise RoleNeeded(roles=sorted(SUPERVISORS))
