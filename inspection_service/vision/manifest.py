"""What a model file says about itself, and whether it is the file that was released.

``models/NAME.manifest.json`` lies beside ``models/NAME.onnx`` and carries its SHA-256, input contract, classes,
thresholds, figures and licences. A model whose bytes differ from its manifest is never opened.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from inspection_service.vision.errors import ModelCorrupt, ModelMissing

REQUIRED_MODELS = ("scene", "framing", "damage", "plate", "odometer_find", "odometer_read")
"""What the pipeline cannot do without."""

Fit = Literal["letterbox", "stretch"]
Colour = Literal["BGR", "RGB"]


@dataclass(frozen=True)
class Manifest:
    """One model's manifest.

    Attributes:
        input_shape: ``(N, C, H, W)``; 0 or -1 where the graph is free.
        multiple_px: If given, the graph takes any height and width up to those that are multiples of this.
        colour: Order of the channels the graph wants.
        fit: How a photo is brought to the input: ``letterbox`` keeps its shape, ``stretch`` does not.
        classes: Names, in the order of the output's channels.
        thresholds: Name -> value, chosen on the photos the manifest names.
        metrics: Name -> ``{value, n, photos, aim}``.
        content: The whole document.
    """

    name: str
    version: str
    file: Path
    sha256: str
    licence: str
    task: str
    input_name: str
    input_shape: tuple[int, ...]
    multiple_px: int | None
    colour: Colour
    fit: Fit
    classes: tuple[str, ...]
    thresholds: Mapping[str, float]
    metrics: Mapping[str, Any]
    content: Mapping[str, Any] = field(repr=False)

    @property
    def height_px(self) -> int:
        """Height of the input."""
        return self.input_shape[2]

    @property
    def width_px(self) -> int:
        """Width of the input."""
        return self.input_shape[3]


@dataclass(frozen=True)
class ModelCheck:
    """Answer of :func:`check_models` for one model."""

    name: str
    ok: bool
    says: str
    version: str = ""
    megabytes: float = 0.0


def read_manifest(models_dir: Path, name: str) -> Manifest:
    """Read ``NAME.manifest.json``.

    Raises:
        ModelMissing: There is none.
        ModelCorrupt: It is not JSON, or lacks what the pipeline needs.
    """
    path = models_dir / f"{name}.manifest.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entry = content["input"]
        return Manifest(
            name=content["name"],
            version=content["version"],
            file=models_dir / content["file"],
            sha256=content["sha256"],
            licence=content["licence"],
            task=content["task"],
            input_name=entry["name"],
            input_shape=tuple(x if isinstance(x, int) else 0 for x in entry["shape"]),
            multiple_px=entry.get("multiple_px"),
            colour=entry["colour"],
            fit=entry["fit"],
            classes=tuple(content["classes"]),
            thresholds=content["thresholds"],
            metrics=content["metrics"],
            content=content,
        )
    except FileNotFoundError as exc:
        raise ModelMissing(f"There is no {path.name} in {models_dir}.", model=name) from exc
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as exc:
        raise ModelCorrupt(f"{path.name} is not a manifest: {exc!r}", model=name) from exc


def read_verified(manifest: Manifest) -> bytes:
    """Return the model's bytes, once they match the manifest.

    Raises:
        ModelMissing: The file is not there.
        ModelCorrupt: Its SHA-256 is another one.
    """
    try:
        data = manifest.file.read_bytes()
    except OSError as exc:
        raise ModelMissing(f"{manifest.file.name} cannot be read.", model=manifest.name) from exc
    found = hashlib.sha256(data).hexdigest()
    if found != manifest.sha256:
        raise ModelCorrupt(
            f"{manifest.file.name} has SHA-256 {found[:12]}..., its manifest says {manifest.sha256[:12]}...",
            model=manifest.name,
        )
    return data


def model_set(manifests: list[Manifest]) -> str:
    """Return one hash that names this set of models: SHA-256 over their hashes in order of name."""
    lines = "".join(f"{m.name} {m.sha256}\n" for m in sorted(manifests, key=lambda m: m.name))
    return hashlib.sha256(lines.encode()).hexdigest()


def check_models(models_dir: Path) -> list[ModelCheck]:
    """Open every model that the pipeline needs, and every other one in the folder, and say how that went."""
    from inspection_service.vision.engine import Model  # engine imports this module

    found = {p.name.removesuffix(".manifest.json") for p in models_dir.glob("*.manifest.json")}
    names = [*REQUIRED_MODELS, *sorted(found - set(REQUIRED_MODELS))]
    answers = []
    for name in names:
        try:
            model = Model.open(models_dir, name)
        except (ModelMissing, ModelCorrupt) as exc:
            answers.append(ModelCheck(name, False, exc.message))
            continue
        size = model.manifest.file.stat().st_size / 1e6
        says = f"{model.manifest.task}, {model.manifest.licence}"
        answers.append(ModelCheck(name, True, says, model.manifest.version, size))
    return answers
