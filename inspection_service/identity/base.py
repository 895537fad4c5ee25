"""What the three parts of identity share."""

from __future__ import annotations

from inspection_service.clock import Clock
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.records_team import OperatorPolicy
from inspection_service.inspections.service import Inspections
from inspection_service.settings import LinkSettings
from inspection_service.storage.database import Database


class Room:
    """Collaborators of identity."""

    def __init__(
        self,
        database: Database,
        inspections: Inspections,
        clock: Clock,
        messenger: Messenger,
        *,
        links: LinkSettings,
        pepper: bytes,
        policy: OperatorPolicy | None = None,
    ) -> None:
        self._database = database
        self._inspections = inspections
        self._clock = clock
        self._messenger = messenger
        self._links = links
        self._pepper = pepper
        self._policy = policy or OperatorPolicy()
