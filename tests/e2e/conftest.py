"""One service and one browser for these tests; each test orders its own inspection.

They end with the package: Playwright's loop must not be running when the next room tests asynchronous code.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.instance import Instance
from tests.e2e.people import Camera
from tests.fake_camera import chromium_flags

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium() -> str:
    """Return the browser of this machine; ``make test`` has seen to it that there is one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found is not None, "no Chromium on the path"
    return found


@pytest.fixture(scope="package")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A running service with a demo platform and a demo operator."""
    prepared = Instance.prepare(tmp_path_factory.mktemp("instance") / "data")
    prepared.start()
    yield prepared
    prepared.stop()


@pytest.fixture(scope="package")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """The camera of every phone in these tests."""
    fed = Camera(tmp_path_factory.mktemp("camera") / "film.mjpeg")
    fed.show("front")
    return fed


@pytest.fixture(scope="package")
def browser(camera: Camera) -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium(), headless=False, args=[*FLAGS, *chromium_flags(camera.film)]
        )
        yield launched
        launched.close()


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Path:
    """Where a test leaves pictures of what it saw, for people to look at."""
    folder = Path("build") / "screenshots" / str(request.node.name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
