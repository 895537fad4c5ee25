"""``simulate-sellers`` is load as phones make it: real signalling, real WebRTC, real models; and it cleans up."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.instance import Instance, command, environment

pytestmark = pytest.mark.integration
SELLERS = 2
SECONDS = 15
"""The first frame waits for the models to be opened; a hint is repeated every three seconds, and two tell a latency."""
TIMEOUT_S = 240


def simulate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command("simulate-sellers"), *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_two_sellers_send_their_cameras_and_hear_hints(tmp_path: Path) -> None:
    """Both connect, are looked at and answered; afterwards nothing of theirs is left open."""
    instance = Instance.prepare(tmp_path / "data")
    instance.start()
    try:
        with instance.platform() as platform:
            before = _states(platform.get("/v1/inspections").json())
            where = ("--url", instance.url, "--data-dir", str(instance.folder))
            done = simulate(*where, "--count", str(SELLERS), "--seconds", str(SECONDS), "--json")
            after = _states(platform.get("/v1/inspections").json())
    finally:
        instance.stop()
    seen: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, seen["errors"], seen["first_error"]) == (0, 0, None), done.stderr
    assert (seen["sessions"], seen["connected"]) == (SELLERS, SELLERS)
    assert seen["frames_sent"] >= SELLERS * SECONDS  # three a second, of which a slow machine may miss some
    assert seen["hints"] >= SELLERS
    for times in (seen["connect_ms"], seen["frame_to_hint_ms"]):
        assert 0 < times["p50"] <= times["p95"]
    ours = {case: state for case, state in after.items() if case not in before}
    assert list(ours.values()) == ["cancelled"] * SELLERS


def test_only_this_machine_unless_told_otherwise() -> None:
    """A load generator does not become an attack by a slip of the address."""
    done = simulate("--url", "https://192.0.2.1", "--count", "1", "--seconds", "1", "--api-key", "k")
    assert done.returncode != 0
    assert "--remote" in done.stderr + done.stdout


def test_a_service_that_is_not_there_is_said() -> None:
    """One sentence, no traceback."""
    done = simulate("--url", "http://127.0.0.1:9", "--count", "1", "--seconds", "1", "--api-key", "k")
    assert done.returncode != 0
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def _states(listed: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["state"] for each in listed["items"]}
