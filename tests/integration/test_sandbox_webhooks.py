"""What an integrator sees in the first five minutes: an order in a sandbox, and its whole story told to an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.integration.service import Service, open_test_service
from tests.integration.webhook_receiver import Receiver, open_receiver

pytestmark = pytest.mark.integration


@asynccontextmanager
async def _at_work(service: Service) -> AsyncIterator[None]:
    """Have the service do its work and tell of it, as ``serve`` does."""
    running = service.running
    tasks = [
        asyncio.create_task(running.services.webhooks.delivering.run()),
        asyncio.create_task(running.reconciler.run()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _order(service: Service, receiver: Receiver, *, reference: str) -> tuple[dict[str, Any], str]:
    """Order as a sandbox's platform with one endpoint; return the order and the endpoint's secret."""
    identity = service.running.services.identity
    key = await identity.issue_key((await identity.create_tenant("Trying it out", kind="sandbox")).id)
    assert key.startswith("isk_test_")
    platform = service.browser(Authorization=f"Bearer {key}")
    del platform.headers["Origin"]
    made = await platform.post("/v1/webhooks", json={"url": receiver.url})
    assert made.status_code == 201, made.text
    return await service.order(platform, reference=reference, vehicle={}), made.json()["secret"]


async def test_a_sandbox_tells_its_whole_story(tmp_path: Path) -> None:
    """From the order to the sealed report, each event once, signed, without a gap, in the order of the log."""
    settings: dict[str, Any] = {
        "webhooks": {"allow_private": True, "poll_s": 0.2},
        "work": {"enabled": False, "poll_s": 0.2},
    }
    async with open_receiver() as receiver, open_test_service(tmp_path, **settings) as service:
        async with _at_work(service):
            ordered, secret = await _order(service, receiver, reference="first-try")
            await receiver.until(
                lambda arrived: any(m.message["type"] == "inspection.sealed" for m in arrived)
            )
        told = [Webhook(secret).verify(each.body, each.headers) for each in receiver.arrived]
        assert told == [each.message for each in receiver.arrived]
        assert {each["data"]["inspection_id"] for each in told} == {ordered["id"]}
        assert {each["data"]["reference"] for each in told} == {"first-try"}
        ids = [each.headers["webhook-id"] for each in receiver.arrived]
        assert len(set(ids)) == len(ids), "each once"
        numbers = [each["data"]["seq"] for each in told]
        assert numbers == sorted(numbers), "in the order of the log"
        kinds = receiver.kinds()
        milestones = [kind for kind in kinds if kind.startswith("inspection.")]
        assert milestones == [
            "inspection.ordered",
            "inspection.invited",
            "inspection.started",
            "inspection.submitted",
            "inspection.seller_signed",
            "inspection.signed_off",
            "inspection.sealed",
        ]
        photos = kinds.count("capture.received")
        assert photos >= 8
        assert kinds.count("capture.judged") == kinds.count("capture.accepted") == photos
        assert told[-1]["data"]["state"] == "sealed"
