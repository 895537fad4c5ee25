"""Ways to a signed case that take a second: by the seller's own browser, but by its requests instead of its pages."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.e2e.instance import Instance


def ask(instance: Instance, page: Page, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the service something as the page of this browser does; return the answer."""
    answer = page.request.fetch(
        instance.url + path, method=method, data=body or {}, headers={"Origin": instance.url}
    )
    assert answer.ok, f"{path}: {answer.text()}"
    return answer.json()


def token_of(link: str) -> str:
    """Return the secret of a seller's link."""
    return link.rpartition("#")[2]


def agree(instance: Instance, page: Page, ordered: dict[str, Any]) -> dict[str, Any]:
    """Open the link and agree to photos; return what the seller's page would show."""
    ask(instance, page, "POST", "/v1/seller/session", {"token": token_of(ordered["seller_link"])})
    consents = {"photos": True, "live_video": False, "location": False, "recording": False}
    view: dict[str, Any] = ask(instance, page, "PUT", "/v1/seller/consents", consents)
    return view


def sign(instance: Instance, page: Page) -> None:
    """Hand the photos over and sign, for an order that names no contact to send a code to."""
    shown = ask(instance, page, "POST", "/v1/seller/submit")["review_sha256"]
    mark = {"name": "Camille Martin", "drawing_svg": "M10 10 L20 24 L60 80", "code": None}
    ask(instance, page, "POST", "/v1/seller/signature", mark | {"shown_sha256": shown})


def leave_out(instance: Instance, page: Page, view: dict[str, Any], keep: int = 0) -> None:
    """Leave out every photo with a reason, but for the first few."""
    for step in view["steps"][keep:]:
        ask(instance, page, "POST", f"/v1/seller/steps/{step['id']}/skip", {"reason": "The car is gone."})
