"""What is said after a seal reaches the seller, and the bundle a stranger checks says it too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.instance import Instance, command, environment
from tests.e2e.people import PATIENCE_MS, PHONE, OperatorAtDesk
from tests.e2e.shortcuts import agree, leave_out, sign

pytestmark = pytest.mark.e2e
WORDS = "The left mirror was replaced on Monday."


def sealed_case(instance: Instance, page: Page) -> str:
    """A seller who left out every photo with a reason signs: the shortest way to a seal, by the page's own browser."""
    ordered = instance.order(contact=None, sign_off="none")
    leave_out(instance, page, agree(instance, page, ordered))
    sign(instance, page)
    page.goto(ordered["seller_link"])
    page.wait_for_selector("[data-screen=done][data-ready=true]", timeout=PATIENCE_MS)
    return str(ordered["id"])


def verified(instance: Instance, case: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """Check the platform's bundle as a stranger would: with the command and the root, and nothing else."""
    with instance.platform() as client:
        bundle = client.get(f"/v1/inspections/{case}/report.zip").raise_for_status().content
    (folder / "report.zip").write_bytes(bundle)
    root = httpx.get(f"{instance.url}/.well-known/inspection-root.pem").raise_for_status().content
    (folder / "root.pem").write_bytes(root)
    files = [str(folder / "report.zip"), "--root", str(folder / "root.pem"), "--json"]
    asked = subprocess.run(
        [*command("verify-report"), *files], env=environment(), capture_output=True, text=True, check=False
    )
    return asked.returncode, json.loads(asked.stdout)["files"][0]["answers"]


def test_what_a_supervisor_adds_reaches_the_seller_and_the_verifier(
    instance: Instance, browser: Browser, tmp_path: Path, shots: Path
) -> None:
    """Added by key, shown once more before it stands; the open page of the seller hears of it; so does the bundle."""
    with browser.new_context(viewport=PHONE, locale="en-GB") as phone:
        seller = phone.new_page()
        case = sealed_case(instance, seller)
        expect(seller.locator("#bundle")).to_have_attribute("href", "/v1/seller/report.zip")
        expect(seller.locator("#verify")).to_have_attribute("href", "/verify")
        expect(seller.locator("#corrections")).to_have_count(0)

        supervisor = OperatorAtDesk(browser)  # the demo's operator is an admin, who may what a supervisor may
        supervisor.sign_in(instance)
        boss = supervisor.page
        supervisor.open_case(instance, case)
        boss.wait_for_selector("#after-seal")
        # Facts to read: what can never be done again is not offered greyed.
        expect(boss.locator("aside select, aside form, .stage button")).to_have_count(0)
        boss.keyboard.press("?")
        expect(boss.locator("dl.keys")).to_be_visible()
        boss.keyboard.press("Escape")
        expect(boss.locator("dl.keys")).to_have_count(0)
        expect(boss.locator("main.case #after-seal")).to_be_visible()  # only what lay on top was closed
        boss.keyboard.press("A")
        dialog = boss.locator("dialog")
        dialog.locator("textarea").fill(WORDS)
        dialog.get_by_text("something new").click()
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog.locator("blockquote")).to_contain_text(WORDS)
        dialog.get_by_role("button", name="Change it").click()
        expect(dialog.locator("textarea")).to_have_value(WORDS)
        dialog.get_by_role("button", name="Go on").click()
        boss.screenshot(path=shots / "desk-confirm.png")
        dialog.get_by_role("button", name="Add to the report").click()
        expect(boss.locator("#corrections li")).to_have_count(1, timeout=PATIENCE_MS)
        expect(boss.locator("#corrected")).to_have_text("1 addition")
        boss.screenshot(path=shots / "desk-addendum.png")

        told = seller.locator("#corrections li[data-kind=addendum]")
        expect(told).to_contain_text(WORDS, timeout=PATIENCE_MS)
        expect(told).to_contain_text("something new")
        seller.screenshot(path=shots / "seller-addendum.png", full_page=True)
        code, answers = verified(instance, case, tmp_path)
        assert code == 0
        assert {q: answers[q]["code"] for q in ("intact", "signer", "log", "newer")} == {
            "intact": "yes",
            "signer": "trusted",
            "log": "included",
            "newer": "yes",
        }

        boss.keyboard.press("X")
        dialog.locator("textarea").fill("It was another car.")
        dialog.get_by_role("button", name="Go on").click()
        expect(dialog).to_contain_text("will be told that it was withdrawn")
        dialog.get_by_role("button", name="Withdraw the report").click()
        expect(seller.locator("#withdrawn")).to_be_visible(timeout=PATIENCE_MS)
        expect(boss.locator("#corrected")).to_have_text("Withdrawn")
        code, answers = verified(instance, case, tmp_path)
        assert code == 1, "a withdrawn report is not a good one"
        assert (answers["intact"]["code"], answers["newer"]["code"]) == ("yes", "yes")
        assert supervisor.errors == []
