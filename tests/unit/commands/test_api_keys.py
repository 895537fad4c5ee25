"""Whoever runs the service looks after the keys of platforms from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from inspection_service import cli
from inspection_service.identity.records import KeyScope

pytestmark = pytest.mark.unit


def test_a_key_is_made_listed_changed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its secret is printed when it is made, and by nothing else."""

    def run(*words: str) -> dict[str, Any]:
        assert cli.main([*words, "--data-dir", str(tmp_path), "--json"]) == 0
        said = capsys.readouterr().out
        return dict(json.loads(said)) if said else {}

    platform = run("keys", "platform", "--name", "Shop")["platform"]
    made = run("api-keys", "create", "--platform", platform, "--label", "export", "--scope", "reports:read")
    assert made["api_key"].startswith(made["prefix"])
    assert made["scopes"] == ["reports:read"]
    changed = run("api-keys", "rotate", made["id"], "--platform", platform, "--overlap-hours", "2")
    assert changed["label"] == "export"
    assert (
        cli.main(["api-keys", "revoke", made["id"], "--platform", platform, "--data-dir", str(tmp_path)]) == 0
    )
    listed = {key["id"]: key for key in run("api-keys", "list", "--platform", platform)["keys"]}
    assert listed[made["id"]]["revoked_at"]
    assert listed[changed["id"]]["revoked_at"] is None
    assert made["api_key"] not in json.dumps(listed)
    assert (
        cli.main(["api-keys", "revoke", "key_none", "--platform", platform, "--data-dir", str(tmp_path)]) == 1
    )


def test_the_scopes_of_the_command_line_are_those_there_are() -> None:
    """A new scope can be given to a key from here too."""
    assert set(cli._SCOPES) == set(get_args(KeyScope))
