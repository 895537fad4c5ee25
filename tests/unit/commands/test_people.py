"""Organisations and their people from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from inspection_service.cli import main

pytestmark = pytest.mark.unit


def say(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """Run one act and return its rows."""
    assert main([*words, "--data-dir", str(folder), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows: list[dict[str, Any]] = answer.get("items", [answer])
    return rows


def test_an_instance_is_staffed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found, let in, invite, help who is locked out, close; what does not exist is said in one line."""
    (platform,) = say(tmp_path, capsys, "keys", "platform", "--name", "Autoscope")
    (nord,) = say(tmp_path, capsys, "people", "organisation", "--name", "Nord")
    both = ("--platform", platform["platform"], "--organisation", nord["organisation"])
    granted = say(tmp_path, capsys, "people", "grant", *both)
    assert {row["organisation"]: row["state"] for row in granted} == {
        "org_house": "sees the cases",
        nord["organisation"]: "sees the cases",
    }
    (house, closed) = say(tmp_path, capsys, "people", "revoke", *both)
    assert (house["state"], closed["state"]) == ("sees the cases", "sees nothing any more")
    invite = ("people", "invite", "--email", "ada@example.com", "--name", "Ada", "--role", "admin")
    (invited,) = say(tmp_path, capsys, *invite, "--organisation", nord["organisation"])
    assert "/operator/join#" in invited["link"]
    say(tmp_path, capsys, "keys", "operator", "--email", "olga@example.com", "--name", "Olga")
    for act in ("unlock", "reset-second-factor"):
        (done,) = say(tmp_path, capsys, "people", act, "--email", "Olga@example.com")
        assert done["email"] == "olga@example.com"
    people = {row["name"]: row["people"] for row in say(tmp_path, capsys, "people", "list")}
    assert people == {"Nord": [], "Operators": ["olga@example.com (operator)"]}
    for words in (
        ("unlock", "--email", "nobody@example.com"),
        ("grant", "--platform", "ten_none", "--organisation", nord["organisation"]),
        ("grant", "--platform", platform["platform"], "--organisation", "org_none"),
    ):
        assert main(["people", *words, "--data-dir", str(tmp_path)]) == 1
