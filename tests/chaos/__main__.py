"""``make chaos``: print what was killed and what is there at the end; 1 when anything is missing, doubled or shown."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import get_args

from tests.chaos.patient import Unexpected
from tests.chaos.run import Plan, Told, run
from tests.chaos.setups import Kind


def main(words: list[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--setup", choices=[*get_args(Kind), "both"], default="both")
    parser.add_argument("--inspections", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--kills", type=int, help="one for each four inspections when left out")
    parser.add_argument("--minutes", type=float, help="after so many no further inspection begins")
    parser.add_argument("--keep", type=Path, help="an empty folder where everything is left, with all logs")
    asked = parser.parse_args(words)
    kinds: tuple[Kind, ...] = get_args(Kind) if asked.setup == "both" else (asked.setup,)
    kills = max(1, asked.inspections // 4) if asked.kills is None else asked.kills
    is_whole = True
    for kind in kinds:
        plan = Plan(kind, asked.inspections, asked.seed, asked.at_once, kills, asked.minutes)
        _say(f"{kind}: {plan.inspections} inspections, {kills} kills, seed {plan.seed}")
        with tempfile.TemporaryDirectory(prefix="chaos-") as name:
            folder = Path(name) if asked.keep is None else asked.keep / kind
            folder.mkdir(parents=True, exist_ok=True)
            try:
                told = asyncio.run(run(plan, folder))
            except Unexpected as error:
                _say(f"LOST {error}")
                is_whole = False
                continue
        show(told)
        is_whole = is_whole and told.holds
    return 0 if is_whole else 1


def show(told: Told) -> None:
    """Print a run."""
    _say(f"  {told.carried} inspections, {told.seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    _say("  killed: " + ", ".join(f"{name} {count}" for name, count in sorted(told.killed.items())))
    _say("  met on the way: " + ", ".join(f"{what} {count}" for what, count in told.heard.most_common()))
    for check in told.checks:
        _say(f"  {check}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
