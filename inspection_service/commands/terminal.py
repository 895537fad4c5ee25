"""What people see on the terminal: progress and refusals on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inspection_service.settings import Settings


def out() -> Console:
    """Return where results go."""
    return Console(highlight=False, soft_wrap=True)


def err() -> Console:
    """Return where everything else goes."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def write_json(value: Any) -> None:
    """Print a result for machines."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something takes a while; nothing on a terminal that is none."""
    with err().status(text):
        yield


@contextmanager
def counting(text: str, total: int) -> Iterator[Progress]:
    """Show a bar for work of known length; nothing on a terminal that is none.

    Yields:
        The progress, with its one task under the id ``progress.task_ids[0]``.
    """
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(text, total=total)
        yield progress


def read_settings(**over: Any) -> Settings:
    """Read the settings from the environment, with what the command line says on top.

    Args:
        over: Values by their dotted name with ``__`` for the dot (``http__port=8000``); ``None`` leaves a value alone.

    Raises:
        ValidationError: Something contradicts; all faults at once.
    """
    nested: dict[str, Any] = {}
    for name, value in over.items():
        if value is not None:
            part, _, leaf = name.partition("__")
            if leaf:
                nested.setdefault(part, {})[leaf] = value
            else:
                nested[part] = value
    return Settings(**nested)


def existing_dir(text: str) -> Path:
    """Read an argument that names a folder (for ``type=``)."""
    path = Path(text)
    if not path.is_dir():
        raise ValueError(f"{text} is not a folder")
    return path
