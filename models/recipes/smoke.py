"""Try every recipe on a handful of drawn pictures: ``make test-train``, some minutes, no photo and no network.

Each is trained for moments, stopped, resumed, and must write a file that the service opens; the detectors are measured
by their release, and one is trained twice from the same seed and must come out alike. What they learn is worth nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from inspection_service.vision.engine import Model
from models.recipes import nanodet, smoke_data

RECIPES = ("damage", "plate", "scene", "odometer", "odometer_read", "framing")
DETECTORS = ("damage", "plate")
FILES = {"odometer": "odometer_find"}
STEPS = ("2", "4")
"""Iterations of the first run, and of the one that goes on."""


def coco_like(path: Path) -> None:
    """Write a start with the shape of the published COCO weights, drawn at random: nothing need be fetched."""
    torch.manual_seed(1)
    net = nanodet.Detector(80, bn=False)
    torch.save({"state_dict": net.state_dict()}, path)


def arguments_of(recipe: str, data: Path, out: Path, work: Path, steps: str) -> list[str]:
    """Return the command line of one short training."""
    if recipe == "scene":  # written from its start, not trained
        return ["--init", str(data / "start.pt"), "--out", str(out)]
    common = ["--data", str(data), "--out", str(out), "--work", str(work)]
    if recipe == "framing":  # counts processor seconds; the first run ends after one batch or two
        return [*common, "--seconds", "1" if steps == STEPS[0] else "6"]
    more = [] if recipe == "odometer_read" else ["--init", str(data / "start.pt")]
    # without a time limit the learning rate follows the steps alone, and two runs are the same
    more += ["--size", "128"] if recipe in DETECTORS else ["--seconds", "3600"]
    return [*common, *more, "--iterations", steps, "--seed", "7"]


def trained(recipe: str, data: Path, folder: Path, steps: str, *, resume: bool = False) -> Path:
    """Train in a process of its own, as ``make`` does, and return the file.

    Raises:
        SystemExit: The recipe failed; what it said was printed.
    """
    out, work = folder / "models", folder / "work"
    for each in (out, work):
        each.mkdir(parents=True, exist_ok=True)
    call = [sys.executable, "-m", f"models.recipes.{recipe}", *arguments_of(recipe, data, out, work, steps)]
    _run([*call, *(["--resume"] if resume else [])])
    path = out / f"{FILES.get(recipe, recipe)}.onnx"
    if not path.exists():
        raise SystemExit(f"{recipe} wrote no {path.name}")
    return path


def _run(call: Sequence[str]) -> None:
    done = subprocess.run(call, capture_output=True, text=True, timeout=1200, check=False)
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n")
        raise SystemExit(f"{' '.join(call[2:4])} failed")


def same_network(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same averaged weights."""
    a, b = (torch.load(p, map_location="cpu", weights_only=False)["average"] for p in (one, other))
    return all(torch.equal(a[name], b[name]) for name in a)


def try_recipe(recipe: str, data: Path, folder: Path) -> None:
    """Train, resume, open, and for the detectors measure and repeat.

    Raises:
        SystemExit: Something of this did not come out as it must.
    """
    path = trained(recipe, data, folder, STEPS[0])
    if recipe != "scene":
        before = {p: p.read_bytes() for p in (folder / "work").iterdir() if p.is_file()}
        trained(recipe, data, folder, STEPS[1], resume=True)
        if not any(p.read_bytes() != content for p, content in before.items()):
            raise SystemExit(f"{recipe} did not go on from its checkpoint")
    if recipe in (*DETECTORS, "scene"):
        release = [sys.executable, "-m", "models.recipes.detection_release", recipe]
        _run([*release, "--data", str(data), "--models", str(folder / "models")])
    if recipe == "framing":
        # its release wants a scene model beside it, and measures faults that nothing so small can show
        return
    Model.open(folder / "models", path.stem)
    if recipe == "damage":
        twin = folder / "twin"
        trained(recipe, data, twin, STEPS[0])
        trained(recipe, data, twin, STEPS[1], resume=True)
        if not same_network(folder / "work" / "damage.ckpt", twin / "work" / "damage.ckpt"):
            raise SystemExit(f"{recipe} gives two networks from one seed")


def main() -> None:
    """Try all, or those named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", choices=RECIPES, default=list(RECIPES))
    wanted = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="recipes-") as scratch:
        data = Path(scratch) / "data"
        smoke_data.write(data)
        coco_like(data / "start.pt")
        for recipe in wanted:
            started = time.monotonic()
            try_recipe(recipe, data, Path(scratch) / recipe)
            print(
                f"{recipe}: trained, resumed, written, opened in {time.monotonic() - started:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
