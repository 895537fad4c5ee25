"""Credentials for the relay that die by themselves, so that nobody else's calls run over it.

The relay (coturn with ``use-auth-secret``) and this service share a secret; the relay checks the credentials by itself
and is never told of them. Source: draft-uberti-behave-turn-rest-00, section 2.2; coturn, "TURN REST API".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from inspection_service.clock import Clock, isoformat
from inspection_service.media.errors import RelaySecretUnusable
from inspection_service.settings import MediaSettings


@dataclass(frozen=True, slots=True)
class IceServers:
    """What a browser needs to find the other one: ``RTCIceServer`` dictionaries (W3C WebRTC, section 4.2.4)."""

    servers: tuple[Mapping[str, Any], ...]
    expires_at: datetime | None
    """When the relay refuses a new allocation with them; ``None`` without a relay."""

    def to_json(self) -> dict[str, Any]:
        """Write them for a page."""
        expires_at = None if self.expires_at is None else isoformat(self.expires_at)
        return {"ice_servers": [dict(server) for server in self.servers], "expires_at": expires_at}


def credentials(secret: bytes, session: str, expires_at: datetime) -> tuple[str, str]:
    """Make a username and a password that the relay accepts until a moment.

    Args:
        secret: The relay's ``static-auth-secret``.
        session: For whom, as it will stand in the relay's log.
        expires_at: When they die; whole seconds.

    Returns:
        ``<unix seconds>:<session>`` and the Base64 of its HMAC-SHA1 under the secret.
    """
    username = f"{int(expires_at.timestamp())}:{session}"
    digest = hmac.new(secret, username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


class Relays:
    """The STUN servers and the relay of this service, with fresh credentials for whoever asks."""

    def __init__(self, settings: MediaSettings, clock: Clock, secret: bytes = b"") -> None:
        self._settings = settings
        self._clock = clock
        self._secret = secret

    @classmethod
    def open(cls, settings: MediaSettings, clock: Clock) -> Self:
        """Read the secret from where the settings say.

        Raises:
            RelaySecretUnusable: Its file cannot be read, or is empty.
        """
        turn = settings.turn
        if turn.secret_file is None:
            secret = b"" if turn.secret is None else turn.secret.get_secret_value().encode()
        else:
            try:
                secret = turn.secret_file.read_bytes().strip()
            except OSError as error:
                raise RelaySecretUnusable from error
        if turn.urls and not secret:
            raise RelaySecretUnusable("The relay's shared secret is empty.")
        return cls(settings, clock, secret)

    @property
    def relay_only(self) -> bool:
        """Whether browsers must not tell each other their own addresses."""
        return self._settings.relay_only

    def offer(self, session: str) -> IceServers:
        """Return the servers for one session, with credentials of its own."""
        stun = tuple({"urls": url} for url in self._settings.ice_servers)
        turn = self._settings.turn
        if not turn.urls:
            return IceServers(stun, None)
        expires_at = (self._clock.now() + timedelta(seconds=turn.ttl_s)).replace(microsecond=0)
        username, password = credentials(self._secret, session, expires_at)
        relay = {"urls": list(turn.urls), "username": username, "credential": password}
        return IceServers((*stun, relay), expires_at)
