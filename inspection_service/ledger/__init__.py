"""The append-only Merkle log of all sealed reports and their corrections (RFC 9162), and its proofs.

``Ledger`` appends and proves; ``Leaf`` and ``leaf_of`` say what a report leaves in it: hashes, nothing personal.
"""

from inspection_service.ledger.log import HeadSigner, Ledger, TimestampClient
from inspection_service.ledger.records import Head, InclusionProof, Leaf, Newer, leaf_of

__all__ = ["Head", "HeadSigner", "InclusionProof", "Leaf", "Ledger", "Newer", "TimestampClient", "leaf_of"]
