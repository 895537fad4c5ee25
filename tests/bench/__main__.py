"""``make bench``: measure, print a table, write ``build/bench.json``."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.rows import Row

SECTIONS = (
    "bench_vision",
    "bench_sessions",
    "bench_nodes",
    "bench_call",
    "bench_report",
    "bench_page",
    "bench_memory",
    "bench_ledger",
    "bench_webhooks",
    "bench_read",
    "bench_orders",
    "bench_stored",
    "bench_workers",
)
WIDTH_IN_A_FILE = 170
OUT = Path("build") / "bench.json"


def main(wanted: list[str]) -> int:
    """Run the sections named (all when none is)."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_IN_A_FILE)
    rows: list[Row] = []
    for section in SECTIONS:
        if wanted and section.removeprefix("bench_") not in wanted:
            continue
        with console.status(f"Measuring {section.removeprefix('bench_')} ..."):
            measured = import_module(f"tests.bench.{section}").rows()
        load = round(os.getloadavg()[0], 1)
        rows += [replace(each, load_average=load) for each in measured]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([each.to_json() for each in rows], indent=1) + "\n", encoding="utf-8")
    table = Table("what", "value", "unit", "beside", "its value", "ratio", "aim", "met", "load")
    for each in rows:
        cells = (
            each.name,
            f"{each.value:g}",
            each.unit,
            each.reference,
            each.reference_value,
            each.ratio,
            each.aim,
            {True: "yes", False: "NO", None: ""}[each.met],
            each.load_average,
        )
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
