"""Remembers checklists by their hash: the largest part of an inspection's row, and the same in thousands of them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

MOST: Final = 64
"""Checklists and editions in use at the same time are a handful."""


class FrozenChecklists:
    """Checklists by the SHA-256 of their canonical form; what a hash names cannot be out of date."""

    def __init__(self) -> None:
        """Begin with none."""
        self._contents: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def get(self, sha256: str) -> Mapping[str, Any] | None:
        """Return a checklist that was read before."""
        content = self._contents.get(sha256)
        if content is not None:
            self._contents.move_to_end(sha256)
        return content

    def keep(self, sha256: str, content: Mapping[str, Any]) -> None:
        """Remember a checklist if it is the one its hash names; of too many the longest unused goes."""
        if hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest() != sha256:
            return
        self._contents[sha256] = content
        while len(self._contents) > MOST:
            self._contents.popitem(last=False)
