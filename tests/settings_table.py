"""Writes the table of settings in docs/running.md from the settings themselves: ``python -m tests.settings_table``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from inspection_service import settings as module
from inspection_service.settings import Settings

GUIDE: Final = Path(__file__).parents[1] / "docs" / "running.md"
_BEGIN: Final = "<!-- settings: python -m tests.settings_table writes this -->\n"
_END: Final = "<!-- end of settings -->\n"


def table() -> str:
    """Return the table: one line a setting, in the order of the file."""
    said = _docstrings()
    lines = ["| variable | default | what it is |", "|---|---|---|"]
    for name, owner, field, default in _fields(Settings, ""):
        lines.append(f"| `INSPECTION_{name}` | {_shown(default)} | {said.get((owner, field), '')} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """Return the table that stands in the guide."""
    return GUIDE.read_text(encoding="utf-8").split(_BEGIN)[1].split(_END)[0]


def main() -> None:
    """Put the present table into the guide."""
    before, rest = GUIDE.read_text(encoding="utf-8").split(_BEGIN)
    after = rest.split(_END)[1]
    GUIDE.write_text(before + _BEGIN + table() + _END + after, encoding="utf-8")


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, Any]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", model.__name__, name, field.default


def _shown(default: Any) -> str:
    if default is PydanticUndefined:
        return "shipped with the program"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is None or default in ("", ()):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _docstrings() -> dict[tuple[str, str], str]:
    files = sorted(Path(module.__file__).parent.glob("*.py"))
    tree = ast.parse("\n".join(file.read_text(encoding="utf-8") for file in files))
    found = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            is_said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and is_said:
                assert isinstance(after, ast.Expr)
                assert isinstance(after.value, ast.Constant)
                text = " ".join(str(after.value.value).split()).replace("``", "`").replace("|", "\\|")
                found[node.name, ast.unparse(field.target)] = text
    return found


if __name__ == "__main__":
    main()
