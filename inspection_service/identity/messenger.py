"""Carries messages to people; which way is an adapter's business (``mail``, ``sms``, the terminal)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from inspection_service.identity.errors import MessengerFailed
from inspection_service.identity.records import Channel, CodePurpose
from inspection_service.inspections.records import Language


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person; ``text`` may hold a secret, so it never goes to the log."""

    channel: Channel
    to: str
    language: Language
    subject: str
    """Of an e-mail; a text message goes without."""
    text: str
    stop_url: str | None = None
    """Where the person says that they want no more of these; ``None``: they asked for it themselves."""


class Messenger(Protocol):
    """Sends a message or says that it could not."""

    async def send(self, message: Message) -> None:
        """Return once the message is on its way.

        Raises:
            MessageRefused: It will never be taken by this address.
            MessengerFailed: It could not be sent; trying again may help.
        """
        ...


_SUBJECTS: Final[dict[Language, str]] = {"fr": "Votre code", "en": "Your code"}
_TEXTS: Final[dict[tuple[Language, CodePurpose], str]] = {
    ("fr", "signature"): "{code} est votre code pour signer l'inspection. Il est valable {minutes} minutes. "
    "Ne le donnez à personne.",
    ("en", "signature"): "{code} is your code to sign the inspection. It is good for {minutes} minutes. "
    "Give it to nobody.",
    ("fr", "takeover"): "{code} est votre code pour continuer l'inspection sur un autre appareil. "
    "Il est valable {minutes} minutes. Ne le donnez à personne.",
    ("en", "takeover"): "{code} is your code to continue the inspection on another device. "
    "It is good for {minutes} minutes. Give it to nobody.",
}


def code_message(
    channel: Channel, to: str, language: Language, *, purpose: CodePurpose, code: str, good_for_s: int
) -> Message:
    """Return the message that carries a one-time code, in the seller's language."""
    text = _TEXTS[language, purpose].format(code=code, minutes=good_for_s // 60)
    return Message(channel, to, language, _SUBJECTS[language], text)


class ByChannel:
    """Sends e-mails one way and text messages another; a way that is missing says so instead of losing messages."""

    def __init__(self, *, email: Messenger | None, phone: Messenger | None) -> None:
        """Keep both ways."""
        self._ways: dict[Channel, Messenger | None] = {"email": email, "phone": phone}

    async def send(self, message: Message) -> None:
        """Send a message its way. Raises ``MessageRefused``, ``MessengerFailed``."""
        way = self._ways[message.channel]
        if way is None:
            raise MessengerFailed(f"This service has no way to send to a {message.channel} address.")
        await way.send(message)


class ConsoleMessenger:
    """Prints messages on the terminal that runs the service: for development, where nobody has a mail server."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, message: Message) -> None:
        """Print the message."""
        stream = self._stream or sys.stderr
        stream.write(f"\n  [{message.channel} to {message.to}] {message.subject}\n  {message.text}\n\n")
        stream.flush()
