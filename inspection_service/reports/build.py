"""From a dossier to the record that is signed: pure, so that the same dossier gives the same bytes.

Nothing is judged here. What models, operators and sellers said is laid side by side, and what nobody saw is named.
Version 1.1: personal values are commitments, the evidence is one tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from inspection_service.clock import isoformat
from inspection_service.inspections.asking import steps_of
from inspection_service.inspections.mileages import EarlierReading
from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import Dossier
from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.commitments import conceal
from inspection_service.reports.coverage import coverage
from inspection_service.reports.errors import NotReadyToSeal
from inspection_service.reports.evidence import evidence_tree
from inspection_service.reports.mileage import mileage_entry
from inspection_service.reports.plain import actor, localised, moment, plain
from inspection_service.reports.records import DraftReport, ModelUsed
from inspection_service.reports.said import (
    TimeSource,
    control_point_entry,
    finding_entry,
    masked_contact,
    notes,
    signature_entry,
    statement_entry,
)
from inspection_service.reports.seen import (
    annotation_entry,
    capture_entry,
    capture_order,
    evidence_by_step,
    gaps,
    is_in_report,
    recording_entry,
    step_entry,
)
from inspection_service.reports.vehicle import vehicle_entry

SCHEMA_VERSION: Final = "1.1"
KIND: Final = "inspection_report"

LIMITS: Final = (
    "photographs_only",
    "hidden_parts",
    "mechanics",
    "small_damage",
    "odometer_display",
    "model_errors",
)
"""What a remote inspection by photographs never sees; the words are in ``words.py``."""


def build(
    dossier: Dossier,
    *,
    sealed_at: datetime,
    models: Sequence[ModelUsed],
    has_development_keys: bool,
    keys: PersonalKeys | None = None,
    earlier: Sequence[EarlierReading] = (),
    time: TimeSource = "service_clock",
) -> DraftReport:
    """Make the record of an inspection that has been signed.

    Args:
        dossier: Everything known about it; its state must be ``signed_off``.
        sealed_at: The sealing service's own clock.
        models: The models installed when it is sealed; each judgement names the set it came from.
        has_development_keys: Whether the keys that will sign prove nothing outside this machine.
        keys: Of the personal values of this inspection, kept with it, so that building again gives the same record;
            fresh ones when absent.
        earlier: What earlier inspections of the same car read on its odometer.
        time: Whose clock will vouch for the moment of sealing.

    Returns:
        The record with its canonical bytes and the clear values beside it; the next step is to render and to sign it.

    Raises:
        NotReadyToSeal: The inspection is in another state.
    """
    inspection = dossier.inspection
    if inspection.state != "signed_off":
        raise NotReadyToSeal(
            f"An inspection that is {inspection.state.replace('_', ' ')} cannot be sealed.",
            state=inspection.state,
        )
    evidence = evidence_by_step(dossier.captures)
    steps = [step_entry(step, dossier, evidence.get(step["id"])) for step in steps_of(inspection)]
    control_points = [
        control_point_entry(point, dossier, evidence)
        for point in inspection.checklist.get("control_points", ())
    ]
    in_report = {capture.id for capture in dossier.captures if is_in_report(capture)}
    findings = [
        finding_entry(finding, finding.capture_id is None or finding.capture_id in in_report)
        for finding in dossier.findings
    ]
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "language": inspection.language,
        "sealed_at": isoformat(sealed_at),
        "inspection": {
            "id": inspection.id,
            "platform": dossier.platform_name,
            "purpose": inspection.purpose,
            "reference": inspection.reference,
            "sign_off": inspection.sign_off,
            "ordered_at": isoformat(inspection.created_at),
            "deadline_at": moment(inspection.deadline_at),
            "contact": masked_contact(inspection.contact),
        },
        "vehicle": vehicle_entry(inspection.vehicle, dossier.captures),
        "mileage": mileage_entry(dossier, evidence, earlier, sealed_at),
        "checklist": {
            "id": inspection.checklist_id,
            "version": str(inspection.checklist.get("version", "")),
            "sha256": inspection.checklist_sha256,
            "title": localised(inspection.checklist.get("title"), inspection.language),
        },
        "models": {
            "list": [
                {"name": m.name, "version": m.version, "sha256": m.sha256}
                for m in sorted(models, key=lambda m: m.name)
            ],
            "sets_used": sorted(
                {
                    str(c.judgement["model_set"])
                    for c in dossier.captures
                    if c.judgement and c.judgement.get("model_set")
                }
            ),
        },
        "summary": _summary(steps, findings, control_points),
        "steps": steps,
        "captures": [
            capture_entry(c, c.id in in_report) for c in sorted(dossier.captures, key=capture_order)
        ],
        "coverage": coverage(dossier, {str(step["id"]): step["view"] for step in steps}),
        "annotations": [annotation_entry(a) for a in sorted(dossier.annotations, key=lambda a: (a.at, a.id))],
        "recordings": [
            recording_entry(r) for r in sorted(dossier.recordings, key=lambda r: (r.started_at, r.id))
        ],
        "findings": findings,
        "control_points": control_points,
        "statements": [statement_entry(s) for s in dossier.statements],
        "not_seen": gaps(steps, control_points),
        "limits": list(LIMITS),
        "consents": [
            {"purpose": c.purpose, "is_given": c.is_given, "at": isoformat(c.at)} for c in dossier.consents
        ],
        "signatures": [signature_entry(s, inspection.contact) for s in dossier.signatures],
        "timeline": [
            {
                "seq": e.seq,
                "at": isoformat(e.at),
                "kind": e.kind,
                "by": actor(e.actor),
                "data": plain(e.data),
            }
            for e in sorted(dossier.events, key=lambda e: e.seq)
        ],
        "notes": notes(dossier, has_development_keys, time),
    }
    record["evidence"] = evidence_tree(record)
    concealed, disclosures = conceal(record, keys or PersonalKeys.draw())
    json_bytes = canonical_bytes(concealed)
    return DraftReport(concealed, json_bytes, sha256_hex(json_bytes), sealed_at, disclosures)


def _summary(
    steps: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    control_points: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    seen = [s for s in steps if s["outcome"] in ("photographed", "kept")]
    standing = [f for f in findings if f["in_report"]]
    open_ = [f for f in standing if f["verdict"] != "rejected"]
    counts = {
        "confirmed": sum(f["verdict"] == "confirmed" or f["source"] == "operator" for f in open_),
        "suspected": sum(f["source"] == "model" and f["verdict"] is None for f in open_),
        "declared": sum(f["source"] == "seller" and f["verdict"] is None for f in open_),
        "rejected": len(standing) - len(open_),
        "disputed": sum(f["dispute"] is not None for f in standing),
    }
    if counts["confirmed"] or counts["declared"]:
        damage = "stated"
    elif counts["suspected"]:
        damage = "suspected"
    else:
        damage = "none_seen" if seen else "nothing_photographed"
    return {
        "steps_total": len(steps),
        "steps_photographed": len(seen),
        "steps_kept": sum(s["outcome"] == "kept" for s in steps),
        "steps_not_seen": len(steps) - len(seen),
        "control_points_total": len(control_points),
        "control_points_answered": sum(p["state"] == "answered" for p in control_points),
        "findings": counts,
        "damage": damage,
    }
