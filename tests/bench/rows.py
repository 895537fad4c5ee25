"""One line of a benchmark: a figure, what it is compared with, and whether it is where we want it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure; ``None`` where there is no reference or no aim."""

    name: str
    value: float
    unit: str
    reference: str | None = None
    reference_value: float | None = None
    ratio: float | None = None
    aim: str | None = None
    met: bool | None = None
    load_average: float | None = None
    """Of the machine over the minute before the section ended: more than its cores means that others were at work."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as the scripts that read ``build/bench.json`` expect it."""
        return asdict(self)


def row(
    name: str,
    value: float,
    unit: str,
    *,
    reference: tuple[str, float] | None = None,
    at_most: float | None = None,
    judged: Literal["value", "ratio"] = "value",
) -> Row:
    """Make a row; the aim is an upper bound on the value, or on its ratio to the reference."""
    ratio = value / reference[1] if reference and reference[1] else None
    measured = ratio if judged == "ratio" else value
    return Row(
        name,
        round(value, 4),
        unit,
        reference[0] if reference else None,
        round(reference[1], 4) if reference else None,
        round(ratio, 3) if ratio is not None else None,
        f"{judged} <= {at_most:g}" if at_most is not None else None,
        measured <= at_most if at_most is not None and measured is not None else None,
    )


def median_seconds(work: Callable[[], object], *, runs: int = 9) -> float:
    """Return the median wall time of ``work`` after one run that warms the caches."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
