"""What the seller allows, pauses, records and ends, in one call over Chromium's own camera; and its flight recorder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance
from tests.e2e.live import Pair, at_the_first_step, sees_pictures, until
from tests.e2e.people import PATIENCE_MS, Camera

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pair(browser: Browser, instance: Instance, camera: Camera) -> Iterator[Pair]:
    """A call with a French seller, who allows everything for now."""
    with at_the_first_step(browser, instance, camera, language="fr") as made:
        made.call()
        yield made


def test_what_this_camera_cannot_do_is_grey_and_says_why(pair: Pair, shots: Path) -> None:
    """Chromium's camera has no torch, no zoom and no second camera."""
    desk = pair.operator.page
    for act, why in (
        ("torch", "This camera has no torch, or the browser does not offer it."),
        ("zoomIn", "This camera has no zoom, or the browser does not offer it."),
        ("switchCamera", "This phone has only one camera."),
    ):
        button = desk.locator(f"[data-act={act}]")
        expect(button).to_be_disabled(timeout=PATIENCE_MS)
        expect(button).to_have_attribute("title", why)
    pair.shoot(shots, "call")


def test_a_pause_shows_nothing_and_going_on_shows_all(pair: Pair, shots: Path) -> None:
    """One tap: no picture, no mirror, no command; another, and everything is back."""
    desk, phone = pair.operator.page, pair.seller.page
    phone.click("#call-pause")
    expect(desk.locator(".phone-side .mirror")).to_be_hidden(timeout=PATIENCE_MS)
    expect(desk.locator("[data-act=photo]")).to_be_disabled(timeout=PATIENCE_MS)
    expect(desk.locator(".camera-side .hint")).to_have_count(0, timeout=PATIENCE_MS)
    pair.written("call.paused")
    pair.shoot(shots, "paused")
    phone.click("#call-pause")
    expect(desk.locator(".phone-side .mirror")).to_be_visible(timeout=PATIENCE_MS)
    sees_pictures(desk)
    pair.written("call.resumed")


def test_a_recording_is_asked_for_on_the_phone(pair: Pair, shots: Path) -> None:
    """No is said to the operator; yes records screen and camera in chunks; the consent taken back stops it at once."""
    desk, phone = pair.operator.page, pair.seller.page
    newest = desk.locator("ul.commands li").first
    pair.operator.press("R")
    phone.wait_for_selector("#recording-ask")
    expect(newest).to_contain_text("the seller is being asked", timeout=PATIENCE_MS)
    pair.shoot(shots, "asked")
    phone.click("#recording-no")
    expect(newest).to_contain_text("the seller or the phone said no", timeout=PATIENCE_MS)
    assert pair.events("recording.started") == []

    pair.operator.press("R")
    phone.click("#recording-yes")
    expect(newest).to_have_attribute("data-outcome", "done", timeout=PATIENCE_MS)
    expect(phone.locator(".recorded")).to_be_visible(timeout=PATIENCE_MS)

    def has_chunks() -> bool:
        parts = pair.case()["recordings"][0]["parts"]
        return all(parts.get(kind, {}).get("chunks", 0) > 0 for kind in ("video", "mirror"))

    until(has_chunks, "chunks of camera and screen")
    pair.shoot(shots, "recording")
    phone.click("#call-control")
    phone.uncheck("#control-sheet input[name=recording]")
    pair.written("recording.stopped", reason="consent-withdrawn")
    kept = pair.case()["recordings"][0]["parts"]["video"]["chunks"]
    expect(phone.locator(".recorded")).to_have_count(0, timeout=PATIENCE_MS)
    phone.click("#control-done")
    sees_pictures(desk, more=30)  # seconds in which a recorder that ran on would have sent more
    assert pair.case()["recordings"][0]["parts"]["video"]["chunks"] == kept


