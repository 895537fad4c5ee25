"""A checklist one can order keeps every rule; one that does not is refused with each fault named."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from inspection_service.checklists import ChecklistInvalid, ChecklistUnknown, Shelf, localised
from inspection_service.settings import shipped_data

pytestmark = pytest.mark.unit

ROUND = "front front_left left_side rear_left rear rear_right right_side front_right"
STEPS = f"{ROUND} wheel dashboard odometer front_seats"


@pytest.fixture
def content() -> Any:
    source = shipped_data("checklists") / "listing-12.yaml"
    return copy.deepcopy(yaml.safe_load(source.read_text(encoding="utf-8")))


def save(folder: Path, content: Any, name: str = "listing-12.yaml") -> Path:
    assets = folder / "assets"
    if not assets.exists():
        assets.symlink_to(shipped_data("checklists") / "assets")
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def test_the_shipped_checklists_can_be_ordered() -> None:
    """The twelve steps, in order, in both languages."""
    shelf = Shelf.load(shipped_data("checklists"))
    listing = shelf.get("listing-12")
    assert list(listing.step_ids) == STEPS.split()
    assert len(listing.sha256) == 64
    with pytest.raises(ChecklistUnknown) as refused:
        shelf.get("full-200")
    assert "listing-12" in refused.value.attributes["known"]


def test_the_hash_names_the_content_not_its_layout(tmp_path: Path, content: Any) -> None:
    """Comments and order of keys do not matter; one word does."""
    shipped = Shelf.load(shipped_data("checklists")).get("listing-12")
    assert Shelf.load(save(tmp_path, content)).get("listing-12").sha256 == shipped.sha256
    content["steps"][0]["title"]["en"] += "!"
    assert Shelf.load(save(tmp_path, content)).get("listing-12").sha256 != shipped.sha256


def test_localised_leaves_one_language() -> None:
    """Pairs become the text, everything else stays."""
    content = {
        "title": {"fr": "L'avant", "en": "The front"},
        "steps": [{"n": 1, "t": {"fr": "a", "en": "b"}}],
    }
    assert localised(content, "fr") == {"title": "L'avant", "steps": [{"n": 1, "t": "a"}]}
    assert localised(content, "en")["title"] == "The front"


def _unknown_sight(content: Any) -> None:
    content["steps"][0]["view"] = "roof"


def _no_french(content: Any) -> None:
    del content["steps"][2]["instruction"]["fr"]


def _reason_missing(content: Any) -> None:
    del content["steps"][1]["retake"]["glare"]


def _twice(content: Any) -> None:
    content["steps"].append(copy.deepcopy(content["steps"][0]))


def _no_file(content: Any) -> None:
    content["steps"][0]["overlay"] = "assets/missing.svg"


def _outside(content: Any) -> None:
    content["steps"][0]["overlay"] = "../../etc/passwd"


def _no_section(content: Any) -> None:
    content["steps"][0]["section"] = "roof"


def _no_step(content: Any) -> None:
    content["control_points"][0]["step"] = "roof"


def _kept_name(content: Any) -> None:
    content["control_points"][0]["id"] = "odometer"


def _other_id(content: Any) -> None:
    content["id"] = "listing-13"


def _extra_key(content: Any) -> None:
    content["steps"][0]["colour"] = "red"


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        (_unknown_sight, "steps/0/view"),
        (_no_french, "steps/2/instruction"),
        (_reason_missing, "steps/1/retake"),
        (_twice, "'front' is there more than once"),
        (_no_file, "steps/front/overlay: there is no file"),
        (_outside, "steps/0/overlay"),
        (_no_section, "steps/front/section"),
        (_no_step, "control_points/bumper_front/step"),
        (_kept_name, "control_points/odometer"),
        (_other_id, "id: 'listing-13'"),
        (_extra_key, "steps/0"),
    ],
)
def test_each_fault_is_named_with_its_place(
    tmp_path: Path, content: Any, damage: Callable[[Any], None], place: str
) -> None:
    """So that who writes a checklist knows where to look."""
    damage(content)
    with pytest.raises(ChecklistInvalid) as refused:
        Shelf.load(save(tmp_path, content))
    assert any(place in fault for fault in refused.value.attributes["faults"]), refused.value.attributes


def test_all_faults_of_all_files_are_listed_at_once(tmp_path: Path, content: Any) -> None:
    """One run tells everything; a file that is no YAML is a fault, not a crash."""
    _unknown_sight(content)
    _extra_key(content)
    save(tmp_path, content)
    (tmp_path / "broken.yaml").write_text("steps: [", encoding="utf-8")
    (tmp_path / "list.yaml").write_text("- 1", encoding="utf-8")
    with pytest.raises(ChecklistInvalid) as refused:
        Shelf.load(tmp_path)
    faults = refused.value.attributes["faults"]
    assert len(faults) >= 4
    assert {fault.split(":")[0] for fault in faults} == {"broken.yaml", "list.yaml", "listing-12.yaml"}
