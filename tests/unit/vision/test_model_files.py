"""A model that is missing or altered is named, at start and while the service runs."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from inspection_service.vision.errors import ModelCorrupt, ModelMissing
from inspection_service.vision.manifest import REQUIRED_MODELS
from inspection_service.vision.model_files import ModelFiles

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder whose files are no models, yet the ones described."""
    for name in REQUIRED_MODELS:
        data = name.encode()
        (tmp_path / f"{name}.onnx").write_bytes(data)
        manifest = {
            "name": name,
            "version": "1",
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(data).hexdigest(),
            "licence": "Apache-2.0",
            "task": name,
            "input": {"name": "x", "shape": [1, 3, 8, 8], "colour": "BGR", "fit": "stretch"},
            "classes": [],
            "thresholds": {},
            "metrics": {},
        }
        (tmp_path / f"{name}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


async def answers(files: ModelFiles) -> list[str]:
    """Return the names of the models that do not answer."""
    silent = []
    for name, ping in files.pings().items():
        try:
            await ping()
        except (ModelMissing, ModelCorrupt):
            silent.append(name)
    return silent


async def test_every_model_in_order(folder: Path) -> None:
    """Then nothing is raised and each one answers."""
    files = ModelFiles(folder)
    files.check()
    assert [m.name for m in files.manifests()] == list(REQUIRED_MODELS)
    assert await answers(files) == []


async def test_a_missing_model_is_named(folder: Path) -> None:
    """At start it stops the service; later it is one resource that does not answer, until it is back."""
    files = ModelFiles(folder)
    files.check()
    away = folder / "damage.onnx"
    kept = away.read_bytes()
    away.unlink()
    with pytest.raises(ModelMissing, match=r"damage\.onnx"):
        files.check()
    assert await answers(files) == ["model damage"]
    away.write_bytes(kept)
    assert await answers(files) == []


async def test_an_altered_model_is_named_although_it_has_the_same_size(folder: Path) -> None:
    """What was verified once is verified again when it was written to."""
    files = ModelFiles(folder)
    files.check()
    scene = folder / "scene.onnx"
    written_ns = scene.stat().st_mtime_ns
    scene.write_bytes(b"SCENE")
    os.utime(scene, ns=(written_ns + 1, written_ns + 1))
    with pytest.raises(ModelCorrupt, match=r"scene\.onnx"):
        files.check()
    assert await answers(files) == ["model scene"]
