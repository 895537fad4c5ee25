"""The client against a real service on a real port; docs/api.md as an integrator runs it; a sandbox that is killed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from inspection_service.client import (
    AsyncInspectionClient,
    HashMismatch,
    InspectionClient,
    NeverReached,
    Problem,
    Retries,
    ServiceAway,
    StillWaiting,
    WebhookRefused,
    verify_webhook,
)
from inspection_service.settings import Settings
from tests.e2e.instance import Instance
from tests.integration.live_pages import PATIENCE_S, Live, free_port
from tests.integration.service import manifests, picture

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SOON = Retries(first_pause_s=0.05, longest_pause_s=PATIENCE_S)


@asynccontextmanager
async def serving(folder: Path, **more: Any) -> AsyncIterator[Live]:
    """A service that listens and works; only the models and the mail are stand-ins."""
    port = free_port()
    given: dict[str, Any] = {
        "data_dir": folder / "instance",
        "http": {"port": port},
        "public_url": f"http://127.0.0.1:{port}",
        "vision": {"models_dir": manifests(folder / "models")},
        "work": {"poll_s": 0.5},
    }
    live = Live(Settings(**(given | more)))
    await live.start()
    try:
        yield live
    finally:
        await live.stop()
        for client in live.clients:
            await client.aclose()


async def key_of(live: Live, kind: Any = "sandbox") -> str:
    """Admit a platform."""
    identity = live.service.running.services.identity
    return await identity.issue_key((await identity.create_tenant("Platform", kind=kind)).id)


async def test_from_the_order_to_checked_files_awaited_and_waited_for(tmp_path: Path) -> None:
    """The same methods in both clients; a download that something in between changed is refused and leaves no file."""
    async with serving(tmp_path) as live:
        key = await key_of(live)
        async with AsyncInspectionClient(live.origin, key, retries=SOON) as client:
            ordered = await client.order("listing-12", language="en", reference="one")
            sealed = await client.wait_for(ordered.id, timeout_s=PATIENCE_S)
            assert sealed.report is not None
            pdf = await client.report_pdf(sealed.id)
            assert pdf.content.startswith(b"%PDF")
            assert pdf.is_checked
            record = await client.report_json(sealed.id)
            assert record.sha256 == sealed.report.json_sha256
            assert b'"demonstration_pictures":true' in record.content
            bundle = await client.save_bundle(sealed.id, tmp_path / "b" / "report.zip", photos=True)
            assert len([name for name in bundle.members if name.startswith("photos/")]) == 12
            captures = await client.captures(sealed.id)
            photo = await client.photo(sealed.id, captures[0].id, size="thumb")
            assert photo.media_type == "image/jpeg"
            seen = [event async for event in client.events(sealed.id)]
            assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
            assert [each.id async for each in client.inspections(reference="one")] == [sealed.id]
            with pytest.raises(NeverReached):
                await client.wait_for(sealed.id, "review", timeout_s=1)
            with pytest.raises(Problem) as unknown:
                await client.get("ins_of_somebody_else")
            assert (unknown.value.status, unknown.value.slug) == (404, "inspection-unknown")

        async with AsyncInspectionClient(live.origin, key, transport=Spoiling()) as client:
            for fetch in (client.report_pdf, client.report_json):
                with pytest.raises(HashMismatch):
                    await fetch(sealed.id)
            with pytest.raises(HashMismatch):
                await client.save_bundle(sealed.id, tmp_path / "x" / "report.zip")
            assert list((tmp_path / "x").iterdir()) == []

        def waited_for() -> None:
            with InspectionClient(live.origin, key, retries=SOON) as waiting:
                idle = waiting.order("listing-12", reference="sandbox:seller-never-comes")
                with pytest.raises(StillWaiting) as still:
                    waiting.wait_for(idle.id, timeout_s=0.5)
                assert still.value.state == "invited"
                assert waiting.cancel(idle.id, reason="sold").cancel_reason == "sold"
                listed = [each.id for each in waiting.inspections(page_size=1)]
                assert listed == [idle.id, ordered.id]
                assert waiting.request("GET", f"/v1/inspections/{idle.id}/reminders") == {"items": []}
                made = waiting.create_key("reader", scopes=["inspections:read"])
                with InspectionClient(live.origin, made.secret) as reader, pytest.raises(Problem) as lacking:
                    reader.order("listing-12")
                assert lacking.value.status == 403
                waiting.revoke_key(made.id)

        await asyncio.to_thread(waited_for)


async def test_a_test_key_and_a_live_key_never_see_each_other(tmp_path: Path) -> None:
    """Not by list, not by id, not by anything that is written."""
    async with serving(tmp_path) as live:
        keys = [await key_of(live, "sandbox"), await key_of(live, "live")]
        assert keys[0].startswith("isk_test_")
        assert not keys[1].startswith("isk_test_")
        async with (
            AsyncInspectionClient(live.origin, keys[0]) as test,
            AsyncInspectionClient(live.origin, keys[1]) as real,
        ):
            mine = {
                test: await test.order("listing-12", reference="sandbox:by-hand"),
                real: await real.order("listing-12", reference="sandbox:damage"),
            }
            for client, other in ((test, real), (real, test)):
                assert [each.id async for each in client.inspections()] == [mine[client].id]
                for act in (client.get, client.cancel, client.new_link, client.captures, client.remind):
                    with pytest.raises(Problem) as hidden:
                        await act(mine[other].id)
                    assert hidden.value.status == 404
            # A live order that names a story is an order like any other: nobody plays it.
            assert (await real.get(mine[real].id)).state == "invited"


async def test_waiting_ends_with_the_event_and_not_with_the_clock(tmp_path: Path) -> None:
    """A long poll that was asked to wait for minutes answers when something happens."""
    async with serving(tmp_path) as live, AsyncInspectionClient(live.origin, await key_of(live)) as client:
        ordered = await client.order("listing-12", reference="sandbox:by-hand")
        last = [event.seq async for event in client.events(ordered.id)][-1]
        waiting = asyncio.create_task(client.wait_for_events(ordered.id, after=last, timeout_s=600))
        await asyncio.wait([waiting], timeout=0.2)
        assert not waiting.done()
        await client.extend(ordered.id, datetime.now(UTC) + timedelta(days=1))
        async with asyncio.timeout(PATIENCE_S):
            assert [event.kind for event in await waiting] == ["inspection.extended"]
        assert await client.wait_for_events(ordered.id, after=99, timeout_s=0) == ()


async def test_a_platform_sends_a_photo_itself_and_the_key_stays_here(tmp_path: Path) -> None:
    """Announced, put where the service says without the key, completed; sending it again is the same photo."""
    seen: list[httpx.Request] = []

    class Watching(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return await super().handle_async_request(request)

    async with serving(tmp_path) as live:
        key = await key_of(live, "live")
        async with AsyncInspectionClient(live.origin, key, transport=Watching()) as client:
            ordered = await client.order("listing-12")
            sent: dict[str, Any] = {"step_id": "front", "seller_consents": True, "capture_id": "my-photo-1"}
            first = await client.upload_photo(ordered.id, picture(1), **sent)
            again = await client.upload_photo(ordered.id, picture(1), **sent)
            assert (first.id, first.step_id) == (again.id, "front")
            assert len(await client.captures(ordered.id)) == 1
    put = [request for request in seen if request.method == "PUT"]
    assert len(put) == 1
    assert "authorization" not in put[0].headers
    assert all("authorization" in request.headers for request in seen if request.method != "PUT")


async def test_a_limit_is_waited_out_as_the_service_says(tmp_path: Path) -> None:
    """429 with Retry-After, answered with patience instead of an error."""

    class Enough(Exception):
        """The pause was seen; nobody waits a minute for a test."""

    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)
        raise Enough

    async with serving(tmp_path, limits={"key_per_minute": 3}) as live:
        patient = Retries(longest_pause_s=90)
        key = await key_of(live)
        async with AsyncInspectionClient(live.origin, key, retries=patient, sleep=sleep) as client:
            with pytest.raises(Enough):
                for _ in range(8):  # a new minute may begin in between
                    await client.checklists()
    assert 0 < paused[0] <= 60


class Spoiling(httpx.AsyncHTTPTransport):
    """Changes one byte in the middle of every file of a report."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, and spoil what comes back."""
        answer = await super().handle_async_request(request)
        if "/report." not in request.url.path:
            return answer
        body = bytearray(await answer.aread())
        body[len(body) // 2] ^= 1
        headers = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body))


