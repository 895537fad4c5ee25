"""The demo command on a folder of photos, with the real models: whatever lies in it, a report comes out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from inspection_service.cli import main

pytestmark = pytest.mark.integration
DEMO_CAR = Path(__file__).parents[1] / "data" / "demo_car"


def test_good_wrong_broken_and_missing_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its line and its place in the report, which anybody can verify with the root beside it."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    shutil.copy(DEMO_CAR / "front.webp", photos / "front.webp")
    shutil.copy(DEMO_CAR / "odometer.webp", photos / "odometer.webp")
    Image.open(DEMO_CAR / "left_side.webp").convert("RGB").save(photos / "WHEEL.JPEG")
    (photos / "rear.jpg").write_bytes(b"not a photo at all")
    shutil.copy(DEMO_CAR / "front.webp", photos / "dashboard.webp")

    assert main(["demo", "--photos", str(photos), "--out", str(out), "--lang", "fr", "--json"]) == 0
    lines = {line["step"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(lines) == 12
    assert lines["front"]["outcome"] == "accepted"
    assert lines["odometer"]["reading"] == "127506"
    assert (lines["wheel"]["outcome"], lines["wheel"]["reasons"]) == ("not accepted", ["wrong_view"])
    assert lines["rear"]["outcome"] == "unusable"
    assert lines["dashboard"]["outcome"] == "unusable"  # the very same photo as the front
    assert lines["front_seats"]["outcome"] == "not provided"

    report = json.loads((out / "report.json").read_bytes())
    outcomes = {step["id"]: step["outcome"] for step in report["steps"]}
    assert outcomes["front"] == "photographed"
    assert outcomes["wheel"] == "kept"
    assert outcomes["front_seats"] == "skipped"
    assert (out / "photos" / "front.webp").read_bytes() == (photos / "front.webp").read_bytes()
    files = [str(out / name) for name in ("report.json", "report.jws", "report.pdf")]
    assert main(["verify-report", *files, "--root", str(out / "root.pem"), "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["files"]
    assert [answer["ok"] for answer in answers] == [True, True]  # record with signature, document
    assert main(["verify-report", *files]) == 3
