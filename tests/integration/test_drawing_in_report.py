"""What an operator drew on a frozen frame and kept is in the sealed report, and the seal covers it."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.service import open_test_service, picture
from tests.integration.test_api_live import JPEG, call, consent
from tests.integration.test_api_proof import answers, members

pytestmark = pytest.mark.integration

LINE = {"points": [[0.125, 0.25], [0.5, 0.75], [0.875, 0.25]], "width": 0.005}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Fold a bundle."""
    folded = io.BytesIO()
    with zipfile.ZipFile(folded, "w") as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    return folded.getvalue()


async def test_a_drawing_that_was_kept_stands_in_the_sealed_report(tmp_path: Path) -> None:
    """From the phone's frame to the record: its hash, every line, the finding, and a leaf of the evidence."""
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        ordered = await service.order(platform)
        seller = await service.seller(ordered)
        case, desk = f"/v1/inspections/{ordered['id']}", f"/v1/operator/inspections/{ordered['id']}"
        await consent(seller, live_level="point")
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator, record=False)
        shot = picture(7, width=1280, height=960)
        kept_one, left_one = [
            (await seller.post("/v1/seller/frames", content=data, headers=JPEG)).json()["frame_id"]
            for data in (shot, picture(8, width=1280, height=960))
        ]
        drawing = {"strokes": [LINE], "text": "Look here", "finding": {"kind": "dent", "severity": "major"}}
        kept = await operator.post(f"{desk}/frames/{kept_one}/keep", json=drawing)
        assert kept.status_code == 201, kept.text
        await service.photograph_all(seller)
        await service.sign(seller)
        assert (await operator.post(f"{desk}/sign-off", json={})).status_code == 200
        await service.work()

        files = members((await platform.get(f"{case}/report.zip")).content)
        record: dict[str, Any] = json.loads(files["report.json"])
        (entry,) = record["annotations"]
        assert (entry["id"], entry["frame_id"]) == (kept.json()["id"], kept_one)
        assert entry["sha256"] == hashlib.sha256(shot).hexdigest()
        assert (entry["width_px"], entry["height_px"], entry["size_bytes"]) == (1280, 960, len(shot))
        assert entry["strokes"] == [LINE]
        assert entry["by"]["kind"] == "operator"
        (finding,) = (each for each in record["findings"] if each["id"] == entry["finding_id"])
        assert (finding["kind"], finding["severity"]) == ("dent", "major")
        leaf = {"kind": "annotation", "id": entry["id"], "sha256": entry["sha256"]}
        assert leaf in record["evidence"]["leaves"]
        assert "Look here" in files["disclosures.json"].decode()
        assert "Look here" not in files["report.json"].decode()
        assert left_one not in json.dumps(record["annotations"])

        said = answers(service, tmp_path / "whole", {"report.zip": zipped(files)})
        assert (said["intact"]["code"], said["signer"]["code"]) == ("yes", "trusted")
        moved = files["report.json"].replace(b"0.875", b"0.125")
        assert moved != files["report.json"]
        said = answers(service, tmp_path / "moved", {"report.zip": zipped({**files, "report.json": moved})})
        assert said["intact"]["code"] != "yes"
