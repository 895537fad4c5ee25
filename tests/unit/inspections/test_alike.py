"""A picture sent twice is named: in the inspection, and where another of the same tenant had it."""

from __future__ import annotations

from typing import Any

import pytest

from inspection_service.identity.records import Seller
from inspection_service.testing import Backend, judgement

pytestmark = pytest.mark.unit

LOOK = " ".join(["5a" * 32, "0f" * 32, "33" * 32])
NEAR = " ".join(["5b" + "5a" * 31, "f0" * 32, "cc" * 32])
FAR = " ".join(["a5" * 32, "00" * 32, "ff" * 32])


def like(look: str | None) -> dict[str, Any]:
    return {**judgement(), "look": look}


async def said(backend: Backend, seller: Seller) -> list[dict[str, Any]]:
    """What the log says of each judged photo."""
    events = (await backend.dossier(seller.inspection_id)).events
    return [dict(event.data) for event in events if event.kind == "capture.judged"]


async def test_the_same_picture_for_another_step_is_named_on_the_photo_and_in_the_log(
    backend: Backend,
) -> None:
    seller = await backend.joined()
    first = await backend.judged(seller, "front", like(LOOK))
    second = await backend.judged(seller, "rear", like(NEAR))
    assert second.judgement is not None
    assert second.judgement["same_as"] == [{"capture_id": first.id, "inspection_id": seller.inspection_id}]
    log = await said(backend, seller)
    assert "same_picture_as" not in log[0]
    assert log[1]["same_picture_as"] == [first.id]
    assert second.is_evidence  # a person decides what it means


async def test_a_picture_from_another_inspection_is_named_and_only_counted_in_the_log(
    backend: Backend,
) -> None:
    earlier = await backend.joined()
    first = await backend.judged(earlier, "front", like(LOOK))
    seller = await backend.joined()
    second = await backend.judged(seller, "front", like(LOOK))
    assert second.judgement is not None
    assert second.judgement["same_as"] == [{"capture_id": first.id, "inspection_id": earlier.inspection_id}]
    (log,) = await said(backend, seller)
    assert log["known_elsewhere"] == 1
    assert earlier.inspection_id not in str(log)


async def test_another_try_at_the_same_step_may_look_alike(backend: Backend) -> None:
    seller = await backend.joined()
    await backend.judged(seller, "front", {**like(LOOK), "accepted": False, "reasons": ["blur"]})
    again = await backend.judged(seller, "front", like(LOOK))
    assert again.judgement is not None
    assert again.judgement["same_as"] == []


@pytest.mark.parametrize("look", [FAR, None, "no fingerprint"])
async def test_a_picture_that_looks_otherwise_or_shows_nothing_is_new(
    backend: Backend, look: str | None
) -> None:
    seller = await backend.joined()
    await backend.judged(seller, "front", like(LOOK if look == FAR else look))
    other = await backend.judged(seller, "rear", like(look))
    assert other.judgement is not None
    assert other.judgement["same_as"] == []


async def test_a_picture_of_another_tenant_is_none_of_this_ones_business(backend: Backend) -> None:
    await backend.judged(await backend.joined(), "front", like(LOOK))
    other = await backend.identity.create_tenant("Other")
    backend.platform = await backend.identity.platform(await backend.identity.issue_key(other.id))
    own = await backend.judged(await backend.joined(), "front", like(LOOK))
    assert own.judgement is not None
    assert own.judgement["same_as"] == []
