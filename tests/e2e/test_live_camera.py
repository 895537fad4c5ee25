"""Where the phone's world is bad: no UDP to the service, and a camera that says it runs and gives no pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance
from tests.e2e.live import at_the_first_step, sees_pictures
from tests.e2e.people import PATIENCE_MS, Camera

pytestmark = pytest.mark.e2e

NO_UDP_TO_THE_SERVICE = """
(() => {
  // The service's answer names its addresses; without them this browser finds no way there, as behind a firewall.
  const native = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const isService = this.getTransceivers().every((each) => each.sender.track?.kind === 'video') &&
      this.getTransceivers().length === 1;
    if (!isService) return native.call(this, description);
    const sdp = description.sdp.split('\\r\\n').filter((line) => !line.startsWith('a=candidate')).join('\\r\\n');
    return native.call(this, { type: description.type, sdp });
  };
  const send = WebSocket.prototype.send;
  window.jpegs = 0;
  WebSocket.prototype.send = function (data) {
    if (typeof data !== 'string') window.jpegs += 1;
    else if (data.includes('"analysis.candidate"')) return;
    return send.call(this, data);
  };
})();
"""


def test_without_udp_hints_come_from_pictures_over_the_line(
    browser: Browser, instance: Instance, camera: Camera
) -> None:
    """Small JPEG pictures go over the WebSocket, and the seller reads a hint as ever."""
    camera.show("dashboard")
    with at_the_first_step(browser, instance, camera, scripts=(NO_UDP_TO_THE_SERVICE,)) as pair:
        pair.seller.page.wait_for_function("() => window.jpegs > 2")
        expect(pair.seller.page.locator("#hint")).to_be_visible(timeout=PATIENCE_MS)


def test_a_camera_that_lies_is_noticed_told_and_opened_anew(
    browser: Browser, instance: Instance, camera: Camera, shots: Path
) -> None:
    """It says `live` and gives nothing: both sides read so; the page opens it again until pictures come."""
    with at_the_first_step(browser, instance, camera, stub=True) as pair:
        pair.call()
        phone, desk = pair.seller.page, pair.operator.page
        phone.evaluate("window.stubCamera.isStill = true")
        phone.wait_for_selector("#stalled")
        expect(desk.locator(".picture .why").first).to_be_visible(timeout=PATIENCE_MS)
        pair.shoot(shots, "stalled")
        phone.wait_for_function("() => window.stubCamera.opened > 1")
        phone.evaluate("window.stubCamera.isStill = false")
        phone.wait_for_selector("#stalled", state="detached")
        sees_pictures(desk)
        expect(desk.locator(".picture .why")).to_have_count(0, timeout=PATIENCE_MS)
