"""Models are opened only when they are the files that were released."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.vision.engine import GREY, Model, letterbox, stretch
from inspection_service.vision.errors import ModelCorrupt, ModelMissing, UnusableImage
from inspection_service.vision.manifest import check_models, model_set, read_manifest
from tests.unit.vision.tiny_onnx import mean_of_channels

pytestmark = pytest.mark.unit


def release(folder: Path, name: str = "tiny", **changes: Any) -> Path:
    """Write a model that averages each channel, and its manifest."""
    data = mean_of_channels()
    (folder / f"{name}.onnx").write_bytes(data)
    content = {
        "name": name,
        "version": "2026.11.22",
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "licence": "Apache-2.0",
        "task": "averages",
        "input": {"name": "image", "shape": [1, 3, 8, 16], "colour": "BGR", "fit": "stretch"},
        "outputs": {"means": "mean of each channel"},
        "classes": ["b", "g", "r"],
        "thresholds": {"b": 0.5},
        "metrics": {},
    }
    path = folder / f"{name}.manifest.json"
    path.write_text(json.dumps({**content, **changes}))
    return path


def test_a_released_model_runs_on_the_channels_its_manifest_names(tmp_path: Path) -> None:
    release(tmp_path)
    image = np.full((40, 60, 3), (10, 20, 30), np.uint8)
    model = Model.open(tmp_path, "tiny")
    batch, _ = model.prepare(image)
    assert batch.shape == (1, 3, 8, 16)
    assert model.run(batch)["means"].ravel().tolist() == [10, 20, 30]
    assert model.thresholds["b"] == 0.5


def test_colour_order_follows_the_manifest(tmp_path: Path) -> None:
    entry = {"name": "image", "shape": [1, 3, 8, 16], "colour": "RGB", "fit": "stretch"}
    release(tmp_path, input=entry)
    model = Model.open(tmp_path, "tiny")
    batch, _ = model.prepare(np.full((4, 4, 3), (10, 20, 30), np.uint8))
    assert model.run(batch)["means"].ravel().tolist() == [30, 20, 10]


def test_one_changed_byte_keeps_a_model_shut(tmp_path: Path) -> None:
    release(tmp_path)
    path = tmp_path / "tiny.onnx"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelCorrupt, match="SHA-256"):
        Model.open(tmp_path, "tiny")


def test_a_file_that_is_no_graph_is_refused_even_when_its_hash_matches(tmp_path: Path) -> None:
    release(tmp_path, sha256=hashlib.sha256(b"no graph").hexdigest())
    (tmp_path / "tiny.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelCorrupt):
        Model.open(tmp_path, "tiny")


def test_outputs_that_the_graph_lacks_are_refused(tmp_path: Path) -> None:
    release(tmp_path, outputs={"boxes": "xyxy"})
    with pytest.raises(ModelCorrupt, match="outputs"):
        Model.open(tmp_path, "tiny")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "tiny"}'])
def test_a_manifest_without_its_parts_is_refused(tmp_path: Path, text: str) -> None:
    release(tmp_path).write_text(text)
    with pytest.raises(ModelCorrupt):
        read_manifest(tmp_path, "tiny")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="scene"):
        Model.open(tmp_path, "scene")


def test_check_models_answers_for_every_model_needed_and_every_other_found(tmp_path: Path) -> None:
    release(tmp_path, "scene")
    release(tmp_path, "own", sha256="0" * 64)
    answers = {a.name: a for a in check_models(tmp_path)}
    assert answers["scene"].ok
    assert not answers["own"].ok
    assert "SHA-256" in answers["own"].says
    assert not answers["damage"].ok


def test_the_name_of_a_model_set_changes_with_any_model_and_not_with_their_order(tmp_path: Path) -> None:
    release(tmp_path, "a")
    release(tmp_path, "b")
    a, b = read_manifest(tmp_path, "a"), read_manifest(tmp_path, "b")
    assert model_set([a, b]) == model_set([b, a])
    release(tmp_path, "b", sha256="1" * 64)
    assert model_set([a, b]) != model_set([a, read_manifest(tmp_path, "b")])


@given(st.integers(8, 900), st.integers(8, 900), st.integers(16, 640), st.integers(16, 640))
def test_a_box_comes_back_from_a_letterbox(w: int, h: int, wide: int, high: int) -> None:
    if max(w, h) > 8 * min(w, h):
        return
    fitted, placement = letterbox(np.zeros((h, w, 3), np.uint8), wide, high)
    assert fitted.shape == (high, wide, 3)
    whole = placement.to_photo(
        np.asarray(
            [
                [
                    placement.left,
                    placement.top,
                    placement.left + w * placement.scale_x,
                    placement.top + h * placement.scale_y,
                ]
            ]
        )
    )
    assert whole[0] == pytest.approx([0, 0, w, h], abs=0.01)


def test_a_letterbox_fills_with_grey_on_both_sides() -> None:
    fitted, placement = letterbox(np.full((50, 100, 3), 255, np.uint8), 100, 100)
    assert (placement.left, placement.top) == (0, 25)
    assert (fitted[:25] == GREY).all()
    assert (fitted[75:] == GREY).all()
    assert (fitted[25:75] == 255).all()


@given(st.integers(8, 900), st.integers(8, 900), st.sampled_from([64, 416, 640]))
def test_a_letterbox_without_waste_is_the_cut_of_a_square_one(w: int, h: int, side: int) -> None:
    """Each side ends within a step of the photo, and the photo is as large in it as in the square."""
    if max(w, h) > 8 * min(w, h):
        return
    image = np.full((h, w, 3), 255, np.uint8)
    fitted, placement = letterbox(image, side, side, 32)
    _, squared = letterbox(image, side, side)
    high, wide = fitted.shape[:2]
    assert (high % 32, wide % 32) == (0, 0)
    assert max(high, wide) == side
    assert (placement.scale_x, placement.scale_y) == (squared.scale_x, squared.scale_y)
    assert high - h * placement.scale_y < 33
    assert wide - w * placement.scale_x < 33


def test_a_strip_is_no_photo_of_a_car() -> None:
    with pytest.raises(UnusableImage):
        letterbox(np.zeros((10, 100, 3), np.uint8), 64, 64)


def test_stretching_keeps_where_things_are() -> None:
    _, placement = stretch(np.zeros((50, 100, 3), np.uint8), 200, 200)
    assert placement.to_photo(np.asarray([[20.0, 40.0, 200.0, 200.0]]))[0].tolist() == [10, 10, 100, 50]
