"""A call between a phone and a desk, in words to read a test by; and where on a screen the camera's picture lies."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.instance import Instance
from tests.e2e.people import PATIENCE_MS, Camera, OperatorAtDesk, SellerOnPhone

STUB_CAMERA = Path(__file__).with_name("stub_camera.js")
PATIENCE_S = PATIENCE_MS / 1000
MAGENTA, CYAN = (0.1, 0.2), (0.9, 0.8)
"""Where the stub camera's two spots are, as shares of its picture."""
Spot = tuple[float, float]
Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str) -> Found:
    """Look again and again until there is something to see, and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        threading.Event().wait(0.1)
    return seen


@dataclass
class Pair:
    """A seller and an operator who are, or will be, in a call."""

    instance: Instance
    inspection_id: str
    seller: SellerOnPhone
    operator: OperatorAtDesk

    # --- the call ---------------------------------------------------------------------------------

    def call(self, level: str = "steer") -> None:
        """The operator claims and rings; the seller allows this much and answers; the picture moves."""
        self.operator.open_case(self.instance, self.inspection_id)
        self.operator.press("c")
        self.operator.see("Release")
        expect(self.operator.page.locator("header .dot.on")).to_be_visible(timeout=PATIENCE_MS)
        self.operator.press("v")
        self.seller.page.check(f"#call-ringing input[value={level}]")
        self.seller.page.click("#call-accept")
        sees_pictures(self.operator.page)

    def ask(self, key: str, says: str, outcome: str = "done") -> Locator:
        """Press a key that asks something of the phone, and expect what came of it."""
        page = self.operator.page
        button = page.locator("[data-act]").filter(
            has=page.locator("kbd", has_text=re.compile(f"^{re.escape(key)}$"))
        )
        expect(button).to_be_enabled(timeout=PATIENCE_MS)
        newest = page.locator("ul.commands li").first
        before = (newest.text_content() or "") if newest.count() > 0 else ""
        self.operator.press(key)
        expect(newest).not_to_have_text(before, timeout=PATIENCE_MS)
        expect(newest).to_contain_text(says, timeout=PATIENCE_MS)
        expect(newest).to_have_attribute("data-outcome", outcome, timeout=PATIENCE_MS)
        return newest

    def allow(self, level: str) -> None:
        """Let the operator do this much from now on, by the sheet behind the bar."""
        self.seller.page.click("#call-control")
        self.seller.page.check(f"#control-sheet input[value={level}]")
        self.seller.page.click("#control-done")

    # --- the record -------------------------------------------------------------------------------

    def case(self) -> dict[str, Any]:
        """Return the case as the desk reads it."""
        answer = self.operator.context.request.get(
            f"{self.instance.url}/v1/operator/inspections/{self.inspection_id}"
        )
        assert answer.ok
        found: dict[str, Any] = answer.json()
        return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the log's lines of one kind."""
        return [event for event in self.case()["events"] if event["kind"] == kind]

    def written(self, kind: str, **data: Any) -> dict[str, Any]:
        """Wait for a line of the log with these data."""

        def look() -> list[dict[str, Any]]:
            return [event for event in self.events(kind) if data.items() <= event["data"].items()]

        return until(look, f"{kind} {data} in the log")[-1]

    # --- the two screens --------------------------------------------------------------------------

    @property
    def mirror(self) -> Any:
        """The phone's screen on the desk."""
        return self.operator.page.frame_locator(".phone-side .mirror iframe")

    def shoot(self, folder: Path, name: str) -> None:
        """Keep both screens for people to look at."""
        self.seller.page.screenshot(path=folder / f"{name}-phone.png")
        self.operator.page.screenshot(path=folder / f"{name}-desk.png")

    def close(self) -> None:
        """Leave both browsers."""
        self.seller.context.close()
        self.operator.context.close()


@contextmanager
def at_the_first_step(
    browser: Browser,
    instance: Instance,
    camera: Camera,
    *,
    stub: bool = False,
    language: str = "en",
    scripts: tuple[str, ...] = (),
) -> Iterator[Pair]:
    """A seller who looks through the camera for the first time, and an operator who has signed in."""
    locale = {"en": "en-GB", "fr": "fr-FR"}[language]
    ordered = instance.order(language=language)
    pair = Pair(
        instance,
        ordered["id"],
        SellerOnPhone(browser, camera, locale=locale),
        OperatorAtDesk(browser),
    )
    try:
        if stub:
            pair.seller.context.add_init_script(path=STUB_CAMERA)
        for script in scripts:
            pair.seller.context.add_init_script(script)
        pair.seller.open(ordered["seller_link"])
        pair.seller.agree()
        pair.operator.sign_in(instance)
        yield pair
        assert pair.seller.errors == []
        assert pair.operator.errors == []
    finally:
        pair.close()


