"""Ordering once however often it is sent, and following what was ordered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.service import open_test_service, problem

pytestmark = pytest.mark.integration
ORDER = {"checklist": "listing-12", "language": "fr", "vehicle": {"plate": "AB-123-CD"}, "purpose": "listing"}


async def test_order_is_answered_with_its_place_and_a_link(tmp_path: Path) -> None:
    """201 with Location, state, and a link whose token stands behind the #."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        answer = await platform.post("/v1/inspections", json=ORDER)
        ordered = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/v1/inspections/{ordered['id']}"
        assert ordered["seller_link"].startswith("http://testserver/s#")
        assert ordered["progress"] == {"done": 0, "total": 12}
        assert ordered["created_at"].endswith("Z")
        assert len(ordered["created_at"]) == len("2026-11-22T00:00:00.000Z")
        seen = (await platform.get(answer.headers["location"])).json()
        assert "seller_link" not in seen
        assert seen | {"updated_at": None} == {name: ordered[name] for name in seen} | {"updated_at": None}


async def test_same_key_same_order_is_one_inspection(tmp_path: Path) -> None:
    """A repeated order gets the same answer, link included; also when both arrive at once."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        headers = {"Idempotency-Key": "order-1"}
        first, second = await asyncio.gather(
            *(platform.post("/v1/inspections", json=ORDER, headers=headers) for _ in range(2))
        )
        third = await platform.post("/v1/inspections", json=dict(reversed(ORDER.items())), headers=headers)
        assert {first.status_code, second.status_code, third.status_code} == {201}
        assert first.json() == second.json() == third.json()
        assert third.headers["idempotent-replayed"] == "true"
        assert len((await platform.get("/v1/inspections")).json()["items"]) == 1
        seller = await service.seller(first.json())
        await seller.post("/v1/seller/steps/front/skip", json={"reason": "A wall."})
        later = await platform.post("/v1/inspections", json=ORDER, headers=headers)
        assert later.json() == first.json()


async def test_same_key_other_order_is_refused(tmp_path: Path) -> None:
    """A key used for another body is 422; another platform may use the same key."""
    async with open_test_service(tmp_path) as service:
        platform, other = await service.platform("One"), await service.platform("Other")
        headers = {"Idempotency-Key": "order-1"}
        await platform.post("/v1/inspections", json=ORDER, headers=headers)
        changed = ORDER | {"language": "en"}
        answer = await platform.post("/v1/inspections", json=changed, headers=headers)
        problem(answer, "idempotency-key-reused", 422)
        assert (await other.post("/v1/inspections", json=changed, headers=headers)).status_code == 201


async def test_list_goes_on_behind_its_cursor(tmp_path: Path) -> None:
    """Pages hold each inspection once, newest first; a made-up cursor is refused."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ids = [(await platform.post("/v1/inspections", json=ORDER)).json()["id"] for _ in range(5)]
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await platform.get("/v1/inspections", params=params)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == ids[::-1]
        refused = await platform.get("/v1/inspections", params={"cursor": "made-up"})
        assert refused.status_code == 422
        cancelled = await platform.post(f"/v1/inspections/{ids[0]}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        assert (await platform.post(f"/v1/inspections/{ids[0]}/cancel")).json()["state"] == "cancelled"
        only = (await platform.get("/v1/inspections", params={"state": "cancelled"})).json()
        assert [item["id"] for item in only["items"]] == [ids[0]]


async def test_etag_spares_what_has_not_changed(tmp_path: Path) -> None:
    """304 until something happens to the inspection."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        url = f"/v1/inspections/{ordered['id']}"
        etag = (await platform.get(url)).headers["etag"]
        assert (await platform.get(url, headers={"If-None-Match": etag})).status_code == 304
        await service.seller(ordered)
        assert (await platform.get(url, headers={"If-None-Match": etag})).status_code == 200


async def test_unknown_checklist_is_named(tmp_path: Path) -> None:
    """404, with those that can be ordered."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        answer = await platform.post("/v1/inspections", json=ORDER | {"checklist": "listing-13"})
        refused = problem(answer, "checklist-unknown", 404)
        assert "listing-12" in refused["known"]
        listed = (await platform.get("/v1/checklists")).json()["items"]
        detail = (await platform.get(f"/v1/checklists/{listed[0]['id']}")).json()
        assert detail["sha256"] == listed[0]["sha256"]
        assert len(detail["content"]["steps"]) == detail["steps_total"]
