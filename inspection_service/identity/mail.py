"""Sends messages by e-mail through a mail server that is there already.

Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (TLS from the first byte), RFC 3834 (automatic messages),
RFC 8058 (one-click unsubscribing).
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from inspection_service.clock import Clock
from inspection_service.identity.errors import MessageRefused, MessengerFailed
from inspection_service.identity.messenger import Message

_PORTS: Final = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
_LAST_TEMPORARY: Final = 499
"""Source: RFC 5321, section 4.2.1: 4yz may work later, 5yz never will."""


class SmtpMessenger:
    """E-mail: one connection for each message, so that a server that dies takes nothing with it."""

    def __init__(
        self,
        url: str,
        sender: str,
        clock: Clock,
        *,
        user: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        timeout_s: float = 15.0,
    ) -> None:
        """Keep where the mail server is; nothing is opened yet.

        Args:
            url: ``smtps://HOST[:465]``, ``smtp://HOST[:587]`` (refuses a server without STARTTLS), or
                ``smtp+plain://HOST[:25]``.
            sender: What stands in ``From``.
            clock: Dates the messages.
            user: For servers that ask who it is; never told to one without TLS.
            password: Of that user.
            ca_file: PEM roots to trust instead of the system's.
            timeout_s: Longest wait for each answer.
        """
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._sender = sender
        self._clock = clock
        self._login = (user, password) if user is not None and password is not None else None
        self._ca_file = ca_file
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> None:
        """Return once the mail server has taken the message.

        Raises:
            MessageRefused: It will never take it: no such person, or not an address.
            MessengerFailed: It does not answer, or not now.
        """
        await asyncio.to_thread(self._send, message)

    def _send(self, message: Message) -> None:
        try:
            written = self._written(message)
            with self._connected() as server:
                server.send_message(written)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refusal(max(codes, default=0)) from None  # the server's words name the address
        except smtplib.SMTPNotSupportedError as error:
            raise MessengerFailed("The mail server cannot do what was asked of it.") from error
        except smtplib.SMTPResponseException as error:
            # A refused sender or password is ours to mend, and then the message goes.
            is_about_message = isinstance(error, smtplib.SMTPDataError)
            raise (_refusal(error.smtp_code) if is_about_message else MessengerFailed()) from None
        except (MessageError, ValueError) as error:  # an address with a line's end, or none
            raise MessageRefused from error
        except (OSError, smtplib.SMTPException) as error:
            raise MessengerFailed from error

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = self._context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=self._timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)
        try:
            if self._scheme == "smtp":
                server.starttls(context=self._context())
            if self._login is not None and self._scheme != "smtp+plain":
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=None if self._ca_file is None else str(self._ca_file))

    def _written(self, message: Message) -> EmailMessage:
        _, address = parseaddr(self._sender)
        written = EmailMessage()
        written["From"] = self._sender
        written["To"] = message.to
        written["Subject"] = message.subject
        written["Date"] = format_datetime(self._clock.now())
        written["Message-ID"] = make_msgid(domain=address.rpartition("@")[2] or "localhost")
        written["Auto-Submitted"] = "auto-generated"
        written["Content-Language"] = message.language
        if message.stop_url is not None:
            written["List-Unsubscribe"] = f"<{message.stop_url}>"
            written["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        written.set_content(message.text)
        return written


def _refusal(code: int) -> MessengerFailed:
    return MessageRefused() if code > _LAST_TEMPORARY else MessengerFailed()
