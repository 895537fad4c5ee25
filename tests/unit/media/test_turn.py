"""Relay credentials, recomputed as coturn does; draft-uberti-behave-turn-rest-00, section 2.2."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from inspection_service.media.errors import RelaySecretUnusable
from inspection_service.media.turn import Relays
from inspection_service.settings import MediaSettings, Settings, TurnSettings
from inspection_service.testing import NOON, FakeClock

pytestmark = pytest.mark.unit

URLS = ("turn:relay.example:3478?transport=udp", "turns:relay.example:443?transport=tcp")


def media(**turn: Any) -> MediaSettings:
    return MediaSettings(ice_servers=("stun:stun.example:3478",), turn=TurnSettings(urls=URLS, **turn))


def test_the_relay_can_recompute_the_password() -> None:
    """The username says until when and for whom; the password is its HMAC under the shared secret."""
    ice = Relays.open(media(secret=SecretStr("s3cret"), ttl_s=600), FakeClock()).offer("ins_1")
    stun, relay = ice.servers
    assert stun == {"urls": "stun:stun.example:3478"}
    assert relay["urls"] == list(URLS)
    assert relay["username"] == f"{int(NOON.timestamp()) + 600}:ins_1"
    digest = hmac.new(b"s3cret", relay["username"].encode(), hashlib.sha1).digest()
    assert relay["credential"] == base64.b64encode(digest).decode()
    assert ice.to_json()["expires_at"] == "2026-11-22T12:10:00.000Z"


def test_credentials_are_of_their_moment_and_their_session() -> None:
    clock = FakeClock()
    relays = Relays.open(media(secret=SecretStr("s3cret")), clock)
    first, other = relays.offer("ins_1").servers[1], relays.offer("ins_2").servers[1]
    clock.advance(seconds=30)
    later = relays.offer("ins_1").servers[1]
    assert len({each["credential"] for each in (first, other, later)}) == 3


def test_without_a_relay_nothing_expires() -> None:
    ice = Relays.open(MediaSettings(ice_servers=("stun:stun.example:3478",)), FakeClock()).offer("ins_1")
    assert ice.to_json() == {"ice_servers": [{"urls": "stun:stun.example:3478"}], "expires_at": None}


def test_the_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    """With or without a line's end; a file that is missing or empty stops the start."""
    file = tmp_path / "secret"
    file.write_text("s3cret\n", encoding="utf-8")
    settings = media(secret_file=file)
    in_settings = Relays.open(media(secret=SecretStr("s3cret")), FakeClock())
    assert Relays.open(settings, FakeClock()).offer("ins_1") == in_settings.offer("ins_1")
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(RelaySecretUnusable):
        Relays.open(settings, FakeClock())
    file.unlink()
    with pytest.raises(RelaySecretUnusable):
        Relays.open(settings, FakeClock())


@pytest.mark.parametrize(
    ("names", "part"),
    [
        ({"TURN__URLS": '["turn:h:1"]'}, "secret_file go together"),
        ({"TURN__SECRET": "x"}, "secret_file go together"),
        ({"TURN__URLS": '["turn:h:1"]', "TURN__SECRET": "x", "TURN__SECRET_FILE": "f"}, "not both"),
        ({"TURN__URLS": '["http://h"]', "TURN__SECRET": "x"}, "turn: and turns:"),
        ({"ICE_SERVERS": '["turn:h:1"]'}, "takes stun: addresses"),
        ({"RELAY_ONLY": "true"}, "relay_only needs"),
    ],
)
def test_settings_under_which_nobody_could_connect_are_refused(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], part: str
) -> None:
    """At start, and not when two browsers wait for each other."""
    for name, value in names.items():
        monkeypatch.setenv(f"INSPECTION_MEDIA__{name}", value)
    with pytest.raises(ValidationError, match=part):
        Settings()


def test_the_secret_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTION_MEDIA__TURN__URLS", '["turn:h:1"]')
    monkeypatch.setenv("INSPECTION_MEDIA__TURN__SECRET", "very-secret")
    assert "very-secret" not in repr(Settings())
