"""Which live sessions rest on this node: a lease with the broker, and a number with which the record refuses the past.

The lease makes nodes agree quickly; it cannot make a node that was cut off stop in time. That is what the fence is for:
the database counts it up with every new owner, and every line a session writes is refused once the number has moved
on. So two nodes may for a moment believe to have a session; only one of them can steer the phone.

Source: M. Kleppmann, "How to do distributed locking" (2016), fencing tokens.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from inspection_service.errors import Unavailable
from inspection_service.inspections.records import InspectionId
from inspection_service.storage.broker import Broker
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

LEASE_S: Final = 10.0
"""How long a lease outlives its node, where nobody notices its death sooner."""
UNUSED_S: Final = 3.0
"""A lease no session uses is given back after this: a page may have been about to join."""


class Fences(Protocol):
    """The record's side of owning a session."""

    async def hold_session(
        self, inspection_id: InspectionId, node_id: str, *, only_if_free: bool = False
    ) -> int:
        """Make a node the owner; return the new fence. Raises ``SessionElsewhere`` where ``only_if_free``."""
        ...

    async def release_session(self, inspection_id: InspectionId, fence: int) -> None:
        """Note that nobody owns it any more, unless somebody else does by now."""
        ...

    async def session_node(self, inspection_id: InspectionId) -> str | None:
        """Return the owner, as the record knows it."""
        ...

    async def held_sessions(self, node_id: str) -> frozenset[InspectionId]:
        """Return what a node owns, as the record knows it."""
        ...


@dataclass(slots=True)
class _Held:
    fence: int
    since_s: float


