"""The log itself: appends leaves, signs heads, proves inclusion and consistency.

Implements the tree and the proofs of RFC 9162 on the service's own database. Subtrees that are complete are stored, so
that a proof reads some dozens of rows however long the log is.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, Protocol

import rfc8785

from inspection_service import merkle
from inspection_service.clock import Clock, isoformat
from inspection_service.ledger.errors import LeafUnknown, TreeSizeInvalid
from inspection_service.ledger.records import Entry, Head, InclusionProof, Leaf, Newer, StoredLeaf
from inspection_service.ledger.rows import NO_DAY, LedgerRows
from inspection_service.storage.database import Database, Transaction

LONGEST_PAGE: Final = 1000
LOG_URN: Final = "urn:inspection:log:"


class HeadSigner(Protocol):
    """Signs the heads of the log; ``app.py`` gives the key that signs reports."""

    @property
    def key_sha256(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hexadecimal: the first one names the log."""
        ...

    def sign(self, data: bytes, at: datetime) -> str:
        """Return a compact JWS that carries ``data``; called in a thread, may take a moment."""
        ...


class TimestampClient(Protocol):
    """A timestamp authority."""

    def token(self, data: bytes) -> bytes:
        """Return an RFC 3161 token over ``data``; called in a thread, may take seconds or fail."""
        ...


