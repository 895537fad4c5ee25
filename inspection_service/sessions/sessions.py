"""What doors know of live sessions, whether all of them rest in this process or on several nodes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from inspection_service.inspections.bus import Published
from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import OngoingCall, Participant
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.registry import Desk


class Hears(Protocol):
    """A session, as far as a page's socket needs it."""

    async def receive(self, connection: Connection, message: str | bytes) -> None:
        """Take one message from a page."""
        ...


class Sessions(Protocol):
    """All live sessions, and the operators who watch the list of them."""

    resume_every_s: float | None
    """How often calls that were left behind are looked for; ``None``: once, at the start."""

    def connect(
        self, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[tuple[Hears, Connection]]:
        """Connect a page for the length of the block; it is greeted before it hears anything else.

        Raises:
            Unavailable: Its session cannot be reached at the moment.
        """
        ...

    def at_desk(self, operator_id: str) -> AbstractAsyncContextManager[Desk]:
        """Keep an operator's list informed, and the operator online, for the length of the block."""
        ...

    @property
    def operators_online(self) -> frozenset[str]:
        """Operators who have a list or an inspection open, by id."""
        ...

    def presence(self, inspection_id: InspectionId) -> tuple[bool, list[str]]:
        """Whether the seller's page is open, and the names of the operators whose pages are."""
        ...

    def call(self, inspection_id: InspectionId) -> OngoingCall | None:
        """The call that rings or goes on in an inspection, if there is one."""
        ...

    async def resume(self, inspection_id: InspectionId) -> None:
        """Take up the call that the log says goes on, unless it goes on in another process."""
        ...

    async def follow(self, published: Published | None) -> None:
        """Have the session of an inspection follow its log, if it rests in this process."""
        ...

    async def open(self) -> None:
        """Begin, once the broker is open. Raises ``NodesDisagree``."""
        ...

    async def run(self) -> None:
        """Keep up what has to be kept up, until cancelled."""
        ...

    async def close(self) -> None:
        """End every session of this process; closing twice is fine."""
        ...
