"""The page's end: pages whose sockets are here and whose sessions rest on other nodes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import CLOSE_FLOOD, Participant
from inspection_service.media.signalling.room import BURST_MESSAGES, MESSAGES_PER_S, Allowance
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.frames import (
    COME_BACK,
    NOT_HERE,
    Bye,
    Echo,
    Join,
    Left,
    Probe,
    Said,
    Told,
    written,
)
from inspection_service.sessions.owning import channel_of
from inspection_service.storage.broker import Broker
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

WELCOME_S: Final = 2.0
"""How long a page waits for its session's first word before we look again for who has it."""
SILENCE_S: Final = 6.0
"""An owner that has not answered a probe for so long is gone, or as good as gone."""


@dataclass(slots=True)
class RelayedPage:
    """One page whose session rests elsewhere; hands on what it says."""

    owner: str
    inspection_id: InspectionId
    connection: Connection
    allowance: Allowance
    hand_on: Callable[[RelayedPage, str | bytes], None]
    began_s: float
    welcomed: asyncio.Future[bool]
    """Whether the owner let it in; pending until it has said so."""
    said: int = 0
    expected: int = 0

    async def receive(self, connection: Connection, message: str | bytes) -> None:
        """Take one message from the page."""
        if not connection.is_over:
            self.hand_on(self, message)


@dataclass(slots=True)
class _Owner:
    """A node that sessions of our pages rest on."""

    heard_s: float
    pages: dict[str, RelayedPage] = field(default_factory=dict)
    probes: dict[int, float] = field(default_factory=dict)


class Edge:
    """All pages here whose sessions are elsewhere."""

    def __init__(
        self,
        node_id: str,
        broker: Broker,
        *,
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators."""
        self._node_id = node_id
        self._broker = broker
        self._metrics = metrics
        self._gauge = metrics.relayed_sockets.labels("socket")
        self._monotonic = monotonic
        self._owners: dict[str, _Owner] = {}
        self._pages: dict[str, RelayedPage] = {}
        self._nonce = 0

    # --- pages ----------------------------------------------------------------------------------

    async def enter(
        self, owner: str, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> RelayedPage | None:
        """Bring a page to the node its session rests on.

        Returns:
            The page, to be given to ``leave`` once its socket has ended; ``None``: nobody there let it in.
        """
        now_s = self._monotonic()
        page = RelayedPage(
            owner,
            inspection_id,
            Connection(who),
            Allowance(BURST_MESSAGES, MESSAGES_PER_S, now_s),
            self._hand_on,
            now_s,
            asyncio.get_running_loop().create_future(),
        )
        self._pages[who.connection_id] = page
        self._owners.setdefault(owner, _Owner(now_s)).pages[who.connection_id] = page
        self._gauge.inc()
        is_in = False
        try:
            join = written(Join(self._node_id, inspection_id, who, greeting))
            if self._broker.send(channel_of(owner), join, lambda: self._refused(page)):
                async with asyncio.timeout(WELCOME_S):
                    is_in = await page.welcomed
        except TimeoutError:
            pass
        finally:
            if not is_in:
                self.leave(page, "not let in")
        return page if is_in else None

    def leave(self, page: RelayedPage, why: str = "socket closed") -> None:
        """Forget a page whose socket has ended, and tell its session."""
        who = page.connection.participant
        if self._pages.pop(who.connection_id, None) is None:
            return
        self._gauge.dec()
        owner = self._owners.get(page.owner)
        if owner is not None:
            owner.pages.pop(who.connection_id, None)
            if not owner.pages:
                del self._owners[page.owner]
        self._broker.send(channel_of(page.owner), written(Left(who.connection_id)))
        seconds = self._monotonic() - page.began_s
        logs.socket_relayed(page.inspection_id, who.role, page.owner, seconds, page.said, why)

    def _hand_on(self, page: RelayedPage, message: str | bytes) -> None:
        """Pass on what a page says; one that floods is stopped here, before it fills the line between nodes."""
        if not page.allowance.spend(self._monotonic()):
            page.connection.close(CLOSE_FLOOD, "too many messages")
            return
        said = Said(page.connection.participant.connection_id, page.said, message)
        page.said += 1
        if not self._broker.send(channel_of(page.owner), written(said), lambda: self._refused(page)):
            self._send_back(page)

    # --- what owners say ------------------------------------------------------------------------

    def take(self, frame: Told | Bye | Echo) -> None:
        """Take a frame from an owner; never waits."""
        if isinstance(frame, Echo):
            self._echo(frame)
            return
        page = self._pages.get(frame.connection_id)
        if page is None:
            return
        if isinstance(frame, Told):
            self._told(page, frame)
        elif frame.code == NOT_HERE:
            self._refused(page)
        else:
            _settle(page, is_in=False)
            page.connection.close(frame.code, frame.reason)

    def _told(self, page: RelayedPage, told: Told) -> None:
        if told.number != page.expected:
            self._send_back(page)
            return
        page.expected += 1
        page.connection.send(told.words)
        _settle(page, is_in=True)

    def _refused(self, page: RelayedPage) -> None:
        """Nobody is there, or the session is not: look anew, or have the page come back and look then."""
        _settle(page, is_in=False)
        self._send_back(page)

    def _send_back(self, page: RelayedPage) -> None:
        _settle(page, is_in=False)
        page.connection.close(COME_BACK, "please come back")

    # --- do they live? --------------------------------------------------------------------------

    def gap(self) -> None:
        """Messages may have been lost: every page comes back and begins anew."""
        for page in list(self._pages.values()):
            self._send_back(page)

    def probe(self) -> None:
        """Ask every owner whether it lives; pages of one that has been silent for long come back."""
        now_s = self._monotonic()
        for node_id, owner in list(self._owners.items()):
            if now_s - owner.heard_s >= SILENCE_S:
                self._gone(node_id)
                continue
            self._nonce += 1
            owner.probes[self._nonce] = now_s
            asked = written(Probe(self._node_id, self._nonce))
            self._broker.send(channel_of(node_id), asked, lambda gone=node_id: self._gone(gone))  # type: ignore[misc]

    def _echo(self, echo: Echo) -> None:
        owner = self._owners.get(echo.node_id)
        asked_s = None if owner is None else owner.probes.pop(echo.nonce, None)
        if owner is None or asked_s is None:
            return
        owner.heard_s = self._monotonic()
        owner.probes = {nonce: at_s for nonce, at_s in owner.probes.items() if nonce > echo.nonce}
        self._metrics.relay_seconds.observe(owner.heard_s - asked_s)

    def _gone(self, node_id: str) -> None:
        owner = self._owners.get(node_id)
        for page in [] if owner is None else list(owner.pages.values()):
            self._send_back(page)


def _settle(page: RelayedPage, *, is_in: bool) -> None:
    if not page.welcomed.done():
        page.welcomed.set_result(is_in)
