"""What those who run the service rely on: who may see metrics, who is believed about callers, what logs never say."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import ValidationError

from inspection_service.commands.serve import server_config
from inspection_service.settings import Settings
from inspection_service.telemetry.logs import configure_logs
from tests.integration.service import CONTACT, open_test_service, problem, token_of

pytestmark = pytest.mark.integration


def from_afar(service: Any, host: str) -> httpx.AsyncClient:
    """A client that connects from this address."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app, client=(host, 4711)), base_url="http://testserver"
    )
    service.clients.append(client)
    return client


async def test_metrics_are_for_this_machine_and_network(tmp_path: Path) -> None:
    """Nobody from outside reads them, nor whoever comes through a balancer nobody declared."""
    async with open_test_service(tmp_path) as service:
        for host in ("127.0.0.1", "10.1.2.3", "::1", "fd00::7"):
            assert (await from_afar(service, host).get("/metrics")).status_code == 200
        for host in ("203.0.114.9", "2001:4860::1", "unknown"):
            problem(await from_afar(service, host).get("/metrics"), "not-allowed", 403)
        relayed = await from_afar(service, "10.1.2.3").get(
            "/metrics", headers={"X-Forwarded-For": "127.0.0.1"}
        )
        problem(relayed, "not-allowed", 403)


async def test_metrics_with_a_token_are_for_whoever_has_it(tmp_path: Path) -> None:
    """From anywhere; and without it from nowhere."""
    (tmp_path / "token").write_text("scrape-me\n", encoding="utf-8")
    async with open_test_service(tmp_path, http={"metrics_token_file": tmp_path / "token"}) as service:
        stranger = from_afar(service, "203.0.114.9")
        given = {"Authorization": "Bearer scrape-me"}
        assert (await stranger.get("/metrics", headers=given)).status_code == 200
        problem(await from_afar(service, "127.0.0.1").get("/metrics"), "not-allowed", 403)
        wrong = {"Authorization": "Bearer scrape-you"}
        problem(await stranger.get("/metrics", headers=wrong), "not-allowed", 403)


@asynccontextmanager
async def listening(**http: Any) -> AsyncIterator[str]:
    """The real HTTP server as the service configures it, telling who it thinks calls."""
    app = FastAPI()

    @app.get("/who")
    async def who(request: Request) -> dict[str, Any]:
        return {"host": request.client.host if request.client else None, "scheme": request.url.scheme}

    settings = Settings.model_validate({"http": {"port": 0} | http})
    server = uvicorn.Server(server_config(settings, app))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        try:
            yield f"http://127.0.0.1:{taken.getsockname()[1]}/who"
        finally:
            server.should_exit = True
            await serving


FORGED = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}


async def test_a_stranger_cannot_say_who_calls() -> None:
    """By default nobody is believed, not even this machine; nor is one that is not among the trusted."""
    for http in ({}, {"trusted_proxies": ["10.0.0.0/8"]}):
        async with listening(**http) as url, httpx.AsyncClient() as client:
            assert (await client.get(url, headers=FORGED)).json() == {"host": "127.0.0.1", "scheme": "http"}


async def test_a_trusted_balancer_says_who_calls() -> None:
    """The last address it did not add itself counts; what the caller wrote before that does not."""
    async with listening(trusted_proxies=["127.0.0.0/8"]) as url, httpx.AsyncClient() as client:
        told = FORGED | {"X-Forwarded-For": "1.1.1.1, 198.51.100.7"}
        assert (await client.get(url, headers=told)).json() == {"host": "198.51.100.7", "scheme": "https"}


def test_a_proxy_that_is_no_address_is_refused() -> None:
    """At start, by name."""
    with pytest.raises(ValidationError, match=r"http\.trusted_proxies"):
        Settings.model_validate({"http": {"trusted_proxies": ["balancer.example.com"]}})


async def test_a_body_that_never_ends_is_given_up(tmp_path: Path) -> None:
    """Half a body, then silence: 408, and the place is free again."""
    async with open_test_service(tmp_path, http={"silence_s": 0.05}) as service:
        platform = await service.platform()

        async def half() -> AsyncIterator[bytes]:
            yield b'{"checklist": '
            await asyncio.Event().wait()

        answer = await platform.post(
            "/v1/inspections", content=half(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 408
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_log_of_a_whole_inspection_names_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every line is a JSON object, requests have their id; no plate, name, contact, code, token or key is in it."""
    configure_logs("json")
    vehicle = {"plate": "ZZ-987-QX", "vin": "VF1RFB00X65432109"}
    async with open_test_service(tmp_path) as service:
        platform = await service.platform("Marktplatz Sonnenschein")
        ordered = await service.order(
            platform, contact=CONTACT, vehicle=vehicle, sign_off="none", reference="LOT-4711-Q"
        )
        seller = await service.seller(ordered)
        operator = await service.operator("olivia.desk@example.com", "Olivia Nachtigall")
        await service.photograph_all(seller)
        refused = await seller.post("/v1/seller/signature", json={"name": "Camille Martin"})
        assert refused.status_code >= 400
        await service.sign(seller)
        await service.work()
        code = service.mailbox.code()
        report = await platform.get(f"/v1/inspections/{ordered['id']}/report.pdf")
        assert report.status_code == 200
        cookies = [*seller.cookies.values(), *operator.cookies.values()]
        key = platform.headers["Authorization"].removeprefix("Bearer ")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert {"service.started", "request.answered", "capture.judged", "report.sealed"} <= {
        line["event"] for line in lines
    }
    assert all("request_id" in line for line in lines if line["event"] == "request.answered")
    text = json.dumps(lines, ensure_ascii=False).lower()
    secrets = [*vehicle.values(), *CONTACT.values(), token_of(ordered), key, *cookies, "LOT-4711-Q"]
    secrets += ["Camille Martin", "olivia.desk", "Nachtigall", "Sonnenschein", f'"{code}"', f" {code} "]
    assert [word for word in secrets if word.lower() in text] == []
