"""An organisation of its own: invited, joined with a second factor, signed in; its platform's cases and no others."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.instance import START_TIMEOUT_S, Instance, command, environment
from tests.e2e.people import PATIENCE_MS

pytestmark = pytest.mark.e2e
PASSWORD = "lichen under the bridge"


def other_platform(instance: Instance) -> httpx.Client:
    """Admit a platform beside the demo one."""
    made = subprocess.run(
        [*command("keys", "platform"), "--data-dir", str(instance.folder), "--json", "--name", "Nordauto"],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
    )
    key = json.loads(made.stdout)["api_key"]
    return httpx.Client(base_url=instance.url, headers={"Authorization": f"Bearer {key}"}, timeout=20)


def order(platform: httpx.Client, plate: str) -> str:
    """Order an inspection."""
    body = {"checklist": "listing-12", "language": "en", "vehicle": {"make": "Car", "plate": plate}}
    return str(platform.post("/v1/inspections", json=body).raise_for_status().json()["id"])


def enrol(page: Page, shots: Path) -> str:
    """Scan the code as an app does, confirm it, keep the recovery codes; returns the secret."""
    code = page.locator("svg.qr")
    code.wait_for(timeout=PATIENCE_MS)
    found = re.search(r"secret=([A-Z2-7]+)", code.get_attribute("aria-label") or "")
    assert found is not None
    page.screenshot(path=shots / "2-second-factor.png")
    page.get_by_label("Code").fill(pyotp.TOTP(found[1]).now())
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="I have kept them").wait_for(timeout=PATIENCE_MS)
    assert page.locator(".recovery li").count() == 10
    page.screenshot(path=shots / "3-recovery-codes.png")
    recovery = page.locator(".recovery li").first.inner_text()
    page.get_by_role("button", name="I have kept them").click()
    return recovery


def test_an_invited_admin_joins_and_sees_the_cases_of_those_who_let_them_in(
    instance: Instance, browser: Browser, shots: Path
) -> None:
    """The link, a password, a second factor; then the desk, the team, and a grant that ends while a case is open."""
    with other_platform(instance) as platform, instance.platform() as demo:
        theirs, foreign = order(platform, "NORD-1"), order(demo, "DEMO-9")
        founded = platform.post(
            "/v1/organisations",
            json={
                "name": "Nord desk",
                "admin": {"email": f"ada-{time.time_ns()}@example.com", "name": "Ada"},
            },
        )
        made = founded.raise_for_status().json()
        context = browser.new_context(viewport={"width": 1360, "height": 820}, locale="en-GB")
        try:
            page = context.new_page()
            page.goto(made["invitation"]["link"])
            page.get_by_role("heading", name="Join Nord desk").wait_for(timeout=PATIENCE_MS)
            assert "#" not in page.url
            page.screenshot(path=shots / "1-join.png")
            page.locator("input[type=password]").fill(PASSWORD)
            page.get_by_role("button", name="Make the account").click()
            recovery = enrol(page, shots)
            page.get_by_text("NORD-1").wait_for(timeout=PATIENCE_MS)
            expect(page.get_by_text("DEMO-9")).to_have_count(0)
            page.get_by_role("button", name="Sign out").click()

            page.locator("input[type=email]").fill(made["invitation"]["email"])
            page.locator("input[type=password]").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_label("Code").wait_for(timeout=PATIENCE_MS)
            page.screenshot(path=shots / "4-code.png")
            page.get_by_label("Code").fill(recovery)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_text("NORD-1").wait_for(timeout=PATIENCE_MS)
            page.screenshot(path=shots / "5-queue.png")

            page.get_by_role("link", name="Team").click()
            page.get_by_role("row", name=re.compile("Ada.*admin")).wait_for(timeout=PATIENCE_MS)
            page.screenshot(path=shots / "6-team.png")
            page.get_by_role("link", name="Ada").click()
            page.get_by_text("9 recovery codes left").wait_for(timeout=PATIENCE_MS)
            page.screenshot(path=shots / "7-account.png")

            page.goto(f"{instance.url}/operator/inspections/{foreign}")
            page.get_by_role("alert").get_by_text("no such inspection").wait_for(timeout=PATIENCE_MS)
            page.goto(f"{instance.url}/operator/inspections/{theirs}")
            page.locator("main.case .steps").wait_for(timeout=PATIENCE_MS)
            platform.delete(f"/v1/grants/{made['id']}").raise_for_status()
            page.get_by_text("No inspection here.").wait_for(timeout=PATIENCE_MS)
            page.screenshot(path=shots / "8-grant-revoked.png")
        finally:
            context.close()
