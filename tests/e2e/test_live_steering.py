"""One call with a camera that can everything: the mirror, every command, pointing, drawing on a frozen picture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.instance import Instance
from tests.e2e.live import (
    CYAN,
    MAGENTA,
    Pair,
    Spot,
    at_the_first_step,
    measured,
    middle_when_seen,
    sees_pictures,
)
from tests.e2e.people import PATIENCE_MS, PHONE, Camera

pytestmark = pytest.mark.e2e

KEEPS_WHAT_IT_HEARS = """
(() => {
  window.heard = [];
  window.channels = {};
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...words) {
    const channel = create.apply(this, words);
    window.channels[channel.label] = channel;
    channel.addEventListener('message', (event) => window.heard.push(String(event.data)));
    return channel;
  };
})();
"""
SECRET = "Zebra 4711"


@pytest.fixture(scope="module")
def pair(browser: Browser, instance: Instance, camera: Camera) -> Iterator[Pair]:
    """A call in which the seller allows everything."""
    with at_the_first_step(browser, instance, camera, stub=True) as made:
        made.operator.page.add_init_script(KEEPS_WHAT_IT_HEARS)
        made.call()
        yield made


@pytest.fixture(autouse=True)
def nothing_open(pair: Pair) -> Iterator[None]:
    """Each test leaves the phone without a sheet over it, also one that failed."""
    yield
    if pair.seller.page.locator("dialog[open]").count() > 0:
        pair.seller.page.keyboard.press("Escape")


def stub(pair: Pair, expression: str) -> object:
    """Look at the stub camera on the phone."""
    return pair.seller.page.evaluate(f"window.stubCamera.{expression}")


# --- seeing ---------------------------------------------------------------------------------------


def test_the_desk_shows_what_the_phone_shows(pair: Pair, shots: Path) -> None:
    """The step's words, an opened sheet, the bar; and the camera inside it, no smaller than it is sent."""
    title = pair.seller.page.locator("main h1").inner_text()
    expect(pair.mirror.locator("main h1")).to_have_text(title, timeout=PATIENCE_MS)
    pair.operator.page.wait_for_function(
        """() => {
          const inside = document.querySelector('.phone-side .mirror iframe')?.contentDocument?.getElementById('cam');
          return inside?.videoWidth === 1280 && inside.videoHeight === 720 && !inside.paused;
        }"""
    )
    pair.shoot(shots, "call")
    pair.seller.page.click("#example")
    expect(pair.mirror.locator("#example-sheet")).to_be_visible(timeout=PATIENCE_MS)
    pair.shoot(shots, "example")
    pair.seller.page.keyboard.press("Escape")
    expect(pair.mirror.locator("#example-sheet")).to_have_count(0, timeout=PATIENCE_MS)


def test_what_is_typed_never_leaves_the_phone(pair: Pair) -> None:
    """A typed reason arrives as stars: neither the mirrored page nor the data channel has the words."""
    page = pair.seller.page
    page.click("#cannot")
    page.locator("#reason-sheet label").last.click()
    page.fill("#reason-sheet textarea", SECRET)
    page.keyboard.press("Tab")  # rrweb tells of an input when it is left
    mirrored = pair.mirror.locator("#reason-sheet textarea")
    expect(mirrored).to_have_value("*" * len(SECRET), timeout=PATIENCE_MS)
    heard = pair.operator.page.evaluate("window.heard.join('\\n')")
    assert len(heard) > 1000
    assert SECRET not in heard
    assert SECRET not in pair.mirror.locator("html").evaluate("(page) => page.outerHTML")
    page.keyboard.press("Escape")
    expect(mirrored).to_have_count(0, timeout=PATIENCE_MS)


def test_an_operator_who_comes_late_sees_the_whole_screen(pair: Pair) -> None:
    """The desk's tab is loaded anew in the middle of the call: screen and picture are there again, and a key works."""
    pair.seller.page.click("#example")
    pair.operator.page.reload()
    expect(pair.mirror.locator("#example-sheet")).to_be_visible(timeout=PATIENCE_MS)
    expect(pair.mirror.locator("main h1")).to_have_count(1, timeout=PATIENCE_MS)
    sees_pictures(pair.operator.page)
    pair.seller.page.keyboard.press("Escape")
    pair.ask("u", "Sound")


# --- commands -------------------------------------------------------------------------------------


