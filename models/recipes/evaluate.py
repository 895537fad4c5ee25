"""Every figure of every model on photos kept apart: ``make eval DATA=folder`` prints them and writes build/eval.json.

Each recipe measures its own model with the run-time classes; no torch is needed. What is measured on which photos is
said in the model cards; the lists of photos kept apart are committed beside the recipes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.table import Table

from models.recipes.evaluate_detection import damage_metrics, scene_metrics
from models.recipes.evaluate_faces import face_metrics
from models.recipes.evaluate_framing import framing_metrics
from models.recipes.evaluate_odometer import odometer_metrics
from models.recipes.evaluate_plates import plate_metrics
from models.recipes.evaluate_same_car import same_car_metrics
from models.recipes.evaluate_text import text_metrics

Row = dict[str, Any]
PARTS: dict[str, Callable[[Path, Path], list[Row]]] = {
    "framing": framing_metrics,
    "same car": same_car_metrics,
    "scene": scene_metrics,
    "plate": plate_metrics,
    "face": face_metrics,
    "damage": damage_metrics,
    "odometer": odometer_metrics,
    "text": text_metrics,
}
KEYS = ("name", "value", "unit", "reference", "reference_value", "ratio", "aim", "met")


def table_of(rows: list[Row]) -> Table:
    """Lay the figures out for a person."""
    table = Table(title="Models on photos kept apart")
    for heading in ("figure", "value", "reference", "aim", "met"):
        table.add_column(heading, justify="left" if heading == "figure" else "right", overflow="fold")
    for row in rows:
        met = {True: "[green]yes", False: "[red]no", None: ""}[row["met"]]
        reference = "" if row["reference_value"] is None else f"{row['reference_value']:g}"
        aim = "" if row["aim"] is None else f"{row['aim']:g}"
        table.add_row(row["name"], f"{row['value']:.4g} {row['unit']}".strip(), reference, aim, met)
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with framing/, damage/, odometer/ ..."
    )
    parser.add_argument("--models", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--out", type=Path, default=Path("build/eval.json"))
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), default=list(PARTS))
    a = parser.parse_args()
    if not a.data.is_dir():
        parser.error(f"there is no folder {a.data}")
    cv2.setNumThreads(1)
    console = Console()
    rows: list[Row] = []
    for name in a.only:
        started = time.monotonic()
        with console.status(f"measuring {name} ..."):
            found = PARTS[name](a.data, a.models)
        console.print(f"{name}: {len(found)} figures in {time.monotonic() - started:.0f} s")
        rows += [{key: row.get(key) for key in KEYS} for row in found]
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    console.print(table_of(rows))
    console.print(f"written to {a.out}")


if __name__ == "__main__":
    main()
