"""The command line as scripts use it: names, exit codes, and one line for what people can mend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from inspection_service.cli import main, missing_libraries
from inspection_service.commands.first_run import prepare_instance
from inspection_service.commands.terminal import read_settings
from inspection_service.settings import Settings

pytestmark = pytest.mark.unit
COMMANDS = (
    "serve",
    "worker",
    "migrate",
    "copy-instance",
    "backup",
    "restore",
    "first-run",
    "demo",
    "predict",
    "verify-report",
    "check-checklists",
    "check-models",
    "keys",
    "people",
    "openapi",
)


def exit_code(words: Sequence[str]) -> int:
    """Run the command line and return its exit code, however it ends."""
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` is where people begin."""
    assert exit_code(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert command in shown
    for command in COMMANDS:
        assert exit_code([command, "--help"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["worker", "--queues", "vision,sound"],
        ["worker", "--queues", ""],
        ["copy-instance", "--to-database", "postgresql+asyncpg://db/x"],
        ["restore", "/no/such/folder"],
        ["verify-report"],
        ["predict", "colour", "--images", ".", "--out", "x"],
        ["predict", "damage", "--images", "/no/such/folder", "--out", "x"],
        ["demo", "--photos", ".", "--out", "x", "--lang", "de"],
        ["keys"],
    ],
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage says what is wrong and how it is used, on standard error."""
    assert exit_code(words) == 2
    shown = capsys.readouterr()
    assert "usage:" in shown.err
    assert shown.out == ""


def test_wrong_settings_are_all_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contradictions are told at once, one line, exit code 2."""
    monkeypatch.setenv("INSPECTION_HTTP__PORT", "70000")
    assert exit_code(["check-checklists"]) == 2
    assert "port" in capsys.readouterr().err


def test_missing_system_library_is_one_line() -> None:
    """A bare server learns which Debian packages OpenCV wants."""
    line = missing_libraries(
        ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    )
    assert line is not None
    assert "libGL.so.1" in line
    assert "apt-get install -y libgl1 libglib2.0-0" in line
    assert "\n" not in line
    assert missing_libraries(ImportError("No module named 'cv3'")) is None


def test_refusal_is_one_line_or_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keys that are not there: a sentence for people, a problem for machines, exit code 1."""
    assert exit_code(["keys", "show", "--data-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("inspection-service: The signing keys in ")
    assert exit_code(["keys", "show", "--data-dir", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().err)["type"] == "urn:inspection:problem:keys-unusable"


def test_checklists_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What ships is good; a broken file is named, and the exit code says so."""
    assert exit_code(["check-checklists", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checklists"][0]["id"] == "listing-12"
    (tmp_path / "broken.yaml").write_text("id: broken\nsteps: [", encoding="utf-8")
    assert exit_code(["check-checklists", str(tmp_path)]) == 1
    assert "broken.yaml" in capsys.readouterr().out
    assert exit_code(["check-checklists", str(tmp_path / "..")]) in (0, 1)


def test_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--port`` beats INSPECTION_HTTP__PORT, and leaves the rest of that part alone."""
    monkeypatch.setenv("INSPECTION_HTTP__PORT", "1234")
    monkeypatch.setenv("INSPECTION_HTTP__HOST", "0.0.0.0")
    assert read_settings(http__port=None).http.port == 1234
    settings = read_settings(http__port=4321)
    assert (settings.http.port, settings.http.host) == (4321, "0.0.0.0")


async def test_second_start_keeps_the_instance(tmp_path: Path) -> None:
    """The same key, login and link are printed again, and only their owner can read the file they are kept in."""
    settings = Settings(data_dir=tmp_path)
    first = await prepare_instance(settings)
    assert await prepare_instance(settings) == first
    assert (tmp_path / "first-run.json").stat().st_mode & 0o777 == 0o600
    other = await prepare_instance(Settings(data_dir=tmp_path / "other"))
    assert other.api_key != first.api_key
    assert other.operator_password != first.operator_password
