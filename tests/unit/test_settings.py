"""Settings come from the environment, contradictions are told together, every field says what it is."""

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

from inspection_service import settings as module
from inspection_service.settings import Settings

pytestmark = pytest.mark.unit


def test_defaults_need_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder, SQLite, this machine only."""
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/instance/inspection.db"
    assert settings.store_url == f"file://{tmp_path}/instance/objects"
    assert settings.http.host == "127.0.0.1"
    assert settings.base_url == f"http://127.0.0.1:{settings.http.port}"
    assert settings.pepper_file == Path("instance/pepper")


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nested names with two underscores; secrets do not show."""
    monkeypatch.setenv("INSPECTION_DATABASE__URL", "postgresql+asyncpg://u:p@db/x")
    monkeypatch.setenv("INSPECTION_STORE__URL", "s3://photos?endpoint=http://s3:9000")
    monkeypatch.setenv("INSPECTION_STORE__ACCESS_KEY", "a")
    monkeypatch.setenv("INSPECTION_STORE__SECRET_KEY", "very-secret")
    monkeypatch.setenv("INSPECTION_PUBLIC_URL", "https://inspect.example.com/")
    settings = Settings()
    assert settings.database_url.startswith("postgresql")
    assert settings.base_url == "https://inspect.example.com"
    assert "very-secret" not in repr(settings)


def test_contradictions_are_told_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """At start, not at the first photo."""
    monkeypatch.setenv("INSPECTION_DATABASE__URL", "mysql://x")
    monkeypatch.setenv("INSPECTION_STORE__URL", "ftp://x")
    monkeypatch.setenv("INSPECTION_HTTP__CERTFILE", "cert.pem")
    monkeypatch.setenv("INSPECTION_SIGNING__MODE", "file")
    with pytest.raises(ValidationError) as refused:
        Settings()
    for part in ("database.url", "store.url", "http.certfile", "signing.keys_dir"):
        assert part in str(refused.value)


def test_a_typing_error_in_a_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown nested setting is a mistake, not a wish."""
    monkeypatch.setenv("INSPECTION_VISION__WORKER", "2")
    with pytest.raises(ValidationError):
        Settings()


def test_every_number_says_its_unit_or_what_it_counts() -> None:
    """Each field with bounds is followed by a sentence."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    silent = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            is_number = isinstance(field, ast.AnnAssign) and "Annotated" in ast.unparse(field.annotation)
            if is_number and not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
                assert isinstance(field, ast.AnnAssign)
                silent.append(ast.unparse(field.target))
    assert silent == []
