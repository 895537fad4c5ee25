"""The evidence a report rests on, as one tree: each original can be proven part of it without showing the others.

Implements the Merkle tree of RFC 9162 (SHA-256) over the canonical JSON of each leaf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from inspection_service import merkle
from inspection_service.reports.canonical import canonical_bytes

ALGORITHM: Final = "RFC 9162 SHA-256"
KINDS: Final = ("capture", "annotation", "recording", "checklist", "model")


def evidence_tree(record: Mapping[str, Any]) -> dict[str, Any]:
    """Make the record's ``evidence`` from its other parts.

    Leaves: every photo received (also refused ones), every frame that was kept, every part of a recording by the last
    hash of its chain, the checklist, the models; ordered by kind, then id.
    """
    leaves = [_leaf("capture", c["id"], c["sha256"]) for c in record["captures"]]
    leaves += [_leaf("annotation", a["id"], a["sha256"]) for a in record["annotations"]]
    leaves += [
        _leaf("recording", f"{recording['id']}/{kind}", part["chain_sha256"])
        for recording in record["recordings"]
        for kind, part in recording["parts"].items()
    ]
    checklist = record["checklist"]
    leaves.append(_leaf("checklist", checklist["id"], checklist["sha256"]))
    leaves += [_leaf("model", model["name"], model["sha256"]) for model in record["models"]["list"]]
    leaves.sort(key=lambda leaf: (KINDS.index(leaf["kind"]), leaf["id"]))
    return {"algorithm": ALGORITHM, "root": evidence_root(leaves), "leaves": leaves}


def evidence_root(leaves: Sequence[Mapping[str, Any]]) -> str:
    """Return the root over leaves as they stand in a record; lower-case hexadecimal."""
    return merkle.root([merkle.leaf_hash(canonical_bytes(leaf)) for leaf in leaves]).hex()


def _leaf(kind: str, name: str, sha256: str) -> dict[str, str]:
    return {"kind": kind, "id": name, "sha256": sha256}
