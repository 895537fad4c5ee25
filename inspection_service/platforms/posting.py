"""Sends one message over a connection that can only lead where it was checked to lead.

The name is resolved once; every address it has must be public, and it is such an address that is dialled, with the
name in ``Host`` and in TLS (SNI): a name that resolves to something else a moment later changes nothing. Nothing is
followed (no redirects, no proxies, no cookies), nothing is kept open, and neither a slow nor a never-ending answer
holds us longer than we want.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import httpcore

from inspection_service.clock import Clock
from inspection_service.platforms.addresses import Target, is_public, target_of
from inspection_service.platforms.errors import WebhookUrlRefused
from inspection_service.platforms.records import Answer, Fault
from inspection_service.settings import WebhookSettings

READ_BYTES: Final = 64 * 1024
"""Of an answer at most so much is read."""
KEPT_BYTES: Final = 1024
"""Of an answer at most so much is kept."""
_ANSWER_S: Final = 2.0
"""Seconds the rest of an answer may take once its status is known: nobody needs it."""
_ADDRESSES_MAX: Final = 4
"""Addresses of one name that are dialled before it counts as away."""
_RETRY_AFTER_MAX_S: Final = 24 * 3600
_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("User-Agent", "inspection-service-webhooks"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Resolver(Protocol):
    """Asks the DNS."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return all addresses of a host.

        Raises:
            OSError: It has none, or nobody answers.
        """
        ...


class Poster(Protocol):
    """Sends messages."""

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Send one message; whatever happens is an answer."""
        ...


class SystemResolver:
    """Asks the machine's resolver, in threads of its own: slow name servers keep nothing else waiting."""

    def __init__(self, threads: int) -> None:
        """Prepare the threads; they start when they are needed."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="webhook-dns")

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return all addresses of a host."""
        asked = asyncio.get_running_loop().run_in_executor(self._threads, _getaddrinfo, host, port)
        return await asked

    def close(self) -> None:
        """Let go of the threads; one that waits for a name server ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _getaddrinfo(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return what certificates are verified against; reading the machine's list takes a while."""
    return ssl.create_default_context(cafile=ca_file)


class AddressRefused(Exception):
    """A name leads to an address that is not public."""


class NameUnknown(Exception):
    """A name leads nowhere."""


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Dials only addresses that were checked; the caller goes on speaking to the name."""

    def __init__(
        self, resolver: Resolver, *, allow_private: bool, dial: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        """Keep the collaborators.

        Args:
            resolver: Asked once for each connection.
            allow_private: Whether addresses that are not public may be dialled.
            dial: Opens the connection to an address.
        """
        self._resolver = resolver
        self._allow_private = allow_private
        self._dial = dial or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host.

        Raises:
            NameUnknown: It has no address.
            AddressRefused: One of its addresses is not public: then none is dialled.
            httpcore.ConnectError, httpcore.ConnectTimeout: Nobody answers at any.
        """
        try:
            addresses = await self._resolver.resolve(host, port)
        except (OSError, UnicodeError) as exc:
            raise NameUnknown from exc
        if not addresses:
            raise NameUnknown
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise AddressRefused
        chosen = addresses[:_ADDRESSES_MAX]
        for address in chosen[:-1]:
            share_s = None if timeout is None else timeout / len(chosen)
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._dial.connect_tcp(address, port, share_s, local_address, socket_options)
        return await self._dial.connect_tcp(chosen[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore does between tries."""
        await self._dial.sleep(seconds)


class GuardedPoster:
    """Sends messages to addresses written by strangers."""

    def __init__(
        self,
        settings: WebhookSettings,
        clock: Clock,
        *,
        resolver: Resolver | None = None,
        dial: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            settings: Limits, and whether private addresses are allowed.
            clock: Dates the attempts.
            resolver: Asks the DNS; the machine's own when absent.
            dial: Opens connections; sockets when absent.
        """
        self._settings = settings
        self._clock = clock
        self._own = SystemResolver(settings.at_once) if resolver is None else None
        self._backend = PinnedBackend(
            resolver or self._own or SystemResolver(1), allow_private=settings.allow_private, dial=dial
        )
        self._tls = _trust(settings.ca_file)

    def close(self) -> None:
        """Let go of threads; closing twice is fine."""
        if self._own is not None:
            self._own.close()

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Send one message; whatever happens is an answer.

        Args:
            url: Where to.
            body: JSON.
            headers: Those that sign it.
        """
        at, started_s = self._clock.now(), time.monotonic()
        status: int | None = None
        text: str | None = None
        retry_after_s: int | None = None
        fault: Fault | None
        try:
            target = target_of(url, allow_private=self._settings.allow_private)
            async with asyncio.timeout(self._settings.timeout_s):
                status, text, retry_after_s = await self._exchange(target, body, headers)
            fault = fault_of_status(status)
        except Exception as error:  # a boundary: the answer says what it was
            fault = fault_of(error)
        return Answer(at, round((time.monotonic() - started_s) * 1000), status, fault, text, retry_after_s)

    async def _exchange(
        self, target: Target, body: str, headers: Mapping[str, str]
    ) -> tuple[int, str, int | None]:
        limit_s = self._settings.timeout_s
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), limit_s)
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=1,
                max_keepalive_connections=0,
                network_backend=self._backend,
            ) as pool,
            pool.stream(
                "POST",
                httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
                headers=[*_HEADERS, *headers.items()],
                content=body.encode(),
                extensions={"timeout": timeouts},
            ) as response,
        ):
            return response.status, await _first_of(response), _retry_after_s(response)


async def _first_of(response: httpcore.Response) -> str:
    """Read a little of an answer; what cannot be read, or takes too long, is not missed: its status is known."""
    first, read = b"", 0
    with suppress(TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(_ANSWER_S):
            async for chunk in response.aiter_stream():
                first += chunk[: KEPT_BYTES - len(first)]
                read += len(chunk)
                if read >= READ_BYTES:
                    break
    # Replaced bytes grow when they are written again: what is kept stays within its limit.
    text = _CONTROL.sub("\ufffd", first.decode("utf-8", "replace"))
    return text.encode()[:KEPT_BYTES].decode("utf-8", "ignore")


def _retry_after_s(response: httpcore.Response) -> int | None:
    """Return how long a busy endpoint asks us to wait, in seconds; a date is not read."""
    for name, value in response.headers:
        if name.lower() == b"retry-after" and value.strip().isdigit():
            return min(int(value.strip()[:9]), _RETRY_AFTER_MAX_S)
    return None


def fault_of_status(status: int) -> Fault | None:
    """Say what is wrong with the status of an answer."""
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else "status"


def fault_of(error: Exception) -> Fault:
    """Say in one word why there was no answer."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    found: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Fault], ...] = (
        (WebhookUrlRefused, "url-refused"),
        (AddressRefused, "address-refused"),
        (NameUnknown, "dns"),
        ((TimeoutError, httpcore.TimeoutException), "timeout"),
        (ssl.SSLError, "tls"),
        ((httpcore.ProtocolError, httpcore.ReadError, httpcore.WriteError), "protocol"),
        ((httpcore.ConnectError, OSError), "connect"),
    )
    for kind, fault in found:
        if any(isinstance(each, kind) for each in causes):
            return fault
    return "internal"
