"""The record in the order and the words in which a person reads it: pure, so that the template only lays out.

Every text that came from a person or a platform passes ``fonts.printable`` once, at the end, for the whole tree.
"""

from __future__ import annotations

from typing import Any, Final

from inspection_service.reports.render.clear import unmarked
from inspection_service.reports.render.context import Pictures, parse
from inspection_service.reports.render.fonts import printable
from inspection_service.reports.render.inputs import Json, Record, RenderInputs
from inspection_service.reports.render.people import People
from inspection_service.reports.render.pictured import Pictured
from inspection_service.reports.render.plan import Plan
from inspection_service.reports.render.proof import Proof
from inspection_service.reports.render.stated import Stated

FIRST_PAGE_GAPS: Final = 7
"""More would push the first page over; the rest follows on the page about what was not seen."""
MANY_PHOTOS: Final = 40
"""Beyond so many, photos without findings stand two abreast."""
_UNSTYLED: Final = frozenset({"alt", "drawing_alt", "code_alt", "document_title"})
_HEADINGS: Final = (
    "title", "title_short", "findings", "photos", "control_points", "mileage", "not_seen", "people", "timeline",
    "basis", "manifest", "proof", "how_sure", "state", "limits_title", "point", "reading", "confidence", "when", "who",
    "consents", "consents.none", "signatures", "signatures.none", "signature.shown", "checklist", "models",
    "models.none", "sets", "manifest_intro", "photo", "bytes", "proof.digest", "proof.schema", "photos.none",
    "points.none", "gap.none", "sealed", "inspection", "reference", "mileage.none", "caption.sha", "weak", "no_weak",
    "copy.title", "copy.first", "corrections", "plan", "plan.estimated", "plan.disputed", "plan.numbers", "coverage",
    "coverage.area", "coverage.seen", "coverage.smallest", "coverage.note",
    "finding", "standing", "part", "frames", "frames.intro", "voice.model", "voice.operator", "voice.seller",
    "mileage.earlier", "mileage.source", "mileage.no_earlier", "present", "present.role", "present.name",
    "present.first", "present.last", "present.acts", "calls", "recordings", "recordings.none", "recording.chain",
    "proof.is", "proof.is_not",
    "proof.key", "proof.signer", "proof.root", "proof.how", "proof.attached", "proof.evidence_root", "proof.code",
    "timeline.note", "finding.list", "unsaid", "page_one_more",
)  # fmt: skip


def page_data(record: Record, sha256: str, pictures: Pictures, inputs: RenderInputs | None = None) -> Json:
    """Put a record into words.

    Args:
        record: As ``build`` made it, with commitments or with clear values.
        sha256: Of its canonical bytes.
        pictures: What could be drawn; what is missing is said in its place.
        inputs: Clear values, and everything else that is not in the record.

    Returns:
        JSON for the template: texts, numbers, file names, and nothing left to decide.
    """
    return _View(record, sha256, pictures, inputs).data()


class _View(Proof, Plan, Pictured, Stated, People):
    def data(self) -> Json:
        sealed = parse(self.record["sealed_at"])
        head = self.head()
        tree: Json = {
            "language": self.record["language"],
            "date": [sealed.year, sealed.month, sealed.day, sealed.hour, sealed.minute, sealed.second],
            "digest": self.sha256,
            "label": {heading: self.words.say(heading) for heading in _HEADINGS},
            "page_label": self.words.say("page", page="%page%", pages="%pages%"),
            "document_title": f"{self.words.say('title')} – {head['car']}",
            "head": head,
            "copy": self.copy(),
            "corrections": self.corrections(),
            "notes": self.notes(),
            "hero": self.hero(),
            "plan": self.plan(),
            "coverage": self.coverage(),
            "facts": self.facts(),
            "cards": self.cards(),
            "state": self.state(),
            "sure": self.sure(),
            "findings": [self.finding(f) for f in self.findings],
            "findings_none": self.words.say("findings.none") if self.captures else "",
            "findings_withdrawn": self.withdrawn(),
            "photos": [self.photo(c) for c in self.captures],
            "is_dense": len(self.captures) > MANY_PHOTOS,
            "frames": [self.frame(a) for a in self.annotations],
            "points": [self.point(p) for p in self.record["control_points"]],
            "mileage": self.mileage(),
            "gaps": self.gaps(),
            "first_gaps": FIRST_PAGE_GAPS,
            "limits": [self.words.label("limit", code) for code in self.record["limits"]],
            "present": self.present(),
            "calls": self.calls(),
            "consents": [self.consent(i) for i in range(len(self.record["consents"]))],
            "recordings": self.recordings(),
            "signatures": [self.signature(i, s) for i, s in enumerate(self.record["signatures"])],
            "timeline": self.timeline(),
            "basis": self.basis(),
            "manifest": [self.evidence(c) for c in self.record["captures"]] + self.frames_evidence(),
            "evidence_root": self.evidence_root(),
            "proof": self.proof(),
        }
        return {key: _printable(value, key) for key, value in tree.items()}


def _printable(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return printable(unmarked(value) if key in _UNSTYLED else value)
    if isinstance(value, dict):
        return {name: _printable(item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value
