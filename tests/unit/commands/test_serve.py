"""Serving: what the program itself is made of is looked through once, not during calls."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
import uvicorn

from inspection_service.commands import serve
from inspection_service.commands.terminal import read_settings

pytestmark = pytest.mark.unit


def test_what_was_loaded_at_start_is_kept_out_of_every_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full round through it stopped every call for a fifth of a second."""
    kept = []
    monkeypatch.setattr(serve, "configure_logs", lambda _: None)
    monkeypatch.setattr(uvicorn.Server, "run", lambda _: kept.append(gc.get_freeze_count()))
    before = gc.get_freeze_count()
    try:
        serve.serve(read_settings(data_dir=tmp_path))
        assert kept[0] > before
        assert len(gc.get_objects()) < kept[0]
    finally:
        gc.unfreeze()
