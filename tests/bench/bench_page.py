"""The seller's first page on emulated 4G with a processor four times slower, beside the trade's best of 2019."""

from __future__ import annotations

import gzip
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.bench.rows import Row, row
from tests.e2e.conftest import FLAGS, chromium
from tests.e2e.instance import ROOT, Instance
from tests.e2e.people import PHONE

RUNS = 5
CPU_SLOWDOWN = 4
FOUR_G = {"offline": False, "latency": 60, "downloadThroughput": 9e6 / 8, "uploadThroughput": 3e6 / 8}
"""9 Mbit/s down, 3 up, 60 ms: "Regular 4G" of Chromium's WebPageTest-style presets."""
TRADE_BEST_S = 1.8
"""Fastest page of the French used-car trade in a study of 2019 that the product's aims quote."""
STATIC = ROOT / "inspection_service" / "static"


def rows() -> list[Row]:
    """Measure the largest contentful paint of the welcome page and the bytes before the camera."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        instance = Instance.prepare(Path(folder) / "data")
        instance.start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium(), headless=False, args=FLAGS)
            link = instance.order()["seller_link"]
            paints = [_largest_paint_s(browser, link) for _ in range(RUNS)]
            browser.close()
        finally:
            instance.stop()
    return [
        row(
            "seller page, largest contentful paint, 4G and 4 times slower processor",
            statistics.median(paints),
            "s",
            reference=("the trade's best page (study of 2019)", TRADE_BEST_S),
            at_most=1.5,
        ),
        row("JavaScript before the camera, gzip", _scripts_bytes() / 1000, "kB", at_most=60),
    ]


def _largest_paint_s(browser: Browser, link: str) -> float:
    context = browser.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    try:
        page = context.new_page()
        tools: CDPSession = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.send("Network.emulateNetworkConditions", FOUR_G)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
        page.add_init_script(
            """window.paints = [];
            new PerformanceObserver((list) => window.paints.push(...list.getEntries().map((e) => e.startTime)))
              .observe({type: "largest-contentful-paint", buffered: true});"""
        )
        page.goto(link)
        page.wait_for_selector("#start")
        page.wait_for_function("window.paints.length > 0")
        page.wait_for_load_state("networkidle")
        paints: list[float] = page.evaluate("window.paints")
        return max(paints) / 1000
    finally:
        context.close()


def _scripts_bytes() -> int:
    """Add up what the seller's entry loads before anything is loaded on demand, as the manifest of the build says."""
    manifest: dict[str, Any] = json.loads((STATIC / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    wanted, seen = ["seller.html"], set[str]()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            wanted += manifest[name].get("imports", [])
    files = {str(manifest[name]["file"]) for name in seen}
    return sum(len(gzip.compress((STATIC / each).read_bytes(), 9)) for each in files if each.endswith(".js"))
