"""Asks a service, when the reader wants that, whether anything was said after a report.

The answer changes one question only: a server that lies cannot make another answer better.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import ssl
import threading
from typing import Any, Final
from urllib.parse import urlsplit

from inspection_service.reports.verify_assess import Status

TIMEOUT_S: Final = 10.0
"""For the whole answer."""
MAX_ANSWER_BYTES: Final = 64 << 10
MAX_ENTRIES: Final = 1000
_PATH: Final = "/v1/log/status?json_sha256="
_TRANSLATED: Final = tuple(
    ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
"""Addresses that stand for others, which may be private: NAT64 (RFC 6052, RFC 8215), 6to4, Teredo."""
_WORD: Final = re.compile(r"[a-z_]{1,40}")
_TIME: Final = re.compile(r"[0-9T:.Z+-]{10,40}")


class Log:
    """The log of one service, asked over HTTP; no redirects, no proxies, no private address but this machine's."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Keep the address.

        Args:
            url: ``https://host`` or ``http://host``, perhaps with a port and a path before ``/v1``.
            timeout_s: For the whole answer.

        Raises:
            ValueError: It is no such address.
        """
        parts = urlsplit(url)
        if any(character <= " " or character == "\x7f" for character in url):
            raise ValueError("an address has no spaces and no control characters")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError(f"{url} is not an address such as https://inspections.example.com")
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._is_secure else 80)
        self._path = parts.path.rstrip("/") + _PATH
        self._timeout_s = timeout_s

    def __call__(self, json_sha256: str) -> Status:
        """Ask; see ``Online``. A server that answers a byte a second is given up like one that does not answer."""
        answers: list[Status] = []
        faults: list[OSError] = []

        def ask() -> None:
            try:
                answers.append(_read(self._ask(json_sha256)))
            except OSError as exc:
                faults.append(exc)
            except (ValueError, http.client.HTTPException) as exc:
                faults.append(OSError(type(exc).__name__))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(self._timeout_s)
        if answers:
            return answers[0]
        raise faults[0] if faults else OSError("no answer in time")

    def _ask(self, json_sha256: str) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = self._connect()
        try:
            connection.request("GET", self._path + json_sha256, headers={"Accept": "application/json"})
            with connection.getresponse() as answer:  # which holds the connection open by itself
                if answer.status != http.client.OK:
                    raise OSError(f"status {answer.status}")
                data = answer.read(MAX_ANSWER_BYTES + 1)
                if len(data) > MAX_ANSWER_BYTES:
                    raise OSError("the answer is too large")
                return data
        finally:
            connection.close()

    def _connect(self) -> socket.socket:
        """Connect to an address that was looked at, so that a name cannot lead elsewhere a moment later."""
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            if not _is_allowed(str(address[0])):
                raise OSError("the name leads to a private address")
            try:
                plain = socket.socket(family, kind, protocol)
                plain.settimeout(self._timeout_s)
                plain.connect(address)
            except OSError:
                plain.close()
                continue
            if not self._is_secure:
                return plain
            return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
        raise OSError("no connection")


def _is_allowed(address: str) -> bool:
    place = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    mapped = getattr(place, "ipv4_mapped", None)
    if mapped is not None:
        place = mapped
    if any(place in network for network in _TRANSLATED):
        return False
    return place.is_loopback or (place.is_global and not place.is_multicast)


def _read(data: bytes) -> Status:
    """Read an answer; anything but the shape agreed on is no answer.

    Raises:
        ValueError: It is of another shape.
    """
    try:
        value: Any = json.loads(data)
    except RecursionError as exc:
        raise ValueError("too deep") from exc
    if not isinstance(value, dict) or not isinstance(value.get("known"), bool):
        raise ValueError("of another shape")
    listed = value.get("newer")
    if not isinstance(listed, list) or len(listed) > MAX_ENTRIES:
        raise ValueError("of another shape")
    newer: list[tuple[str, str]] = []
    for item in listed:
        kind, at = (item.get("kind"), item.get("at")) if isinstance(item, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(at, str):
            raise ValueError("of another shape")
        if not _WORD.fullmatch(kind) or not _TIME.fullmatch(at):
            raise ValueError("of another shape")
        newer.append((kind, at))
    return Status(value["known"], tuple(newer))
