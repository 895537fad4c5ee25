"""Every rule of a checklist: its JSON Schema, then what a schema cannot say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from inspection_service.settings import shipped_data

SCHEMA_FILE = "checklist.schema.json"


def faults_of(content: Any, path: Path) -> list[str]:
    """Return each fault as ``place: what``; an empty list is a checklist one can order.

    Args:
        content: What the YAML holds.
        path: Where the YAML is; its folder holds ``assets/``.
    """
    schema = json.loads((shipped_data("checklists") / SCHEMA_FILE).read_text(encoding="utf-8"))
    errors = sorted(
        Draft202012Validator(schema).iter_errors(content), key=lambda error: list(map(str, error.path))
    )
    if errors:
        return [f"{'/'.join(map(str, error.absolute_path)) or 'file'}: {error.message}" for error in errors]
    return list(_broken_references(content, path))


def _broken_references(content: dict[str, Any], path: Path) -> Iterator[str]:
    if content["id"] != path.stem:
        yield f"id: {content['id']!r} does not match the file name {path.name!r}"
    for part in ("sections", "steps", "control_points"):
        counted = Counter(item["id"] for item in content[part])
        for name in (name for name, count in counted.items() if count > 1):
            yield f"{part}: {name!r} is there more than once"
    sections = {section["id"] for section in content["sections"]}
    steps = {step["id"] for step in content["steps"]}
    for step in content["steps"]:
        place = f"steps/{step['id']}"
        if step["section"] not in sections:
            yield f"{place}/section: there is no section {step['section']!r}"
        for asset in ("overlay", "example"):
            if not (path.parent / step[asset]).is_file():
                yield f"{place}/{asset}: there is no file {step[asset]!r}"
    for point in content["control_points"]:
        place = f"control_points/{point['id']}"
        if point["section"] not in sections:
            yield f"{place}/section: there is no section {point['section']!r}"
        if point["step"] not in steps:
            yield f"{place}/step: there is no step {point['step']!r}"
        if point["id"] == "odometer":
            yield f"{place}: the name is kept for the mileage reading"
