"""``predict``: one vision task over a folder of photos, as JSON for scorers."""

from __future__ import annotations

import argparse

from inspection_service.commands.terminal import counting, err, read_settings
from inspection_service.vision.predict import run as predict


def run(arguments: argparse.Namespace) -> int:
    """Write the list; unreadable photos have their entry and are counted on standard error."""
    if arguments.asks is not None and arguments.task != "framing":
        err().print("inspection-service predict: --asks goes with framing only")
        return 2
    with counting(f"Looking for {arguments.task}", total=0) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(bar.task_ids[0], completed=done, total=total)

        counts = predict(
            arguments.task,
            arguments.images,
            arguments.out,
            arguments.asks,
            progress,
            models_dir=read_settings().vision.models_dir,
        )
    err().print(
        f"{counts.photos} photos, {counts.entries} entries, {counts.unreadable} unreadable: {arguments.out}"
    )
    return 0
