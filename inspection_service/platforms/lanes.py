"""Who may send how much at once, so that a dead or slow endpoint delays nobody else's messages.

Endpoints that answer well share one lane, those that are slow or fail share another, narrower one; and each endpoint
has a bound of its own. What an endpoint is like is remembered by each process for itself: it is learnt again within
one attempt.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final, Literal

SLOW_S: Final = 1.0
"""An answer that takes longer makes an endpoint a slow one."""
_REMEMBERED: Final = 10_000
Manner = Literal["good", "slow", "failing"]


class Lanes:
    """Counts what is under way."""

    def __init__(self, at_once: int, at_once_each: int) -> None:
        """Set the bounds.

        Args:
            at_once: Messages to endpoints that answer well; those that do not share half as many beside.
            at_once_each: Messages to one endpoint; half as many when it is slow, one while it fails.
        """
        self._bounds = {"good": at_once, "other": max(1, at_once // 2)}
        self._each: dict[Manner, int] = {
            "good": at_once_each,
            "slow": max(1, at_once_each // 2),
            "failing": 1,
        }
        self._manners: OrderedDict[str, Manner] = OrderedDict()
        self._under_way: Counter[str] = Counter()
        self._lanes: Counter[str] = Counter()

    def free(self, endpoint_id: str) -> int:
        """Say how many more messages to this endpoint may begin now."""
        manner = self._manners.get(endpoint_id, "good")
        lane = _lane(manner)
        return max(
            0,
            min(self._each[manner] - self._under_way[endpoint_id], self._bounds[lane] - self._lanes[lane]),
        )

    def begin(self, endpoint_id: str) -> str:
        """Count one that begins; hand what it returns to ``end``."""
        lane = _lane(self._manners.get(endpoint_id, "good"))
        self._under_way[endpoint_id] += 1
        self._lanes[lane] += 1
        return lane

    def end(self, endpoint_id: str, lane: str) -> None:
        """Count one that has ended."""
        self._lanes[lane] -= 1
        self._under_way[endpoint_id] -= 1
        if self._under_way[endpoint_id] <= 0:
            del self._under_way[endpoint_id]

    def learn(self, endpoint_id: str, *, is_good: bool, seconds: float) -> None:
        """Remember how an endpoint answered last."""
        manner: Manner = "failing" if not is_good else "slow" if seconds > SLOW_S else "good"
        self._manners.pop(endpoint_id, None)
        if manner != "good":
            self._manners[endpoint_id] = manner
            if len(self._manners) > _REMEMBERED:
                self._manners.popitem(last=False)

    @property
    def under_way(self) -> int:
        """How many messages are being sent."""
        return self._lanes.total()


def _lane(manner: Manner) -> str:
    return "good" if manner == "good" else "other"
