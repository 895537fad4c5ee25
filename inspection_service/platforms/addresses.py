"""Which addresses a message may go to: public ones, never a door that only we can reach.

The address of an endpoint is written by a stranger and dialled by us, from inside our own network: it must not lead to
the metadata service of a cloud, a database beside us or a neighbour's router, in whatever notation it is written and
whatever its name resolves to later (OWASP, server-side request forgery).

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4),
RFC 4380 (Teredo), RFC 4291 (IPv4-mapped and IPv4-compatible addresses).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import httpx

from inspection_service.platforms.errors import WebhookUrlRefused

URL_MAX: Final = 2000
HTTPS_PORT: Final = 443
FREE_PORTS: Final = 1024
"""From here on any port may be used with https; below it only 443, where no mail and no shell listens."""
_LAST_PORT: Final = 65535
_V4_SPECIAL: Final = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_V6_GLOBAL: Final = IPv6Network("2000::/3")
"""All that is given out; mapped, compatible, translated (64:ff9b::/96, 64:ff9b:1::/48), unique-local, link-local,
site-local and multicast addresses lie outside."""
_V6_SPECIAL: Final = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments: Teredo 2001::/32, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart, as it is dialled."""

    scheme: str
    host: str
    """ASCII: a name, or an address without brackets."""
    port: int
    path: str
    """With the query."""


def is_public(address: str) -> bool:
    """Say whether an address, as a resolver gives it, is one that anybody on the internet could dial."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if isinstance(known, IPv4Address):
        return known.is_global and not any(known in network for network in _V4_SPECIAL)
    return _is_public_v6(known)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    return address in _V6_GLOBAL and not any(address in network for network in _V6_SPECIAL)


def target_of(url: str, *, allow_private: bool) -> Target:
    """Take an address apart and refuse what could never be a public endpoint; its name is not resolved here.

    Args:
        url: As it was written.
        allow_private: For development: also http, any port, and addresses of this machine and its network.

    Raises:
        WebhookUrlRefused: ``field`` is ``url`` and the sentence says what is wrong with it.
    """
    if len(url) > URL_MAX or not url.isprintable() or any(character.isspace() for character in url):
        raise _refused(f"A URL has at most {URL_MAX} characters and no spaces.")
    if "\\" in url:
        raise _refused("A URL has no backslashes.")
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as exc:
        raise _refused("This is not a URL.") from exc
    schemes = ("https", "http") if allow_private else ("https",)
    if parsed.scheme not in schemes:
        raise _refused("The URL must begin with https://.")
    if not host:
        raise _refused("The URL names no host.")
    if parsed.userinfo:
        raise _refused(
            "A URL with a name or a password in it is not called; the signature proves who we are."
        )
    if parsed.fragment or url.endswith("#"):
        raise _refused("A URL with a fragment (#) is not called.")
    port = parsed.port if parsed.port is not None else HTTPS_PORT if parsed.scheme == "https" else 80
    if not 0 < port <= _LAST_PORT:
        raise _refused("There is no such port.")
    if not allow_private:
        if port != HTTPS_PORT and port < FREE_PORTS:
            raise _refused(f"The port must be {HTTPS_PORT}, or {FREE_PORTS} and above.")
        _refuse_private_host(host)
    return Target(parsed.scheme, host, port, parsed.raw_path.decode("ascii"))


def _refuse_private_host(host: str) -> None:
    name = host.rstrip(".").lower()
    literal = _literal(name)
    if literal is not None:
        if not is_public(literal):
            raise _refused("This address is not a public one.")
        return
    if "." not in name or name.endswith((".localhost", ".local", ".internal", ".home.arpa")):
        raise _refused("This name does not stand in the public DNS.")


def _literal(name: str) -> str | None:
    """Return the address a host is, also in the notations that only ``inet_aton`` reads: decimal, hex, octal, short."""
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None


def _refused(why: str) -> WebhookUrlRefused:
    return WebhookUrlRefused(why, field="url")
