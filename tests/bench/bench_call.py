"""A call as its two people live it: two pages in one browser, the service between them, and the network taken away."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.bench import bare_mirror
from tests.bench.bare_mirror import p50, p95
from tests.bench.rows import Row, row
from tests.e2e.conftest import FLAGS, chromium
from tests.e2e.instance import Instance, free_port
from tests.e2e.people import Camera, OperatorAtDesk, SellerOnPhone
from tests.e2e.relay import Relay
from tests.fake_camera import chromium_flags

CALLS: Final = 5
COMMANDS: Final = 24
PHOTOS: Final = 6
PHOTO_S: Final = 5.0
"""A seller takes a photo this often at most: eight times as fast as the checklist thinks of people (12 in 8 minutes).

Without it the robot is as fast as the machine, and a faster machine has the dearer mirror.
"""
LOSSES: Final = 5
DARKNESSES: Final = 3
DARK_MS: Final = 2_000
PATIENCE_MS: Final = 120_000
STALL_MS: Final = 400
"""A gap between two pictures that is longer than any hiccup of a machine at work."""
SCRIPTS: Final = Path(__file__).with_name("bench_call.js")


def rows() -> list[Row]:
    """Measure calls over the direct path, then what happens when a relay under one is killed."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        camera = Camera(Path(folder) / "film.mjpeg")
        camera.show("front")
        browser = playwright.chromium.launch(
            executable_path=chromium(), headless=False, args=[*FLAGS, *chromium_flags(camera.film)]
        )
        try:
            instance = Instance.prepare(Path(folder) / "data")
            return [*_direct(instance, browser, camera), *_relayed(instance, browser, camera, Path(folder))]
        finally:
            browser.close()


# --- the direct path --------------------------------------------------------------------------


def _direct(instance: Instance, browser: Browser, camera: Camera) -> list[Row]:
    instance.start()
    try:
        first_frames_s = []
        for _ in range(CALLS - 1):
            with _call(instance, browser, camera) as (_, desk):
                first_frames_s.append(_first_frame_s(desk.page))
        with _call(instance, browser, camera) as (phone, desk):
            first_frames_s.append(_first_frame_s(desk.page))
            ours = _commands_ms(desk.page)
            bare = bare_mirror.commands_ms(browser, COMMANDS)
            mirror_kb_s, camera_kb_s = _sent_kb_per_s(phone.page)
    finally:
        instance.stop()
    prototype = "a bare rrweb prototype in the same browser"
    return [
        row("call opened to the first camera picture, p50", p50(first_frames_s), "s", at_most=1.0),
        row("command to visible in the mirror, p50", p50(ours), "ms", reference=(prototype, p50(bare))),
        row(
            "command to visible in the mirror, p95",
            p95(ours),
            "ms",
            reference=(prototype, p95(bare)),
            at_most=100,
        ),
        row(
            f"mirror while the seller takes {PHOTOS} photos, one in {PHOTO_S:g} s",
            mirror_kb_s,
            "kB/s",
            reference=("the camera's picture in the same call", camera_kb_s),
            at_most=5,
        ),
    ]


@contextmanager
def _call(
    instance: Instance, browser: Browser, camera: Camera
) -> Iterator[tuple[SellerOnPhone, OperatorAtDesk]]:
    """Let a seller ask for help and an operator come in at once."""
    ordered = instance.order()
    phone, desk = SellerOnPhone(browser, camera), OperatorAtDesk(browser)
    try:
        for page in (phone.page, desk.page):
            page.set_default_timeout(PATIENCE_MS)
            page.add_init_script(path=SCRIPTS)
        phone.open(ordered["seller_link"])
        phone.begin()
        phone.at_step("front")
        phone.page.click("#help")
        phone.page.click("#ask-help")
        phone.page.wait_for_selector("#help-line, #help-when")
        desk.sign_in(instance)
        desk.open_case(instance, ordered["id"])
        desk.press("c")
        desk.see("Release")
        desk.press("v")
        desk.page.wait_for_function("() => bench.firstPicture > 0")
        phone.page.wait_for_selector("#help-sheet", state="detached")
        desk.page.frame_locator(".mirror iframe").get_by_text("1 of 12").first.wait_for()
        yield phone, desk
    finally:
        phone.context.close()
        desk.context.close()


def _first_frame_s(desk: Page) -> float:
    return float(desk.evaluate("bench.firstPicture - bench.called")) / 1000


def _commands_ms(desk: Page) -> list[float]:
    """Send the phone to one step after the other, by the desk's own keys."""
    steps = desk.locator("ol.steps button")
    taken = []
    for number in range(COMMANDS):
        step = (number + 1) % 12
        desk.wait_for_timeout(
            700
        )  # commands are given by people; and the desk follows the phone to its step first
        steps.nth(step).click()
        expect(steps.nth(step)).to_have_attribute("aria-current", "true", timeout=PATIENCE_MS)
        desk.evaluate("(step) => bench.expect(step)", step + 1)
        desk.keyboard.press("g")
        desk.wait_for_function("() => bench.shown > 0")
        taken.append(float(desk.evaluate("bench.shown - bench.sent")))
    return taken