def sees_pictures(page: Page, selector: str = ".camera-side video.live", more: int = 5) -> None:
    """Expect so many new pictures in a video on this page."""
    page.wait_for_function(
        """([selector, more]) => {
          const video = document.querySelector(selector);
          if (!video || video.videoWidth === 0) return false;
          const watch = (window.watching ??= {});
          const seen = video.getVideoPlaybackQuality().totalVideoFrames;
          if (watch.stream !== video.srcObject || watch.asked !== more || seen < watch.from) {
            Object.assign(watch, { stream: video.srcObject, asked: more, from: seen });
          }
          if (seen < watch.from + more) return false;
          window.watching = undefined;
          return true;
        }""",
        arg=[selector, more],
        polling=100,
    )


# --- where the picture is -------------------------------------------------------------------------


@dataclass(frozen=True)
class OnScreen:
    """Where the stub camera's picture lies on a screen, measured by its two spots; CSS pixels."""

    left: float
    top: float
    width: float
    height: float

    def is_near(self, other: OnScreen) -> bool:
        """Whether it is the same place, as far as pixels can tell."""
        mine, theirs = (
            (self.left, self.top, self.width, self.height),
            (other.left, other.top, other.width, other.height),
        )
        return all(abs(one - another) < 1 for one, another in zip(mine, theirs, strict=True))

    def place(self, spot: Spot) -> tuple[float, float]:
        """Return where on the screen a place of the picture is."""
        return self.left + spot[0] * self.width, self.top + spot[1] * self.height

    def spot(self, x: float, y: float) -> Spot:
        """Return which place of the picture is there on the screen."""
        return (x - self.left) / self.width, (y - self.top) / self.height


def measured(page: Page, box: Locator) -> OnScreen:
    """Find the picture within a part of the screen by looking at pixels; knows nothing of how the page places it."""

    def look() -> OnScreen | None:
        area = box.bounding_box()
        if area is None:
            return None
        png = page.screenshot(scale="css", animations="disabled")
        image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        x0, y0 = max(0, round(area["x"])), max(0, round(area["y"]))
        part = image[y0 : y0 + round(area["height"]), x0 : x0 + round(area["width"])]
        blue, green, red = (part[:, :, channel].astype(np.int16) for channel in range(3))
        magenta = _middle((red > 140) & (blue > 140) & (green < 110))
        cyan = _middle((green > 140) & (blue > 140) & (red < 110))
        if magenta is None or cyan is None:
            return None
        width = (cyan[0] - magenta[0]) / (CYAN[0] - MAGENTA[0])
        height = (cyan[1] - magenta[1]) / (CYAN[1] - MAGENTA[1])
        left, top = x0 + magenta[0] - MAGENTA[0] * width, y0 + magenta[1] - MAGENTA[1] * height
        return OnScreen(left, top, width, height)

    def holding_still() -> OnScreen | None:
        """A page that is laying itself out anew, after a turn of the phone say, is not measured half-way."""
        first, second = look(), look()
        return second if first is not None and second is not None and first.is_near(second) else None

    return until(holding_still, "both spots of the camera's picture, holding still")


def _middle(mask: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return the middle of the largest patch, ``None`` without one worth the name."""
    count, _, stats, centroids = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < 12:
        return None
    return float(centroids[largest][0]), float(centroids[largest][1])


def middle_when_seen(page: Page, mark: str, act: Callable[[], object]) -> tuple[float, float]:
    """Do something, and return where on the screen the middle of the mark is that it makes.

    The page itself looks, at every picture it draws: a mark that fades may be gone before anybody asks from outside.
    """
    page.evaluate(
        """(mark) => {
          window.seenAt = null;
          const look = () => {
            const box = document.querySelector(mark)?.getBoundingClientRect();
            if (box && box.width > 0) window.seenAt = [box.x + box.width / 2, box.y + box.height / 2];
            else requestAnimationFrame(look);
          };
          look();
        }""",
        mark,
    )
    act()
    x, y = page.wait_for_function("() => window.seenAt", timeout=PATIENCE_MS).json_value()
    return x, y
