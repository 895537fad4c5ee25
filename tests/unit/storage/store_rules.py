"""What every object store must do; each store's tests run these rules."""

import asyncio

import pytest

from inspection_service.storage.errors import KeyInvalid, ObjectExists, ObjectMissing
from inspection_service.storage.objects import ObjectStore


async def check_rules(store: ObjectStore) -> None:
    """Walk through the protocol once."""
    await store.ping()
    await store.put("inspections/ins_1/captures/a", b"first")
    await store.put("inspections/ins_1/captures/a", b"first")
    with pytest.raises(ObjectExists):
        await store.put("inspections/ins_1/captures/a", b"other")
    assert await store.get("inspections/ins_1/captures/a") == b"first"
    assert await store.size("inspections/ins_1/captures/a") == 5
    assert await store.exists("inspections/ins_1/captures/a")
    assert not await store.exists("inspections/ins_1/captures/b")
    for missing in (store.get("inspections/x"), store.size("inspections/x")):
        with pytest.raises(ObjectMissing):
            await missing
    big = bytes(range(256)) * 4096
    await store.put("uploads/upl_1/000000000000-ab", big)
    await store.put("uploads/upl_10/000000000000-ab", b"")
    assert await store.get("uploads/upl_1/000000000000-ab") == big
    assert await store.list("uploads/upl_1/") == ("uploads/upl_1/000000000000-ab",)
    assert len(await store.list("uploads/")) == 2
    assert await store.list("nothing/") == ()
    await store.delete("uploads/upl_1/000000000000-ab")
    await store.delete("uploads/upl_1/000000000000-ab")
    assert await store.list("uploads/upl_1/") == ()
    for key in ("../secret", "/etc/passwd", "a//b", "a/../b", "", "a/.hidden", "a b", "a\x00", "x" * 600):
        with pytest.raises(KeyInvalid):
            await store.put(key, b"x")
    await check_race(store)


async def check_race(store: ObjectStore) -> None:
    """Of eight writers with different bytes exactly one wins, and its bytes are there whole."""
    bodies = [f"writer {number} ".encode() * 500 for number in range(8)]
    outcomes = await asyncio.gather(*(store.put("race/key", body) for body in bodies), return_exceptions=True)
    winners = [body for body, outcome in zip(bodies, outcomes, strict=True) if outcome is None]
    assert len(winners) == 1
    assert all(isinstance(outcome, ObjectExists) for outcome in outcomes if outcome is not None)
    assert await store.get("race/key") == winners[0]