def test_a_service_that_is_away_is_said_to_be() -> None:
    pauses: list[float] = []
    with (
        InspectionClient(f"http://127.0.0.1:{free_port()}", "isk_x", sleep=pauses.append) as client,
        pytest.raises(ServiceAway),
    ):
        client.checklists()
    assert len(pauses) == 4


def test_a_webhook_of_ours_is_told_from_anybodys() -> None:
    """Any of several secrets while one is replaced; another body, another secret, an old message are refused."""
    old, new = (f"whsec_{'QUJD' * 8}", f"whsec_{'REVG' * 8}")
    body = (
        '{"type":"inspection.sealed","timestamp":"2026-11-22T08:26:40.000Z","data":{"inspection_id":"ins_1"}}'
    )
    now = datetime.now(UTC)

    def headers(at: datetime, secret: str = old) -> dict[str, str]:
        return {
            "Webhook-Id": "msg_1",
            "Webhook-Timestamp": str(int(at.timestamp())),
            "Webhook-Signature": Webhook(secret).sign("msg_1", at, body),
        }

    event = verify_webhook([new, old], headers(now), body.encode())
    assert (event.id, event.type, event.data) == ("msg_1", "inspection.sealed", {"inspection_id": "ins_1"})
    for secret, sent, said in (
        (new, headers(now), body.encode()),
        (old, headers(now), body.encode() + b" "),
        (old, headers(now - timedelta(hours=1)), body.encode()),
        (old, {}, body.encode()),
        ([], headers(now), body.encode()),
        ("not a secret", headers(now), b"\xff\xfe"),
    ):
        with pytest.raises(WebhookRefused):
            verify_webhook(secret, sent, said)


