"""What ``nested`` keeps to on every database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.nested import nested
from inspection_service.testing import NOON

_SCORES = (0.1 + 0.2, None, 1.0, 1e-17)


class Word(NamedTuple):
    """A consent, as much of it as is wanted."""

    is_given: bool
    at: datetime


async def check_nested(database: Database) -> None:
    """Write two inspections, one with rows that hang on it, and read them both ways."""
    async with database.write() as transaction:
        connection = transaction.connection
        await connection.execute(insert(t.tenants).values(id="ten_1", name="Platform", created_at=NOON))
        await connection.execute(insert(t.inspections), [_inspection(name) for name in ("ins_1", "ins_2")])
        await connection.execute(insert(t.findings), [_finding(n, score) for n, score in enumerate(_SCORES)])
        await connection.execute(insert(t.consents), [_consent(is_given) for is_given in (True, False)])
    outer = t.inspections
    findings = select(t.findings).where(t.findings.c.inspection_id == outer.c.id)
    consents = select(t.consents).where(t.consents.c.inspection_id == outer.c.id)
    query = select(
        outer.c.id,
        nested(findings, outer, order=("position",)).label("findings"),
        nested(consents, outer, order=("at", "id")).label("consents"),
        nested(
            consents.with_only_columns(t.consents.c.is_given, t.consents.c.at),
            outer,
            order=("at",),
            made=Word,
        ).label("words"),
    ).order_by(outer.c.id)
    full, empty = await database.ask(query)
    async with database.read() as transaction:
        connection = transaction.connection
        alone = [
            tuple(dict(row) for row in (await connection.execute(each)).mappings())
            for each in (
                select(t.findings).order_by(t.findings.c.position),
                select(t.consents).order_by(t.consents.c.at, t.consents.c.id),
            )
        ]
    assert [full["findings"], full["consents"]] == alone
    assert [row["model_score"] for row in full["findings"]] == list(reversed(_SCORES))
    assert [row["is_given"] for row in full["consents"]] == [False, True]
    assert full["findings"][-1]["created_at"] == NOON
    assert full["words"] == (Word(False, NOON), Word(True, NOON + timedelta(seconds=1)))
    assert [type(word) for word in full["words"]] == [Word, Word]
    assert (empty["findings"], empty["consents"], empty["words"]) == ((), (), ())


def _inspection(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "tenant_id": "ten_1",
        "state": "in_progress",
        "version": 1,
        "language": "en",
        "purpose": "listing",
        "vehicle": {},
        "contact": {},
        "checklist_id": "c",
        "checklist_sha256": "0" * 64,
        "checklist": {},
        "sign_off": "none",
        "created_at": NOON,
        "updated_at": NOON,
    }


def _finding(number: int, score: float | None) -> dict[str, Any]:
    # The last one stands first: the order is that of the positions, not of the writing.
    return {
        "id": f"fnd_{number}",
        "position": -number,
        "inspection_id": "ins_1",
        "source": "model",
        "kind": 'a "quoted" kind\n',
        "box": [0.1, 2, 3.25, 4] if score else None,
        "model_score": score,
        "created_at": NOON + timedelta(microseconds=number),
        "more_captures": ["é"],
    }


def _consent(is_given: bool) -> dict[str, Any]:
    return {
        "inspection_id": "ins_1",
        "purpose": "photos",
        "is_given": is_given,
        "at": NOON + timedelta(seconds=is_given),
    }
