"""The evidence is one tree; each original can be proven part of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
import rfc8785

import inspection_service.reports
from inspection_service import merkle
from inspection_service.inspections.records import (
    Annotation,
    AnnotationId,
    Dossier,
    FrameId,
    RecordedStep,
    Recording,
    RecordingId,
    RecordingPart,
    StepId,
    Stroke,
)
from inspection_service.reports.build import build
from inspection_service.reports.evidence import evidence_root
from inspection_service.reports.records import DraftReport
from tests.unit.ledger import oracle
from tests.unit.reports.dossiers import MODELS, OPERATOR, SEALED_AT, SELLER, START, dossier

pytestmark = pytest.mark.unit
SCHEMA = json.loads(
    (Path(inspection_service.reports.__file__).parent / "schema" / "report.schema.json").read_text()
)


def called() -> Dossier:
    """An inspection with a kept frame and a recording in two parts."""
    case, _ = dossier("en")
    annotation = Annotation(
        id=AnnotationId("ann_1"),
        inspection_id=case.inspection.id,
        frame_id=FrameId("frm_1"),
        step_id=StepId("front"),
        strokes=(Stroke(((0.1, 0.2), (0.333333, 0.4)), 0.01),),
        text="Here",
        by=OPERATOR,
        at=START,
        finding_id=None,
        sha256="1" * 64,
        size_bytes=100,
        media_type="image/jpeg",
        width=1280,
        height=720,
        object_key="k",
        frozen_at=START,
    )
    recording = Recording(
        id=RecordingId("rec_1"),
        inspection_id=case.inspection.id,
        device="seller",
        by=SELLER,
        started_at=START,
        device_started_at=None,
        ended_at=START + timedelta(minutes=2),
        end="finished",
        parts=(
            RecordingPart("video", "video/webm", 3, 4000, "2" * 64),
            RecordingPart("mirror", "application/x-ndjson", 1, 40, "3" * 64),
        ),
        steps=(RecordedStep(StepId("front"), 1.23456),),
    )
    return replace(case, annotations=(annotation,), recordings=(recording,))


def draft(case: Dossier) -> DraftReport:
    return build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True)


def test_everything_a_report_rests_on_is_a_leaf() -> None:
    """Photos, also refused ones; kept frames; each part of a recording; the checklist; the models."""
    case = called()
    refused = replace(
        case.captures[0], id=type(case.captures[0].id)("cap_refused"), state="retake", sha256="9" * 64
    )
    record = draft(replace(case, captures=(*case.captures, refused))).record
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(rfc8785.dumps(record)))
    leaves = record["evidence"]["leaves"]
    assert [leaf["kind"] for leaf in leaves] == [
        *["capture"] * 13,
        "annotation",
        *["recording"] * 2,
        "checklist",
        *["model"] * 3,
    ]
    by_id = {leaf["id"]: leaf["sha256"] for leaf in leaves}
    assert by_id["cap_refused"] == "9" * 64
    assert by_id["ann_1"] == "1" * 64
    assert (by_id["rec_1/mirror"], by_id["rec_1/video"]) == ("3" * 64, "2" * 64)


def test_the_root_is_the_oracles_and_each_leaf_can_be_proven() -> None:
    """One photo shown with its path proves itself without the others (RFC 9162, section 2.1.3)."""
    evidence = draft(called()).record["evidence"]
    data = [rfc8785.dumps(leaf) for leaf in evidence["leaves"]]
    assert evidence["root"] == oracle.mth(data).hex() == evidence_root(evidence["leaves"])
    leaves = [merkle.leaf_hash(one) for one in data]
    for index, leaf in enumerate(leaves):
        path = merkle.inclusion_path(leaves, index)
        assert merkle.root_from_inclusion(leaf, index, len(leaves), path).hex() == evidence["root"]


def test_one_changed_hash_changes_the_root() -> None:
    """Another photo in place of one is another tree."""
    case = called()
    captures = (replace(case.captures[0], sha256="8" * 64), *case.captures[1:])
    changed = draft(replace(case, captures=captures)).record["evidence"]["root"]
    assert changed != draft(case).record["evidence"]["root"]


def test_annotations_and_recordings_stand_in_the_record() -> None:
    """Lines in shares of the picture, chains of the parts; what was written on it is concealed."""
    made = draft(called())
    (annotation,), (recording,) = made.record["annotations"], made.record["recordings"]
    assert annotation["strokes"] == [{"points": [[0.1, 0.2], [0.3333, 0.4]], "width": 0.01}]
    assert made.values["/annotations/0/text"] == "Here"
    assert recording["parts"]["video"]["chain_sha256"] == "2" * 64
    assert recording["steps"] == [{"step_id": "front", "at_s": 1.235}]
    assert made.evidence_bytes == rfc8785.dumps(made.record["evidence"])
