"""What a platform may still ask of an inspection: another photo, more time, an end; and finding it again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inspection_service.clock import isoformat
from tests.integration.service import open_test_service, picture, problem, upload

pytestmark = pytest.mark.integration
WORDS = "The service book, please: the page with the last stamp."


async def test_a_photo_asked_for_is_a_step_of_the_sellers_page(tmp_path: Path) -> None:
    """Asked for after the seller signed: the page has one step more, with the words; answered and signed, it is in the
    report like the others.
    """
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        ordered = await service.order(platform)
        case = f"/v1/inspections/{ordered['id']}"
        seller = await service.seller(ordered)
        await service.photograph_all(seller)
        assert (await service.sign(seller))["inspection"]["state"] == "seller_signed"

        asked = await platform.post(f"{case}/photo-requests", json={"text": WORDS, "step_id": "front"})
        assert asked.status_code == 201, asked.text
        assert asked.json()["state"] == "in_progress"
        (request,) = asked.json()["photo_requests"]
        assert (request["status"], request["capture_id"], request["step_id"]) == ("open", None, "front")
        view: dict[str, Any] = (await seller.get("/v1/seller/inspection")).json()
        step = view["steps"][-1]
        assert (step["id"], step["status"], step["instruction"]) == (request["id"], "open", WORDS)
        assert "The front" in step["title"]
        assert (view["inspection"]["state"], view["inspection"]["current_step"]) == (
            "in_progress",
            request["id"],
        )
        assert view["signature"] is None
        assert asked.json()["progress"] == {"done": 12, "total": 13}
        missing = problem(await seller.post("/v1/seller/submit"), "steps-missing", 409)
        assert missing["steps"] == [request["id"]]
        link = (await platform.post(f"{case}/links")).json()["seller_link"]
        told = (
            await service.browser().post("/v1/seller/preview", json={"token": link.rpartition("#")[2]})
        ).json()
        assert (told["steps_left"], told["minutes_left"], told["steps_total"]) == (1, 1, 13)

        # What the words want, only people know: the model's view does not matter, a blurred photo does.
        service.judge.reasons[""] = ["blur", "wrong_view"]
        assert (await upload(seller, picture(77), request["id"])).status_code == 204
        await service.work()
        step = (await seller.get("/v1/seller/inspection")).json()["steps"][-1]
        assert (step["status"], step["advice"]["code"]) == ("retake", "blur")
        assert "still" in step["advice"]["sentence"]
        service.judge.reasons[""] = ["wrong_view", "no_car"]
        assert (await upload(seller, picture(78), request["id"])).status_code == 204
        await service.work()
        answered = (await platform.get(case)).json()["photo_requests"][0]
        assert answered["status"] == "done"
        assert answered["capture_id"]

        assert (await service.sign(seller))["inspection"]["state"] == "seller_signed"
        desk = f"/v1/operator/inspections/{ordered['id']}"
        await operator.post(f"{desk}/claim")
        assert (await operator.post(f"{desk}/sign-off", json={})).status_code == 200
        await service.work()
        report = (await platform.get(f"{case}/report.json")).json()
        (entry,) = [each for each in report["steps"] if each["id"] == request["id"]]
        assert (entry["outcome"], entry["capture_id"]) == ("photographed", answered["capture_id"])
        assert report["summary"]["steps_total"] == 13
        assert report["checklist"]["sha256"] == ordered["checklist"]["sha256"]
        problem(
            await platform.post(f"{case}/photo-requests", json={"text": "More."}), "inspection-closed", 409
        )


async def test_a_photo_asked_for_before_the_seller_begins_or_taken_back(tmp_path: Path) -> None:
    """It waits for the seller; until it is answered it may be taken back; a photo that came stays."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        url = f"/v1/inspections/{ordered['id']}/photo-requests"
        first = (await platform.post(url, json={"text": "One."})).json()["photo_requests"]
        both = (await platform.post(url, json={"text": "Two."})).json()
        assert both["state"] == "invited"
        assert [each["text"] for each in both["photo_requests"]] == ["One.", "Two."]
        seller = await service.seller(ordered)
        assert len((await seller.get("/v1/seller/inspection")).json()["steps"]) == 14
        assert (await upload(seller, picture(1), first[0]["id"])).status_code == 204
        problem(await platform.delete(f"{url}/{first[0]['id']}"), "already-answered", 409)
        second = both["photo_requests"][1]["id"]
        assert (await platform.delete(f"{url}/{second}")).status_code == 204
        assert (await platform.delete(f"{url}/{second}")).status_code == 204
        assert len((await seller.get("/v1/seller/inspection")).json()["steps"]) == 13
        problem(await platform.post(url, json={"text": "x", "step_id": "none"}), "step-unknown", 422)
        problem(await platform.post(url, json={"text": "   "}), "validation", 422)
        for number in range(19):
            assert (await platform.post(url, json={"text": f"More {number}."})).status_code == 201
        refused = problem(await platform.post(url, json={"text": "Too many."}), "quota-exceeded", 409)
        assert (refused["quota"], refused["limit"]) == ("asked", 20)


