"""Webhooks from the order to a real endpoint: signed as documented, in order, once, and safe from what answers."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import os
import re
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inspection_service.clock import SystemClock
from inspection_service.platforms import GuardedPoster
from inspection_service.settings import WebhookSettings
from tests.integration.service import Service, open_test_service, problem
from tests.integration.webhook_receiver import WAIT_S, Arrived, Receiver, open_receiver

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
OPEN: dict[str, Any] = {"webhooks": {"allow_private": True, "poll_s": 0.2}}


def snippet(language: str) -> str:
    """Return the guide's example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[None]:
    """Have the service tell platforms while the block runs."""
    task = asyncio.create_task(service.running.services.webhooks.delivering.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def endpoint(platform: httpx.AsyncClient, url: str, **more: Any) -> dict[str, Any]:
    """Add an endpoint by the API."""
    answer = await platform.post("/v1/webhooks", json={"url": url} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def in_node(secret: str, arrived: Arrived, body: bytes) -> str:
    """Verify a message with the guide's code for Node; return its type, or what was wrong."""
    code = snippet("js") + (
        "\nconst [secret, headers, body] = JSON.parse(process.argv[1]);\n"
        "try { console.log(verified(secret, headers, Buffer.from(body, 'base64')).type); }\n"
        "catch (error) { console.log('refused: ' + error.message); }\n"
    )
    given = json.dumps([secret, arrived.headers, base64.b64encode(body).decode()])
    process = await asyncio.create_subprocess_exec(
        "node", "-e", code, given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().strip()


async def test_an_order_is_told_signed_and_in_order(tmp_path: Path) -> None:
    """Both examples of the guide accept what arrives, and refuse what was changed on the way."""
    async with (
        open_receiver() as receiver,
        open_test_service(tmp_path, **OPEN) as service,
        telling(service),
    ):
        platform = await service.platform()
        made = await endpoint(platform, receiver.url, description="orders")
        ordered = await service.order(platform, reference="order-1")
        await platform.post(f"/v1/inspections/{ordered['id']}/cancel")
        await receiver.until(lambda arrived: len(arrived) >= 3)
        assert receiver.kinds() == ["inspection.ordered", "inspection.invited", "inspection.cancelled"]
        first = receiver.arrived[0]
        assert first.headers["host"] == receiver.url.split("/")[2]
        assert first.message["data"] == {
            "inspection_id": ordered["id"],
            "reference": "order-1",
            "state": first.message["data"]["state"],
            "seq": 1,
            "checklist": "listing-12",
        }
        namespace: dict[str, Any] = {}
        exec(snippet("python"), namespace)
        assert namespace["verified"](made["secret"], first.headers, first.body) == first.message
        changed = first.body.replace(b"order-1", b"order-2")
        with pytest.raises(namespace["WebhookVerificationError"]):
            namespace["verified"](made["secret"], first.headers, changed)
        assert await in_node(made["secret"], first, first.body) == "inspection.ordered"
        assert await in_node(made["secret"], first, changed) == "refused: signed by somebody else"
        rotated = (await platform.post(f"/v1/webhooks/{made['id']}/rotate-secret")).json()
        ping = (await platform.post(f"/v1/webhooks/{made['id']}/ping")).json()
        assert (ping["state"], ping["tries"][0]["status"]) == ("delivered", 204)
        last = receiver.arrived[-1]
        for secret in (made["secret"], rotated["secret"]):
            assert await in_node(secret, last, last.body) == "webhook.ping"
        old = Arrived(last.path, last.headers | {"webhook-timestamp": "1000000000"}, last.body)
        assert await in_node(made["secret"], old, last.body) == "refused: too old"


async def test_platforms_manage_their_endpoints(tmp_path: Path) -> None:
    """Created once under a key, shown without secrets, changed, taken out of use, deleted; nothing of another's."""
    async with open_test_service(tmp_path, **OPEN) as service:
        platform, other = await service.platform("One"), await service.platform("Other")
        body = {"url": "https://hooks.example.com/in", "kinds": ["inspection.sealed", "help.requested"]}
        headers = {"Idempotency-Key": "hook-1"}
        first, second = [await platform.post("/v1/webhooks", json=body, headers=headers) for _ in range(2)]
        made = first.json()
        assert made == second.json()
        assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made["secret"])
        url = first.headers["location"]
        shown = (await platform.get(url)).json()
        assert shown == {name: value for name, value in made.items() if name != "secret"}
        assert (await platform.get("/v1/webhooks")).json() == {"items": [shown]}
        assert shown["kinds"] == ["inspection.sealed", "help.requested"]
        renamed = (await platform.patch(url, json={"description": "mine", "kinds": None})).json()
        assert renamed == shown | {"description": "mine", "kinds": None}
        off = (await platform.patch(url, json={"enabled": False})).json()
        assert (off["enabled"], off["disabled_why"]) == (False, "requested")
        again = await platform.post(f"{url}/replay", json={"since": "2026-01-01T00:00:00Z"})
        problem(again, "webhook-disabled", 409)
        assert (await platform.patch(url, json={"enabled": True, "url": None})).json() == renamed
        for method, path, sent in (
            ("GET", url, None),
            ("PATCH", url, {"description": "theirs"}),
            ("POST", f"{url}/rotate-secret", None),
            ("POST", f"{url}/ping", None),
            ("POST", f"{url}/replay", {"since": "2026-01-01T00:00:00Z"}),
            ("DELETE", url, None),
        ):
            problem(await other.request(method, path, json=sent), "webhook-unknown", 404)
        problem(
            await platform.post("/v1/webhooks", json=body | {"url": "ftp://x.example.com"}),
            "webhook-url-refused",
            422,
        )
        problem(await platform.post("/v1/webhooks", json=body | {"kinds": ["no.such"]}), "validation", 422)
        problem(await platform.post("/v1/webhooks", json=body | {"kinds": []}), "validation", 422)
        problem(await platform.patch(url, json={"kinds": ["no.such"]}), "validation", 422)
        assert (await platform.delete(url)).status_code == 204
        problem(await platform.get(url), "webhook-unknown", 404)
        assert (await platform.get("/v1/webhooks")).json() == {"items": []}


async def test_private_addresses_are_refused_unless_allowed(tmp_path: Path) -> None:
    """By default neither http nor this machine nor the cloud's metadata."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        for url in (
            "http://hooks.example.com/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://169.254.169.254/",
        ):
            problem(await platform.post("/v1/webhooks", json={"url": url}), "webhook-url-refused", 422)


async def test_deliveries_are_looked_at_and_sent_again(tmp_path: Path) -> None:
    """What failed stands there with the answer it got; sent again, it arrives under the same name."""
    async with (
        open_receiver() as receiver,
        open_test_service(tmp_path, **OPEN) as service,
        telling(service),
    ):
        platform, other = await service.platform("One"), await service.platform("Other")
        receiver.answer = b"HTTP/1.1 410 Gone\r\nContent-Length: 6\r\n\r\nmoved\x00"
        made = await endpoint(platform, receiver.url, kinds=["inspection.ordered"])
        ordered = await service.order(platform)
        await receiver.until(lambda arrived: len(arrived) >= 1)
        listed: list[dict[str, Any]] = []
        async with asyncio.timeout(WAIT_S):
            while not listed:
                params = {"state": "failed", "inspection_id": ordered["id"], "webhook_id": made["id"]}
                listed = (await platform.get("/v1/webhook-deliveries", params=params)).json()["items"]
        (failed,) = listed
        assert failed["tries"][0] | {"at": "", "duration_ms": 0} == {
            "no": 1,
            "at": "",
            "duration_ms": 0,
            "status": 410,
            "error": "status",
            "answer": "moved\ufffd",
        }
        assert failed["payload"] == receiver.arrived[0].message
        assert (await platform.get(f"/v1/webhooks/{made['id']}")).json()["disabled_why"] == "gone"
        place = f"/v1/webhook-deliveries/{failed['id']}"
        problem(await platform.post(f"{place}/replay"), "webhook-disabled", 409)
        for answer in (await other.get(place), await other.post(f"{place}/replay")):
            problem(answer, "webhook-delivery-unknown", 404)
        receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        await platform.patch(f"/v1/webhooks/{made['id']}", json={"enabled": True})
        since = {"since": "2026-01-01T00:00:00Z"}
        answer = await platform.post(f"/v1/webhooks/{made['id']}/replay", json=since)
        assert (answer.status_code, answer.json()) == (202, {"count": 1})
        await receiver.until(lambda arrived: len(arrived) >= 2)
        assert receiver.arrived[0].headers["webhook-id"] == receiver.arrived[1].headers["webhook-id"]
        async with asyncio.timeout(WAIT_S):
            while (shown := (await platform.get(place)).json())["state"] != "delivered":
                pass
        assert [each["status"] for each in shown["tries"]] == [410, 200]
        assert (await platform.post(f"{place}/replay")).status_code == 202
        await receiver.until(lambda arrived: len(arrived) >= 3)
        refused = await platform.get("/v1/webhook-deliveries", params={"cursor": "made-up"})
        problem(refused, "invalid-input", 422)


async def test_a_dead_endpoint_delays_nobody_elses(tmp_path: Path) -> None:
    """While one endpoint answers nothing at all, with more waiting for it than fits, another hears of everything."""
    async with (
        open_receiver() as dead,
        open_receiver() as good,
        open_test_service(
            tmp_path,
            webhooks={"allow_private": True, "timeout_s": 60, "at_once": 4, "at_once_each": 2, "poll_s": 0.2},
        ) as service,
        telling(service),
    ):

        async def silence(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        dead.answer = silence
        one, two = await service.platform("One"), await service.platform("Two")
        await endpoint(one, dead.url)
        await endpoint(two, good.url)
        for _ in range(4):
            await service.order(one)
        await dead.until(lambda arrived: len(arrived) >= 2)
        for _ in range(4):
            await service.order(two)
        await good.until(lambda arrived: len(arrived) >= 8)
        assert len(dead.arrived) == 2


async def _post(receiver: Receiver, **settings: Any) -> Any:
    chosen = WebhookSettings(**({"allow_private": True} | settings))
    poster = GuardedPoster(chosen, SystemClock())
    try:
        return await poster.post(receiver.url, "{}", {})
    finally:
        poster.close()


async def test_answers_that_never_end_hold_nobody(tmp_path: Path) -> None:
    """Silence is a timeout; an endless or huge body behind a good status is a delivery of which little is read."""

    async def silence(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def half_a_head(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Endless: a")
        await writer.drain()
        await asyncio.Event().wait()

    async def endless(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
            await writer.drain()

    async def body_that_stops(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello")
        await writer.drain()
        await asyncio.Event().wait()

    async def bomb(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n")
        await writer.drain()

    async with open_receiver() as receiver:
        for answers, status, fault in (
            (silence, None, "timeout"),
            (half_a_head, None, "timeout"),
            (endless, 200, None),
            (body_that_stops, 200, None),
            (bomb, None, "protocol"),
        ):
            receiver.answer = answers
            answer = await _post(receiver, timeout_s=60 if status or fault == "protocol" else 0.5)
            assert (answer.status, answer.fault) == (status, fault), answers.__name__
            assert len(answer.text or "") <= 1024
    away = Receiver(url=receiver.url)
    assert (await _post(away)).fault == "connect"


async def test_certificates_are_verified_for_the_name(tmp_path: Path) -> None:
    """One that the settings trust is accepted for its name, not for another, and a stranger's is not."""
    roots, context = _certificate(tmp_path)
    async with open_receiver(context) as receiver:
        assert (await _post(receiver, ca_file=roots)).status == 204
        assert (await _post(receiver)).fault == "tls"
        receiver.url = receiver.url.replace("localhost", "127.0.0.1")
        assert (await _post(receiver, ca_file=roots)).fault == "tls"


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for ``localhost`` that is its own root."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.9"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return chain, context


async def test_a_sender_killed_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    """``kill -9`` while the endpoint has the message and has not answered: the next sender goes on where it was."""
    async with open_receiver() as receiver, open_test_service(tmp_path, **OPEN) as service:
        platform = await service.platform()
        await endpoint(platform, receiver.url)
        ordered = await service.order(platform)
        await platform.post(f"/v1/inspections/{ordered['id']}/cancel")

        async def silence(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        receiver.answer = silence
        url, pepper = service.running.services.settings.database_url, tmp_path / "instance" / "pepper"
        async with _sender(url, pepper, later_s=0):
            await receiver.until(lambda arrived: len(arrived) >= 1)
        receiver.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        async with _sender(url, pepper, later_s=0), _sender(url, pepper, later_s=3600):
            # To the second the lease has ended: its clock is an hour ahead.
            await receiver.until(lambda arrived: len(arrived) >= 4)
        names = [each.headers["webhook-id"] for each in receiver.arrived]
        assert receiver.kinds() == [
            "inspection.ordered",
            "inspection.ordered",
            "inspection.invited",
            "inspection.cancelled",
        ]
        assert names[0] == names[1]


@asynccontextmanager
async def _sender(url: str, pepper: Path, *, later_s: float) -> AsyncIterator[None]:
    """Run a sender in a process of its own, whose clock is ahead, and kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.webhook_sender",
        url,
        str(pepper),
        str(later_s),
        cwd=ROOT,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
