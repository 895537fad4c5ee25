"""What a seller and an operator do in their browsers, in words a test can be read by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.e2e.instance import Instance
from tests.fake_camera import write_mjpeg

DEMO_CAR = Path(__file__).parents[1] / "data" / "demo_car"
STEPS = (
    "front",
    "front_left",
    "left_side",
    "rear_left",
    "rear",
    "rear_right",
    "right_side",
    "front_right",
    "wheel",
    "dashboard",
    "odometer",
    "front_seats",
)
PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1440, height=900)
PATIENCE_MS = 60_000
"""For what waits on a judgement: two processor cores judge, encode video and draw two browsers at once."""


@dataclass
class Camera:
    """Chromium's fake camera: plays a film that is read anew whenever a page opens the camera."""

    film: Path
    _shown: int = 0

    def show(self, view: str) -> None:
        """Hold one view of the demo car before the lens; never twice the same pixels, as with any real camera."""
        self._shown += 1
        picture = cv2.imread(str(DEMO_CAR / f"{view}.webp"))
        assert picture is not None
        grain = np.random.default_rng(self._shown).normal(0, 1.5, picture.shape)
        seen = self.film.with_name("seen.png")
        cv2.imwrite(str(seen), np.clip(picture + grain, 0, 255).astype(np.uint8))
        draft = self.film.with_name("draft.mjpeg")
        write_mjpeg([seen], draft, size_px=(800, 600), seconds_each=0.5)
        draft.replace(self.film)


class SellerOnPhone:
    """The seller's page on a phone-sized screen."""

    def __init__(self, browser: Browser, camera: Camera, *, locale: str = "en-GB") -> None:
        self.camera = camera
        self.context: BrowserContext = browser.new_context(
            viewport=PHONE,
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale=locale,
            permissions=["camera", "microphone"],
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, link: str) -> None:
        """Follow the link, as from a message."""
        self.page.goto(link)

    def reload_stays(self, screen: str) -> None:
        """Load the page anew and expect the same screen, as after a call or a crash."""
        self.page.wait_for_selector(f"[data-screen={screen}]")
        self.page.reload()
        self.page.wait_for_selector(f"[data-screen={screen}]")

    def begin(self, *, live: bool = True) -> None:
        """Tap Start and agree, also to live video unless told otherwise."""
        self.reload_stays("welcome")
        self.page.click("#start")
        self.reload_stays("consents")
        self.page.check("input[name=photos]")
        if live:
            self.page.check("input[name=live_video]")
        self.page.click("#agree")

    def agree(self) -> None:
        """Tap Start and agree to photos and live video, without more ado."""
        self.page.click("#start")
        self.page.check("input[name=photos]")
        self.page.check("input[name=live_video]")
        self.page.click("#agree")
        self.page.wait_for_selector("[data-screen=camera]")

    def reload(self) -> None:
        """Load the page anew, as after a call or a crash."""
        self.page.reload()

    def at_step(self, step: str) -> None:
        """Expect the camera for this step."""
        self.page.wait_for_selector(f"[data-screen=camera][data-step={step}]")
        expect(self.page.locator("#shutter")).to_be_enabled(timeout=PATIENCE_MS)

    def photograph(self, step: str, *, picture: Path | None = None) -> None:
        """Take one photo and expect it to be found good; ``picture`` keeps what the screen showed before."""
        self.camera.show(step)
        self.reload()
        self.at_step(step)
        if picture is not None:
            self.page.screenshot(path=picture)
        self.page.click("#shutter")
        self.page.wait_for_selector("[data-verdict=good], [data-verdict=again], [data-verdict=refused]")
        verdict = self.page.locator("[data-verdict]")
        assert verdict.get_attribute("data-verdict") == "good", f"{step}: {verdict.inner_text()}"

    def expect_verdict(self, verdict: str) -> None:
        """Expect what the page says of the photo just taken."""
        self.page.wait_for_selector(f"[data-verdict={verdict}]")

    def next(self) -> None:
        """Go on."""
        self.page.click("#next")

    def sign(self, name: str, instance: Instance) -> None:
        """Type the name, draw a mark, ask for the code, type it and sign."""
        self.page.fill("input[name=name]", name)
        pad = self.page.locator("#pad")
        pad.scroll_into_view_if_needed()
        frame = pad.bounding_box()
        assert frame is not None
        mouse = self.page.mouse
        mouse.move(frame["x"] + 40, frame["y"] + 60)
        mouse.down()
        for number in range(1, 12):
            mouse.move(frame["x"] + 40 + 20 * number, frame["y"] + 60 + (-1) ** number * 20)
        mouse.up()
        self.page.click("#send-code")
        self.page.fill("input[autocomplete=one-time-code]", instance.next_code())
        self.page.click("#sign")


class OperatorAtDesk:
    """The operator's page on a desktop screen."""

    def __init__(self, browser: Browser, *, locale: str = "en-GB") -> None:
        self.context: BrowserContext = browser.new_context(
            viewport=DESK, locale=locale, permissions=["microphone", "camera"]
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def sign_in(self, instance: Instance, account: tuple[str, str] | None = None) -> None:
        """Sign in: as the demo operator, or with another e-mail and password."""
        email, password = account or (instance.access["operator_email"], instance.access["operator_password"])
        self.page.goto(f"{instance.url}/operator")
        self.page.fill("input[type=email]", email)
        self.page.fill("input[type=password]", password)
        self.page.click("button.primary")
        self.page.wait_for_selector("main.queue")

    def open_case(self, instance: Instance, inspection_id: str) -> None:
        """Open one inspection by its address."""
        self.page.goto(f"{instance.url}/operator/inspections/{inspection_id}")
        self.page.wait_for_selector("main.case header h1")

    def press(self, key: str) -> None:
        """Press a key of the desk as soon as a button offers it: what cannot be done now is told and not done."""
        name = self.page.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$"))
        offer = self.page.locator("button:enabled").filter(has=name).first
        expect(offer).to_be_visible(timeout=PATIENCE_MS)
        self.page.keyboard.press(key)

    def see(self, text: str) -> None:
        """Expect a text to be on the screen."""
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def step_is(self, step_number: int, status: str) -> None:
        """Expect the status of one step in the list; it changes without a reload."""
        button = self.page.locator("ol.steps button").nth(step_number)
        expect(button).to_contain_class(status, timeout=PATIENCE_MS)
