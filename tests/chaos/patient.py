"""A client that does what phones and platforms do when nobody answers: it asks again, a moment later."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import httpx

PATIENCE_S: Final = 600.0
"""With one request; everything that is killed is started again long before."""
_PAUSE_S: Final = 0.25
_AGAIN: Final = frozenset({408, 425, 429, 502, 503, 504, 507})


class Unexpected(AssertionError):
    """The service answered what it must not, whatever was killed."""


class Patient:
    """One browser or platform; each request may meet another node."""

    def __init__(self, origin: str, acted: Callable[[], None], heard: Counter[str], **headers: str) -> None:
        """Keep where to go.

        Args:
            origin: Address of the service.
            acted: Called as each request leaves that changes something: the moments at which something is killed.
            heard: Counts what went wrong on the way.
            headers: Sent with every request.
        """
        self._acted = acted
        self._heard = heard
        self._http = httpx.AsyncClient(
            base_url=origin,
            headers=headers,
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def ask(self, method: str, path: str, *fine: int, **more: Any) -> httpx.Response:
        """Ask until there is an answer.

        Args:
            method: Of HTTP.
            path: Of the route.
            fine: Statuses that are an answer.
            more: As httpx takes it.

        An outage is never a 500: that would be a fault of the service, not of what it stands on.

        Raises:
            Unexpected: Another answer than these, and none that says "later"; or none at all for too long.
        """
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if method not in ("GET", "HEAD"):
                self._acted()
            try:
                answer = await self._http.request(method, path, **more)
            except httpx.TransportError as error:
                what = type(error).__name__
            else:
                if answer.status_code in fine:
                    return answer
                what = str(answer.status_code)
                # 409 with a time: whoever was at work on this under its key was killed, and its claim has to lapse.
                says_later = answer.status_code in _AGAIN or "retry-after" in answer.headers
                if not says_later:
                    raise Unexpected(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            self._heard[what] += 1
            if time.monotonic() > deadline:
                raise Unexpected(f"{method} {path}: nothing but {what} for {PATIENCE_S:g} s")
            await asyncio.sleep(_PAUSE_S)
