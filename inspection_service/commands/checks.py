"""``check-checklists`` and ``check-models``: is what is installed what it should be?"""

from __future__ import annotations

import argparse

from inspection_service.checklists import ChecklistInvalid, Shelf
from inspection_service.commands.terminal import out, read_settings, waiting, write_json


def checklists(arguments: argparse.Namespace) -> int:
    """Check every checklist of a folder and name each fault."""
    folder = arguments.folder or read_settings().checklists_dir
    faults: list[str] = []
    found: list[dict[str, object]] = []
    try:
        for checklist in Shelf.load(folder):
            steps = len(checklist.step_ids)
            found.append(
                {"id": checklist.id, "version": checklist.version, "steps": steps, "sha256": checklist.sha256}
            )
    except ChecklistInvalid as error:
        faults = list(error.attributes["faults"])
    is_good = bool(found) and not faults
    if not found and not faults:
        faults = [f"{folder}: no checklist here"]
    if arguments.json:
        write_json({"ok": is_good, "checklists": found, "faults": faults})
        return 0 if is_good else 1
    for line in found:
        out().print(
            f"ok      {line['id']} {line['version']}, {line['steps']} steps, SHA-256 {line['sha256']}"
        )
    for fault in faults:
        out().print(f"wrong   {fault}", markup=False)
    return 0 if is_good else 1


def models(arguments: argparse.Namespace) -> int:
    """Open every model and compare it with its manifest."""
    from inspection_service.vision.manifest import check_models  # brings OpenCV

    folder = arguments.folder or read_settings().vision.models_dir
    with waiting("Opening the models ..."):
        answers = check_models(folder)
    is_good = all(answer.ok for answer in answers)
    if arguments.json:
        shown = [
            {
                "name": answer.name,
                "ok": answer.ok,
                "says": answer.says,
                "version": answer.version,
                "megabytes": round(answer.megabytes, 2),
            }
            for answer in answers
        ]
        write_json({"ok": is_good, "models": shown})
        return 0 if is_good else 1
    for answer in answers:
        size = f", {answer.megabytes:.1f} MB" if answer.ok else ""
        word = "ok" if answer.ok else "wrong"
        out().print(f"{word:7} {answer.name} {answer.version}{size}: {answer.says}", markup=False)
    return 0 if is_good else 1
