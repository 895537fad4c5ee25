"""What several nodes share besides records and bytes: messages that may be lost, and leases that run out.

The truth is in the database. A broker only makes nodes quick to hear of each other; whoever depends on a message looks
into the records once it is told that some may have been lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

Take = Callable[[bytes], None]
"""Receives one message; must return at once and never raise."""
Undelivered = Callable[[], None]
"""Called when nobody listened to a message."""

MAX_MESSAGE_BYTES: Final = 320 * 1024
"""Longer than the longest message a page may send (256 KiB), with its header."""


class Broker(Protocol):
    """Messages and leases among the nodes of one service."""

    @property
    def is_up(self) -> bool:
        """Whether messages pass at present."""
        ...

    def listen(self, channel: str, take: Take) -> None:
        """Hear everything that is sent to a channel, from the moment the broker is opened."""
        ...

    def on_gap(self, tell: Callable[[], None]) -> None:
        """Call this whenever messages may have been lost, in either direction: the connection broke."""
        ...

    def on_return(self, tell: Callable[[], None]) -> None:
        """Call this whenever messages pass again after a gap."""
        ...

    def send(self, channel: str, message: bytes, undelivered: Undelivered | None = None) -> bool:
        """Send a message in its turn, without waiting; messages of one node to one channel arrive in order.

        Args:
            channel: To whom.
            message: At most ``MAX_MESSAGE_BYTES``.
            undelivered: Called when nobody listens there. A gap is told to ``on_gap`` instead.

        Returns:
            Whether it was taken; ``False`` while the broker is away or too much waits to be sent.
        """
        ...

    async def acquire(self, key: str, holder: str, ttl_s: float) -> str:
        """Take a lease that nobody has.

        Returns:
            Who has it now: ``holder``, or somebody else.

        Raises:
            BrokerUnavailable: It does not answer.
        """
        ...

    async def renew(self, leases: Mapping[str, str], ttl_s: float) -> frozenset[str]:
        """Keep leases, by key and holder; one that is gone is taken again.

        Returns:
            Keys of those that somebody else has by now.

        Raises:
            BrokerUnavailable: It does not answer.
        """
        ...

    async def take_over(self, key: str, holder: str, from_holder: str, ttl_s: float) -> str:
        """Take a lease from a holder that is gone, unless somebody else was faster.

        Returns:
            Who has it now.

        Raises:
            BrokerUnavailable: It does not answer.
        """
        ...

    async def release(self, key: str, holder: str) -> None:
        """Give a lease back, if it is still the holder's. Raises ``BrokerUnavailable``."""
        ...

    async def is_heard(self, channel: str) -> bool:
        """Say whether anybody listens to a channel. Raises ``BrokerUnavailable``."""
        ...

    async def ping(self) -> None:
        """Return when it answers. Raises ``BrokerUnavailable``."""
        ...
