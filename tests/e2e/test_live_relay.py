"""Calls through a real relay (coturn): nobody's address is told, a dead relay is replaced, a refusing one is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.instance import Instance, free_port
from tests.e2e.live import Pair, at_the_first_step, sees_pictures, until
from tests.e2e.people import PATIENCE_MS, Camera
from tests.e2e.relay import Relay

pytestmark = pytest.mark.e2e

KEEPS_CONNECTIONS = """
(() => {
  const Native = RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...words) {
      super(...words);
      window.connections.push(this);
    }
  };
})();
"""
SELECTED_PATHS = """async () => {
  const found = [];
  for (const each of window.connections.filter((each) => each.connectionState === 'connected')) {
    const report = await each.getStats();
    report.forEach((pair) => {
      if (pair.type !== 'candidate-pair' || !pair.nominated || pair.state !== 'succeeded') return;
      const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId].map((id) => report.get(id));
      found.push([local.candidateType, remote.candidateType]);
    });
  }
  return found;
}"""


ENDS = """async () => {
  const report = await window.connections.at(-1).getStats();
  const transport = [...report.values()].find((each) => each.type === 'transport');
  const pair = report.get(transport?.selectedCandidatePairId);
  const [own, other] = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
  return own?.url === undefined ? null : { relay: own.url, own: own.port, other: other.port };
}"""
"""Where a page sends its call: over which ``relay``, from which port there (``own``), to which port (``other``)."""


def relays(folder: Path, count: int) -> list[Relay]:
    """Make relays that share one secret, as one operator's relays do."""
    made = []
    for number in range(count):
        own = folder / f"relay{number}"
        own.mkdir()
        made.append(Relay(own, free_port()))
        made[-1].secret = made[0].secret
    return made


@contextmanager
def relaying(folder: Path, used: list[Relay], secret: str) -> Iterator[Instance]:
    """A service that lets browsers meet at these relays only."""
    urls = ", ".join(f'"{relay.url}"' for relay in used)
    instance = Instance.prepare(
        folder / "data",
        INSPECTION_MEDIA__TURN__URLS=f"[{urls}]",
        INSPECTION_MEDIA__TURN__SECRET=secret,
        INSPECTION_MEDIA__RELAY_ONLY="true",
    )
    for relay in used:
        relay.start()
    instance.start()
    try:
        yield instance
    finally:
        instance.stop()
        for relay in used:
            relay.kill()


def paths(page: Page) -> list[list[str]]:
    """Return the kinds of both ends of every connection."""
    found: list[list[str]] = page.evaluate(SELECTED_PATHS)
    return found


def goes_over_relays(page: Page) -> None:
    """Wait until a connection of the page has both of its ends at a relay: pictures come before the count of pairs."""
    until(lambda: ["relay", "relay"] in paths(page) or None, "a path with both ends at a relay")


def phones_end(pair: Pair, unlike: str = "none") -> tuple[str, str]:
    """Wait until both pages send over the phone's own end, whose name begins otherwise; returns relay and name.

    The desk's own end is its own affair: browsers pair an old address of theirs with the other side's new one, too.
    """

    def look() -> tuple[str, str] | None:
        phone, desk = (page.evaluate(ENDS) for page in (pair.seller.page, pair.operator.page))
        if phone is None or desk is None or desk["other"] != phone["own"]:
            return None
        name = f"{phone['relay']},{phone['own']}"
        return None if name.startswith(unlike) else (phone["relay"], name)

    return until(look, f"another way than {unlike}")


def test_a_call_survives_another_network_the_death_of_its_relay_and_then_of_all(
    browser: Browser, camera: Camera, tmp_path: Path, shots: Path
) -> None:
    """The phone's new network is taken at once; what dies with a relay comes over another, or a later one."""
    both = relays(tmp_path, 2)
    with (
        relaying(tmp_path, both, both[0].secret) as instance,
        at_the_first_step(browser, instance, camera) as pair,
    ):
        pair.operator.page.add_init_script(KEEPS_CONNECTIONS)
        pair.seller.page.evaluate(KEEPS_CONNECTIONS)
        pair.call()
        desk = pair.operator.page
        goes_over_relays(desk)
        _, before = phones_end(pair)
        pair.seller.page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
        used, _ = phones_end(pair, unlike=before)
        sees_pictures(desk, more=10)
        carrying = next(relay for relay in both if relay.url == used)
        carrying.kill()
        phones_end(pair, unlike=carrying.url)
        sees_pictures(desk, more=10)
        pair.ask("u", "Sound")
        carrying.start()
        for relay in both:
            relay.kill()
        desk.wait_for_function("() => window.connections.at(-1).connectionState !== 'connected'", polling=100)
        pair.shoot(shots, "interrupted")
        both[1].start()
        sees_pictures(desk, more=10)
        pair.ask("u", "Sound")
        goes_over_relays(desk)
        pair.shoot(shots, "back")


def test_a_relay_that_refuses_is_said_in_words(
    browser: Browser, camera: Camera, tmp_path: Path, shots: Path
) -> None:
    """With a wrong secret nothing ever connects: both sides read so, instead of "connecting" for ever."""
    only = relays(tmp_path, 1)
    with (
        relaying(tmp_path, only, "another secret") as instance,
        at_the_first_step(browser, instance, camera) as pair,
    ):
        pair.operator.open_case(instance, pair.inspection_id)
        pair.operator.press("c")
        pair.operator.see("Release")
        pair.operator.press("v")
        pair.seller.page.click("#call-accept")
        pair.operator.see("No way through to the phone")
        expect(pair.seller.page.locator("#call-on")).to_contain_text("No way through", timeout=PATIENCE_MS)
        pair.shoot(shots, "refused")
