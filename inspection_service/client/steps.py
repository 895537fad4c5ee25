"""What a client does, as values: a flow yields steps and is told how they ended; a driver carries them out.

So each operation is written once, without I/O, and runs the same in both clients.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from inspection_service.client.errors import Problem, ServiceAway

SAFE: Final = frozenset({"GET", "HEAD"})
_AGAIN: Final = frozenset({429, 502, 503, 504})
_IN_USE: Final = "idempotency-key-in-use"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """Sent as JSON; ``None``: nothing is sent."""
    content: bytes | None = field(repr=False, default=None)
    """Sent as it is, instead of ``body``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    save_to: Path | None = None
    """Where the body goes instead of into memory."""
    timeout_s: float | None = None
    """Longest wait for the answer; ``None``: the client's own."""

    @property
    def is_ours(self) -> bool:
        """Whether it goes to the service itself: the key is for no other address."""
        return self.path.startswith("/")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False, default=b"")

    @property
    def is_success(self) -> bool:
        """Whether the service did what was asked, or has nothing newer."""
        return HTTPStatus.OK <= self.status < HTTPStatus.BAD_REQUEST

    def json(self) -> Any:
        """Return the body as JSON values."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke before the answer was whole."""

    why: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; ends in an ``Answer`` or as ``Lost``."""

    call: Call


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Look at a clock that only grows; ends in seconds."""


@dataclass(frozen=True, slots=True)
class Do:
    """Do something that reads files and takes a while; ends in what it returns."""

    what: Callable[[], Any]


Step = Send | Pause | Now | Do
Flow = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently something is tried again."""

    tries: int = 5
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    """Also of what the service asks for: one that says to come back later than this is not waited for."""
    spread: Callable[[], float] = random.random
    """0 to 1; spreads pauses, so that many clients do not come back together."""

    def pause_s(self, no: int) -> float:
        """Return how long to wait after the ``no``-th failure, from 1: doubled each time, at least half of that."""
        full = min(self.longest_pause_s, self.first_pause_s * 2 ** (no - 1))
        return float(full * (0.5 + 0.5 * self.spread()))


def sent(call: Call, retries: Retries) -> Flow[Answer]:
    """Send a request until it is answered for good.

    An unsafe request gets an ``Idempotency-Key`` when it has none, the same for all tries: it happens once.

    Raises:
        Problem: The service refused.
        ServiceAway: It did not answer.
    """
    if call.is_ours and call.method not in SAFE and "Idempotency-Key" not in call.headers:
        call = replace(call, headers={**call.headers, "Idempotency-Key": str(uuid.uuid4())})
    for no in range(1, retries.tries + 1):
        outcome: Answer | Lost = yield Send(call)
        if isinstance(outcome, Answer) and outcome.is_success:
            return outcome
        failure = _failure(call, outcome)
        wait_s = _wait_s(failure, no, retries)
        if wait_s is None or no == retries.tries:
            raise failure
        yield Pause(wait_s)
    raise AssertionError("tries is at least 1")


def _failure(call: Call, outcome: Answer | Lost) -> Problem | ServiceAway:
    if isinstance(outcome, Lost):
        return ServiceAway(f"{call.method} {call.path}: {outcome.why}")
    try:
        document = outcome.json()
    except ValueError:
        document = None
    after = retry_after_s(outcome.headers)
    return Problem(outcome.status, document if isinstance(document, dict) else {}, retry_after_s=after)


def _wait_s(failure: Problem | ServiceAway, no: int, retries: Retries) -> float | None:
    """Return how long to wait before the next try; ``None``: another one is of no use."""
    if isinstance(failure, ServiceAway):
        return retries.pause_s(no)
    if failure.status not in _AGAIN and failure.slug != _IN_USE:
        return None
    if failure.retry_after_s is None:
        return retries.pause_s(no)
    if failure.retry_after_s > retries.longest_pause_s:
        return None
    return max(failure.retry_after_s, retries.first_pause_s * retries.spread())


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, section 10.2.3)."""
    written = headers.get("retry-after", "").strip()
    if not written:
        return None
    if written.isdecimal():
        return float(written)
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
