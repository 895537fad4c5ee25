"""What can go wrong between a platform and the service.

ClientError
├── Problem            the service refused: branch on ``slug``, never on text
├── ServiceAway        no answer, after all tries
├── HashMismatch       what was downloaded is not what the service said it would be
├── StillWaiting       the inspection did not get there in the time given
├── NeverReached       it is over, and not where it was waited for
└── WebhookRefused     a message that nobody we trust has signed, or an old one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PREFIX: Final = "urn:inspection:problem:"


class ClientError(Exception):
    """Something went wrong between a platform and the service."""


class Problem(ClientError):
    """The service refused or failed, and says why (RFC 9457)."""

    def __init__(
        self, status: int, document: Mapping[str, Any], *, retry_after_s: float | None = None
    ) -> None:
        """Keep the problem document.

        Args:
            status: Of the answer.
            document: As it came; members are missing when something between answered in the service's place.
            retry_after_s: When to come back, if that was said.
        """
        self.status = status
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", f"HTTP {status}"))
        self.detail = str(document.get("detail", ""))
        self.instance = str(document.get("instance", ""))
        self.retry_after_s = retry_after_s
        self.document = dict(document)
        super().__init__(f"{status} {self.slug}: {self.detail or self.title}")

    @property
    def slug(self) -> str:
        """What to branch on: ``inspection-closed``, ``key-unknown`` and so on."""
        return self.type.removeprefix(_PREFIX)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Which parts of the request cannot be used: ``in``, ``pointer``, ``detail``."""
        found = self.document.get("errors")
        return list(found) if isinstance(found, list) else []


class ServiceAway(ClientError):
    """The service did not answer."""


class HashMismatch(ClientError):
    """What was downloaded is not what the service said it would be."""


class StillWaiting(ClientError):
    """The inspection is not there yet."""

    def __init__(self, state: str, waited_s: float) -> None:
        """Say where it is."""
        self.state = state
        super().__init__(f"After {waited_s:g} s the inspection is {state}.")


class NeverReached(ClientError):
    """The inspection is over and will not get there."""

    def __init__(self, state: str) -> None:
        """Say how it ended."""
        self.state = state
        super().__init__(f"The inspection is {state}.")


class WebhookRefused(ClientError):
    """This message is not signed with the endpoint's secret, or too old."""
