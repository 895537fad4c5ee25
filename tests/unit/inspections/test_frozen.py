"""A remembered checklist is the one its hash names, or it is not remembered."""

import hashlib
from typing import Any

import pytest
import rfc8785

from inspection_service.inspections.frozen import MOST, FrozenChecklists

pytestmark = pytest.mark.unit


def named(content: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def test_only_what_a_hash_names_is_kept_under_it() -> None:
    """A row that was tampered with cannot lend its steps to the inspections of others."""
    kept = FrozenChecklists()
    right: dict[str, Any] = {"steps": [{"id": "front"}]}
    wrong: dict[str, Any] = {"steps": []}
    kept.keep(named(right), wrong)
    assert kept.get(named(right)) is None
    kept.keep(named(right), right)
    assert kept.get(named(right)) == right


def test_the_longest_unused_goes() -> None:
    """There is a bound, and what is asked for stays."""
    kept = FrozenChecklists()
    contents = [{"no": number} for number in range(MOST + 1)]
    for content in contents[:MOST]:
        kept.keep(named(content), content)
    assert kept.get(named(contents[0])) == contents[0]
    kept.keep(named(contents[MOST]), contents[MOST])
    assert kept.get(named(contents[0])) == contents[0]
    assert kept.get(named(contents[1])) is None
