"""Loads all checklists of a folder, refuses a wrong one with every fault named, and freezes them for orders."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import rfc8785
import yaml

from inspection_service.checklists.check import faults_of
from inspection_service.checklists.errors import ChecklistInvalid, ChecklistUnknown

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: ten times as fast."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """One checklist, frozen: what an order copies into its inspection."""

    id: str
    version: str
    content: Mapping[str, Any]
    """The YAML's content as plain JSON values, both languages."""
    sha256: str
    """Hash of its canonical JSON (RFC 8785)."""
    folder: Path
    """Where its ``assets/`` are."""

    @property
    def step_ids(self) -> tuple[str, ...]:
        """The steps in order."""
        return tuple(step["id"] for step in self.content["steps"])


class Shelf:
    """All checklists this instance offers."""

    def __init__(self, checklists: Mapping[str, Checklist]) -> None:
        self._checklists = dict(checklists)

    @classmethod
    def load(cls, folder: Path) -> Shelf:
        """Read and check every ``*.yaml`` of a folder.

        Raises:
            ChecklistInvalid: ``faults`` names each fault of each file, as ``file: place: what``.
        """
        checklists: dict[str, Checklist] = {}
        faults: list[str] = []
        for path in sorted(folder.glob("*.yaml")):
            try:
                checklist = load_checklist(path)
            except ChecklistInvalid as error:
                faults += error.attributes["faults"]
                continue
            checklists[checklist.id] = checklist
        if faults:
            raise ChecklistInvalid("; ".join(faults), faults=faults)
        return cls(checklists)

    def get(self, checklist_id: str) -> Checklist:
        """Return one checklist. Raises ``ChecklistUnknown`` with the ids there are."""
        try:
            return self._checklists[checklist_id]
        except KeyError:
            raise ChecklistUnknown(checklist=checklist_id, known=sorted(self._checklists)) from None

    def __iter__(self) -> Iterator[Checklist]:
        return iter(self._checklists.values())

    def __len__(self) -> int:
        return len(self._checklists)


def load_checklist(path: Path) -> Checklist:
    """Read and check one file.

    Raises:
        ChecklistInvalid: ``faults`` names each fault, as ``file: place: what``.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader, both ways
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        fault = f"{path.name}: cannot be read: {error}"
        raise ChecklistInvalid(fault, faults=[fault]) from error
    faults = [f"{path.name}: {fault}" for fault in faults_of(content, path)]
    if faults:
        raise ChecklistInvalid("; ".join(faults), faults=faults)
    canonical: bytes = rfc8785.dumps(content)
    return Checklist(
        content["id"], str(content["version"]), content, hashlib.sha256(canonical).hexdigest(), path.parent
    )


def localised(content: Any, language: Literal["fr", "en"]) -> Any:
    """Return checklist content with every ``{fr, en}`` pair replaced by the one language asked for."""
    if isinstance(content, Mapping):
        if set(content) == {"fr", "en"}:
            return content[language]
        return {key: localised(value, language) for key, value in content.items()}
    if isinstance(content, list):
        return [localised(value, language) for value in content]
    return content
