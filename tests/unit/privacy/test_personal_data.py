"""Clear values rest closed; a destroyed key closes them for good."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert, select

from inspection_service.inspections.personal import KeptValue
from inspection_service.inspections.records import InspectionId
from inspection_service.privacy import PersonalData
from inspection_service.privacy.errors import PersonalDataClosed, PersonalDataGone
from inspection_service.storage import tables as t
from inspection_service.testing import Backend
from tests.unit.reports.test_commitments import made

pytestmark = pytest.mark.unit
SECRET = b"p" * 32


@pytest.fixture
async def opened(backend: Backend) -> tuple[Backend, PersonalData, InspectionId]:
    """A database with one inspection."""
    inspection, _ = await backend.ordered()
    return backend, PersonalData(backend.database, backend.clock, SECRET), inspection.id


async def test_keys_are_drawn_once(opened: tuple[Backend, PersonalData, InspectionId]) -> None:
    """Also when two workers ask at once: sealing again gives the same record."""
    _, personal, case = opened
    first, second = await asyncio.gather(personal.keys(case), personal.keys(case))
    assert first == second == await personal.keys(case)
    assert first.seller != first.operator
    assert first.seller.hex() not in repr(first)


async def test_values_come_back_and_rest_closed(opened: tuple[Backend, PersonalData, InspectionId]) -> None:
    """What was kept can be read with the secret, and stands nowhere in the rows."""
    backend, personal, case = opened
    values = made(await personal.keys(case)).disclosures
    await personal.keep(case, values)
    await personal.keep(case, values)
    kept = await personal.values(case)
    assert kept == tuple(KeptValue(v.pointer, v.salt, v.value, v.subject) for v in values)
    async with backend.database.read() as transaction:
        rows = (await transaction.connection.execute(select(t.disclosures.c.ciphertext))).scalars().all()
    assert len(rows) == len(values)
    assert not any(b"Camille" in row or b"AB-123-CD" in row for row in rows)
    assert await PersonalData(backend.database, backend.clock, SECRET).values(case) == kept


async def test_another_secret_opens_nothing(opened: tuple[Backend, PersonalData, InspectionId]) -> None:
    """A copy of the database alone is worth nothing."""
    backend, personal, case = opened
    await personal.keep(case, made(await personal.keys(case)).disclosures)
    thief = PersonalData(backend.database, backend.clock, b"t" * 32)
    with pytest.raises(PersonalDataClosed):
        await thief.values(case)
    with pytest.raises(PersonalDataClosed):
        await thief.keys(case)


async def test_a_destroyed_key_takes_its_values_and_leaves_the_others(
    opened: tuple[Backend, PersonalData, InspectionId],
) -> None:
    """Also a row that somebody restores from a backup stays closed; a key never comes back."""
    backend, personal, case = opened
    await personal.keep(case, made(await personal.keys(case)).disclosures)
    async with backend.database.read() as transaction:
        backup = (await transaction.connection.execute(select(t.disclosures))).mappings().all()
    for _ in range(2):
        async with backend.database.write() as transaction:
            await personal.destroy(case, "seller", within=transaction)
    left = await personal.values(case)
    assert left
    assert {value.subject for value in left} == {"operator"}
    async with backend.database.write() as transaction:
        gone = [dict(row) for row in backup if row["subject"] == "seller"]
        await transaction.connection.execute(insert(t.disclosures), gone)
    assert await personal.values(case) == left
    with pytest.raises(PersonalDataGone):
        await personal.keys(case)
    with pytest.raises(PersonalDataGone):
        await personal.keep(case, ())


async def test_a_key_destroyed_before_it_was_drawn_is_never_drawn(
    opened: tuple[Backend, PersonalData, InspectionId],
) -> None:
    """An erased inspection that was never sealed."""
    backend, personal, case = opened
    async with backend.database.write() as transaction:
        await personal.destroy(case, "seller", within=transaction)
    assert await personal.values(case) == ()
    with pytest.raises(PersonalDataGone):
        await personal.keys(case)
