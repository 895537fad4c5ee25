"""``kill -9`` anywhere between the last signature and the seal: one report, one leaf, and it verifies."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from inspection_service.reports.chain import Trust, load_roots
from inspection_service.reports.verify import verify_files
from inspection_service.reports.verify_assess import Asked
from tests.integration.service import CONTACT, open_test_service

pytestmark = pytest.mark.integration
ROUNDS = 4
SEED = 5


@dataclass(frozen=True)
class Waiting:
    """An instance with one inspection that waits for its seal, and how many moments its seal has."""

    folder: Path
    inspection_id: str
    key: str
    moments: int


async def _run(folder: Path, dies_at: int) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.sealing_process", str(folder), str(dies_at)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    written, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, written


async def _signed(folder: Path) -> tuple[str, str]:
    """Bring an inspection to the seller's signature, which is the last here; nothing seals it."""
    async with open_test_service(folder) as service:
        service.judge.detections["front"] = [{"kind": "dent", "box": [10, 10, 90, 60], "score": 0.8}]
        identity = service.running.services.identity
        key = await identity.issue_key((await identity.create_tenant("Platform")).id)
        platform = service.browser(Authorization=f"Bearer {key}")
        del platform.headers["Origin"]
        ordered = await service.order(platform, contact=CONTACT, sign_off="none")
        seller = await service.seller(ordered)
        await service.photograph_all(seller)
        await service.sign(seller)
    return ordered["id"], key


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    """Made once; each test works on a copy."""
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "service").mkdir()
    inspection_id, key = asyncio.run(_signed(folder / "service"))
    shutil.copytree(folder / "service", folder / "undisturbed")
    code, written = asyncio.run(_run(folder / "undisturbed", 0))
    assert code == 0
    yield Waiting(folder / "service", inspection_id, key, int(written))


@pytest.mark.parametrize("turn", range(ROUNDS))
async def test_killed_at_any_moment_there_is_one_report_and_one_leaf(
    waiting: Waiting, tmp_path: Path, turn: int
) -> None:
    """Killed twice, at moments drawn from all over the seal, and then left alone."""
    chosen = random.Random(SEED + turn)
    folder = tmp_path / "service"
    shutil.copytree(waiting.folder, folder)
    part = waiting.moments // ROUNDS
    first = chosen.randint(1 + turn * part, (turn + 1) * part)
    assert (await _run(folder, first))[0] == -signal.SIGKILL
    await _run(folder, chosen.randint(1, waiting.moments))  # may be done before: what stood is not made again
    async with open_test_service(folder) as service:
        await service.work()
        await service.work()
        platform = service.browser(Authorization=f"Bearer {waiting.key}")
        await _is_whole(platform, waiting.inspection_id, service.running.services.root_pem, tmp_path)
        assert (await service.running.services.proof.ledger.head()).tree_size == 1
        stored = await service.running.services.store.list(f"inspections/{waiting.inspection_id}/report/")
        assert sorted(key.rsplit(".", 1)[1] for key in stored) == ["json", "json", "jws", "pdf", "pem"]


async def _is_whole(platform: httpx.AsyncClient, inspection_id: str, root_pem: bytes, folder: Path) -> None:
    """The case is sealed, and has a bundle in which everything holds, its place in the log too."""
    address = f"/v1/inspections/{inspection_id}"
    assert (await platform.get(address)).json()["state"] == "sealed"
    bundle = await platform.get(f"{address}/report.zip")
    assert bundle.status_code == 200, bundle.text
    (folder / "report.zip").write_bytes(bundle.content)
    (folder / "root.pem").write_bytes(root_pem)
    asked = Asked(Trust(tuple(load_roots([folder / "root.pem"]))), datetime.now(UTC))
    said = verify_files([folder / "report.zip"], asked)[0].answers.to_json("en")
    codes = {question: answer["code"] for question, answer in said.items()}
    assert (codes["intact"], codes["signer"], codes["log"]) == ("yes", "trusted", "included"), said
