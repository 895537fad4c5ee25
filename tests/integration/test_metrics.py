"""What `/metrics` counts is what happened at the doors."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.integration.service import Service, open_test_service, picture, piece_headers, tus_headers, upload

pytestmark = pytest.mark.integration


async def counted(browser: httpx.AsyncClient, sample: str) -> float:
    """Return one sample of the text format, 0 when it is not there."""
    text = (await browser.get("/metrics")).text
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def uploads(service: Service) -> dict[str, float]:
    """Return how many uploads had each outcome."""
    browser = service.browser()
    outcomes = ("announced", "finished", "damaged", "interrupted")
    return {o: await counted(browser, f'inspection_uploads_total{{outcome="{o}"}}') for o in outcomes}


async def test_uploads_are_counted_by_outcome(tmp_path: Path) -> None:
    """A photo in one piece, a photo that arrived damaged, and one that was only announced."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        assert (await upload(seller, picture(1), "front")).status_code == 204
        data = picture(2)
        created = await seller.post("/v1/uploads", headers=tus_headers(data, "rear", sha256="0" * 64))
        damaged = await seller.patch(created.headers["Location"], headers=piece_headers(0), content=data)
        assert damaged.status_code == 460
        await seller.post("/v1/uploads", headers=tus_headers(picture(3), "rear"))
        assert await uploads(service) == {"announced": 3, "finished": 1, "damaged": 1, "interrupted": 0}


async def test_judgements_are_counted_by_verdict(tmp_path: Path) -> None:
    """Accepted, and to be taken again."""
    async with open_test_service(tmp_path) as service:
        service.judge.reasons["rear"] = ["blur"]
        seller = await service.seller(await service.order(await service.platform()))
        for seed, step in enumerate(("front", "rear")):
            await upload(seller, picture(seed), step)
        await service.work()
        browser = service.browser()
        for verdict in ("accepted", "retake"):
            assert await counted(browser, f'inspection_framing_verdicts_total{{verdict="{verdict}"}}') == 1
        assert await counted(browser, "inspection_judgement_seconds_count") == 2
