"""One page's end of a live session: a bounded outbox that ends with a farewell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inspection_service.media.signalling import Participant

OUTBOX_MESSAGES: Final = 512
CLOSE_TOO_SLOW: Final = 4408


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last thing in an outbox: close the socket with this code."""

    code: int
    reason: str


@dataclass(slots=True)
class Connection:
    """One page's end of a session: read ``outbox`` and send; hand what arrives to ``LiveSession.receive``."""

    participant: Participant
    outbox: asyncio.Queue[Mapping[str, Any] | str | Farewell] = field(
        default_factory=lambda: asyncio.Queue(OUTBOX_MESSAGES + 1)
    )
    is_over: bool = False

    def send(self, message: Mapping[str, Any] | str) -> None:
        """Queue a message or its JSON text; a page that reads too slowly comes back and resumes from the log."""
        if self.is_over:
            return
        if self.outbox.qsize() >= OUTBOX_MESSAGES:
            self.close(CLOSE_TOO_SLOW, "reading too slowly")
        else:
            self.outbox.put_nowait(message)

    def close(self, code: int, reason: str) -> None:
        """Queue the end of the connection, after what was queued before; what comes later is dropped."""
        if not self.is_over:
            self.is_over = True
            self.outbox.put_nowait(Farewell(code, reason))
