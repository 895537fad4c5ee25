"""The least a mirrored page can be: rrweb on one page, its player on another, one data channel between, no rules."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page

from tests.e2e.instance import ROOT
from tests.e2e.people import DESK, PHONE

RRWEB: Final = ROOT / "web_client" / "node_modules" / "rrweb" / "dist" / "rrweb.umd.min.cjs"
PHONE_PAGE: Final = Path(__file__).with_name("bare_mirror_phone.js")
DESK_PAGE: Final = Path(__file__).with_name("bare_mirror_desk.js")


def commands_ms(browser: Browser, count: int) -> list[float]:
    """Return how long each of so many commands took until the player showed what it did, in ms."""
    phone, desk = browser.new_context(viewport=PHONE), browser.new_context(viewport=DESK)
    try:
        there, here = _page(phone.new_page(), PHONE_PAGE), _page(desk.new_page(), DESK_PAGE)
        offer: dict[str, Any] = there.evaluate("offer()")
        there.evaluate("(answer) => accept(answer)", here.evaluate("(offer) => answer(offer)", offer))
        here.evaluate("shown")
        return [float(here.evaluate("(step) => go(step)", 1 + (number + 1) % 12)) for number in range(count)]
    finally:
        phone.close()
        desk.close()


def _page(page: Page, script: Path) -> Page:
    page.set_content("<!doctype html><html><head></head><body><main></main></body></html>")
    page.add_script_tag(path=RRWEB)
    page.add_script_tag(path=script)
    return page


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return float(np.percentile(values, 95))


def p50(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)
