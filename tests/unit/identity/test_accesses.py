"""The log of accesses: complete, short, the tenant's own."""

import asyncio

import pytest
from sqlalchemy import func, select

from inspection_service.identity import accesses as module
from inspection_service.identity.accesses import Accesses
from inspection_service.identity.records_team import Access
from inspection_service.inspections.records import Actor, TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.errors import DatabaseUnavailable
from inspection_service.testing import Backend

pytestmark = pytest.mark.unit


def facts(found: list[Access]) -> list[tuple[str, str, str | None]]:
    """Return who, what and which photo."""
    return [(one.actor.name, one.what, (one.detail or {}).get("capture")) for one in found]


async def test_the_same_look_within_ten_minutes_counts_once(backend: Backend) -> None:
    """By the same person at the same thing; another photo, another person, ten minutes later: another look."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    alex, bo = backend.operator.actor, Actor("operator", "opr_bo", "Bo")
    for who, capture in ((alex, "cap_1"), (alex, "cap_1"), (alex, "cap_2"), (bo, "cap_1")):
        await accesses.note(who, "photo", inspection.id, detail={"capture": capture})
    found = await accesses.of_case(inspection.id)
    assert facts(found) == [("", "photo", "cap_1"), ("Alex", "photo", "cap_2"), ("Alex", "photo", "cap_1")]
    assert found[1].organisation == "Operators"
    backend.clock.advance(minutes=11)
    await accesses.note(alex, "photo", inspection.id, detail={"capture": "cap_1"})
    assert len(await accesses.of_case(inspection.id)) == 4


async def test_two_nodes_write_one_look_once(backend: Backend) -> None:
    """What this process does not remember, the insert itself asks the table."""
    inspection, _ = await backend.ordered()
    nodes = [Accesses(backend.database, backend.clock) for _ in range(3)]
    for node in nodes:
        await node.note(backend.operator.actor, "case", inspection.id)
        await node.note(backend.operator.actor, "photo", inspection.id, detail={"capture": "cap_1"})
    assert len(await nodes[0].of_case(inspection.id)) == 2


async def test_a_deed_counts_each_time(backend: Backend) -> None:
    """Handing data out twice is two lines, also at the same moment."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    by = backend.platform.actor
    await asyncio.gather(*(accesses.note(by, "export", inspection.id) for _ in range(2)))
    await accesses.note(by, "key_made", tenant_id=backend.platform.tenant_id, detail={"about": "key_1"})
    found = await accesses.of_tenant(backend.platform.tenant_id)
    assert [one.what for one in found] == ["key_made", "export", "export"]
    assert {one.actor.name for one in found} == {"Autoscope"}


async def test_a_tenant_reads_its_own_only_page_by_page(backend: Backend) -> None:
    """Newest first, without a gap or a repetition; nothing of what does not exist is written."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    for number in range(5):
        await accesses.note(
            backend.operator.actor, "photo", inspection.id, detail={"capture": f"cap_{number}"}
        )
    await accesses.note(backend.operator.actor, "case", type(inspection.id)("insp_none"))
    tenant = backend.platform.tenant_id
    first = await accesses.of_tenant(tenant, limit=3)
    second = await accesses.of_tenant(tenant, before=first[-1].id, limit=3)
    assert [capture for _, _, capture in facts(first + second)] == [f"cap_{n}" for n in (4, 3, 2, 1, 0)]
    assert await accesses.of_tenant(TenantId("ten_other")) == []
    assert len(await accesses.of_tenant(tenant, inspection_id=inspection.id)) == 5


async def test_what_was_kept_long_enough_goes(backend: Backend) -> None:
    """By the setting's days; without one everything stays."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    await accesses.note(backend.operator.actor, "case", inspection.id)
    backend.clock.advance(days=40)
    await accesses.note(backend.operator.actor, "case", inspection.id)
    assert await accesses.forget(None) == 0
    assert await accesses.forget(30) == 1
    async with backend.database.read() as transaction:
        left = (
            await transaction.connection.execute(select(func.count()).select_from(t.accesses))
        ).scalar_one()
    assert left == 1


async def _rows(backend: Backend) -> int:
    async with backend.database.read() as transaction:
        counted = await transaction.connection.execute(select(func.count()).select_from(t.accesses))
        return int(counted.scalar_one())


async def test_what_a_program_reads_is_one_line_an_hour(backend: Backend) -> None:
    """For each key, inspection and part, on however many nodes; reading itself writes nothing."""
    inspection, _ = await backend.ordered()
    nodes = [Accesses(backend.database, backend.clock) for _ in range(2)]
    by = backend.platform.actor, backend.platform.tenant_id

    def read_all() -> None:
        for node in nodes:
            for key, part in (("key_1", "events"), ("key_1", "captures"), ("key_2", "events")) * 50:
                node.note_read(*by, inspection.id, {"key": key, "part": part})

    read_all()
    assert await _rows(backend) == 0
    for node in nodes:
        await node.write_reads()
    found = await nodes[0].of_case(inspection.id)
    assert [one.detail for one in found] == [
        {"key": "key_2", "part": "events"},
        {"key": "key_1", "part": "captures"},
        {"key": "key_1", "part": "events"},
    ]
    assert {(one.what, one.actor.name, one.at) for one in found} == {
        ("case", "Autoscope", backend.clock.now())
    }
    backend.clock.advance(minutes=61)
    read_all()
    assert len(await nodes[0].of_tenant(backend.platform.tenant_id)) == 6, "whoever asks sees all of it"


async def test_only_own_inspections_are_noted(backend: Backend) -> None:
    """Of a list there is a line without an inspection; of what is another's or not there, none."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    actor, tenant = backend.platform.actor, backend.platform.tenant_id
    accesses.note_read(actor, TenantId("ten_other"), inspection.id, {"key": "key_1", "part": "events"})
    accesses.note_read(actor, tenant, type(inspection.id)("insp_none"), {"key": "key_1", "part": "events"})
    accesses.note_read(actor, tenant, None, {"key": "key_1", "part": "list"})
    (line,) = await accesses.of_tenant(tenant)
    assert (line.inspection_id, line.detail) == (None, {"key": "key_1", "part": "list"})


async def test_what_was_read_is_written_when_the_service_stops(backend: Backend) -> None:
    """In order: first the reads, then the database may close."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    async with accesses.writing():
        accesses.note_read(
            backend.platform.actor, backend.platform.tenant_id, inspection.id, {"part": "events"}
        )
    assert await _rows(backend) == 1


async def test_reads_wait_for_a_database_that_takes_no_writes(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of them is lost, up to a bound; nobody who reads is refused."""
    inspection, _ = await backend.ordered()
    accesses = Accesses(backend.database, backend.clock)
    by = backend.platform.actor, backend.platform.tenant_id, inspection.id

    def refuse() -> object:
        raise DatabaseUnavailable

    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    with monkeypatch.context() as away:
        away.setattr(backend.database, "write", refuse)
        for number in range(5):
            accesses.note_read(*by, {"part": str(number)})
        with pytest.raises(DatabaseUnavailable):
            await accesses.write_reads()
    await accesses.write_reads()
    assert await _rows(backend) == 3
