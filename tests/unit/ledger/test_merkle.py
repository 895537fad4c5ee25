"""The tree is the one of RFC 9162, and its proofs prove nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection_service import merkle
from tests.unit.ledger import oracle

pytestmark = pytest.mark.unit

REFERENCE = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""Entries whose tree every implementation of certificate transparency is tested with."""
REFERENCE_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
LARGEST = 64


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def hashes(data: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(one) for one in data]


def test_the_root_is_that_of_other_implementations() -> None:
    """The eight entries of the certificate transparency project, and the empty tree (section 2.1.1)."""
    assert merkle.root(hashes(REFERENCE)).hex() == REFERENCE_ROOT
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_inclusion_proof_up_to_64_leaves() -> None:
    """Each is the oracle's, leads to the root, and leads to no root from another place or leaf (section 2.1.3)."""
    for size in range(1, LARGEST + 1):
        data = entries(size)
        leaves, root = hashes(data), oracle.mth(data)
        assert merkle.root(leaves) == root
        for index in range(size):
            path = merkle.inclusion_path(leaves, index)
            assert path == oracle.path(index, data)
            assert merkle.root_from_inclusion(leaves[index], index, size, path) == root
            other = leaves[(index + 1) % size]
            if other != leaves[index]:
                assert merkle.root_from_inclusion(other, index, size, path) != root


def test_every_consistency_proof_up_to_64_leaves() -> None:
    """Each is the oracle's, is accepted, and is refused for any other pair of roots (section 2.1.4)."""
    roots = [oracle.mth(entries(size)) for size in range(LARGEST + 1)]
    data = entries(LARGEST)
    for second in range(1, LARGEST + 1):
        leaves = hashes(data[:second])
        for first in range(1, second + 1):
            plan = merkle.consistency_plan(first, second)
            path = [merkle.root(leaves[start:end]) for start, end in plan]
            assert path == oracle.proof(first, data[:second])
            assert merkle.is_consistent(first, second, roots[first], roots[second], path)
            assert not merkle.is_consistent(first, second, roots[first - 1], roots[second], path)
            assert not merkle.is_consistent(first, second, roots[first], roots[second - 1], path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_of_larger_trees(data: st.DataObject) -> None:
    """Beyond what can be tried one by one."""
    size = data.draw(st.integers(65, 1500))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    listed = entries(size)
    leaves, root = hashes(listed), oracle.mth(listed)
    path = merkle.inclusion_path(leaves, index)
    assert path == oracle.path(index, listed)
    assert merkle.root_from_inclusion(leaves[index], index, size, path) == root
    steps = [merkle.root(leaves[start:end]) for start, end in merkle.consistency_plan(first, size)]
    assert steps == oracle.proof(first, listed)
    assert merkle.is_consistent(first, size, oracle.mth(listed[:first]), root, steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 200), st.data())
def test_a_changed_proof_proves_nothing(size: int, data: st.DataObject) -> None:
    """One bit of one hash, one hash too many, one too few, one step aside."""
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(entries(size))
    root = merkle.root(leaves)
    path = merkle.inclusion_path(leaves, index)
    place = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(path[place], "big") ^ 1 << bit).to_bytes(32, "big")
    changed = [*path[:place], flipped, *path[place + 1 :]]
    assert merkle.root_from_inclusion(leaves[index], index, size, changed) != root
    for wrong in (path[:-1], [*path, path[0]]):
        with pytest.raises(ValueError, match="too"):
            merkle.root_from_inclusion(leaves[index], index, size, wrong)
    for outside in (-1, size):
        with pytest.raises(ValueError, match="outside"):
            merkle.root_from_inclusion(leaves[index], outside, size, path)


def test_sizes_that_make_no_sense_are_not_consistent() -> None:
    """Nothing to compare, or the wrong way round."""
    root = merkle.root(hashes(entries(3)))
    assert not merkle.is_consistent(0, 3, merkle.EMPTY_ROOT, root, [])
    assert not merkle.is_consistent(4, 3, root, root, [])
    assert not merkle.is_consistent(3, 3, root, root, [root])
    assert not merkle.is_consistent(2, 3, root, root, [])
