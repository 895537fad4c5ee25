"""Several sellers and several people at the desk: who is helped first, who holds a case, who else looks on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance
from tests.e2e.live import at_the_first_step, sees_pictures
from tests.e2e.people import PATIENCE_MS, Camera, OperatorAtDesk, SellerOnPhone

pytestmark = pytest.mark.e2e


def test_whoever_asks_for_help_is_first_in_the_list(
    browser: Browser, instance: Instance, camera: Camera, shots: Path
) -> None:
    """The tap moves the row to the top of an open list and says why; one key steps in, without a ring."""
    with at_the_first_step(browser, instance, camera) as pair:
        later = instance.order(contact={"name": "Later Seller", "email": "later@example.com"})
        second = SellerOnPhone(browser, camera)
        try:
            second.open(later["seller_link"])
            second.agree()
            desk = pair.operator.page
            desk.goto(f"{instance.url}/operator")
            first_row = desk.locator("table tbody tr").first
            expect(desk.locator(f"tr[data-case='{later['id']}']")).to_be_visible(timeout=PATIENCE_MS)
            pair.seller.page.click("#help")
            pair.seller.page.click("#ask-help")
            expect(pair.seller.page.locator("#help-when")).to_contain_text(
                "You are next", timeout=PATIENCE_MS
            )
            expect(first_row).to_have_attribute("data-case", pair.inspection_id, timeout=PATIENCE_MS)
            expect(first_row.locator(".need.help")).to_be_visible()
            pair.shoot(shots, "help")
            pair.operator.page.keyboard.press("h")
            sees_pictures(desk)  # nobody had to answer: the seller was waiting
            pair.seller.page.wait_for_selector(
                "#help-sheet", state="detached"
            )  # the camera is what matters now
            pair.written("help.answered")
        finally:
            second.context.close()


def test_a_supervisor_looks_on_and_a_colleague_takes_over(
    browser: Browser, instance: Instance, camera: Camera, shots: Path
) -> None:
    """The seller is told who looks on, in a small picture, and may send them away; a hand-over goes on with a tap."""
    with at_the_first_step(browser, instance, camera, stub=True) as pair:
        phone = pair.seller.page
        supervisor, colleague = OperatorAtDesk(browser), OperatorAtDesk(browser)
        try:
            supervisor.sign_in(instance, instance.admit("Sonia", "supervisor"))
            colleague.sign_in(instance, instance.admit("Karim"))
            pair.call()
            supervisor.open_case(instance, pair.inspection_id)
            expect(supervisor.page.get_by_text("Demo operator").first).to_be_visible(timeout=PATIENCE_MS)
            supervisor.page.locator("button:has(kbd:text-is('W'))").wait_for()
            supervisor.press("W")
            sees_pictures(supervisor.page)
            expect(phone.locator("#call-on")).to_contain_text("Sonia", timeout=PATIENCE_MS)
            video = supervisor.page.locator(".camera-side video.live")
            assert video.evaluate("(seen) => seen.videoWidth") <= 640
            assert video.evaluate("(seen) => seen.videoHeight") <= 360
            pair.shoot(shots, "watched")
            supervisor.page.screenshot(path=shots / "watched-supervisor.png")
            phone.click("#call-control")
            phone.click("#control-sheet .viewer button")
            expect(phone.locator("#control-sheet .viewer")).to_have_count(0, timeout=PATIENCE_MS)
            phone.click("#control-done")
            expect(supervisor.page.locator(".camera-side video.live")).to_have_count(0, timeout=PATIENCE_MS)
            expect(phone.locator("#call-on")).not_to_contain_text("Sonia", timeout=PATIENCE_MS)
            pair.written("viewer.left")

            pair.operator.press("H")
            pair.operator.page.locator("dialog label.choice", has_text="Karim").click()
            pair.operator.page.locator("dialog textarea").fill("Speaks French")
            pair.operator.page.locator("dialog button.primary").click()
            pair.operator.page.wait_for_selector("main.queue")
            colleague.open_case(instance, pair.inspection_id)
            colleague.see("Speaks French")
            colleague.press("v")
            sees_pictures(colleague.page)
            expect(phone.locator("#call-on")).to_contain_text("Karim", timeout=PATIENCE_MS)
            phone.screenshot(path=shots / "handed-over-phone.png")
            colleague.page.screenshot(path=shots / "handed-over-desk.png")
            assert supervisor.errors == []
            assert colleague.errors == []
        finally:
            supervisor.context.close()
            colleague.context.close()
