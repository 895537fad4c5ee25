"""A socket lives no longer than the session it was opened with."""

from __future__ import annotations

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.e2e.instance import Instance

pytestmark = pytest.mark.e2e
PATIENCE_S = 30.0


def close_code(socket: ClientConnection) -> int:
    """Beat like a page until the service closes, and return its code."""
    try:
        while True:
            socket.send('{"type":"ping"}')
            socket.recv(timeout=PATIENCE_S)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code


def test_signing_out_ends_the_feed_that_is_open(instance: Instance) -> None:
    """After a sign-out nothing more of anybody's inspection reaches the page (close code 4401)."""
    with httpx.Client(base_url=instance.url, headers={"Origin": instance.url}) as operator:
        account = {
            "email": instance.access["operator_email"],
            "password": instance.access["operator_password"],
        }
        operator.post("/v1/operator/login", json=account).raise_for_status()
        cookie = "; ".join(f"{name}={value}" for name, value in operator.cookies.items())
        address = f"{instance.url.replace('http', 'ws')}/v1/operator/feed"
        with connect(address, origin=Origin(instance.url), additional_headers={"Cookie": cookie}) as socket:
            assert json.loads(socket.recv(timeout=PATIENCE_S))["type"] == "welcome"
            operator.post("/v1/operator/logout", json={}).raise_for_status()
            assert close_code(socket) == 4401
