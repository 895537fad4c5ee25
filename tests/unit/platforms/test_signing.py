"""Signatures are those of Standard Webhooks; secrets rest closed and change over a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from inspection_service.clock import SystemClock
from inspection_service.platforms import SecretBox
from inspection_service.platforms.errors import WebhookSecretsClosed
from inspection_service.platforms.records import Secret
from inspection_service.platforms.signing import (
    OVERLAP,
    SECRETS_MAX,
    new_secret,
    rotated,
    signed_headers,
    valid,
)
from inspection_service.testing import NOON, Backend
from tests.unit.platforms.receivers import desk_of

pytestmark = pytest.mark.unit


def test_a_signature_is_the_hmac_of_name_time_and_body() -> None:
    """Source: Standard Webhooks, the signature scheme, computed by hand."""
    kept = (Secret(new_secret(), None),)
    headers = signed_headers(kept, "msg_1", NOON, '{"é":1}')
    key = base64.b64decode(kept[0].secret.removeprefix("whsec_"))
    signed = f"msg_1.{int(NOON.timestamp())}.".encode() + '{"é":1}'.encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOON.timestamp())),
        "webhook-signature": f"v1,{expected}",
    }
    assert len(key) == 32


def test_both_secrets_sign_for_a_day_after_a_rotation() -> None:
    """The library accepts the message with either; afterwards with the new one only."""
    now = SystemClock().now()
    old = (Secret(new_secret(), None),)
    kept = rotated(old, now, OVERLAP)
    headers = signed_headers(kept, "msg_1", now, "{}")
    for each in (kept[0], old[0]):
        Webhook(each.secret).verify("{}", headers)
    assert [each.secret for each in valid(kept, now + OVERLAP)] == [kept[0].secret]
    assert len(signed_headers(kept, "msg_1", now + OVERLAP, "{}")["webhook-signature"].split()) == 1
    leaked = rotated(kept, now, timedelta())
    assert len(leaked) == 1


def test_many_rotations_do_not_pile_up() -> None:
    """A handful of secrets sign at once, the newest."""
    kept: tuple[Secret, ...] = (Secret(new_secret(), None),)
    for _ in range(10):
        kept = rotated(kept, NOON, OVERLAP)
    assert len(kept) == SECRETS_MAX
    assert [each.until is None for each in kept] == [True, False, False, False, False]


def test_secrets_open_for_their_endpoint_and_pepper_only() -> None:
    """Not under another pepper, not in another endpoint's place, not when a byte differs."""
    box, kept = SecretBox(b"\x01" * 32), (Secret(new_secret(), None), Secret(new_secret(), NOON))
    closed = box.close("whk_1", kept)
    assert kept[0].secret.encode() not in closed
    assert box.open("whk_1", closed) == kept
    for opened, endpoint_id, data in (
        (SecretBox(b"\x02" * 32), "whk_1", closed),
        (box, "whk_2", closed),
        (box, "whk_1", closed[:-1] + bytes([closed[-1] ^ 1])),
    ):
        with pytest.raises(WebhookSecretsClosed):
            opened.open(endpoint_id, data)


async def test_what_arrives_can_be_verified_with_the_secret_that_was_shown(backend: Backend) -> None:
    """Also after a rotation, with the former one; a changed body is refused by the library."""
    desk = desk_of(backend)
    tenant_id = backend.platform.tenant_id
    endpoint, first = await desk.endpoints.create(tenant_id, "https://hooks.example.com/")
    _, second, until = await desk.endpoints.rotate(tenant_id, endpoint.id)
    assert until == backend.clock.now() + OVERLAP
    await backend.ordered()
    await desk.delivering.run_once()
    sent = desk.poster.sent[0]
    key_of = {secret: base64.b64decode(secret.removeprefix("whsec_")) for secret in (first, second)}
    signed = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.{sent.body}".encode()
    expected = [
        "v1," + base64.b64encode(hmac.new(key_of[secret], signed, hashlib.sha256).digest()).decode()
        for secret in (second, first)
    ]
    assert sent.headers["webhook-signature"].split() == expected
    backend.clock.advance(hours=24)
    await backend.ordered()
    await desk.delivering.run_once()
    assert len(desk.poster.sent[-1].headers["webhook-signature"].split()) == 1


async def test_secrets_closed_under_another_pepper_lose_no_message(backend: Backend) -> None:
    """Nothing is sent unsigned and nothing is given up: with the right pepper it goes."""
    desk = desk_of(backend)
    await desk.endpoint()
    await backend.ordered()
    desk.queue._secrets = SecretBox(b"\x09" * 32)
    (first,) = await desk.delivering.due()
    with pytest.raises(WebhookSecretsClosed):
        await desk.delivering.deliver(first)
    assert await desk.delivering.due() == [first]
    desk.queue._secrets = SecretBox(b"\x07" * 32)
    assert await desk.delivering.run_once() == 2
