"""Signs messages so that a platform can tell ours from anybody's, and keeps the secrets closed at rest.

Secrets rest under AES-256-GCM (NIST SP 800-38D) with a key derived from the instance's pepper by HKDF (RFC 5869), each
bound to its endpoint. After a rotation the former secret signs beside the new one until its time is over, so that a
receiver may change it at any moment in between.

Source: Standard Webhooks 1.0 (https://www.standardwebhooks.com), symmetric signatures ``v1``.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook

from inspection_service.clock import isoformat
from inspection_service.platforms.errors import WebhookSecretsClosed
from inspection_service.platforms.records import Secret

OVERLAP: Final = timedelta(hours=24)
"""How long a former secret signs beside the new one, unless its owner wants it gone sooner."""
SECRETS_MAX: Final = 5
"""Secrets that sign at once; a sixth rotation within a day ends the oldest."""
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def new_secret() -> str:
    """Return a secret nobody can guess, in the form the libraries of Standard Webhooks take."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def rotated(kept: Sequence[Secret], now: datetime, overlap: timedelta) -> tuple[Secret, ...]:
    """Return the secrets with a new one in front.

    Args:
        kept: The secrets until now, newest first.
        now: The present moment.
        overlap: How long the present one goes on signing; those before it keep their own end, if that is sooner.
    """
    end = now + overlap
    former = (Secret(each.secret, min(each.until or end, end)) for each in kept)
    return (Secret(new_secret(), None), *valid(tuple(former), now))[:SECRETS_MAX]


def valid(kept: Sequence[Secret], now: datetime) -> tuple[Secret, ...]:
    """Return the secrets that sign now, newest first."""
    return tuple(each for each in kept if each.until is None or each.until > now)


def signed_headers(kept: Sequence[Secret], message_id: str, at: datetime, body: str) -> dict[str, str]:
    """Return the three headers that sign a message.

    Args:
        kept: The secrets of the endpoint.
        message_id: Name of the message.
        at: When it is sent: receivers refuse what is older than five minutes.
        body: Exactly what is sent.
    """
    signatures = [Webhook(each.secret).sign(message_id, at, body) for each in valid(kept, at)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class SecretBox:
    """Closes and opens the secrets of endpoints."""

    def __init__(self, pepper: bytes) -> None:
        """Derive the key.

        Args:
            pepper: 32 bytes that are not in the database.
        """
        info = b"inspection-service webhook secrets"
        self._cipher = AESGCM(HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=info).derive(pepper))

    def close(self, endpoint_id: str, kept: Sequence[Secret]) -> bytes:
        """Return what the database keeps."""
        said = json.dumps(
            [{"secret": e.secret, "until": None if e.until is None else isoformat(e.until)} for e in kept]
        )
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, said.encode(), endpoint_id.encode())

    def open(self, endpoint_id: str, wrapped: bytes) -> tuple[Secret, ...]:
        """Return the secrets, newest first.

        Raises:
            WebhookSecretsClosed: They were closed under another pepper, or for another endpoint.
        """
        try:
            said = self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], endpoint_id.encode())
        except InvalidTag as exc:
            raise WebhookSecretsClosed from exc
        return tuple(
            Secret(e["secret"], None if e["until"] is None else datetime.fromisoformat(e["until"]))
            for e in json.loads(said)
        )
