"""The log says what failed and where, and never with which data."""

import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from inspection_service.errors import InvalidInput
from inspection_service.telemetry import logs
from inspection_service.telemetry.tracebacks import format_error

pytestmark = pytest.mark.unit

SECRET = "tok_5f2b9c"
PERSON = "camille@example.com"
Forms = pytest.mark.parametrize("form", ["console", "json"])


class Contact(BaseModel):
    """Refuses what is no number, and quotes it."""

    number: int


def broken(token: str, email: str) -> None:
    """Fails while it holds a secret; the names in the frame are what a careless log would print."""
    kept = {"token": token, "email": email}
    assert kept
    raise RuntimeError("the shelf is empty")


def _insert() -> None:
    raise IntegrityError("INSERT", {"email": PERSON}, Exception(f"Key (email)=({PERSON}) already exists."))


def quoting() -> list[Exception]:
    """Return errors whose own text repeats data, as libraries raise them."""
    empty: dict[str, str] = {}
    acts: tuple[Callable[[], object], ...] = (
        lambda: int(PERSON),
        lambda: empty[PERSON],
        lambda: Contact.model_validate({"number": PERSON}),
        _insert,
    )
    found: list[Exception] = []
    for act in acts:
        try:
            act()
        except Exception as error:
            found.append(error)
    assert len(found) == len(acts)
    assert all(PERSON in str(error) for error in found), "else the test proves nothing"
    return found


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Returns what standard error got; the configuration before the test is put back after it."""
    before, handlers = structlog.get_config(), logging.getLogger().handlers
    yield lambda: capsys.readouterr().err
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


@Forms
def test_local_variables_stay_out(log: Callable[[], str], form: Literal["console", "json"]) -> None:
    """A fault in a frame that holds a token is told with its place and its words, without the token."""
    logs.configure_logs(form)
    try:
        broken(SECRET, PERSON)
    except RuntimeError as error:
        logs.request_failed("urn:inspection:request:req_1", "/v1/x", error)
    told = log()
    assert "in broken" in told
    assert "RuntimeError: the shelf is empty" in told
    assert SECRET not in told
    assert PERSON not in told


def test_a_log_nobody_configured_is_as_careful(log: Callable[[], str]) -> None:
    """The library's own default prints local variables."""
    structlog.reset_defaults()
    try:
        broken(SECRET, PERSON)
    except RuntimeError as error:
        logs.work_failed("judge", "cap_1", error)
    told = log()
    assert "RuntimeError: the shelf is empty" in told
    assert SECRET not in told


@Forms
def test_errors_that_quote_data_are_named_only(
    log: Callable[[], str], form: Literal["console", "json"]
) -> None:
    """Of such an error the log has the class and the place; so also when it is a cause or one of a group."""
    logs.configure_logs(form)
    inner = quoting()
    try:
        try:
            raise ExceptionGroup("several", inner)
        except ExceptionGroup as group:
            raise InvalidInput("This cannot be used.") from group
    except InvalidInput as error:
        logs.work_failed("judge", "cap_1", error)
    told = log()
    assert PERSON not in told
    for name in ("ValueError", "KeyError", "ValidationError", "IntegrityError", "This cannot be used."):
        assert name in told


def test_a_busy_database_keeps_its_words() -> None:
    """SQLite's complaints about the machine name no data and are what one needs to read."""
    assert "database is locked" in format_error(sqlite3.OperationalError("database is locked"))


def test_an_error_told_once_is_not_told_again_by_the_server(log: Callable[[], str]) -> None:
    """The HTTP server logs what we raise anew; other errors of libraries come through, on one line."""
    logs.configure_logs("json")
    server = logging.getLogger("uvicorn.error")
    told, untold = RuntimeError("ours"), ValueError(PERSON)
    logs.request_failed("urn:inspection:request:req_1", "/v1/x", told)
    server.error("Exception in ASGI application\n", exc_info=told)
    server.error("Traceback (most recent call last):\n  token = 'x'")
    server.error("Exception in ASGI application\n", exc_info=untold)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: <{PERSON}>")
    server.info("Uvicorn running")
    text = log()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line.get("error", line.get("says")) for line in lines] == [
        "RuntimeError",
        "Exception in ASGI application",
        "Task exception was never retrieved",
    ]
    assert lines[1]["library"] == "uvicorn.error"
    assert lines[1]["exception"].startswith("ValueError (its text is withheld")
    assert PERSON not in text


def test_the_log_follows_standard_error_when_that_is_exchanged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stream that was closed since the log was set up breaks nothing that wants to say something."""
    with (closed := io.StringIO()):
        monkeypatch.setattr("sys.stderr", closed)
        logs.configure_logs("json")
    monkeypatch.undo()
    logs.service_stopped()
    assert "service.stopped" in capsys.readouterr().err
