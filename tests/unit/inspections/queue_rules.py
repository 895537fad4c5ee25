"""The operators' list, page by page, against the one rule of its order, over cases of every kind."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any, Final, get_args

from sqlalchemy import insert, update

from inspection_service.inspections.needs import Facts, rank
from inspection_service.inspections.records import InspectionState
from inspection_service.inspections.states import CLOSED
from inspection_service.storage import tables as t
from inspection_service.testing import Backend

CASES: Final = 60
_REFUSED: Final = {
    "step_id": "front",
    "state": "retake",
    "size_bytes": 1,
    "media_type": "image/jpeg",
    "object_key": "k",
    "method": "file",
}


async def check_queue(backend: Backend, seed: int) -> None:
    """Make cases by chance, and read the list in pages of three: it is the order of the rule, each case once."""
    chance = random.Random(seed)
    drawn = [await _case(backend, chance) for _ in range(CASES)]
    now = backend.clock.now()
    for only_open in (True, False):
        shown, cursor = [], None
        while True:
            page = await backend.inspections.queue(only_open=only_open, cursor=cursor, limit=3)
            shown += [(entry.rank, entry.outline.inspection.id) for entry in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        wanted = [facts for facts in drawn if not only_open or facts.state not in CLOSED]
        assert shown == sorted((rank(facts, now), facts.id) for facts in wanted)


async def _case(backend: Backend, chance: random.Random) -> Facts:
    """Put a case into the database at a state and at moments of which several are alike."""
    seller = await backend.joined()
    now = backend.clock.now()

    def ago() -> Any:
        return now - timedelta(minutes=chance.choice((0, 1, 9, 10, 11, 60, 61)))

    state: InspectionState = chance.choice(get_args(InspectionState))
    created_at, updated_at = ago(), ago()
    help_asked_at = ago() if chance.random() < 0.2 else None
    failed_at = ago() if chance.random() < 0.2 else None
    signed_at = ago() if state == "seller_signed" and chance.random() < 0.8 else None
    async with backend.database.write() as transaction:
        run = transaction.connection.execute
        of = {"inspection_id": seller.inspection_id}
        where = t.inspections.c.id == seller.inspection_id
        values = {
            "state": state,
            "created_at": created_at,
            "updated_at": updated_at,
            "signed_at": signed_at,
        }
        await run(update(t.inspections).where(where).values(values))
        if help_asked_at is not None:
            await run(insert(t.help_requests).values(of | {"asked_at": help_asked_at}))
        if failed_at is not None:
            photos = ({"id": f"p{n}", "attempt": n, "sha256": f"{n}"} for n in (1, 2))
            await run(
                insert(t.captures), [of | _REFUSED | {"received_at": failed_at} | one for one in photos]
            )
    return Facts(
        id=seller.inspection_id,
        state=state,
        created_at=created_at,
        updated_at=updated_at,
        help_asked_at=help_asked_at,
        failed_at=failed_at,
        signed_at=signed_at,
    )
