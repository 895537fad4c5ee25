"""The record in the order and the words in which a person reads it: pure, so that the template only lays out.

Every text that came from a person or a platform passes ``fonts.printable`` once, at the end, for the whole tree.
"""

from __future__ import annotations

from typing import Any, Final

from inspection_service.reports.render.context import Json, Pictures, Record, parse
from inspection_service.reports.render.fonts import printable
from inspection_service.reports.render.overview import Overview
from inspection_service.reports.render.pictured import Pictured
from inspection_service.reports.render.stated import Stated

FIRST_PAGE_GAPS: Final = 8
"""More would push the first page over; the rest follows on the page about what was not seen."""


def page_data(record: Record, sha256: str, pictures: Pictures) -> Json:
    """Put a record into words.

    Args:
        record: As ``build`` made it.
        sha256: Of its canonical bytes.
        pictures: What could be drawn; what is missing is said in its place.

    Returns:
        JSON for the template: texts, numbers, file names, and nothing left to decide.
    """
    return _View(record, sha256, pictures).data()


class _View(Overview, Pictured, Stated):
    def data(self) -> Json:
        say = self.words.say
        headings = (
            "title", "title_short", "overview", "findings", "photos", "control_points", "mileage", "not_seen", "people",
            "timeline", "basis", "manifest", "proof", "known_by", "how_sure", "state", "directions", "legend_seen",
            "legend_poor", "legend_not", "finding_photo_missing", "photo_missing", "limits_title", "point", "answers",
            "reading", "confidence", "when", "who", "consents", "consents.none", "signatures", "signatures.none",
            "signature.shown", "mark.none", "checklist", "models", "models.none", "sets", "manifest_intro", "photo",
            "bytes", "proof.check", "proof.digest", "proof.schema", "photos.none", "points.none", "findings.none",
            "gap.none", "coverage_alt", "ordered_by", "sealed", "inspection", "reference", "purpose", "mileage.none",
            "item", "value", "caption.sha",
        )  # fmt: skip
        sealed = parse(self.record["sealed_at"])
        tree: Json = {
            "language": self.record["language"],
            "date": [sealed.year, sealed.month, sealed.day, sealed.hour, sealed.minute, sealed.second],
            "digest": self.sha256,
            "label": {heading: say(heading) for heading in headings},
            "page_label": say("page", page="%page%", pages="%pages%"),
            "head": self.head(),
            "notes": self.notes(),
            "hero": self.hero(),
            "facts": self.facts(),
            "cards": self.cards(),
            "state": self.state(),
            "sure": self.sure(),
            "directions": self.directions(),
            "findings": [self.finding(f) for f in self.findings],
            "findings_none": self.words.say("findings.none") if self.captures else "",
            "findings_withdrawn": self.withdrawn(),
            "photos": [self.photo(c) for c in self.captures],
            "points": [self.point(p) for p in self.record["control_points"]],
            "mileage": self.mileage(),
            "gaps": self.gaps(),
            "first_gaps": FIRST_PAGE_GAPS,
            "limits": [self.words.label("limit", code) for code in self.record["limits"]],
            "consents": [self.consent(i) for i in range(len(self.record["consents"]))],
            "signatures": [self.signature(i, s) for i, s in enumerate(self.record["signatures"])],
            "timeline": self.timeline(),
            "basis": self.basis(),
            "manifest": [self.evidence(c) for c in self.record["captures"]],
            "proof": self.proof(),
        }
        return {key: _printable(value) for key, value in tree.items()}


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value
