"""The sample reports that the web client's tests read are what the Python verifier says they are."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from inspection_service.reports.chain import Trust, load_roots
from inspection_service.reports.verify import verify_files
from inspection_service.reports.verify_assess import Asked
from tests.data.proof.make import HERE, SAMPLES
from tests.unit.reports.page_cases import said

pytestmark = pytest.mark.unit

LISTED: list[dict[str, Any]] = json.loads((HERE / "samples.json").read_text(encoding="utf-8"))


def test_every_sample_is_listed() -> None:
    """None is forgotten when the list changes."""
    assert sorted(sample["name"] for sample in LISTED) == sorted(SAMPLES)


@pytest.mark.parametrize("sample", LISTED, ids=[sample["name"] for sample in LISTED])
def test_a_sample_is_answered_as_it_says(sample: dict[str, Any]) -> None:
    """By the verifier as it is now, whenever the samples were made."""
    place = HERE / sample["name"]
    trust = Trust(_roots(place / "roots.pem"), _roots(place / "time-roots.pem"))
    now = datetime.fromisoformat(sample["now"])
    (verdict,) = verify_files([place / name for name in sample["files"]], Asked(trust, now))
    assert said(verdict.answers) == sample["answers"]


def _roots(path: Path) -> Any:
    return load_roots([path]) if path.stat().st_size else ()
