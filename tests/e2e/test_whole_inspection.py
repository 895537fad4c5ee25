"""From a platform's order to a report that verifies offline, through both pages, with a call on the way."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance, command, environment
from tests.e2e.people import PATIENCE_MS, STEPS, Camera, OperatorAtDesk, SellerOnPhone

pytestmark = pytest.mark.e2e


def test_from_order_to_verified_report(
    instance: Instance, browser: Browser, camera: Camera, tmp_path: Path, shots: Path
) -> None:
    """A platform orders; a seller photographs twelve views, reloading in every state; an operator calls, steers, judges
    and signs off; the report's files verify without the service.
    """
    ordered = instance.order()
    seller, operator = SellerOnPhone(browser, camera), OperatorAtDesk(browser)
    seller.open(ordered["seller_link"])
    seller.page.wait_for_selector("[data-screen=welcome]")
    seller.page.screenshot(path=shots / "seller-welcome.png")
    seller.begin()

    operator.sign_in(instance)
    operator.see("Demo · Hatchback")
    operator.page.screenshot(path=shots / "operator-queue.png")
    operator.open_case(instance, ordered["id"])
    operator.press("c")
    operator.see("Release")

    for number, step in enumerate(STEPS):
        seller.photograph(step, picture=shots / f"seller-camera-{step}.png")
        if step in ("front", "odometer"):
            seller.page.screenshot(path=shots / f"seller-verdict-{step}.png")
        operator.step_is(number, "done")
        if step == "left_side":
            seller.reload_stays("verdict")
            call_and_steer(seller, operator, shots)  # ends on the next step, with a photo to take again
        else:
            seller.next()

    judge_findings(operator, shots)
    review_and_sign(seller, instance, shots)
    sign_off(operator, seller, shots)
    assert instance.inspection(ordered["id"])["state"] == "sealed"
    report_verifies_offline(instance, ordered["id"], tmp_path)
    assert seller.errors == []
    assert operator.errors == []


def call_and_steer(seller: SellerOnPhone, operator: OperatorAtDesk, shots: Path) -> None:
    """The operator rings; the seller accepts; the picture moves on the desk; two commands come back acknowledged."""
    operator.press("v")
    seller.page.wait_for_selector("#call-ringing")
    seller.page.screenshot(path=shots / "seller-ringing.png")
    seller.page.click("#call-accept")
    sees_moving_picture(operator)
    # "Show this step" brings the seller from the verdict to the camera of the step the operator looks at.
    operator.page.locator("ol.steps button").nth(3).click()
    operator.press("g")
    seller.at_step("rear_left")
    outcomes = operator.page.locator("ul.commands li")
    expect(outcomes.first).to_contain_text("Step: done", timeout=PATIENCE_MS)
    expect(operator.page.locator(".camera-side .hint")).to_be_visible(timeout=PATIENCE_MS)
    expect(seller.page.locator("#hint")).to_be_visible(timeout=PATIENCE_MS)
    operator.page.screenshot(path=shots / "operator-call.png")
    seller.page.screenshot(path=shots / "seller-call.png")
    # The seller's page is loaded anew in the middle of the call, now before another view: the call goes on.
    seller.camera.show("dashboard")
    seller.reload()
    seller.at_step("rear_left")
    seller.page.wait_for_selector("#call-on")
    sees_moving_picture(operator)
    operator.press("t")
    expect(outcomes.first).to_contain_text("Photo: done", timeout=PATIENCE_MS)
    seller.expect_verdict("again")
    seller.page.screenshot(path=shots / "seller-again.png")
    operator.press("v")
    seller.page.wait_for_selector("#call-on", state="detached")
    seller.page.click("#retake")


def sees_moving_picture(operator: OperatorAtDesk) -> None:
    """The seller's camera arrives at the operator's page, and goes on arriving."""
    operator.page.evaluate("() => { window.seenFrames = 0; window.watched = null; }")
    operator.page.wait_for_function(
        """() => {
          const video = document.querySelector(".camera-side video.live");
          if (!video || video.videoWidth === 0) return false;
          if (window.watched !== video.srcObject) {
            window.watched = video.srcObject;
            window.seenFrames = 0;
            const count = () => { window.seenFrames += 1; video.requestVideoFrameCallback(count); };
            video.requestVideoFrameCallback(count);
          }
          return window.seenFrames >= 5;
        }"""
    )


def judge_findings(operator: OperatorAtDesk, shots: Path) -> None:
    """The operator confirms the first finding by key and corrects nothing the model read rightly."""
    expect(operator.page.locator(".findings li").first).to_be_visible(timeout=PATIENCE_MS)
    operator.page.keyboard.press("n")
    operator.page.keyboard.press("y")
    expect(operator.page.locator(".findings li.confirmed").first).to_be_visible(timeout=PATIENCE_MS)
    expect(operator.page.locator(".pairs dd").first).to_contain_text("127506")
    operator.page.screenshot(path=shots / "operator-case.png")


def review_and_sign(seller: SellerOnPhone, instance: Instance, shots: Path) -> None:
    """The seller sees all photos, hands them over, and signs with a code that only the contact received."""
    seller.reload_stays("review")
    seller.page.screenshot(path=shots / "seller-review.png", full_page=True)
    seller.page.click("#submit")
    seller.reload_stays("sign")
    seller.sign("Camille Martin", instance)
    seller.reload_stays("done")


def sign_off(operator: OperatorAtDesk, seller: SellerOnPhone, shots: Path) -> None:
    """The operator closes the case; both get the report without reloading."""
    operator.page.get_by_role("button", name="Sign off and close").click()
    operator.see("neither confirmed nor rejected")
    operator.page.locator("dialog").get_by_role("button", name="Sign off and close").click()
    expect(operator.page.get_by_role("link", name="Report (PDF)")).to_be_visible(timeout=PATIENCE_MS)
    seller.page.wait_for_selector("[data-screen=done][data-ready=true]")
    seller.page.screenshot(path=shots / "seller-done.png")
    operator.page.screenshot(path=shots / "operator-sealed.png")


def report_verifies_offline(instance: Instance, inspection_id: str, folder: Path) -> None:
    """The files fetched by the platform verify with the root certificate, and not without it."""
    with instance.platform() as client:
        for name in ("report.json", "report.jws", "report.pdf"):
            answer = client.get(f"/v1/inspections/{inspection_id}/{name}")
            answer.raise_for_status()
            (folder / name).write_bytes(answer.content)
    root = folder / "root.pem"
    root.write_bytes(httpx.get(f"{instance.url}/.well-known/inspection-root.pem").raise_for_status().content)
    files = [str(folder / "report.json"), str(folder / "report.pdf")]
    verified = subprocess.run(
        [*command("verify-report"), *files, "--root", str(root), "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = json.loads(verified.stdout)["files"]
    assert verified.returncode == 0, verified.stdout
    assert [each["ok"] for each in answers] == [True, True]
    report = json.loads((folder / "report.json").read_bytes())
    assert len(report["captures"]) >= len(STEPS)
    unknown = subprocess.run(
        [*command("verify-report"), *files], env=environment(), capture_output=True, check=False
    )
    assert unknown.returncode == 3