def _sent_kb_per_s(phone: Page) -> tuple[float, float]:
    """Let the seller take photos, read what is said of them and go on; returns what mirror and camera send."""
    before, began_s = _sent_bytes(phone), time.monotonic()
    for number in range(PHOTOS):
        phone.wait_for_timeout(max(0, 1000 * (began_s + number * PHOTO_S - time.monotonic())))
        phone.click("#shutter")
        phone.wait_for_selector("[data-verdict=good], [data-verdict=again], [data-verdict=refused]")
        phone.locator("#next, #retake").first.click()
        phone.wait_for_selector("#shutter:enabled")
    phone.wait_for_timeout(max(0, 1000 * (began_s + PHOTOS * PHOTO_S - time.monotonic())))
    after, took_s = _sent_bytes(phone), time.monotonic() - began_s
    mirror, camera = ((late - early) / took_s / 1000 for early, late in zip(before, after, strict=True))
    return mirror, camera


def _sent_bytes(phone: Page) -> list[int]:
    sent: list[int] = phone.evaluate("bench.sentBytes()")
    return sent


# --- the network goes away --------------------------------------------------------------------


def _relayed(instance: Instance, browser: Browser, camera: Camera, folder: Path) -> list[Row]:
    """Relay everything through one of two relays, and kill the one that carries the call, again and again."""
    relays = _relays(folder)
    instance.settings = {
        "INSPECTION_MEDIA__RELAY_ONLY": "true",
        "INSPECTION_MEDIA__TURN__SECRET": next(iter(relays.values())).secret,
        "INSPECTION_MEDIA__TURN__URLS": "[" + ",".join(f'"{each.url}"' for each in relays.values()) + "]",
    }
    instance.start()
    try:
        for relay in relays.values():
            relay.start()
        with _call(instance, browser, camera) as (phone, desk):
            back_s = [_back_after_s(relays, phone.page, desk.page) for _ in range(LOSSES)]
            dark = [_back_after_dark_s(relays, phone.page, desk.page) for _ in range(DARKNESSES)]
    finally:
        for relay in relays.values():
            relay.kill()
        instance.stop()
    return [
        row(
            "camera's picture back after its relay was killed, p50", statistics.median(back_s), "s", at_most=3
        ),
        row("camera's picture back after its relay was killed, longest", max(back_s), "s"),
        row(
            "camera's picture back after all relays were killed, one started again, p50",
            statistics.median(back for back, _ in dark),
            "s",
            reference=("without any network of it", statistics.median(away for _, away in dark)),
        ),
    ]


def _relays(folder: Path) -> dict[int, Relay]:
    """Make two relays that know the same secret, by port."""
    made: dict[int, Relay] = {}
    for name in ("one", "two"):
        home = folder / name
        home.mkdir()
        relay = Relay(home, free_port())
        relay.secret = next((each.secret for each in made.values()), relay.secret)
        made[relay.port] = relay
    return made


def _back_after_s(relays: dict[int, Relay], phone: Page, desk: Page) -> float:
    """Kill the relay that carries the call; returns the seconds until the operator sees the camera again.

    The other relay stands all the while: there is a network, and the call must find it.
    """
    port = _settled(phone, desk)
    killed_ms: float = desk.evaluate("performance.now()")
    relays[port].kill()
    back_s = _seen_again_s(phone, desk, killed_ms, dead=port)
    relays[port].start()
    return back_s


def _back_after_dark_s(relays: dict[int, Relay], phone: Page, desk: Page) -> tuple[float, float]:
    """Kill all relays and start one again; returns seconds until the picture is back, and without a network."""
    port = _settled(phone, desk)
    other = next(each for each in relays if each != port)
    killed_ms: float = desk.evaluate("performance.now()")
    for relay in relays.values():
        relay.kill()
    phone.wait_for_timeout(DARK_MS)
    relays[other].start()
    away_s = (float(desk.evaluate("performance.now()")) - killed_ms) / 1000
    back_s = _seen_again_s(phone, desk, killed_ms, dead=port)
    relays[port].start()
    return back_s, away_s


def _settled(phone: Page, desk: Page) -> int:
    """Wait until both sides have settled on a path and pictures flow; returns the port of its relay."""
    phone.wait_for_timeout(4_000)
    port = _relay_port(phone)
    desk.evaluate("bench.watchPictures()")
    desk.wait_for_function("() => bench.pictures.length > 20")
    return port


def _seen_again_s(phone: Page, desk: Page, killed_ms: float, *, dead: int) -> float:
    """Wait until the path leads over another relay and pictures come: the longest stall is over, and was this."""
    _relay_port(phone, other_than=dead)
    moved_ms: float = desk.evaluate("performance.now()")
    desk.wait_for_function("(from) => bench.picturesSince(from) > 10", arg=moved_ms)
    back_ms: Any = desk.evaluate("(from) => bench.backAt(from)", [killed_ms, STALL_MS])
    assert back_ms is not None, "the picture never stood still: this was not the call's relay"
    return (float(back_ms) - killed_ms) / 1000


def _relay_port(phone: Page, other_than: int = 0) -> int:
    """Wait until the call leads over a relay, over another one than this; returns its port."""
    deadline_s = time.monotonic() + PATIENCE_MS / 1000
    while (port := int(phone.evaluate("bench.relayPort()"))) in (0, other_than):
        assert time.monotonic() < deadline_s, "the call leads over no other relay"
        phone.wait_for_timeout(50)
    return port
