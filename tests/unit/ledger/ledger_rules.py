"""What the log must do on every database."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import datetime

import pytest
import rfc8785

from inspection_service import merkle
from inspection_service.errors import Unavailable
from inspection_service.ledger import Leaf, Ledger, leaf_of
from inspection_service.ledger.errors import LeafUnknown, TreeSizeInvalid
from inspection_service.ledger.log import payload_of
from inspection_service.storage.database import Database
from inspection_service.testing import NOON, FakeClock
from tests.unit.ledger import oracle


class FakeSigner:
    """Signs by spelling out what it was given."""

    def __init__(self, name: str = "k") -> None:
        self.key_sha256 = hashlib.sha256(name.encode()).hexdigest()
        self.signed = 0

    def sign(self, data: bytes, at: datetime) -> str:
        self.signed += 1
        return f"e30.{base64.urlsafe_b64encode(data).rstrip(b'=').decode()}.c2ln"


class FakeAuthority:
    """A timestamp authority that can be away."""

    def __init__(self) -> None:
        self.is_away = False

    def token(self, data: bytes) -> bytes:
        if self.is_away:
            raise Unavailable
        return b"token over " + hashlib.sha256(data).digest()


def leaf(number: int) -> Leaf:
    return leaf_of(
        "report",
        f"ins_{number}",
        json_sha256=hashlib.sha256(b"json %d" % number).hexdigest(),
        pdf_sha256=hashlib.sha256(b"pdf %d" % number).hexdigest(),
        previous=None,
        at=NOON,
    )


async def appends_prove_themselves(database: Database) -> None:
    """Every proof of every leaf at every size is the oracle's, and heads say the oracle's roots."""
    ledger = Ledger(database, FakeClock(), FakeSigner())
    count = 19
    leaves = [leaf(number) for number in range(count)]
    for number, one in enumerate(leaves):
        entry = await ledger.append(one)
        assert (entry.seq, entry.leaf_hash) == (number, oracle.leaf(one.data))
        head = await ledger.head()
        assert (head.tree_size, head.root) == (number + 1, oracle.mth([x.data for x in leaves[: number + 1]]))
    data = [one.data for one in leaves]
    for size in range(1, count + 1):
        for index in range(size):
            entry, path, head_then = await ledger.inclusion(leaves[index].hash, size)
            assert (entry.seq, path) == (index, oracle.path(index, data[:size]))
            assert head_then is not None
            assert head_then.root == oracle.mth(data[:size])
        for first in range(1, size + 1):
            assert await ledger.consistency(first, size) == oracle.proof(first, data[:size])
    proof = await ledger.proof(leaves[7].hash)
    assert rfc8785.dumps(proof.leaf) == leaves[7].data
    found = merkle.root_from_inclusion(leaves[7].hash, proof.seq, proof.tree_size, proof.path)
    assert payload_of(proof.head_jws)["root"] == found.hex()
    assert proof.to_json()["path"] == [value.hex() for value in proof.path]


async def the_same_leaf_is_added_once(database: Database) -> None:
    """A retry after a crash finds what is there."""
    ledger = Ledger(database, FakeClock(), FakeSigner())
    first = await ledger.append(leaf(1))
    assert await ledger.append(leaf(1)) == first
    assert (await ledger.append(leaf(2))).seq == first.seq + 1


async def concurrent_appends_lose_nothing(database: Database, other: Database) -> None:
    """Two processes and thirty writers: every leaf stands once, numbers have no gap, the tree is right."""
    ledgers = [Ledger(each, FakeClock(), FakeSigner()) for each in (database, other)]
    leaves = [leaf(number) for number in range(15)]
    await asyncio.gather(*(ledger.append(one) for one in leaves for ledger in ledgers))
    stored = await ledgers[0].leaves(0, 100)
    assert [one.seq for one in stored] == list(range(15))
    assert {one.data for one in stored} == {one.data for one in leaves}
    head = await ledgers[1].head()
    assert (head.tree_size, head.root) == (15, oracle.mth([one.data for one in stored]))
    sizes = [one.tree_size for one in await ledgers[0].heads(0, 100)]
    assert sizes == sorted(set(sizes)), "a later head is never of a smaller tree"


async def what_is_not_there_is_refused(database: Database) -> None:
    """A leaf nobody appended, a size the log never had, sizes the wrong way round."""
    ledger = Ledger(database, FakeClock(), FakeSigner())
    assert (await ledger.head()).root == merkle.EMPTY_ROOT
    for number in range(3):
        await ledger.append(leaf(number))
    with pytest.raises(LeafUnknown):
        await ledger.proof(leaf(9).hash)
    with pytest.raises(LeafUnknown):
        await ledger.inclusion(leaf(2).hash, 2)
    for size in (0, -1, 4):
        with pytest.raises(TreeSizeInvalid):
            await ledger.inclusion(leaf(0).hash, size)
    for first, second in ((0, 3), (3, 2), (1, 4), (-1, 3)):
        with pytest.raises(TreeSizeInvalid):
            await ledger.consistency(first, second)


async def a_head_is_published_every_day(database: Database) -> None:
    """Once a day, also when nothing was added; its timestamp follows when the authority was away."""
    clock, authority = FakeClock(), FakeAuthority()
    ledger = Ledger(database, clock, FakeSigner(), authority)
    await ledger.append(leaf(1))
    assert (await ledger.proof(leaf(1).hash)).head_timestamp is None
    authority.is_away = True
    with pytest.raises(Unavailable):
        await ledger.publish()
    authority.is_away = False
    assert await ledger.publish()
    assert not await ledger.publish()
    proof = await ledger.proof(leaf(1).hash)
    assert proof.head_timestamp == authority.token(proof.head_jws.encode())
    await ledger.append(leaf(2))
    assert (await ledger.proof(leaf(1).hash)).tree_size == 1, "the timestamped head proves more"
    assert (await ledger.proof(leaf(2).hash)).tree_size == 2
    clock.advance(days=1)
    assert await ledger.publish()
    heads = await ledger.heads(0, 10)
    assert [head.timestamp_token is not None for head in heads] == [False, True, False, True]
    assert await ledger.heads(heads[1].no, 1) == [heads[2]]


async def the_log_keeps_its_name_when_keys_change(database: Database) -> None:
    """A monitor follows one log, whoever signs now."""
    first, second = FakeSigner("old"), FakeSigner("new")
    await Ledger(database, FakeClock(), first).append(leaf(1))
    ledger = Ledger(database, FakeClock(), second)
    await ledger.append(leaf(2))
    assert second.signed == 1
    said = payload_of((await ledger.head()).jws)
    assert said["log"] == f"urn:inspection:log:{first.key_sha256}"


async def status_names_what_came_later(database: Database) -> None:
    """Of a report: its corrections; of a correction: those after it; of anything else: nothing."""
    ledger = Ledger(database, FakeClock(), FakeSigner())
    report = leaf(1)
    one, two = (
        leaf_of(
            "addendum", "ins_1", json_sha256=c * 64, pdf_sha256=None, previous=report.json_sha256, at=NOON
        )
        for c in "ab"
    )
    for each in (report, leaf(2), one, two):
        await ledger.append(each)
    known, newer = await ledger.status(report.json_sha256)
    assert known
    assert [(n.kind, n.json_sha256) for n in newer] == [("addendum", "a" * 64), ("addendum", "b" * 64)]
    assert [n.json_sha256 for n in (await ledger.status("a" * 64))[1]] == ["b" * 64]
    assert await ledger.status("b" * 64) == (True, [])
    assert await ledger.status("c" * 64) == (False, [])


RULES = (
    appends_prove_themselves,
    the_same_leaf_is_added_once,
    what_is_not_there_is_refused,
    a_head_is_published_every_day,
    the_log_keeps_its_name_when_keys_change,
    status_names_what_came_later,
)
