"""Finds what is to do in the records and does it: at start, when the bus calls, and on a clock.

Nothing is queued: a capture ``received`` is to be judged, an inspection ``signed_off`` is to be sealed, one past its deadline is
to expire, an upload whose bytes are complete is to be finished, an old one to be dropped. So ``kill -9`` loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspection_service.clock import Clock
from inspection_service.inspections.bus import EventBus
from inspection_service.inspections.service import Inspections
from inspection_service.settings import WorkSettings
from inspection_service.storage.objects import ObjectStore
from inspection_service.work.judging import PhotoJudge
from inspection_service.work.sealing import Sealer


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one round did."""

    judged: int = 0
    sealed: int = 0
    expired: int = 0
    finished_uploads: int = 0
    dropped_uploads: int = 0
    failed: int = 0
    """Pieces of work that raised; they are tried again in the next round."""


class Reconciler:
    """One worker. Several may run: doing a piece twice is wasteful, never wrong."""

    def __init__(
        self,
        inspections: Inspections,
        store: ObjectStore,
        bus: EventBus,
        clock: Clock,
        judge: PhotoJudge,
        sealer: Sealer,
        settings: WorkSettings,
        *,
        workers: int = 1,
    ) -> None: ...

    async def run(self) -> None:
        """Work until cancelled; run it in a ``TaskGroup``."""
        raise NotImplementedError

    async def run_once(self) -> WorkDone:
        """Do everything there is to do now and return (tests, the command line, start-up)."""
        raise NotImplementedError
