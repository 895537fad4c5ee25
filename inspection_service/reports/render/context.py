"""What every part of the document needs: the record, the words of its language, the numbers of photos and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from inspection_service.reports.render.clear import clear_record
from inspection_service.reports.render.inputs import Json, Record, RenderInputs
from inspection_service.reports.words import Words

UNITS: Final = ("km", "mi")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A page's picture as written for the template."""

    file: str
    width_px: int
    height_px: int
    upright_px: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CropFile:
    """A detail as written for the template; the box in shares of its sides."""

    file: str
    width_px: int
    height_px: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Every picture of one report, by what it shows."""

    photos: Mapping[str, PhotoFile] = field(default_factory=dict)
    """By capture id."""
    crops: Mapping[str, CropFile] = field(default_factory=dict)
    """By finding id."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """By position among the signatures."""
    frames: Mapping[str, PhotoFile] = field(default_factory=dict)
    """Frozen frames that were kept, by annotation id."""
    drawings: Mapping[str, str] = field(default_factory=dict)
    """What was drawn on a frame, as a transparent picture of its shape, by annotation id."""
    left_out: frozenset[str] = frozenset()
    """Photos that this copy does not hold, by capture id."""
    code: str | None = None
    """The QR code."""


def shown_captures(record: Record) -> list[Json]:
    """Give the photos the document shows, in the order of the steps, declared damage last."""
    by_id = {c["id"]: c for c in record["captures"]}
    ordered = [by_id[s["capture_id"]] for s in record["steps"] if s["capture_id"] in by_id]
    return ordered + [c for c in record["captures"] if c["in_report"] and c["step_id"] is None]


def shown_findings(record: Record) -> list[Json]:
    """Give the findings the document shows: stated by people, then suspected, then rejected."""

    def rank(finding: Json) -> int:
        if finding["verdict"] == "rejected":
            return 2
        return 1 if finding["source"] == "model" and finding["verdict"] is None else 0

    shown = {c["id"]: place for place, c in enumerate(shown_captures(record))}
    standing = [
        f
        for f in record["findings"]
        if f["in_report"] and (f["capture_id"] is None or f["capture_id"] in shown)
    ]
    return sorted(
        standing, key=lambda f: (rank(f), shown.get(f["capture_id"], len(shown)), f["created_at"], f["id"])
    )


class Context:
    """One record about to be put into words."""

    def __init__(
        self, record: Record, sha256: str, pictures: Pictures, inputs: RenderInputs | None = None
    ) -> None:
        self.inputs = inputs or RenderInputs()
        self.record_as_signed = record
        self.record = record = clear_record(record, self.inputs)
        self.sha256 = sha256
        self.pictures = pictures
        self.words = Words(record["language"])
        self.steps = {s["id"]: s for s in record["steps"]}
        self.captures = shown_captures(record)
        self.photo_no = {c["id"]: f"P{number}" for number, c in enumerate(self.captures, 1)}
        self.findings = shown_findings(record)
        self.finding_no = {f["id"]: f"D{number}" for number, f in enumerate(self.findings, 1)}
        self.annotations: list[Json] = list(record.get("annotations", ()))
        self.frame_no = {a["id"]: f"F{number}" for number, a in enumerate(self.annotations, 1)}

    def tone(self, finding: Json) -> str:
        """Colour a finding: stated by a person, only suspected, or rejected."""
        if finding["verdict"] == "rejected":
            return "plain"
        return "warn" if finding["source"] == "model" and finding["verdict"] is None else "bad"

    @staticmethod
    def _is_declared_photo(capture: Json) -> bool:
        """Whether the seller sent a photo to declare a damage: it answers no step, so no view was asked for."""
        return capture["step_id"] is None

    def photo_title(self, capture_id: str) -> str:
        """Name a photo by its step."""
        capture = next((c for c in self.record["captures"] if c["id"] == capture_id), None)
        step = self.steps.get(capture["step_id"]) if capture else None
        return step["title"] if step else self.words.say("declared_photo")

    def photos(self, capture_ids: Sequence[str]) -> str:
        """Name photos by their numbers in this document."""
        numbers = [self.photo_no[i] for i in capture_ids if i in self.photo_no]
        return (
            self.words.say("evidence_of", photos=", ".join(numbers))
            if numbers
            else self.words.say("no_evidence")
        )

    def at(self, text: str, *, seconds: bool = False) -> str:
        """Write a moment; with seconds in the short form of tables."""
        moment = parse(text)
        if seconds:
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        return self.words.moment(moment)

    def name(self, actor: Json | None) -> str:
        """Give the name somebody acted under, empty when there is none."""
        return str((actor or {}).get("name") or "")

    def actor(self, actor: Json | None) -> str:
        """Say who did something."""
        if actor is None:
            return self.words.say("actor.service")
        if actor["kind"] == "operator" and actor.get("name"):
            return self.words.say("actor.operator_named", name=actor["name"])
        return self.words.label("actor", actor["kind"])

    def reading(self, value: Json) -> str:
        """Write a mileage with its unit."""
        return f"{self.digits(value['reading'])}\u00a0{self.unit(value.get('unit'))}"

    def digits(self, reading: object) -> str:
        """Group the digits of a mileage; leave anything else as it is."""
        text = str(reading)
        return self.words.number(int(text)) if text.isascii() and text.isdigit() and len(text) < 12 else text

    def unit(self, unit: str | None) -> str:
        """Name a unit, or say that it is unknown."""
        return self.words.say(f"unit.{unit}" if unit in UNITS else "unit.none")

    @staticmethod
    def has_unit(value: Json) -> bool:
        """Whether it was read in which unit a mileage counts."""
        return value.get("unit") in UNITS


def parse(text: str) -> datetime:
    """Read a time of the record."""
    return datetime.fromisoformat(text)
