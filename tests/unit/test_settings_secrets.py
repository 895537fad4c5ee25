"""No secret of the settings is ever shown: not when they are printed, not when they are refused, not by a command."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any, Final

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from inspection_service import cli
from inspection_service.settings import Settings

pytestmark = pytest.mark.unit
CANARY: Final = "kanarienvogel"
HOLD_SECRETS: Final = {
    "DATABASE__URL": f"postgresql+asyncpg://inspection:{CANARY}@db/inspection",
    "BROKER__URL": f"rediss://:{CANARY}@redis:6379/0",
    "STORE__URL": "s3://photos",
    "STORE__ACCESS_KEY": f"{CANARY}-access",
    "STORE__SECRET_KEY": f"{CANARY}-secret",
    "MEDIA__TURN__URLS": '["turn:relay:3478"]',
    "MEDIA__TURN__SECRET": f"{CANARY}-turn",
    "MESSAGES__SMTP_URL": "smtps://mail:465",
    "MESSAGES__SENDER": "Inspections <inspections@example.com>",
    "MESSAGES__SMTP_PASSWORD": f"{CANARY}-smtp",
    "MESSAGES__SMS_URL": f"https://sms.example.com/send?key={CANARY}",
    "MESSAGES__SMS_TOKEN": f"{CANARY}-sms",
    "MESSAGES__SMS_BODY": f'{{"key": "{CANARY}", "to": "{{to}}", "text": "{{text}}"}}',
}


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOLD_SECRETS.items():
        monkeypatch.setenv(f"INSPECTION_{name}", value)


def _fields(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}", inner


def test_every_setting_that_may_hold_a_secret_is_tried_here() -> None:
    """A new one is added to the list above, or it is none."""
    secret = {name for name, kind in _fields(Settings) if kind in (SecretStr, SecretStr | None)}
    assert secret == {name for name, value in HOLD_SECRETS.items() if CANARY in value}
    named = {
        name for name, _ in _fields(Settings) if name.endswith(("PASSWORD", "SECRET", "TOKEN", "_KEY", "PIN"))
    }
    assert named - secret == {"SIGNING__PKCS11_TOKEN"}, "this one is a label"


@pytest.mark.usefixtures("_environment")
def test_printed_settings_show_none() -> None:
    """As text, as a dump for people, as JSON, part by part; and whoever needs a value gets it."""
    settings = Settings()
    parts = [settings, *(getattr(settings, name) for name in Settings.model_fields)]
    for part in parts:
        assert CANARY not in f"{part!r} {part}"
    assert CANARY not in str(settings.model_dump())
    assert CANARY not in settings.model_dump_json()
    assert settings.database_url == HOLD_SECRETS["DATABASE__URL"]
    assert settings.broker_url == HOLD_SECRETS["BROKER__URL"]


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP__CERTFILE", "cert.pem"),  # a contradiction: the whole tree is what was wrong
        ("HTTP__PORT", "many"),
        ("VISION__WORKER", "2"),
        ("DATABASE__URL", f"mysql://inspection:{CANARY}@db"),
        ("DATABASE__URL", f"postgresql+asyncpg://inspection:{CANARY}@db:port/x"),
        ("BROKER__URL", f"amqp://:{CANARY}@redis"),
        ("BROKER__URL", f"redis://:12/{CANARY}@redis:6379/0"),
        ("BROKER__URL", f"redis://:{CANARY}/more@redis:6379/0"),
        ("DATABASE", f'{{"url": "{CANARY}", "colour": 1}}'),
        ("MESSAGES__SMTP_URL", f"smtps://user:{CANARY}@mail"),
        ("MESSAGES__SMS_URL", f"ftp://{CANARY}"),
        ("MESSAGES__SMS_BODY", f"{CANARY} is no JSON"),
    ],
)
def test_refused_settings_show_none(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the error nor what the program says of it, whichever setting is the wrong one."""
    monkeypatch.setenv(f"INSPECTION_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert cli.main(["serve"]) == 2
    said = capsys.readouterr()
    assert said.err
    assert CANARY not in said.out + said.err


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["worker", "--help"], ["openapi"]])
def test_no_command_shows_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help shows defaults, never what is set here."""
    try:
        cli.main(words)
    except SystemExit as ended:
        assert ended.code == 0
    assert CANARY not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "url",
    ["postgresql+asyncpg:///inspection?host=/run/postgresql", "postgresql+asyncpg://u:p%2F@[::1]:5432/x"],
)
def test_addresses_of_every_kind_are_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's folder, an address of IPv6, a password with signs."""
    monkeypatch.setenv("INSPECTION_DATABASE__URL", url)
    monkeypatch.setenv("INSPECTION_BROKER__URL", "redis://:p%40ss@[::1]:6379/0")
    assert Settings().database_url == url