class Ledger:
    """One append-only log. Any number of processes may append; the database puts them in order."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        signer: HeadSigner,
        timestamps: TimestampClient | None = None,
    ) -> None:
        """Keep the collaborators.

        Args:
            database: Holds the log.
            clock: Dates heads.
            signer: Signs them.
            timestamps: Dates the head of each day for others to believe; ``None``: no authority is configured.
        """
        self._database = database
        self._clock = clock
        self._signer = signer
        self._timestamps = timestamps
        self._known_name: str | None = None

    # -- writing ---------------------------------------------------------------------------------------------
    async def append(self, leaf: Leaf, *, within: Transaction | None = None) -> Entry:
        """Add a leaf and sign a head that contains it, both or neither; a leaf that is there stays where it is.

        Args:
            leaf: Of a report or a correction.
            within: Do it in this transaction, so that the leaf is there exactly when what it stands for is.
        """
        async with self._writing(within) as rows:
            value = leaf.hash
            entry, size = await rows.place(value)
            if entry is None:
                entry = Entry(size, value)
                await rows.add(leaf, entry)
                await self._sign(rows, entry.seq + 1, NO_DAY)
            return entry

    async def head(self) -> Head:
        """Return the newest head; of an empty log it is signed when first asked for."""
        async with self._reading() as rows:
            newest = await rows.newest_head()
        if newest is not None:
            return newest
        async with self._writing(None) as rows:
            return await rows.newest_head() or await self._sign(rows, await rows.size(), NO_DAY)

    async def publish(self) -> bool:
        """Publish the head of the day, timestamped where an authority is configured; repeating it is fine.

        Returns:
            Whether anything was done.

        Raises:
            Unavailable: The authority does not answer: the head stands, its timestamp is asked for again next time.
        """
        day = self._clock.now().date().isoformat()
        async with self._reading() as rows:
            head = await rows.head_of_day(day)
        is_new = head is None
        if head is None:
            async with self._writing(None) as rows:
                head = await rows.head_of_day(day) or await self._sign(rows, await rows.size(), day)
        if self._timestamps is None or head.timestamp_token is not None:
            return is_new
        token = await asyncio.to_thread(self._timestamps.token, head.jws.encode("ascii"))
        async with self._writing(None) as rows:
            await rows.put_token(head.no, token)
        return True

    async def is_published(self) -> bool:
        """Whether the head of this day is out, with its timestamp where an authority is configured."""
        async with self._reading() as rows:
            head = await rows.head_of_day(self._clock.now().date().isoformat())
        return head is not None and (self._timestamps is None or head.timestamp_token is not None)

    # -- proving ---------------------------------------------------------------------------------------------
    async def proof(self, leaf_hash: bytes) -> InclusionProof:
        """Prove that a leaf stands in the log, against a signed head: a timestamped one where there is one.

        Raises:
            LeafUnknown: It does not.
        """
        async with self._reading() as rows:
            entry = await _found(rows, leaf_hash)
            head = await rows.newest_head(above=entry.seq, timestamped=True)
            head = head or await rows.newest_head(above=entry.seq)
            assert head is not None, "a leaf is added together with a head that contains it"
            path = await rows.ranges(merkle.inclusion_plan(entry.seq, head.tree_size))
            leaf = await rows.leaf(entry.seq)
        return InclusionProof(
            json.loads(leaf.data), entry.seq, head.tree_size, tuple(path), head.jws, head.timestamp_token
        )

    async def inclusion(self, leaf_hash: bytes, tree_size: int) -> tuple[Entry, list[bytes], Head | None]:
        """Prove inclusion in the tree as it was at some size; the head of exactly that size when one was signed.

        Raises:
            LeafUnknown: The log has no such leaf, or had not at that size.
            TreeSizeInvalid: It never had that size.
        """
        async with self._reading() as rows:
            await _checked(rows, tree_size)
            entry = await _found(rows, leaf_hash)
            if entry.seq >= tree_size:
                raise LeafUnknown(f"A log of {tree_size} leaves does not hold this one yet.", seq=entry.seq)
            path = await rows.ranges(merkle.inclusion_plan(entry.seq, tree_size))
            return entry, path, await rows.head_of_size(tree_size)

    async def consistency(self, first: int, second: int) -> list[bytes]:
        """Prove that the log of ``second`` leaves begins with the one of ``first``.

        Raises:
            TreeSizeInvalid: It never had these sizes, or ``first`` is 0 or larger than ``second``.
        """
        if not 0 < first <= second:
            raise TreeSizeInvalid("Ask from a size of at least 1 to one that is not smaller.", first=first)
        async with self._reading() as rows:
            await _checked(rows, second)
            return await rows.ranges(merkle.consistency_plan(first, second))

    # -- reading ---------------------------------------------------------------------------------------------
    async def leaves(self, start: int, limit: int) -> list[StoredLeaf]:
        """List leaves from a place on."""
        async with self._reading() as rows:
            return await rows.leaves(start, min(limit, LONGEST_PAGE))

    async def heads(self, after: int, limit: int) -> list[Head]:
        """List heads with higher numbers, old ones first."""
        async with self._reading() as rows:
            return await rows.heads(after, min(limit, LONGEST_PAGE))

    async def status(self, json_sha256: str) -> tuple[bool, list[Newer]]:
        """Say whether a record is in the log, and what was logged about it later."""
        async with self._reading() as rows:
            own = [
                leaf for leaf in await rows.about(json_sha256) if _says(leaf, "json_sha256") == json_sha256
            ]
            if not own:
                return False, []
            first = str(_says(own[0], "previous") or json_sha256)
            about = await rows.about(first)
        later = [leaf for leaf in about if leaf.seq > own[-1].seq and _says(leaf, "previous") == first]
        return True, [_newer(leaf) for leaf in later]

    # -- within ----------------------------------------------------------------------------------------------
    async def _sign(self, rows: LedgerRows, size: int, day: str) -> Head:
        """Sign and keep a head, while no other writer can add to the log."""
        at = self._clock.now()
        root = await rows.root(size)
        name = await self._name(rows)
        said = rfc8785.dumps({"log": name, "tree_size": size, "root": root.hex(), "at": isoformat(at)})
        jws = await asyncio.to_thread(self._signer.sign, said, at)
        return await rows.add_head(Head(0, size, root, at, jws, None), day)

    async def _name(self, rows: LedgerRows) -> str:
        """The log keeps the name of the key that signed its first head, also when keys are changed."""
        if self._known_name is None:
            first = await rows.first_head()
            if first is None:
                return LOG_URN + self._signer.key_sha256
            self._known_name = str(payload_of(first.jws)["log"])
        return self._known_name

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[LedgerRows]:
        async with self._database.read() as transaction:
            yield LedgerRows(transaction.connection)

    @asynccontextmanager
    async def _writing(self, within: Transaction | None) -> AsyncIterator[LedgerRows]:
        if within is not None:
            rows = LedgerRows(within.connection)
            await rows.lock()
            yield rows
            return
        async with self._database.write() as transaction:
            rows = LedgerRows(transaction.connection)
            await rows.lock()
            yield rows


def payload_of(jws: str) -> dict[str, object]:
    """Read what a head of ours says, without checking its signature."""
    text = jws.split(".")[1]
    said: dict[str, object] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return said


async def _found(rows: LedgerRows, leaf_hash: bytes) -> Entry:
    entry = await rows.find(leaf_hash)
    if entry is None:
        raise LeafUnknown
    return entry


async def _checked(rows: LedgerRows, tree_size: int) -> None:
    size = await rows.size()
    if not 0 < tree_size <= size:
        raise TreeSizeInvalid(f"The log has {size} leaves.", tree_size=size)


def _says(leaf: StoredLeaf, name: str) -> object:
    return json.loads(leaf.data)[name]


def _newer(leaf: StoredLeaf) -> Newer:
    said = json.loads(leaf.data)
    return Newer(said["kind"], said["json_sha256"], said["at"])
