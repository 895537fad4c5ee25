"""Many pages that ask how far their logs have come cost one question."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import event

from inspection_service.inspections import heads
from inspection_service.inspections.heads import LogHeads
from inspection_service.inspections.records import InspectionId
from inspection_service.testing import Backend, open_backend

pytestmark = pytest.mark.unit


class Ticks:
    """Seconds that go on when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Questions:
    """Counts what the database is asked for."""

    def __init__(self, backend: Backend) -> None:
        engine = backend.database._engine
        assert engine is not None
        self.asked = 0
        event.listen(engine.sync_engine, "before_cursor_execute", self._count)

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.asked += statement.startswith("SELECT")


async def test_the_head_is_the_number_of_the_newest_event(tmp_path: Path) -> None:
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        ticks = Ticks()
        known = LogHeads(backend.database, ticks)
        before = await known.of(seller.inspection_id)
        assert before == (await backend.inspections.events(seller.inspection_id))[-1].seq
        await backend.inspections.claim(seller.inspection_id, by=backend.operator.actor)
        ticks.now_s += heads.FRESH_S
        assert await known.of(seller.inspection_id) == before + 1
        assert await known.of(InspectionId("ins_of_nobody")) == 0


async def test_two_hundred_pages_ask_once(tmp_path: Path) -> None:
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        ids = [InspectionId(f"ins_{number}") for number in range(199)] + [seller.inspection_id]
        ticks = Ticks()
        known = LogHeads(backend.database, ticks)
        for each in ids:
            await known.of(each)
        questions = Questions(backend)
        ticks.now_s += heads.FRESH_S
        found = await asyncio.gather(*(known.of(each) for each in ids))
        assert questions.asked == 1
        assert found[-1] > 0
        await known.of(ids[0])
        assert questions.asked == 1


async def test_who_does_not_ask_any_more_is_forgotten(tmp_path: Path) -> None:
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        ticks = Ticks()
        known = LogHeads(backend.database, ticks)
        await known.of(InspectionId("ins_left"))
        ticks.now_s += heads.FORGET_S
        await known.of(seller.inspection_id)
        assert set(known._heads) == {seller.inspection_id}
