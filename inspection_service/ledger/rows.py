"""The log's tables: leaves, complete subtrees and heads, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import RowMapping, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service import merkle
from inspection_service.ledger.records import Entry, Head, Leaf, StoredLeaf
from inspection_service.storage import tables as t

NO_DAY: Final = ""
"""The ``day`` of a head that was made after an append and is not the one of a day."""

# What an append runs is written once: putting a statement together costs more than running it.
_LEAVES: Final = select(t.ledger_leaves.c.seq, t.ledger_leaves.c.hash).where(
    t.ledger_leaves.c.seq.in_(bindparam("wanted", expanding=True))
)
_OWN: Final = t.ledger_leaves.alias()
_PLACE: Final = select(
    select(_OWN.c.seq).where(_OWN.c.hash == bindparam("leaf_hash")).scalar_subquery(),
    func.coalesce(func.max(t.ledger_leaves.c.seq), -1) + 1,
)
_ADD_LEAF: Final = insert(t.ledger_leaves)
_ADD_NODES: Final = insert(t.ledger_nodes)
_ADD_HEAD: Final = insert(t.ledger_heads)


class LedgerRows:
    """Reads and writes the log."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    # -- leaves ----------------------------------------------------------------------------------------------
    async def lock(self) -> None:
        """Keep other writers of the log waiting until this transaction ends; on SQLite there is only one anyway."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(text("LOCK TABLE ledger_leaves IN SHARE ROW EXCLUSIVE MODE"))

    async def size(self) -> int:
        """How many leaves there are."""
        query = select(func.coalesce(func.max(t.ledger_leaves.c.seq), -1))
        return int((await self._connection.execute(query)).scalar_one()) + 1

    async def find(self, leaf_hash: bytes) -> Entry | None:
        """Where a leaf stands."""
        query = select(t.ledger_leaves.c.seq).where(t.ledger_leaves.c.hash == leaf_hash)
        seq = (await self._connection.execute(query)).scalar_one_or_none()
        return None if seq is None else Entry(int(seq), leaf_hash)

    async def place(self, leaf_hash: bytes) -> tuple[Entry | None, int]:
        """Where a leaf stands, and how many leaves there are: one question instead of two."""
        seq, size = (await self._connection.execute(_PLACE, {"leaf_hash": leaf_hash})).one()
        return (None if seq is None else Entry(int(seq), leaf_hash)), int(size)

    async def leaf(self, seq: int) -> StoredLeaf:
        """Return one leaf that is there."""
        query = select(t.ledger_leaves).where(t.ledger_leaves.c.seq == seq)
        return _leaf((await self._connection.execute(query)).mappings().one())

    async def leaves(self, start: int, limit: int) -> list[StoredLeaf]:
        """Return leaves from a place on."""
        column = t.ledger_leaves.c
        query = select(t.ledger_leaves).where(column.seq >= start).order_by(column.seq).limit(limit)
        return [_leaf(row) for row in (await self._connection.execute(query)).mappings()]

    async def add(self, leaf: Leaf, entry: Entry) -> None:
        """Add a leaf where ``place`` says that it comes, and every subtree it completes."""
        seq, value = entry.seq, entry.leaf_hash
        row = {
            "seq": seq,
            "hash": value,
            "data": leaf.data,
            "json_sha256": leaf.json_sha256,
            "previous": leaf.previous,
        }
        await self._connection.execute(_ADD_LEAF, row)
        closed = _completed_by(seq)
        left = await self.subtrees([(level, place - 1) for level, place in closed])
        made: list[dict[str, Any]] = []
        for level, place in closed:
            value = merkle.node_hash(left((level, place - 1)), value)
            made.append({"level": level + 1, "place": place >> 1, "hash": value})
        if made:
            await self._connection.execute(_ADD_NODES, made)

    async def subtrees(self, wanted: Iterable[merkle.Subtree]) -> Callable[[merkle.Subtree], bytes]:
        """Fetch the roots of complete subtrees; level 0 are the leaves."""
        asked = set(wanted)
        found: dict[merkle.Subtree, bytes] = {}
        leaves = [place for level, place in asked if level == 0]
        if leaves:
            found |= {
                (0, row.seq): row.hash for row in await self._connection.execute(_LEAVES, {"wanted": leaves})
            }
        nodes = sorted(subtree for subtree in asked if subtree[0] > 0)
        if nodes:
            column = t.ledger_nodes.c
            # One condition each: both databases turn them into as many index look-ups. A list of pairs reads better,
            # and SQLite scans the whole table for it (measured: 200 ms a proof at 1,000,000 leaves instead of 10).
            places = or_(*(and_(column.level == level, column.place == place) for level, place in nodes))
            rows = await self._connection.execute(
                select(column.level, column.place, column.hash).where(places)
            )
            found |= {(row.level, row.place): row.hash for row in rows}
        return found.__getitem__

    async def ranges(self, plan: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the root over each range of leaves."""
        tree = await self.subtrees(one for start, end in plan for one in merkle.complete_subtrees(start, end))
        return [merkle.subtree_root(start, end, tree) for start, end in plan]

    async def root(self, size: int) -> bytes:
        """Return the root of the tree when it had this size."""
        return (await self.ranges([(0, size)]))[0] if size else merkle.EMPTY_ROOT

    async def about(self, json_sha256: str) -> list[StoredLeaf]:
        """Return the leaves of a report or an entry, and those that correct it."""
        column = t.ledger_leaves.c
        query = (
            select(t.ledger_leaves)
            .where(or_(column.json_sha256 == json_sha256, column.previous == json_sha256))
            .order_by(column.seq)
        )
        return [_leaf(row) for row in (await self._connection.execute(query)).mappings()]

    # -- heads -----------------------------------------------------------------------------------------------
    async def newest_head(self, *, above: int = -1, timestamped: bool = False) -> Head | None:
        """Return the newest head of a tree larger than ``above``."""
        column = t.ledger_heads.c
        query = select(t.ledger_heads).where(column.tree_size > above)
        if timestamped:
            query = query.where(column.timestamp_token.is_not(None))
        query = query.order_by(column.tree_size.desc(), column.no.desc()).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _head(row)

    async def first_head(self) -> Head | None:
        """Return the first head ever made."""
        query = select(t.ledger_heads).order_by(t.ledger_heads.c.no).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _head(row)

    async def head_of_size(self, size: int) -> Head | None:
        """Return the newest head of exactly this size."""
        column = t.ledger_heads.c
        query = select(t.ledger_heads).where(column.tree_size == size).order_by(column.no.desc()).limit(1)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _head(row)

    async def head_of_day(self, day: str) -> Head | None:
        """Return the head published on a day."""
        query = select(t.ledger_heads).where(t.ledger_heads.c.day == day)
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else _head(row)

    async def heads(self, after: int, limit: int) -> list[Head]:
        """Return heads with higher numbers."""
        column = t.ledger_heads.c
        query = select(t.ledger_heads).where(column.no > after).order_by(column.no).limit(limit)
        return [_head(row) for row in (await self._connection.execute(query)).mappings()]

    async def add_head(self, head: Head, day: str) -> Head:
        """Add a head; its number is given by the database."""
        row = {
            "tree_size": head.tree_size,
            "root": head.root,
            "at": head.at,
            "day": day,
            "jws": head.jws,
        }
        done = await self._connection.execute(_ADD_HEAD, row)
        assert done.inserted_primary_key is not None
        return replace(head, no=int(done.inserted_primary_key[0]))

    async def put_token(self, no: int, token: bytes) -> None:
        """Put the timestamp to a head that has none yet."""
        column = t.ledger_heads.c
        await self._connection.execute(
            update(t.ledger_heads)
            .where(column.no == no, column.timestamp_token.is_(None))
            .values(timestamp_token=token)
        )


def _completed_by(seq: int) -> list[merkle.Subtree]:
    """Which right halves a new leaf completes, from the leaf upwards."""
    closed: list[merkle.Subtree] = []
    level = 0
    while (seq >> level) & 1:
        closed.append((level, seq >> level))
        level += 1
    return closed


def _leaf(row: RowMapping) -> StoredLeaf:
    return StoredLeaf(row["seq"], row["hash"], row["data"])


def _head(row: RowMapping) -> Head:
    return Head(row["no"], row["tree_size"], row["root"], row["at"], row["jws"], row["timestamp_token"])