async def test_the_guide_does_what_it_says(tmp_path: Path) -> None:
    """Every shell block in order, then every block of Python, as they stand but for the address."""
    commands = tmp_path / "bin"
    commands.mkdir()
    script = commands / "inspection-service"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m inspection_service "$@"\n')
    script.chmod(0o755)
    async with serving(tmp_path) as live:
        environment = os.environ | {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "KEY": await key_of(live),
            "no_proxy": "*",
        }

        async def run(*words: str) -> str:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=tmp_path,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(300):
                said, _ = await process.communicate()
            assert process.returncode == 0, said.decode()
            return said.decode()

        def blocks(language: str) -> list[str]:
            found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)
            return [each.replace("http://127.0.0.1:8000", live.origin) for each in found]

        said = await run("sh", "-c", "set -eu\n" + "\n".join(blocks("sh")))
        assert "demonstration" in said.lower() or "intact" in said.lower()
        first, second, third = blocks("python")
        told = await run(sys.executable, "-c", first)
        assert "seller declared" in told
        assert "operator dent confirmed" in told
        pdf_sha256 = told.split()[-1]
        assert re.fullmatch(r"[0-9a-f]{64}", pdf_sha256)
        assert hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest() != pdf_sha256
        assert "404 checklist-unknown" in await run(sys.executable, "-c", second)
        await run(sys.executable, "-c", third + '\nassert receive({}, b"{}") == 401\n')


def test_a_sandbox_killed_in_the_middle_goes_on_when_it_is_started_again(tmp_path: Path) -> None:
    """Kill -9 with the real models at work; the second life ends the story within the two minutes promised."""
    instance = Instance.prepare(tmp_path / "instance")
    key = instance.access["sandbox_key"]
    assert key.startswith("isk_test_")
    instance.start()
    try:
        with InspectionClient(instance.url, key) as client:
            ordered = client.order("listing-12", language="en", vehicle={"declared_mileage_km": 127_500})
            deadline_s = time.monotonic() + 180
            while client.get(ordered.id).progress.done < 3:
                assert time.monotonic() < deadline_s
                client.wait_for_events(
                    ordered.id, after=max(e.seq for e in client.events(ordered.id)), timeout_s=5
                )
        instance.kill()
        instance.start()
        with InspectionClient(instance.url, key) as client:
            sealed = client.wait_for(ordered.id, timeout_s=300)
            captures = client.captures(ordered.id)
            assert len({capture.step_id for capture in captures}) == len(captures) == 12
            assert {capture.state for capture in captures} == {"accepted"}
            odometer = [r for r in client.readings(ordered.id) if r.control_point == "odometer"]
            assert odometer[0].value["reading"] == "127506"
            assert client.report_pdf(sealed.id).is_checked
    finally:
        instance.kill()
