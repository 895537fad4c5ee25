"""Photos that a platform sends itself: exactly the announced bytes, once, by the rules of all others."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.service import Service, open_test_service, picture, problem, upload

pytestmark = pytest.mark.integration


def announced(data: bytes, **more: Any) -> dict[str, Any]:
    """Write the announcement of a photo of the front."""
    facts = {"step_id": "front", "length_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return facts | {"seller_consents": True} | more


async def put(service: Service, announcement: dict[str, Any], data: bytes) -> httpx.Response:
    """Send the bytes as somebody without a key or a cookie."""
    anybody = service.browser()
    del anybody.headers["Origin"]
    return await anybody.put(announcement["url"], headers=announcement["headers"], content=data)


async def test_a_platforms_photo_is_judged_and_named_as_theirs(tmp_path: Path) -> None:
    """Announced before the seller came: the inspection begins, the photo is evidence by method ``api``, the seller goes
    on from there.
    """
    async with open_test_service(tmp_path) as service:
        platform, data = await service.platform(), picture(5)
        ordered = await service.order(platform)
        case = f"/v1/inspections/{ordered['id']}"
        first = await platform.post(f"{case}/uploads", json=announced(data, capture_id="photo-0001"))
        assert first.status_code == 201, first.text
        again = (await platform.post(f"{case}/uploads", json=announced(data, capture_id="photo-0001"))).json()
        assert again["id"] == first.json()["id"]
        assert (again["is_complete"], again["method"]) == (False, "PUT")
        complete = f"{case}/uploads/{again['id']}/complete"
        problem(await platform.post(complete), "bytes-missing", 409)
        assert (await put(service, again, data)).status_code == 204
        assert (await put(service, again, data)).status_code == 204
        capture = await platform.post(complete)
        assert (capture.status_code, capture.json()["id"]) == (200, "photo-0001")
        assert (await platform.post(complete)).json()["id"] == "photo-0001"
        await service.work()
        seen = (await platform.get(case)).json()
        assert (seen["state"], seen["progress"]["done"]) == ("in_progress", 1)
        events = (await platform.get(f"{case}/events")).json()["items"]
        (received,) = [event for event in events if event["kind"] == "capture.received"]
        assert (received["actor"]["kind"], received["data"]["method"]) == ("platform", "api")
        problem(await put(service, again, data), "upload-unknown", 404)

        seller = await service.seller(ordered)
        view = (await seller.get("/v1/seller/inspection")).json()
        assert (view["steps"][0]["status"], view["consents"]["photos"]) == ("done", True)
        kinds = [event["kind"] for event in (await platform.get(f"{case}/events")).json()["items"]]
        assert kinds.count("seller.joined") == 1
        assert await service.running.services.store.list("uploads/") == ()


async def test_only_the_announced_bytes_are_taken(tmp_path: Path) -> None:
    """Others, more and fewer are refused before they rest anywhere; so are a changed ticket and a size too large."""
    async with open_test_service(tmp_path, uploads={"max_bytes": 500_000}) as service:
        platform, data = await service.platform(), picture(5)
        case = f"/v1/inspections/{(await service.order(platform))['id']}"
        place = (await platform.post(f"{case}/uploads", json=announced(data))).json()
        problem(await put(service, place, bytes([data[0] ^ 1]) + data[1:]), "bytes-differ", 422)
        problem(await put(service, place, data[:-1]), "bytes-differ", 422)
        problem(await put(service, place, data + b"x"), "upload-too-large", 413)
        changed = place | {"url": place["url"][:-1] + ("0" if place["url"][-1] != "0" else "1")}
        problem(await put(service, changed, data), "upload-ticket-invalid", 403)
        problem(
            await put(service, place | {"url": "/v1/direct-uploads/x.y"}, data), "upload-ticket-invalid", 403
        )
        assert await service.running.services.store.list("uploads/") == ()
        large = announced(data) | {"length_bytes": 500_001}
        problem(await platform.post(f"{case}/uploads", json=large), "upload-too-large", 413)
        problem(
            await platform.post(f"{case}/uploads", json=announced(data, step_id="x")), "step-unknown", 422
        )


async def test_bytes_are_checked_again_when_the_upload_is_completed(tmp_path: Path) -> None:
    """A store that took other bytes than were announced is not believed: the upload starts again."""
    async with open_test_service(tmp_path) as service:
        platform, data = await service.platform(), picture(5)
        case = f"/v1/inspections/{(await service.order(platform))['id']}"
        store = service.running.services.store
        for wrong in (b"short", bytes([data[0] ^ 1]) + data[1:]):
            place = (
                await platform.post(f"{case}/uploads", json=announced(data, capture_id="photo-0001"))
            ).json()
            await store.put(f"uploads/{place['id']}/direct", wrong)
            complete = f"{case}/uploads/{place['id']}/complete"
            problem(await platform.post(complete), "bytes-differ", 422)
            problem(await platform.post(complete), "upload-unknown", 404)
        assert (await platform.get(f"{case}/captures")).json()["items"] == []
        assert await store.list("uploads/") == ()


async def test_the_sellers_no_stands(tmp_path: Path) -> None:
    """Without their agreement or a platform's word for it nothing is taken; after their own no, not by its word either;
    and no seller sends photos in a platform's name.
    """
    async with open_test_service(tmp_path) as service:
        platform, data = await service.platform(), picture(5)
        ordered = await service.order(platform)
        url = f"/v1/inspections/{ordered['id']}/uploads"
        waiting = await platform.post(url, json=announced(data, seller_consents=False))
        problem(waiting, "consent-missing", 403)
        assert (await platform.get(f"/v1/inspections/{ordered['id']}")).json()["state"] == "invited"
        seller = await service.seller(ordered)
        no = {"photos": False, "live_video": False, "location": False, "recording": False}
        assert (await seller.put("/v1/seller/consents", json=no)).status_code == 200
        problem(await platform.post(url, json=announced(data)), "consent-missing", 403)


async def test_another_platform_has_no_part_in_it(tmp_path: Path) -> None:
    """Neither announcing nor completing; the answer is that of an inspection that never was."""
    async with open_test_service(tmp_path) as service:
        owner, stranger, data = (
            await service.platform("Owner"),
            await service.platform("Stranger"),
            picture(5),
        )
        ordered = await service.order(owner)
        case = f"/v1/inspections/{ordered['id']}"
        place = (await owner.post(f"{case}/uploads", json=announced(data))).json()
        for path in ("uploads", f"uploads/{place['id']}/complete"):
            problem(await stranger.post(f"{case}/{path}", json=announced(data)), "inspection-unknown", 404)
        seller = await service.seller(await service.order(owner))
        answer = await upload(seller, data, "front")
        assert answer.status_code in (403, 204)
