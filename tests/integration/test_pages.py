"""What browsers fetch beside the API: the pages' files and their icon."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from inspection_service.api.pages import install_pages
from inspection_service.api.problems import install_problems

pytestmark = pytest.mark.integration
ICON = Path(__file__).parents[2] / "web_client" / "public" / "icon.svg"


def browser(static_dir: Path) -> httpx.AsyncClient:
    """Open a browser on the pages alone."""
    app = FastAPI()
    install_pages(app, static_dir, static_dir)
    install_problems(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")


async def test_the_icon_is_there_under_both_its_names(tmp_path: Path) -> None:
    """Pages link it; some browsers ask for `/favicon.ico` whatever a page says."""
    (tmp_path / "icon.svg").write_bytes(ICON.read_bytes())
    async with browser(tmp_path) as client:
        for address in ("/favicon.ico", "/static/icon.svg"):
            answer = await client.get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
            assert answer.content == ICON.read_bytes()


async def test_only_names_that_carry_a_hash_are_kept_for_a_year(tmp_path: Path) -> None:
    """Another icon or demo picture is seen by whoever has been here before."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "seller-4f3a.js").write_text("1", encoding="utf-8")
    (tmp_path / "icon.svg").write_bytes(ICON.read_bytes())
    async with browser(tmp_path) as client:
        kept = await client.get("/static/assets/seller-4f3a.js")
        assert "immutable" in kept.headers["cache-control"]
        asked = await client.get("/static/icon.svg")
        assert asked.headers["cache-control"] == "no-cache"
        again = await client.get("/static/icon.svg", headers={"If-None-Match": asked.headers["etag"]})
        assert again.status_code == 304


async def test_without_built_pages_the_icon_says_so(tmp_path: Path) -> None:
    """A problem like any other, not a fault."""
    async with browser(tmp_path) as client:
        answer = await client.get("/favicon.ico")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("page", ["seller.html", "operator.html"])
def test_both_pages_link_the_icon(page: str) -> None:
    """So that no browser looks for one that is not there."""
    assert '<link rel="icon" href="/icon.svg"' in (ICON.parents[1] / page).read_text(encoding="utf-8")
