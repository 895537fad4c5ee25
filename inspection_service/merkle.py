"""The Merkle tree of RFC 9162: one tree for the evidence of a report and for the log of all reports.

Pure: hashes in, hashes out; whoever keeps a large tree keeps its complete subtrees (``ledger``).

Source: RFC 9162, sections 2.1.1 (tree head), 2.1.3 (inclusion), 2.1.4 (consistency).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_BYTES: Final = 32

Subtree = tuple[int, int]
"""``(level, index)``: the complete subtree over the leaves ``index * 2**level`` up to ``(index + 1) * 2**level``."""


def leaf_hash(data: bytes) -> bytes:
    """Hash the bytes of a leaf; the prefix keeps a leaf from being taken for a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes.

    Args:
        leaves: Hashes from ``leaf_hash``, in order.
    """
    return subtree_root(0, len(leaves), _in_memory(leaves)) if leaves else EMPTY_ROOT


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the proof that one leaf stands in a tree held in memory; see ``inclusion_plan`` for larger ones."""
    tree = _in_memory(leaves)
    return [subtree_root(start, end, tree) for start, end in inclusion_plan(index, len(leaves))]


def inclusion_plan(index: int, size: int) -> list[tuple[int, int]]:
    """Say which ranges of leaves make the inclusion proof of a leaf, the nearest first.

    Args:
        index: Of the leaf, from 0.
        size: Leaves of the tree; more than ``index``.

    Returns:
        Half-open ranges; each one's root is one element of the path (RFC 9162, section 2.1.3.1).
    """
    plan: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            plan.append((middle, end))
            end = middle
        else:
            plan.append((start, middle))
            start = middle
    return plan[::-1]


def consistency_plan(first: int, second: int) -> list[tuple[int, int]]:
    """Say which ranges of leaves prove that a tree of ``second`` leaves begins with the one of ``first``.

    Args:
        first: 1 or more.
        second: At least ``first``.

    Returns:
        Half-open ranges in the order of the proof (RFC 9162, section 2.1.4.1); none when the sizes are equal.
    """
    plan: list[tuple[int, int]] = []
    start, end, is_whole = 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            plan.append((middle, end))
            end = middle
        else:
            plan.append((start, middle))
            start, is_whole = middle, False
    if not is_whole:
        plan.append((start, end))
    return plan[::-1]


def complete_subtrees(start: int, end: int) -> list[Subtree]:
    """Cut a range that ``inclusion_plan`` or ``consistency_plan`` gave into complete subtrees, left to right."""
    found: list[Subtree] = []
    while start < end:
        level = _log2(end - start)
        found.append((level, start >> level))
        start += 1 << level
    return found


def subtree_root(start: int, end: int, tree: Callable[[Subtree], bytes]) -> bytes:
    """Return the root over a range of leaves from the roots of the complete subtrees it is made of."""
    parts = [tree(subtree) for subtree in complete_subtrees(start, end)]
    value = parts.pop()
    while parts:
        value = node_hash(parts.pop(), value)
    return value


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root an inclusion proof leads to; the caller compares it with a signed one.

    Args:
        leaf: Hash of the leaf.
        index: Its place, from 0.
        size: Leaves of the tree.
        path: The proof.

    Raises:
        ValueError: The proof has the wrong length, or the place lies outside the tree.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ValueError("the leaf lies outside the tree")
    position, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ValueError("the proof is too short")
    return value


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a proof shows that the larger tree only added to the smaller one.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    proof = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not proof:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``."""
    return 1 << _log2(size - 1)


def _log2(value: int) -> int:
    return value.bit_length() - 1


def _in_memory(leaves: Sequence[bytes]) -> Callable[[Subtree], bytes]:
    def tree(subtree: Subtree) -> bytes:
        level, index = subtree
        row = list(leaves[index << level : (index + 1) << level])
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    return tree
