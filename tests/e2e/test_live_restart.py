"""What dies in the middle of a call comes back: service, desk, phone; of two tabs the newer one stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.instance import Instance
from tests.e2e.live import at_the_first_step, sees_pictures
from tests.e2e.people import PATIENCE_MS, Camera

pytestmark = pytest.mark.e2e


def test_a_restart_of_the_service_drops_nobody(
    browser: Browser, instance: Instance, camera: Camera, shots: Path
) -> None:
    """Killed, and stopped in order: the picture goes on meanwhile; both are back, a command works, numbers go on."""
    with at_the_first_step(browser, instance, camera, stub=True) as pair:
        pair.call()
        pair.ask("b", "Torch on")
        ends: tuple[Callable[[], None], ...] = (instance.kill, instance.stop)
        for number, end in enumerate(ends):
            end()
            expect(pair.operator.page.locator("header .warning")).to_have_text(
                "Reconnecting …", timeout=PATIENCE_MS
            )
            sees_pictures(pair.operator.page, more=10)  # from browser to browser, without the service
            pair.shoot(shots, f"down-{number}")
            instance.start()
            expect(pair.operator.page.locator("header .warning")).to_have_count(0, timeout=PATIENCE_MS)
            expect(pair.operator.page.locator("header .dot.on")).to_be_visible(timeout=PATIENCE_MS)
            pair.ask("b", "Torch off" if number == 0 else "Torch on")
            sees_pictures(pair.operator.page)
        numbers = [event["data"]["no"] for event in pair.events("command.sent")]
        assert numbers == [1, 2, 3]
        assert pair.events("call.ended") == []

        # The desk's tab is closed and opened again; the phone's page is loaded anew.
        pair.operator.page.close()
        pair.operator.page = pair.operator.context.new_page()
        pair.operator.open_case(instance, pair.inspection_id)
        sees_pictures(pair.operator.page)
        pair.seller.reload()
        pair.seller.page.wait_for_selector("#call-on")
        sees_pictures(pair.operator.page)
        expect(pair.mirror.locator("main h1")).to_be_visible(timeout=PATIENCE_MS)
        pair.ask("u", "Sound")

        # A second tab of the same seller takes the call; the older one says that it is no longer the one.
        older = pair.seller.page
        newer = pair.seller.context.new_page()
        newer.goto(older.url)
        newer.wait_for_selector("#call-on", timeout=PATIENCE_MS)
        older.wait_for_selector("[data-screen=stopped][data-why=other_tab]", timeout=PATIENCE_MS)
        older.screenshot(path=shots / "older-tab.png")
        sees_pictures(pair.operator.page)
        pair.ask("u", "Sound")
        assert len(pair.events("call.opened")) == 1
