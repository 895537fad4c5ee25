"""Who is there, and what the record allows them: what every part of the protocol looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inspection_service.inspections.records import LiveLevel
from inspection_service.media.errors import ClaimNeeded, ConsentMissing
from inspection_service.media.signalling.messages import Effect, Participant, Send

BURST_MESSAGES: Final = 200
MESSAGES_PER_S: Final = 50.0


@dataclass(slots=True)
class Allowance:
    """A token bucket: a page may burst, and then keep a steady pace."""

    burst: float
    per_s: float
    at_s: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def spend(self, now_s: float) -> bool:
        """Take one token; say whether there was one."""
        self.tokens = min(self.burst, self.tokens + max(0.0, now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Room:
    """The connected pages and the facts of the record that bind them."""

    seller: Participant | None = None
    operators: dict[str, Participant] = field(default_factory=dict)
    """By connection, in the order they came."""
    claimed_by: str | None = None
    """Operator id that holds the case."""
    live_level: LiveLevel = "off"
    help_asked_s: float | None = None
    """When the seller asked for help that no call has answered yet."""
    handed_over_s: float | None = None
    """When a call ended because a colleague took the case."""
    last_seller: Participant | None = None
    """The seller's page, also when it is gone: in whose name their own acts are written."""

    @property
    def everyone(self) -> list[Participant]:
        """All connected pages, the seller's first."""
        return [*([self.seller] if self.seller else []), *self.operators.values()]

    def pages_of(self, operator_id: str) -> list[Participant]:
        """Return an operator's connected pages, oldest first."""
        return [page for page in self.operators.values() if page.actor_id == operator_id]

    def tell(self, message: Mapping[str, Any], *, but: Participant | None = None) -> list[Effect]:
        """Send a message to every page."""
        return [Send(page, message) for page in self.everyone if page != but]

    def tell_operators(self, message: Mapping[str, Any]) -> list[Effect]:
        """Send a message to every operator's page."""
        return [Send(page, message) for page in self.operators.values()]

    def need_claim(self, who: Participant, **attributes: Any) -> None:
        """Let only the operator through who holds the case. Raises ``ClaimNeeded``."""
        if self.claimed_by != who.actor_id:
            raise ClaimNeeded(**attributes)

    def need_live_consent(self) -> None:
        """Let nothing be seen without the seller's consent. Raises ``ConsentMissing``."""
        if self.live_level == "off":
            raise ConsentMissing
