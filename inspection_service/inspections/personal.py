"""The keys under which the personal values of one inspection rest: destroy a key, and what it closed is gone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

Subject = Literal["seller", "operator"]
"""Whose data a value is. Free texts count as the seller's whoever wrote them: they may speak of the seller."""

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32


class PersonalValue(Protocol):
    """A clear value of a record and the salt that hides it; ``reports`` calls it a disclosure."""

    @property
    def pointer(self) -> str:
        """Where it stands in the record."""
        ...

    @property
    def salt(self) -> str:
        """In base64url."""
        ...

    @property
    def value(self) -> Any:
        """The value itself."""
        ...

    @property
    def subject(self) -> Subject:
        """Whose data it is."""
        ...


@dataclass(frozen=True, slots=True)
class KeptValue:
    """A clear value as it comes back from where it rests."""

    pointer: str
    salt: str
    value: Any
    subject: Subject


@dataclass(frozen=True, slots=True)
class PersonalKeys:
    """One key for each person whose data an inspection holds; never printed, never logged."""

    seller: bytes = field(repr=False)
    operator: bytes = field(repr=False)

    @classmethod
    def draw(cls) -> PersonalKeys:
        """Make fresh ones."""
        return cls(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    def of(self, subject: Subject) -> bytes:
        """Return the key of one person."""
        return self.seller if subject == "seller" else self.operator

    def salt(self, subject: Subject, pointer: str) -> bytes:
        """Return the 16 bytes that hide the value at a JSON pointer.

        Derived from the key, so that building a record again gives the same record; to whoever does not have the key
        it is as good as random (HMAC-SHA-256, RFC 2104), and one salt tells nothing of another.
        """
        return hmac.digest(self.of(subject), b"salt\x00" + pointer.encode(), hashlib.sha256)[:SALT_BYTES]
