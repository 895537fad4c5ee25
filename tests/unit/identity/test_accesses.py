"""The log of accesses: complete, short, the tenant's own."""

import asyncio

import pytest
from sqlalchemy import func, select

from inspection_service.identity.accesses import Accesses
from inspection_service.identity.records_team import Access
from inspection_service.inspections.records import Actor, TenantId
from inspection_service.storage import tables as t
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
