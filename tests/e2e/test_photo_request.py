"""A platform wants to see more: whoever is on the seller's page hears of it at once, whoever left it by a new link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance
from tests.e2e.live import until
from tests.e2e.people import PATIENCE_MS, Camera, SellerOnPhone
from tests.e2e.shortcuts import agree, leave_out, sign

pytestmark = pytest.mark.e2e
BOOK = "The service book, please: the page with the last stamp."
CARNET = "Le carnet d'entretien, s'il vous plaît : la page du dernier tampon."


def wish(platform: httpx.Client, inspection_id: str, text: str) -> str:
    """Ask for one more photo by the API; return its id."""
    asked = platform.post(f"/v1/inspections/{inspection_id}/photo-requests", json={"text": text})
    assert asked.status_code == 201, asked.text
    return str(asked.json()["photo_requests"][-1]["id"])


def answer_to(platform: httpx.Client, inspection_id: str, request_id: str) -> dict[str, Any]:
    """Wait until a photo that was asked for is there and judged; return what the platform reads of it."""

    def look() -> dict[str, Any] | None:
        view = platform.get(f"/v1/inspections/{inspection_id}").raise_for_status().json()
        (found,) = [each for each in view["photo_requests"] if each["id"] == request_id]
        return found if found["status"] == "done" else None

    return until(look, f"{request_id} answered")


def picture_of(platform: httpx.Client, inspection_id: str, answered: dict[str, Any]) -> bytes:
    """Fetch the photo itself, as the platform would show it."""
    path = f"/v1/inspections/{inspection_id}/captures/{answered['capture_id']}/photo"
    return platform.get(path).raise_for_status().content


def test_a_seller_who_waits_for_the_report_is_told_at_once_and_takes_the_photo(
    instance: Instance, browser: Browser, camera: Camera, shots: Path
) -> None:
    """On the screen that thanks them one sentence says what is wanted; one tap leads there; the platform sees it."""
    ordered = instance.order(contact=None)
    seller = SellerOnPhone(browser, camera)
    page = seller.page
    leave_out(instance, page, agree(instance, page, ordered))
    sign(instance, page)
    seller.open(ordered["seller_link"])
    page.wait_for_selector("[data-screen=done]")
    with instance.platform() as platform:
        request = wish(platform, ordered["id"], BOOK)
        notice = page.locator("[data-notice=photos_asked]")
        expect(notice).to_contain_text("Demo platform asks you for one more photo:", timeout=PATIENCE_MS)
        expect(notice).to_contain_text(BOOK)
        expect(page.locator("[data-screen=review]")).to_contain_text("1 photo is still to take")
        page.screenshot(path=shots / "told.png", full_page=True)
        camera.show("dashboard")
        page.click("#go-there")
        seller.at_step(request)
        expect(notice).to_have_count(0)
        expect(page.locator(".say")).to_contain_text(BOOK)
        page.screenshot(path=shots / "camera.png")
        page.click("#shutter")
        seller.expect_verdict("good")
        page.screenshot(path=shots / "verdict.png")
        answered = answer_to(platform, ordered["id"], request)
        assert picture_of(platform, ordered["id"], answered)[:2] == b"\xff\xd8"
    page.click("#next")
    page.wait_for_selector("[data-screen=review]")
    expect(page.locator("#submit")).to_be_enabled(timeout=PATIENCE_MS)
    assert seller.errors == []
    seller.context.close()


def test_a_seller_at_work_is_told_in_their_language_and_a_request_taken_back_is_gone(
    instance: Instance, browser: Browser, camera: Camera, shots: Path
) -> None:
    """The camera stays; two requests are one line of news; taken back, the news is gone with the step."""
    ordered = instance.order(contact=None, language="fr")
    seller = SellerOnPhone(browser, camera, locale="fr-FR")
    page = seller.page
    agree(instance, page, ordered)
    seller.open(ordered["seller_link"])
    seller.at_step("front")
    expect(page.locator("#progress")).to_contain_text("1 sur 12")
    with instance.platform() as platform:
        first = wish(platform, ordered["id"], CARNET)
        notice = page.locator("[data-notice=photos_asked]")
        expect(notice).to_contain_text("vous demande encore une photo", timeout=PATIENCE_MS)
        expect(notice).to_contain_text(CARNET)
        expect(page.locator("#progress")).to_contain_text("1 sur 13")
        page.screenshot(path=shots / "at-work.png")
        second = wish(platform, ordered["id"], "La roue de secours.")
        expect(notice).to_contain_text("vous demande encore 2 photos", timeout=PATIENCE_MS)
        assert page.locator("[data-screen=camera]").get_attribute("data-step") == "front"
        for request in (first, second):
            platform.delete(f"/v1/inspections/{ordered['id']}/photo-requests/{request}").raise_for_status()
    expect(notice).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator("#progress")).to_contain_text("1 sur 12")
    assert seller.errors == []
    seller.context.close()


def test_a_seller_who_has_left_gets_a_link_that_leads_to_the_photos(
    instance: Instance, browser: Browser, camera: Camera, shots: Path
) -> None:
    """Signed and gone; the new link opens at the first photo asked for, the second is next; the platform sees both."""
    ordered = instance.order(contact=None)
    seller = SellerOnPhone(browser, camera)
    page = seller.page
    leave_out(instance, page, agree(instance, page, ordered))
    sign(instance, page)
    with instance.platform() as platform:
        first, second = [wish(platform, ordered["id"], text) for text in (BOOK, "The spare wheel.")]
        link = platform.post(f"/v1/inspections/{ordered['id']}/links").raise_for_status().json()
        camera.show("dashboard")
        seller.open(link["seller_link"])
        page.locator("#start, [data-screen=camera]").first.wait_for()
        page.screenshot(path=shots / "opened.png")
        if page.locator("#start").count():
            page.click("#start")
        seller.at_step(first)
        page.screenshot(path=shots / "first.png")
        page.click("#shutter")
        seller.expect_verdict("good")
        camera.show("wheel")
        page.click("#next")
        seller.at_step(second)
        seller.reload()
        seller.at_step(second)
        page.click("#shutter")
        seller.expect_verdict("good")
        pictures = [
            picture_of(platform, ordered["id"], answer_to(platform, ordered["id"], request))
            for request in (first, second)
        ]
    assert pictures[0] != pictures[1]
    assert seller.errors == []
    seller.context.close()
