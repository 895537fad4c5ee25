"""Carries one-time codes to people; which way is an adapter's business."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol, TextIO

from inspection_service.identity.records import Channel
from inspection_service.inspections.records import Language


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person; ``text`` may hold a secret, so it never goes to the log."""

    channel: Channel
    to: str
    language: Language
    subject: str
    text: str


class Messenger(Protocol):
    """Sends a message or says that it could not."""

    async def send(self, message: Message) -> None:
        """Return once the message is on its way.

        Raises:
            MessengerFailed: It could not be sent.
        """
        ...


class ConsoleMessenger:
    """Prints messages on the terminal that runs the service: for development, where nobody has a mail server."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, message: Message) -> None:
        """Print the message."""
        stream = self._stream or sys.stderr
        stream.write(f"\n  [{message.channel} to {message.to}] {message.subject}\n  {message.text}\n\n")
        stream.flush()
