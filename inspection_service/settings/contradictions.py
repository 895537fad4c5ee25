"""What cannot be meant: settings that go together and do not, said at start instead of failing later."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inspection_service.settings.parts import (
    HttpSettings,
    MediaSettings,
    MessageSettings,
    SigningSettings,
)

_UNREADABLE: Final = "has no host or no port; in a password / @ : ? # are written %2F %40 %3A %3F %23"


def wrong_addresses(database_url: str, broker_url: str) -> list[str]:
    """Say what is wrong about where records rest and what joins nodes, without repeating it."""
    wrong = []
    if not database_url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        wrong.append("database.url must start with sqlite+aiosqlite:/// or postgresql+asyncpg://")
    elif not database_url.startswith("sqlite") and not _has_host(database_url):
        wrong.append(f"database.url {_UNREADABLE}")
    if broker_url and not broker_url.startswith(("redis://", "rediss://")):
        wrong.append("broker.url must be empty or start with redis:// or rediss://")
    elif broker_url and not _has_host(broker_url):
        wrong.append(f"broker.url {_UNREADABLE}")
    return wrong


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # None at all is fine: PostgreSQL is then reached by its socket, Redis on this machine.
        return not parts.netloc or (bool(parts.hostname) and parts.port != 0)
    except ValueError:
        return False


def wrong_messages(messages: MessageSettings) -> list[str]:
    """Say what is wrong about how messages travel."""
    wrong: list[str] = []
    smtp = urlsplit(messages.smtp_url)
    if messages.smtp_url and (smtp.scheme not in ("smtp", "smtps", "smtp+plain") or not smtp.hostname):
        wrong.append("messages.smtp_url is smtps://HOST, smtp://HOST or smtp+plain://HOST")
    try:
        _ = smtp.port
    except ValueError:
        wrong.append("messages.smtp_url has a port that is none")
    if bool(messages.smtp_url) != bool(messages.sender):
        wrong.append("messages.smtp_url and messages.sender go together")
    if smtp.password or smtp.username:
        wrong.append(
            "messages.smtp_url holds no user; they are messages.smtp_user and messages.smtp_password"
        )
    sms = urlsplit(messages.sms_url.get_secret_value())
    is_here = sms.hostname in ("127.0.0.1", "::1", "localhost")
    if messages.sms_url.get_secret_value() and not (
        sms.scheme == "https" or (sms.scheme == "http" and is_here)
    ):
        wrong.append("messages.sms_url must be https:// (http:// on this machine only)")
    for name in ("smtp_password", "sms_token"):
        if getattr(messages, name) is not None and getattr(messages, f"{name}_file") is not None:
            wrong.append(f"messages takes {name} or {name}_file, not both")
    try:
        json.loads(messages.sms_body.get_secret_value())
    except ValueError:
        wrong.append("messages.sms_body is not JSON")
    try:
        ZoneInfo(messages.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        wrong.append("messages.timezone is not a time zone this machine knows, such as Europe/Paris")
    return wrong


def wrong_proxies(http: HttpSettings) -> list[str]:
    """Say which proxies are no addresses."""
    wrong = []
    for proxy in http.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            wrong.append(f"http.trusted_proxies takes addresses and networks, not {proxy}")
    return wrong


def wrong_relays(media: MediaSettings) -> list[str]:
    """Say what is wrong about relays."""
    wrong: list[str] = []
    turn = media.turn
    if not all(url.startswith(("stun:", "stuns:")) for url in media.ice_servers):
        wrong.append("media.ice_servers takes stun: addresses; a relay belongs to media.turn.urls")
    if not all(url.startswith(("turn:", "turns:")) for url in turn.urls):
        wrong.append("media.turn.urls takes turn: and turns: addresses")
    if turn.secret is not None and turn.secret_file is not None:
        wrong.append("media.turn takes secret or secret_file, not both")
    if bool(turn.urls) != (turn.secret is not None or turn.secret_file is not None):
        wrong.append("media.turn.urls and its secret or secret_file go together")
    if media.relay_only and not turn.urls:
        wrong.append("media.relay_only needs media.turn.urls: without a relay nobody would connect")
    return wrong


def wrong_signing(signing: SigningSettings) -> list[str]:
    """Say what the kind of key still needs."""
    needed: dict[str, object]
    if signing.mode == "development":
        if signing.production:
            return [
                "signing.production refuses development keys: "
                "set signing.mode to file, pkcs11 or kms (docs/keys.md)"
            ]
        return []
    needed = {"keys_dir": signing.keys_dir}
    if signing.mode == "pkcs11":
        needed |= {
            name: getattr(signing, name)
            for name in ("pkcs11_library", "pkcs11_token", "pkcs11_pin_file", "pkcs11_key_label")
        }
    elif signing.mode == "kms":
        needed["kms_key_id"] = signing.kms_key_id
    return [
        f"signing.mode={signing.mode} needs signing.{name}" for name, value in needed.items() if not value
    ]
