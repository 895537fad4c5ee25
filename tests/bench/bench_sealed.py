"""How long a seller or an operator waits for the report after the last act, with everything the service does for it.

The whole service in one process (SQLite, files on disk, the log, the worker), thirty photos of 12 megapixels, once by
the service's own clock (PAdES B-B with validation data) then with OpenSSL as an authority on this machine (B-LTA).
``bench_report`` collects ``rows()``.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.bench.rows import Row, row
from tests.integration.authority import RealAuthority, running
from tests.integration.service import Service, open_test_service, upload

RUNS: Final = 3
_WAIT_S: Final = 120.0
_DAMAGED: Final = ("front", "rear", "left_side", "front_right")


@dataclass
class _Measured:
    """Of one configuration."""

    seconds: list[float] = field(default_factory=list)
    bundle_s: list[float] = field(default_factory=list)
    verify_s: list[float] = field(default_factory=list)
    pdf_bytes: int = 0


def rows(photos: Sequence[bytes]) -> list[Row]:
    """Measure; medians over a few inspections, each with its own photos."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "plain").mkdir()
        (Path(name) / "stamped").mkdir()
        plain = asyncio.run(_measure(Path(name) / "plain", photos, None))
        (Path(name) / "tsa").mkdir()
        with running(Path(name) / "tsa") as authority:
            stamped = asyncio.run(_measure(Path(name) / "stamped", photos, authority))
    found = []
    for level, measured in (("b_b", plain), ("b_lta", stamped)):
        found += [
            row(
                f"report.sealed_and_logged_{level}_p50", statistics.median(measured.seconds), "s", at_most=3.0
            ),
            row(f"report.sealed_and_logged_{level}_max", max(measured.seconds), "s"),
            row(f"report.sealed_pdf_{level}", measured.pdf_bytes / 1e6, "MB", at_most=15.0),
            row(f"report.verify_by_command_{level}", statistics.median(measured.verify_s), "s", at_most=2.0),
            row(f"report.bundle_without_photos_{level}", statistics.median(measured.bundle_s), "s"),
        ]
    return found


async def _measure(folder: Path, photos: Sequence[bytes], authority: RealAuthority | None) -> _Measured:
    settings: dict[str, Any] = {"work": {"enabled": True}}
    if authority is not None:
        settings["timestamp"] = {"url": authority.url, "roots_file": authority.root_file}
    measured = _Measured()
    async with open_test_service(folder, **settings) as service:
        box = [900.0, 1100.0, 1500.0, 1600.0]
        for view in _DAMAGED:
            service.judge.detections[view] = [{"kind": "dent", "box": box, "score": 0.8}]
        root = folder / "root.pem"
        root.write_bytes(service.running.services.root_pem)
        for number in range(RUNS):
            await _one(service, photos, number, measured, folder, root)
    return measured


async def _one(
    service: Service, photos: Sequence[bytes], number: int, measured: _Measured, folder: Path, root: Path
) -> None:
    platform = await service.platform(f"Platform {number}")
    ordered = await service.order(platform, sign_off="none")
    seller = await service.seller(ordered)
    steps = [step["id"] for step in (await seller.get("/v1/seller/inspection")).json()["steps"]]
    for index, photo in enumerate(photos):  # a few bytes after the end make each file another one
        step = steps[index] if index < len(steps) else None
        answer = await upload(seller, photo + f"{number} {index}".encode(), step)
        assert answer.status_code == 204, answer.text
    await _until_judged(service, ordered["id"])
    async with service.running.services.bus.subscribe() as subscription:
        await service.sign(seller)
        started = time.perf_counter()
        while (told := await subscription.next(_WAIT_S)) is not None and told.event.kind != "report.sealed":
            pass
        assert told is not None
        measured.seconds.append(time.perf_counter() - started)
    address = f"/v1/inspections/{ordered['id']}"
    pdf = await platform.get(f"{address}/report.pdf")
    measured.pdf_bytes = len(pdf.content)
    started = time.perf_counter()
    bundle = await platform.get(f"{address}/report.zip")
    assert bundle.status_code == 200, bundle.text
    measured.bundle_s.append(time.perf_counter() - started)
    (folder / "report.zip").write_bytes(bundle.content)
    measured.verify_s.append(await asyncio.to_thread(_verify, folder / "report.zip", root))


async def _until_judged(service: Service, inspection_id: str) -> None:
    """Wait until every photo is judged and its pictures are made."""
    inspections = service.running.services.inspections
    async with service.running.services.bus.subscribe() as subscription:
        while [capture for capture in await inspections.to_judge() if capture.inspection_id == inspection_id]:
            assert await subscription.next(_WAIT_S) is not None


def _verify(bundle: Path, root: Path) -> float:
    """Run the command as a person does, start of the interpreter included."""
    command = [sys.executable, "-m", "inspection_service", "verify-report", "--root", str(root), str(bundle)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    assert done.returncode in (0, 3), done.stdout + done.stderr  # 3: the authority's root was not given
    return seconds
