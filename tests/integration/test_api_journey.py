"""One inspection through the doors, from the order to the sealed report."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.integration.service import CONTACT, open_test_service, picture, problem, upload

pytestmark = pytest.mark.integration


async def test_order_to_sealed_report(tmp_path: Path) -> None:
    """A platform orders, a seller photographs and signs, an operator signs off, the report is there for all three."""
    async with open_test_service(tmp_path) as service:
        service.judge.detections["left_side"] = [{"kind": "dent", "box": [10, 10, 90, 60], "score": 0.8}]
        platform, operator = await service.platform(), await service.operator()
        ordered = await service.order(platform, contact=CONTACT)
        assert ordered["state"] == "invited"
        case = f"/v1/inspections/{ordered['id']}"
        desk = f"/v1/operator/inspections/{ordered['id']}"
        seller = await service.seller(ordered)
        await service.photograph_all(seller)

        view = (await seller.get("/v1/seller/inspection")).json()
        assert {step["status"] for step in view["steps"]} == {"done"}
        (finding,) = view["findings"]
        assert (finding["kind_label"], finding["source"]) == ("Dent", "model")
        disputed = await seller.post(
            f"/v1/seller/findings/{finding['id']}/dispute", json={"text": "A reflection."}
        )
        assert disputed.json()["dispute"] == "A reflection."
        damage = {"client_id": "12345678", "text": "Scratch under the door.", "capture_ids": []}
        assert (await seller.post("/v1/seller/damages", json=damage)).status_code == 201
        signed = await service.sign(seller)
        assert signed["inspection"]["state"] == "seller_signed"
        assert len(signed["damages"]) == 1

        problem(await operator.post(f"{desk}/sign-off", json={}), "claim-needed", 409)
        assert (await operator.post(f"{desk}/claim")).status_code == 200
        judged = await operator.put(
            f"{desk}/findings/{finding['id']}", json={"verdict": "rejected", "note": "Glare."}
        )
        assert judged.status_code == 200, judged.text
        edited = await operator.put(f"{desk}/odometer", json={"reading": "127507", "unit": "km"})
        assert edited.json()["odometer"]["operator"]["reading"] == "127507"
        assert edited.json()["odometer"]["model"]["reading"] == "127506"
        off = await operator.post(f"{desk}/sign-off", json={"note": "Seen."})
        assert off.json()["inspection"]["state"] == "signed_off"
        problem(await platform.get(f"{case}/report.json"), "report-unknown", 404)
        await service.work()

        answer = (await platform.get(case)).json()
        assert answer["state"] == "sealed"
        report = await platform.get(f"{case}/report.json")
        assert report.headers["content-type"] == "application/json"
        assert hashlib.sha256(report.content).hexdigest() == answer["report"]["json_sha256"]
        assert json.loads(report.content)
        pdf = await seller.get("/v1/seller/report.pdf")
        assert pdf.content.startswith(b"%PDF")
        assert hashlib.sha256(pdf.content).hexdigest() == answer["report"]["pdf_sha256"]
        assert (await operator.get(f"{desk}/report.jws")).text.count(".") == 2
        problem(await upload(seller, picture(99), "front"), "inspection-closed", 409)
        events = (await platform.get(f"{case}/events", params={"limit": 500})).json()
        kinds = [event["kind"] for event in events["items"]]
        assert kinds[0] == "inspection.ordered"
        assert "report.sealed" in kinds
        assert [event["seq"] for event in events["items"]] == list(range(1, len(kinds) + 1))


async def test_photo_refused_twice_may_be_kept_with_a_reason(tmp_path: Path) -> None:
    """After each refusal the page has one sentence to say; after two the seller may keep the photo."""
    async with open_test_service(tmp_path) as service:
        service.judge.reasons["front"] = ["too_small"]
        seller = await service.seller(await service.order(await service.platform()))
        for number in (1, 2):
            assert (await upload(seller, picture(number), "front")).status_code == 204
            await service.work()
            step = (await seller.get("/v1/seller/inspection")).json()["steps"][0]
            assert step["status"] == "retake"
            assert step["advice"]["code"] == "too_small"
            assert step["advice"]["sentence"].endswith(".")
            assert step["can_keep"] is (number == 2)
            if number == 1:
                url = f"/v1/seller/captures/{step['capture']['id']}/keep"
                problem(await seller.post(url, json={"reason": "There is a wall."}), "cannot-keep", 409)
        url = f"/v1/seller/captures/{step['capture']['id']}/keep"
        kept = (await seller.post(url, json={"reason": "There is a wall."})).json()["steps"][0]
        assert kept["status"] == "done"
        assert kept["capture"]["decision_reason"] == "There is a wall."


async def test_operator_asks_for_another_photo_in_words(tmp_path: Path) -> None:
    """What the operator asks is what the seller reads, and the step is open again, also from the review."""
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        ordered = await service.order(platform, language="fr")
        seller = await service.seller(ordered)
        await service.photograph_all(seller)
        assert (await seller.post("/v1/seller/submit")).json()["inspection"]["state"] == "review"
        desk = f"/v1/operator/inspections/{ordered['id']}"
        await operator.post(f"{desk}/claim")
        step = (await operator.get(desk, params={"lang": "en"})).json()["steps"][0]
        assert step["reasons"]
        url = f"{desk}/captures/{step['capture']['id']}/retake"
        code = step["reasons"][0]["code"]
        asked = await operator.post(url, json={"reason_code": code, "text": "Baissez-vous un peu."})
        assert asked.status_code == 200, asked.text
        view = (await seller.get("/v1/seller/inspection")).json()
        assert view["inspection"]["state"] == "in_progress"
        assert view["steps"][0]["status"] == "retake"
        assert view["steps"][0]["advice"] == {"code": code, "sentence": "Baissez-vous un peu."}


async def test_signature_is_for_what_was_shown(tmp_path: Path) -> None:
    """A review that changed meanwhile, a missing code and a wrong code are each refused by name."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform(), contact=CONTACT))
        await service.photograph_all(seller)
        view = (await seller.post("/v1/seller/submit")).json()
        assert view["code"]["masked"] == "c…@example.com"
        mark = {
            "name": "Camille Martin",
            "drawing_svg": "M1 1 L2 2 L3 3",
            "shown_sha256": view["review_sha256"],
        }
        problem(await seller.post("/v1/seller/signature", json=mark), "code-needed", 403)
        assert (await seller.post("/v1/seller/signature/code")).json() == {"sent_to": "c…@example.com"}
        code = service.mailbox.code()
        wrong = "0" * len(code) if code != "0" * len(code) else "1" * len(code)
        problem(await seller.post("/v1/seller/signature", json=mark | {"code": wrong}), "code-wrong", 403)
        stale = mark | {"code": code, "shown_sha256": "0" * 64}
        problem(await seller.post("/v1/seller/signature", json=stale), "review-changed", 409)
        undrawn = mark | {"code": code, "drawing_svg": "M1 1 L2 2"}
        problem(await seller.post("/v1/seller/signature", json=undrawn), "drawing-invalid", 422)
        signed = await seller.post("/v1/seller/signature", json=mark | {"code": code})
        assert signed.status_code == 200, signed.text
        assert signed.json()["inspection"]["state"] == "seller_signed"


async def test_submit_names_the_steps_that_are_missing(tmp_path: Path) -> None:
    """The problem lists them; a skipped step counts as answered."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        missing = problem(await seller.post("/v1/seller/submit"), "steps-missing", 409)
        assert "front" in missing["steps"]
        skipped = await seller.post("/v1/seller/steps/front/skip", json={"reason": "A wall."})
        assert skipped.json()["steps"][0]["status"] == "skipped"
        assert "front" not in (await seller.post("/v1/seller/submit")).json()["steps"]
