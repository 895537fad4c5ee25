"""A short turn of ``make chaos``: everything dies at least once, and nothing is lost, doubled or shown to others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.chaos.run import Plan, run

pytestmark = pytest.mark.integration
EMBEDDED = Plan("embedded", inspections=2, seed=4, at_once=2, kills=2)
DISTRIBUTED = Plan("distributed", inspections=2, seed=4, at_once=2, kills=7)


async def test_whatever_is_killed_nothing_is_lost(tmp_path: Path) -> None:
    """Each promise is counted at the end: photos, judgements, reports, leaves, messages, and who sees what.

    Both set-ups at once: most of the time they wait for what was killed, each for its own.
    """
    embedded, distributed = await asyncio.gather(
        *(run(plan, tmp_path / plan.kind) for plan in (EMBEDDED, DISTRIBUTED))
    )
    assert embedded.holds, "\n".join(map(str, embedded.checks))
    assert distributed.holds, "\n".join(map(str, distributed.checks))
    assert embedded.killed == {"service": EMBEDDED.kills}
    assert set(distributed.killed.values()) == {1}, "something was not killed"
