"""Calls through a real relay (coturn): nobody's address is told, a dead relay is replaced, a refusing one is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


USED_PORTS = """async () => {
  const report = [...(await window.connections.at(-1).getStats()).values()];
  const transport = report.find((each) => each.type === 'transport');
  const pair = report.find((each) => each.id === transport?.selectedCandidatePairId);
  const port = (id) => report.find((each) => each.id === id)?.port ?? null;
  const ends = report.filter((each) => each.type === 'local-candidate' && each.url !== undefined);
  return {
    from: port(pair?.localCandidateId),
    to: port(pair?.remoteCandidateId),
    ends: ends.map((each) => [each.port, { relay: each.url, gathering: each.usernameFragment }]),
  };
}"""
"""From which port of a relay a page sends its call, to which, and what its own ports are."""


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


@dataclass(frozen=True)
class End:
    """An address of the phone at a relay, and which of its gatherings found it: a new network has new ones."""

    relay: str
    gathering: str


def phones_end(pair: Pair, wanted: Callable[[End], bool] | None = None) -> End:
    """Wait until both directions lead over ends of the phone like this, and return the one that it sends from.

    They need not be one: where several ways work, each browser may keep to its own for as long as the call lasts.
    The desk's ends are its own affair: an old one of them is paired with the phone's new ones, too.
    """

    def look() -> End | None:
        phone, desk = (page.evaluate(USED_PORTS) for page in (pair.seller.page, pair.operator.page))
        ends = {port: End(**end) for port, end in phone["ends"]}
        sending, receiving = ends.get(phone["from"]), ends.get(desk["to"])
        if sending is None or receiving is None:
            return None
        return sending if wanted is None or (wanted(sending) and wanted(receiving)) else None

    return until(look, "both directions over such an end of the phone")


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
        before = phones_end(pair)
        pair.seller.page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
        used = phones_end(pair, lambda end: end.gathering != before.gathering)
        sees_pictures(desk, more=10)
        carrying = next(relay for relay in both if relay.url == used.relay)
        carrying.kill()
        phones_end(pair, lambda end: end.relay != carrying.url)
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
