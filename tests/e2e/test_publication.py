"""A report made public: its copies looked at one by one, more hidden by hand, approved, read by anybody, withdrawn."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.instance import Instance
from tests.e2e.live import until
from tests.e2e.people import DEMO_CAR, PATIENCE_MS, PHONE, OperatorAtDesk
from tests.e2e.shortcuts import agree, leave_out, sign

pytestmark = pytest.mark.e2e


def sealed_with_one_photo(instance: Instance, page: Page) -> str:
    """A case of one photo, sent by the platform and judged; the seller leaves out the others and signs."""
    ordered = instance.order(contact=None, sign_off="none", language="fr")
    view = agree(instance, page, ordered)
    picture = cv2.imread(str(DEMO_CAR / "front.webp"))
    assert picture is not None
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    case = f"/v1/inspections/{ordered['id']}"
    with instance.platform() as platform:
        facts: dict[str, Any] = {"step_id": "front", "length_bytes": len(jpeg)}
        facts["sha256"] = hashlib.sha256(jpeg).hexdigest()
        told = platform.post(f"{case}/uploads", json=facts).raise_for_status().json()
        httpx.put(told["url"], headers=told["headers"], content=jpeg).raise_for_status()
        platform.post(f"{case}/uploads/{told['id']}/complete").raise_for_status()
        until(lambda: platform.get(case).json()["progress"]["done"] == 1, "the photo is judged")
        leave_out(instance, page, view, keep=1)
        sign(instance, page)
        until(lambda: platform.get(case).json()["state"] == "sealed", "the report is sealed")
    return str(ordered["id"])


def cover_and_approve(desk: Page, shots: Path) -> None:
    """Prepare the copies, draw one more box, call the copy good once it is seen, approve."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.route("**/publication/photos/*", hold)
    desk.get_by_role("button", name="Prepare copies").click()
    with desk.expect_request("**/publication/photos/*"):
        desk.get_by_role("button", name="Check the copies").click()
    good = desk.get_by_role("button", name="This copy is good")
    approve = desk.get_by_role("button", name="Approve and publish")
    expect(good).to_be_disabled()
    for route in held:
        route.continue_()
    desk.unroute("**/publication/photos/*")
    dialog = desk.locator("dialog.copies")
    expect(dialog.locator("nav button")).to_contain_text("The front", timeout=PATIENCE_MS)
    expect(good).to_be_enabled(timeout=PATIENCE_MS)
    boxes = dialog.locator("ul.boxes li")
    proposed = boxes.count()
    frame = dialog.locator(".copy svg").bounding_box()
    assert frame is not None
    desk.mouse.move(frame["x"] + 20, frame["y"] + 20)
    desk.mouse.down()
    desk.mouse.move(frame["x"] + 140, frame["y"] + 90, steps=4)
    desk.mouse.up()
    expect(boxes).to_have_count(proposed + 1, timeout=PATIENCE_MS)
    expect(good).to_be_enabled(timeout=PATIENCE_MS)
    expect(approve).to_be_disabled()
    desk.screenshot(path=shots / "copies.png")
    good.click()
    expect(approve).to_be_enabled(timeout=PATIENCE_MS)
    approve.click()


def test_a_copy_is_looked_at_covered_published_and_withdrawn(
    instance: Instance, browser: Browser, shots: Path
) -> None:
    """Nothing can be called good before it is on the screen; what is drawn is hidden; the public page ends for good."""
    with browser.new_context() as phone:
        case = sealed_with_one_photo(instance, phone.new_page())
    boss = OperatorAtDesk(browser)  # the demo's operator is an admin, who may what a supervisor may
    boss.sign_in(instance)
    boss.open_case(instance, case)
    desk = boss.page
    cover_and_approve(desk, shots)
    link = desk.get_by_role("link", name="Open the public page")
    address = f"{instance.url}{link.get_attribute('href')}"
    with browser.new_context(viewport=PHONE, locale="fr-FR") as phone:
        page = phone.new_page()
        page.goto(address)
        expect(page.locator("figure")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a phone"
        page.screenshot(path=shots / "public.png", full_page=True)
        desk.on("dialog", lambda asked: asked.accept())
        desk.get_by_role("button", name="Withdraw", exact=True).click()
        expect(link).to_have_count(0, timeout=PATIENCE_MS)
        gone = page.goto(address)
        assert gone is not None
        assert gone.status == 410
        page.screenshot(path=shots / "withdrawn.png")
    desk.screenshot(path=shots / "sealed-desk.png")
    assert boss.errors == []
    boss.context.close()