class Leases:
    """The sessions of one node."""

    def __init__(
        self,
        node_id: str,
        broker: Broker,
        fences: Fences,
        *,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators; nothing is owned yet."""
        self.node_id = node_id
        self._broker = broker
        self._fences = fences
        self._metrics = metrics
        self._monotonic = monotonic
        self._held: dict[InspectionId, _Held] = {}
        self._asking: dict[InspectionId, asyncio.Task[str]] = {}
        self._settled_s = -math.inf
        self._was_away = False
        broker.on_gap(self._gap)
        broker.on_return(self._returned)

    # --- asking ---------------------------------------------------------------------------------

    def holds(self, inspection_id: InspectionId) -> bool:
        """Say whether a session rests here."""
        return inspection_id in self._held

    @property
    def held(self) -> frozenset[InspectionId]:
        """The sessions that rest here."""
        return frozenset(self._held)

    @property
    def is_settled(self) -> bool:
        """Whether owners have had the length of a lease to come back, since the broker did, perhaps with nothing."""
        return not self._was_away and self._monotonic() >= self._settled_s

    def fence(self, inspection_id: InspectionId) -> int:
        """Return the number to write with; 0, which the record refuses, for what does not rest here."""
        held = self._held.get(inspection_id)
        return 0 if held is None else held.fence

    # --- taking and giving back -----------------------------------------------------------------

    async def owner(self, inspection_id: InspectionId, *, instead_of: str | None = None) -> str:
        """Return the node a session rests on; this one from now on where it rested nowhere.

        Args:
            inspection_id: Whose session.
            instead_of: A node that is known to be gone: the session is taken from it.

        Raises:
            SessionElsewhere: The broker is away, and the record says that another node had it last.
            Unavailable: Neither broker nor database answers.
        """
        if inspection_id in self._held:
            return self.node_id
        # Pages that come at the same time ask once, and one that goes away does not take the answer from the others.
        asking = self._asking.get(inspection_id)
        if asking is None:
            asking = asyncio.create_task(self._ask(inspection_id, instead_of))
            self._asking[inspection_id] = asking
            asking.add_done_callback(partial(self._answered, inspection_id))
        return await asyncio.shield(asking)

    def _answered(self, inspection_id: InspectionId, asking: asyncio.Task[str]) -> None:
        self._asking.pop(inspection_id, None)
        if not asking.cancelled():
            asking.exception()  # whoever still waits hears of it; nobody may

    async def _ask(self, inspection_id: InspectionId, instead_of: str | None) -> str:
        key = _key(inspection_id)
        try:
            if not self.is_settled:
                recorded = await self._fences.session_node(inspection_id)
                if recorded not in (None, self.node_id):
                    # The broker may have forgotten the lease, and its holder not be back yet: it is renewed for it.
                    return await self._broker.take_over(key, recorded, recorded, LEASE_S)
            if instead_of is None:
                holder = await self._broker.acquire(key, self.node_id, LEASE_S)
            else:
                holder = await self._broker.take_over(key, self.node_id, instead_of, LEASE_S)
        except BrokerUnavailable:
            fence = await self._fences.hold_session(inspection_id, self.node_id, only_if_free=True)
        else:
            if holder != self.node_id:
                return holder
            fence = await self._counted(inspection_id, key)
        self._held[inspection_id] = _Held(fence, self._monotonic())
        self._metrics.sessions_owned.set(len(self._held))
        if instead_of is not None:
            self._metrics.sessions_taken_over.inc()
        logs.session_owned(inspection_id, self.node_id, fence, taken_from=instead_of)
        return self.node_id

    async def _counted(self, inspection_id: InspectionId, key: str) -> int:
        try:
            return await self._fences.hold_session(inspection_id, self.node_id)
        except BaseException:
            await self._give_back(key)  # else nobody could have it until it runs out
            raise

    async def release(self, inspection_id: InspectionId) -> None:
        """Give a session back that nobody is in; what cannot be told now runs out by itself."""
        held = self._held.pop(inspection_id, None)
        self._metrics.sessions_owned.set(len(self._held))
        if held is None:
            return
        try:
            await self._fences.release_session(inspection_id, held.fence)
        except Unavailable as error:
            logs.session_fault("session.release", inspection_id, error)
        await self._give_back(_key(inspection_id))

    async def _give_back(self, key: str) -> None:
        try:
            await self._broker.release(key, self.node_id)
        except BrokerUnavailable:
            return

    def forget(self, inspection_id: InspectionId) -> bool:
        """Note that another node has a session by now; say whether it rested here until now."""
        if self._held.pop(inspection_id, None) is None:
            return False
        self._metrics.sessions_owned.set(len(self._held))
        self._metrics.sessions_lost.inc()
        logs.session_moved(inspection_id, self.node_id)
        return True

    async def renew(self, used: frozenset[InspectionId]) -> frozenset[InspectionId]:
        """Keep the leases of sessions that are used, give the others back.

        While the broker is away sessions go on as long as the record says that they are here.

        Args:
            used: Sessions that live here.

        Returns:
            Sessions that another node has by now.
        """
        now_s = self._monotonic()
        unused = [
            key for key, held in self._held.items() if key not in used and now_s - held.since_s >= UNUSED_S
        ]
        for inspection_id in unused:
            await self.release(inspection_id)
        keys = {_key(inspection_id): inspection_id for inspection_id in self._held}
        try:
            lost = await self._broker.renew(dict.fromkeys(keys, self.node_id), LEASE_S)
            moved = frozenset(keys[key] for key in lost)
        except BrokerUnavailable:
            moved = self.held - await self._fences.held_sessions(self.node_id)
        return frozenset(each for each in moved if self.forget(each))

    async def release_all(self) -> None:
        """Give everything back: this node ends."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        for inspection_id in list(self._held):
            await self.release(inspection_id)

    # --- the broker comes and goes --------------------------------------------------------------

    def _gap(self) -> None:
        self._was_away = True

    def _returned(self) -> None:
        if self._was_away:
            self._was_away = False
            self._settled_s = self._monotonic() + LEASE_S


def _key(inspection_id: InspectionId) -> str:
    return f"live:{inspection_id}"