def test_words_go_both_ways(pair: Pair, shots: Path) -> None:
    """A sentence of the operator appears on the phone, the seller's answer on the desk."""
    desk, phone = pair.operator.page, pair.seller.page
    desk.fill("#chat", "Un peu plus à gauche, merci.")
    desk.keyboard.press("Enter")
    desk.locator("main.case").click(position={"x": 5, "y": 5})
    phone.click("#call-chat")
    expect(phone.locator("#chat-sheet .theirs").last).to_contain_text("plus à gauche", timeout=PATIENCE_MS)
    phone.fill("#chat-text", "Comme ça ?")
    phone.click("#chat-send")
    expect(desk.locator("section.chat li.seller").last).to_contain_text("Comme ça ?", timeout=PATIENCE_MS)
    pair.shoot(shots, "chat")
    phone.keyboard.press("Escape")


def test_a_consent_taken_back_ends_the_seeing_at_once(pair: Pair, shots: Path) -> None:
    """After the tap no further picture is decoded, the mirror is gone, and both are told why."""
    desk, phone = pair.operator.page, pair.seller.page
    desk.evaluate(
        """() => {
          const video = document.querySelector('.camera-side video.live');
          window.tracks = video.srcObject.getVideoTracks();
        }"""
    )
    consents = {"photos": True, "live_video": False, "location": False, "recording": False}
    status = phone.evaluate(
        """async (body) => (await fetch('/v1/seller/consents', {
          method: 'PUT', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)})).status""",
        consents | {"live_level": "off"},
    )
    assert status == 200
    pair.operator.see("The seller took back the consent to live video.")
    desk.wait_for_function("() => window.tracks.every((track) => track.readyState === 'ended')")
    expect(desk.locator(".phone-side .mirror iframe")).to_have_count(0)
    expect(desk.locator(".camera-side video.live")).to_have_count(0)
    phone.wait_for_selector("#call-on", state="detached")
    pair.written("call.ended", reason="consent-withdrawn")
    pair.shoot(shots, "withdrawn")


def test_a_call_ends_with_one_tap(pair: Pair) -> None:
    """The seller allows less, answers the next ring, and hangs up."""
    phone, desk = pair.seller.page, pair.operator.page
    pair.operator.press("v")
    phone.check("#call-ringing input[value=watch]")
    phone.click("#call-accept")
    sees_pictures(desk)
    expect(desk.locator("[data-act=freeze]")).to_be_disabled(timeout=PATIENCE_MS)
    phone.click("#call-end")
    phone.wait_for_selector("#call-on", state="detached")
    pair.operator.see("Call ended.")
    pair.written("call.ended", reason="hung-up")


def test_the_flight_recorder_plays_it_again(pair: Pair, shots: Path) -> None:
    """Commands and words line by line; the mirrored screen where it was recorded, elsewhere drawn from the log."""
    desk = pair.operator.page
    desk.goto(f"{pair.instance.url}/operator/inspections/{pair.inspection_id}/replay")
    lines = desk.locator("ol.timeline button")
    lines.first.wait_for()
    caption = desk.locator("figure.then figcaption")
    expect(caption).to_contain_text("Drawn", timeout=PATIENCE_MS)
    desk.screenshot(path=shots / "drawn.png")
    events = pair.case()["events"]
    stopped = next(index for index, event in enumerate(events) if event["kind"] == "recording.stopped")
    desk.locator("input[type=range]").fill(str(stopped))
    expect(caption).to_contain_text("as it was recorded", timeout=PATIENCE_MS)
    screen = desk.frame_locator("figure.then iframe")
    expect(screen.locator("main h1")).to_be_visible(timeout=PATIENCE_MS)
    desk.screenshot(path=shots / "mirrored.png")
    desk.get_by_role("button", name="Commands").click()
    expect(lines.filter(has_text="Recording").first).to_be_visible(timeout=PATIENCE_MS)
    desk.get_by_role("button", name="Messages").click()
    expect(desk.get_by_text("Comme ça ?").first).to_be_visible(timeout=PATIENCE_MS)
    desk.screenshot(path=shots / "talk.png")
