"""What a live session writes into the log: in order, to its end once begun, and of what was done nothing is forgotten.

- A command reaches the phone when its line stands in the log, and not without it. So the log knows of everything that
  was asked, whatever dies in between, and a node that lost the session is refused by the record before it steers.
- What the phone says it has done is so, also while the log cannot be written: that line is owed, and written before any
  other. Until then no other command is sent; its number is then missing in the log.
- A page that goes away does not stop a line that was begun.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from enum import Enum
from typing import Any, Final, Protocol

from inspection_service.errors import Closed
from inspection_service.inspections.errors import QuotaExceeded
from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.media.signalling import Log, Participant
from inspection_service.telemetry import logs

OWED_LINES: Final = 64
"""Commands that wait for an answer are fewer, and each owes one line."""


class Writes(Protocol):
    """The part of the record that takes lines."""

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> object:
        """Append one event to the inspection's log. Raises ``Closed`` when it takes no more."""
        ...


class _Became(Enum):
    WRITTEN = 1
    REFUSED = 2
    """The log has ended, or is full: it never will be written."""
    FAILED = 3


class Lines:
    """The lines of one session. Called by one at a time: the session's order is theirs."""

    def __init__(self, inspection_id: InspectionId, record: Writes) -> None:
        self._inspection_id = inspection_id
        self._record = record
        self._owed: deque[Log] = deque(maxlen=OWED_LINES)

    @property
    def is_owing(self) -> bool:
        """Whether the log lacks something that was done."""
        return bool(self._owed)

    async def write(self, line: Log, *, is_done: bool) -> bool:
        """Write one line, after those that are owed.

        Args:
            line: What happens, or has happened.
            is_done: It has: where it cannot be written now, it is owed.

        Returns:
            Whether it stands in the log.
        """
        return await _finished(self._write(line, is_done=is_done))

    async def write_owed(self) -> bool:
        """Try to write what is owed; say whether nothing is any more."""
        return await _finished(self._write_owed())

    async def _write(self, line: Log, *, is_done: bool) -> bool:
        became = await self._try(line) if await self._write_owed() else _Became.FAILED
        if became is _Became.FAILED and is_done:
            self._owed.append(line)
        return became is _Became.WRITTEN

    async def _write_owed(self) -> bool:
        while self._owed:
            if await self._try(self._owed[0]) is _Became.FAILED:
                return False
            self._owed.popleft()
        return True

    async def _try(self, line: Log) -> _Became:
        try:
            await self._record.record(self._inspection_id, line.kind, actor_of(line.by), line.data)
        except (Closed, QuotaExceeded):
            return _Became.REFUSED  # while pages may still talk
        except Exception as error:
            logs.session_fault("session.log", self._inspection_id, error)
            return _Became.FAILED
        return _Became.WRITTEN


async def _finished(work: Coroutine[Any, Any, bool]) -> bool:
    """Do work that must not stop half-way: who is cancelled meanwhile waits for its end, and then goes."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def actor_of(who: Participant) -> Actor:
    """Return a page's person as the record names them."""
    return Actor(who.role, who.actor_id, who.name)
