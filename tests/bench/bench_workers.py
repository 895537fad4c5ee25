"""Photos judged by one worker and by two; see ``judging``. ``BENCH_PHOTOS`` says how many (96; the aim: 1,000)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.bench import judging
from tests.bench.rows import Row


def rows() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(judging.rows(Path(name) / "judging"))
