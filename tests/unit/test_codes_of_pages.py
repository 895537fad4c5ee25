"""The codes that the service sends are the codes that the pages have words for.

That each page has words for each of these lists, in both languages, is the business of the web client's own tests.
"""

import re
from pathlib import Path
from typing import get_args

import pytest

from inspection_service.api.words import ADVICE, KINDS
from inspection_service.media.errors import NoCall, SellerAbsent
from inspection_service.media.signalling import COMMANDS, CommandRefusal, EndReason
from inspection_service.reports.errors import WaitReason
from inspection_service.settings import shipped_data
from inspection_service.vision.damage import UNTYPED
from inspection_service.vision.judgement import REASONS
from inspection_service.vision.manifest import read_manifest

pytestmark = pytest.mark.unit

MESSAGES = Path(__file__).parents[2] / "web_client" / "src" / "core" / "messages.ts"


def listed(name: str) -> set[str]:
    """Read ``export const NAME = [...] as const`` of the pages' messages."""
    found = re.search(
        rf"export const {name} = \[(.*?)\] as const", MESSAGES.read_text(encoding="utf-8"), re.S
    )
    assert found is not None, name
    return set(re.findall(r'"([^"]+)"', found[1]))


def test_hints() -> None:
    """A live hint is `ok` or the first reason against the photo."""
    assert listed("HINT_CODES") == {"ok", *REASONS}


def test_ends_of_calls() -> None:
    """Each reason for which a call can end."""
    assert listed("END_REASONS") == set(get_args(EndReason))


def test_reasons_for_which_a_seal_waits() -> None:
    """The desk says in words why there is no report yet, in both languages."""
    page = MESSAGES.parents[1] / "locales" / "operator-sealing.ts"
    found = re.findall(r"reasons: \{(.*?)\n  \}", page.read_text(encoding="utf-8"), re.S)
    assert [set(re.findall(r"^ {4}(\w+):", part, re.M)) for part in found] == [set(get_args(WaitReason))] * 2


def test_refused_commands() -> None:
    """What the service answers in the phone's place."""
    assert listed("SERVICE_REFUSALS") == set(get_args(CommandRefusal))
    assert {SellerAbsent.slug, NoCall.slug} < listed("SERVICE_REFUSALS")


def test_commands_and_the_level_each_takes() -> None:
    """The pages disable what the service would refuse."""
    text = MESSAGES.read_text(encoding="utf-8")
    found = re.search(r"export const COMMANDS = \{(.*?)\} as const", text, re.S)
    assert found is not None
    assert dict(re.findall(r'(\w+): "(\w+)"', found[1])) == {
        name: kind.level for name, kind in COMMANDS.items()
    }


def test_reasons_against_photos() -> None:
    """The service words them itself, for both pages, in both languages."""
    assert set(REASONS) <= set(ADVICE)
    for texts in (*ADVICE.values(), *KINDS.values()):
        assert set(texts) == {"fr", "en"}
        assert all(text.strip() for text in texts.values())


def test_kinds_of_damage() -> None:
    """Whatever the released model names has a name for people."""
    assert {UNTYPED, *read_manifest(shipped_data("models"), "damage").classes} <= set(KINDS)