def test_each_command_is_carried_out_and_read_back(pair: Pair, shots: Path) -> None:
    """Torch, zoom, other camera, example, sound, voice: done on the phone, said on the desk, written in the log."""
    pair.ask("b", "Torch on")
    assert stub(pair, "torch") is True
    pair.written("command.acknowledged", name="torch", ok=True, effect={"torch": True})
    pair.shoot(shots, "torch")
    pair.ask("b", "Torch off")
    assert stub(pair, "torch") is False

    expect(pair.ask("+", "Zoom")).to_contain_text("1.4×")
    assert stub(pair, "zoom") == 1.4
    pair.ask("-", "Zoom")
    assert stub(pair, "zoom") == 1

    expect(pair.ask("s", "Other camera")).to_contain_text("720×1280")
    assert stub(pair, "facing") == "user"
    expect(pair.ask("s", "Other camera")).to_contain_text("1280×720")

    pair.ask("e", "Example")
    expect(pair.seller.page.locator("dialog[open] img")).to_be_visible()
    pair.seller.page.keyboard.press("Escape")
    pair.ask("u", "Sound")

    asked = pair.events("command.sent")
    assert [event["data"]["no"] for event in asked] == list(range(1, len(asked) + 1))
    assert {event["actor"]["name"] for event in asked} == {"Demo operator"}
    answers = pair.events("command.acknowledged")
    assert {event["actor"]["kind"] for event in answers} == {"seller"}


def test_a_step_and_a_photo_at_the_operators_word(pair: Pair) -> None:
    """The phone goes to the step the operator looks at; the photo is the camera's still, not a frame of the video."""
    pair.operator.page.locator("ol.steps button").nth(2).click()
    expect(pair.ask("g", "Step")).to_contain_text("The left side")
    pair.seller.at_step("left_side")
    expect(pair.seller.page.locator("main")).to_contain_text("Demo operator")
    assert "2560×1440" in pair.ask("t", "Photo").inner_text()
    effect = pair.written("command.acknowledged", name="take_photo", ok=True)["data"]["effect"]
    assert (effect["width"], effect["height"], effect["method"]) == (2560, 1440, "take_photo")
    pair.seller.page.wait_for_selector("[data-screen=verdict]")
    expect(pair.mirror.locator("[data-screen=verdict]")).to_be_visible(timeout=PATIENCE_MS)
    steps = pair.operator.page.locator("ol.steps button")
    steps.nth(0).click()
    pair.ask("g", "Step")
    pair.seller.at_step("front")
    steps.nth(2).click()
    pair.operator.press("f")
    expect(steps.nth(0)).to_have_attribute("aria-current", "true", timeout=PATIENCE_MS)


def test_a_camera_that_did_nothing_is_said_so(pair: Pair, shots: Path) -> None:
    """The stub takes the torch's setting and stays dark: the desk does not believe it."""
    stub(pair, "lies = true")
    try:
        pair.ask("b", "Torch on", outcome="nothing")
        pair.operator.see("did nothing: the camera is as it was")
        pair.written("command.acknowledged", name="torch", ok=False, error="no-effect")
        pair.shoot(shots, "lie")
    finally:
        stub(pair, "lies = false")


# --- pointing -------------------------------------------------------------------------------------


def pointed(pair: Pair, spot: Spot, part: str) -> Spot:
    """Click at a place of the picture on the desk; return over which place of it the phone's mark is."""
    desk, phone = pair.operator.page, pair.seller.page
    here = measured(desk, desk.locator(part))
    there = measured(phone, phone.locator(".finder"))
    click = partial(desk.mouse.click, *here.place(spot))
    found = there.spot(*middle_when_seen(phone, "[data-mark=theirs] .core", click))
    expect(phone.locator("[data-mark=theirs]")).to_have_count(0, timeout=PATIENCE_MS)  # it fades
    return found


def is_same(one: Spot, other: Spot) -> bool:
    """Within 2 % of the picture."""
    return abs(one[0] - other[0]) <= 0.02 and abs(one[1] - other[1]) <= 0.02


@pytest.mark.parametrize("turned", [False, True], ids=["upright", "turned"])
@pytest.mark.parametrize("facing", ["environment", "user"], ids=["wide", "tall"])
def test_a_point_lands_on_the_same_place_of_the_picture(pair: Pair, facing: str, turned: bool) -> None:
    """On the large picture and inside the mirrored phone; whichever way camera and phone are held."""
    if stub(pair, "facing") != facing:
        pair.ask("s", "Other camera")
    upright = (PHONE["width"], PHONE["height"])
    width, height = upright[::-1] if turned else upright
    pair.seller.page.set_viewport_size({"width": width, "height": height})
    try:
        pair.operator.page.wait_for_function(
            """([width, wide]) => {
              const mirror = document.querySelector('.phone-side .mirror');
              const video = document.querySelector('.camera-side video.live');
              const inside = mirror?.querySelector('iframe')?.contentDocument?.getElementById('cam');
              const both = [video, inside].every((each) => each && each.videoWidth > each.videoHeight === wide);
              return mirror?.style.width === `${width}px` && both;
            }""",
            arg=[width, facing == "environment"],
        )
        for spot in (MAGENTA, (0.6, 0.2)):
            assert is_same(pointed(pair, spot, ".camera-side"), spot)
        assert is_same(pointed(pair, (0.4, 0.8), ".phone-side .phone"), (0.4, 0.8))
    finally:
        pair.seller.page.set_viewport_size(PHONE)


