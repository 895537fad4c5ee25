"""The topology of compose.yaml by processes: two nodes, two workers, a balancer, PostgreSQL, Redis, S3."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.cluster import Cluster
from tests.integration.service import DRAWING, picture, token_of, upload

pytestmark = pytest.mark.integration
LIMIT_S = 240


def browser(cluster: Cluster, **headers: str) -> httpx.AsyncClient:
    """A browser each of whose requests may meet another node."""
    return httpx.AsyncClient(
        base_url=cluster.origin,
        headers={"Origin": cluster.origin} | headers,
        timeout=60,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


async def state_of(platform: httpx.AsyncClient, inspection_id: str) -> str:
    return str((await platform.get(f"/v1/inspections/{inspection_id}")).json()["state"])


async def until(platform: httpx.AsyncClient, inspection_id: str, state: str) -> None:
    """Ask until it is in this state."""
    deadline = time.monotonic() + LIMIT_S
    while (found := await state_of(platform, inspection_id)) != state:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.2)


async def photographed(seller: httpx.AsyncClient) -> None:
    """Send a photo for each step and wait until all are judged."""
    steps = (await seller.get("/v1/seller/inspection")).json()["steps"]
    for number, step in enumerate(steps):
        answer = await upload(seller, picture(number), step["id"])
        assert answer.status_code == 204, answer.text
    deadline = time.monotonic() + LIMIT_S
    while True:
        view = (await seller.get("/v1/seller/inspection")).json()
        if all(step["status"] == "done" for step in view["steps"]):
            return
        assert time.monotonic() < deadline, view
        await asyncio.sleep(0.2)


async def test_an_inspection_through_all_parts_while_some_of_them_die(tmp_path: Path) -> None:
    """Ordered by one node, photographed through both, judged and sealed by whichever worker lives."""
    async with Cluster(tmp_path) as cluster:
        key = await cluster.admit_platform()
        async with browser(cluster, Authorization=f"Bearer {key}") as platform, browser(cluster) as seller:
            ordered: dict[str, Any] = (
                await platform.post(
                    "/v1/inspections", json={"checklist": "listing-12", "language": "en", "sign_off": "none"}
                )
            ).json()
            opened = await seller.post("/v1/seller/session", json={"token": token_of(ordered)})
            assert opened.status_code == 200, opened.text
            agreed = {"photos": True, "live_video": False, "location": False, "recording": False}
            assert (await seller.put("/v1/seller/consents", json=agreed)).status_code == 200

            cluster.workers[0].kill()
            await photographed(seller)
            counted = (await platform.get(f"http://127.0.0.1:{cluster.workers[1].port}/metrics")).text
            assert 'inspection_framing_verdicts_total{verdict="accepted"}' in counted

            cluster.redis.kill()
            cluster.nodes[0].kill()
            assert (await seller.post("/v1/seller/submit")).status_code == 200
            shown = (await seller.get("/v1/seller/inspection")).json()["review_sha256"]
            mark = {"name": "Camille", "drawing_svg": DRAWING, "code": None, "shown_sha256": shown}
            signed = await seller.post("/v1/seller/signature", json=mark)
            assert signed.status_code == 200, signed.text
            await asyncio.to_thread(cluster.redis.start)
            await until(platform, ordered["id"], "sealed")
            pdf = await platform.get(f"/v1/inspections/{ordered['id']}/report.pdf")
            assert pdf.content.startswith(b"%PDF")

        assert await asyncio.to_thread(cluster.workers[1].terminate) == 0
        said = (cluster.workers[1].folder / "log").read_text(encoding="utf-8")
        assert "worker.stopped" in said