async def test_more_time_and_an_end(tmp_path: Path) -> None:
    """A deadline moves and goes; one that has passed closes the inspection; a reason to cancel is read again, and is in
    no log.
    """
    async with open_test_service(tmp_path) as service:
        platform, now = await service.platform(), service.running.services.clock.now()
        ordered = await service.order(platform, deadline_at=isoformat(now + timedelta(hours=1)))
        case = f"/v1/inspections/{ordered['id']}"
        later = isoformat(now + timedelta(days=2))
        assert (await platform.post(f"{case}/extend", json={"deadline_at": later})).json()[
            "deadline_at"
        ] == later
        gone = isoformat(now - timedelta(days=2))
        problem(await platform.post(f"{case}/extend", json={"deadline_at": gone}), "invalid-input", 422)
        problem(await platform.post(f"{case}/extend", json={}), "validation", 422)
        free = await platform.post(f"{case}/extend", json={"deadline_at": None})
        assert free.json()["deadline_at"] is None
        reason = "Sold to Camille Martin"
        cancelled = await platform.post(f"{case}/cancel", json={"reason": reason})
        assert (cancelled.json()["state"], cancelled.json()["cancel_reason"]) == ("cancelled", reason)
        assert (await platform.post(f"{case}/cancel")).json()["cancel_reason"] == reason
        events = await platform.get(f"{case}/events")
        assert "Camille" not in events.text
        assert [event["kind"] for event in events.json()["items"]].count("inspection.extended") == 2
        problem(await platform.post(f"{case}/extend", json={"deadline_at": later}), "inspection-closed", 409)


async def test_a_change_is_refused_when_somebody_else_changed_first(tmp_path: Path) -> None:
    """If-Match holds what the caller saw against what there is; 412 and nothing happens."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        case = f"/v1/inspections/{ordered['id']}"
        seen = (await platform.get(case)).headers["etag"]
        await service.seller(ordered)
        stale = await platform.post(f"{case}/cancel", headers={"If-Match": seen})
        problem(stale, "precondition-failed", 412)
        now = (await platform.get(case)).headers["etag"]
        problem(await platform.post(f"{case}/cancel", headers={"If-Match": "x"}), "validation", 422)
        assert (await platform.post(f"{case}/cancel", headers={"If-Match": now})).json()[
            "state"
        ] == "cancelled"
        for condition in (seen, f'"zzz", W/{now}', "*"):
            answer = await platform.get(case, headers={"If-None-Match": condition})
            assert answer.status_code == (304 if condition == "*" else 200)
        listed = await platform.get(f"{case}/captures")
        unchanged = await platform.get(f"{case}/captures", headers={"If-None-Match": listed.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_lists_find_an_inspection_again(tmp_path: Path) -> None:
    """By state, reference, plate however it is written, VIN, creation and change; and together."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        vin = "VF3LCYHZPFS123456"
        one = await service.order(platform, reference="ad-1", vehicle={"plate": "AB-123-CD", "vin": vin})
        two = await service.order(platform, reference="ad-2", vehicle={"plate": "EF 456 GH"})
        three = await service.order(platform)
        await platform.post(f"/v1/inspections/{three['id']}/cancel")
        changed = (await platform.get(f"/v1/inspections/{three['id']}")).json()["updated_at"]

        async def found(**params: Any) -> list[str]:
            answer = await platform.get("/v1/inspections", params=params)
            assert answer.status_code == 200, answer.text
            return [item["id"] for item in answer.json()["items"]]

        assert await found(state=["cancelled", "invited"]) == [three["id"], two["id"], one["id"]]
        assert await found(state="cancelled") == [three["id"]]
        assert await found(reference="ad-1") == [one["id"]]
        assert await found(plate="ab 123cd", state="invited") == [three["id"], one["id"]][1:]
        assert await found(plate="ef-456-gh") == [two["id"]]
        assert await found(vin=vin) == [one["id"]]
        assert await found(vin="VF3LCYHZPFS123457") == []
        assert three["id"] in await found(updated_since=changed)
        assert one["id"] not in await found(updated_since=changed)
        assert await found(created_to=one["created_at"]) == []
        assert len(await found(created_from=one["created_at"])) == 3
        naive = await platform.get("/v1/inspections", params={"created_from": "2026-01-01T00:00:00"})
        problem(naive, "validation", 422)


async def test_findings_and_readings_name_their_voice(tmp_path: Path) -> None:
    """The model's, the operator's and the seller's stay apart."""
    async with open_test_service(tmp_path) as service:
        service.judge.detections["left_side"] = [{"kind": "dent", "box": [10, 10, 90, 60], "score": 0.8}]
        platform, operator = await service.platform(), await service.operator()
        ordered = await service.order(platform)
        seller = await service.seller(ordered)
        await service.photograph_all(seller)
        damage = {"client_id": "12345678", "text": "Scratch.", "capture_ids": []}
        assert (await seller.post("/v1/seller/damages", json=damage)).status_code == 201
        desk = f"/v1/operator/inspections/{ordered['id']}"
        await operator.post(f"{desk}/claim")
        await operator.put(f"{desk}/odometer", json={"reading": "127507", "unit": "km"})
        case = f"/v1/inspections/{ordered['id']}"
        found = (await platform.get(f"{case}/findings")).json()["items"]
        assert [(each["source"], each["kind"]) for each in found] == [
            ("model", "dent"),
            ("seller", "declared"),
        ]
        read = (await platform.get(f"{case}/readings")).json()["items"]
        said = {(each["control_point"], each["voice"]): each["value"]["reading"] for each in read}
        assert said == {("odometer", "model"): "127506", ("odometer", "operator"): "127507"}