def test_the_sellers_finger_is_seen_on_the_desk(pair: Pair) -> None:
    """What the seller touches is marked on the operator's picture, on the same place."""
    if stub(pair, "facing") != "environment":
        pair.ask("s", "Other camera")
        pair.operator.page.wait_for_function(
            "() => document.querySelector('.camera-side video.live')?.videoWidth === 1280"
        )
    desk, phone = pair.operator.page, pair.seller.page
    there, here = measured(phone, phone.locator(".finder")), measured(desk, desk.locator(".camera-side"))
    tap = partial(phone.touchscreen.tap, *there.place((0.5, 0.5)))
    seen = middle_when_seen(desk, ".camera-side circle.mark.theirs", tap)
    assert is_same(here.spot(*seen), (0.5, 0.5))


def drag(page: Page, *path: tuple[float, float]) -> None:
    """Draw with the mouse held down."""
    page.mouse.move(*path[0])
    page.mouse.down()
    for point in path[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_drawing_on_a_frozen_picture_is_kept_as_evidence(pair: Pair, shots: Path) -> None:
    """Both look at one still at full resolution; the line is over the same place; kept, it is in the case."""
    desk, phone = pair.operator.page, pair.seller.page
    expect(pair.ask("z", "Freeze")).to_contain_text("2560×1440")
    phone.wait_for_function("() => document.querySelector('#frozen')?.naturalWidth === 2560")
    desk.wait_for_function("() => document.querySelector('.picture.frozen img')?.naturalWidth === 2560")
    here = measured(desk, desk.locator(".camera-side"))
    there = measured(phone, phone.locator(".finder"))
    drag(desk, here.place(MAGENTA), here.place(CYAN))
    line = phone.locator("[data-stroke] polyline").last
    expect(line).to_have_count(1, timeout=PATIENCE_MS)
    phone.wait_for_function(
        "() => document.querySelector('[data-stroke] polyline:last-child')?.points.numberOfItems > 4"
    )
    box = line.bounding_box()
    assert box is not None
    assert is_same(there.spot(box["x"], box["y"]), MAGENTA)  # nothing moved when the first line came
    assert is_same(there.spot(box["x"] + box["width"], box["y"] + box["height"]), CYAN)
    pair.shoot(shots, "drawing")

    desk.keyboard.press("d")
    desk.locator("dialog textarea").fill("Scratch along the door")
    desk.locator("dialog button.primary").click()
    kept = pair.written("annotation.kept")
    frozen = pair.written("frame.frozen", frame_id=kept["data"]["frame_id"])
    assert kept["data"]["sha256"] == frozen["data"]["sha256"]
    (annotation,) = pair.case()["annotations"]
    assert annotation["text"] == "Scratch along the door"
    (stroke,) = annotation["strokes"]
    assert is_same(stroke["points"][0], MAGENTA)
    assert is_same(stroke["points"][-1], CYAN)
    expect(desk.get_by_text("Scratch along the door").first).to_be_visible(timeout=PATIENCE_MS)
    pair.shoot(shots, "kept")
    pair.ask("z", "Unfreeze")
    expect(phone.locator("#frozen")).to_have_count(0, timeout=PATIENCE_MS)
    sees_pictures(desk)


def test_the_phone_itself_lets_nobody_do_more_than_allowed(pair: Pair) -> None:
    """At `watch` the desk offers nothing more, and a point sent past the desk's page does not appear on the phone."""
    desk, phone = pair.operator.page, pair.seller.page
    pair.allow("watch")
    torch = desk.locator("[data-act=torch]")
    expect(torch).to_be_disabled(timeout=PATIENCE_MS)
    expect(torch).to_have_attribute("title", "The seller has not allowed steering.")
    phone.evaluate(
        """() => {
          window.marked = [];
          const look = () => document.querySelectorAll('[data-mark=theirs] .core')
            .forEach((dot) => window.marked.push(Math.round(dot.getAttribute('cx'))));
          new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
        }"""
    )
    point = "(x) => window.channels.pointer.send(JSON.stringify({ t: 'point', x, y: 0.5 }))"
    desk.evaluate(point, 0.25)
    pair.allow("point")
    expect(desk.locator("[data-act=freeze]")).to_be_enabled(timeout=PATIENCE_MS)
    expect(torch).to_be_disabled()
    desk.evaluate(point, 0.75)
    phone.wait_for_function("() => window.marked.length > 0")
    assert set(phone.evaluate("window.marked")) == {960}
    pair.allow("steer")
    expect(torch).to_be_enabled(timeout=PATIENCE_MS)
