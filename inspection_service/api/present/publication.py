"""Shows copies for the public to those who prepare them, and the public report to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspection_service.api.dto.publication import (
    PublicationPhotoView,
    PublicationSetView,
    PublicationView,
    PublicFinding,
    PublicGap,
    PublicMileage,
    PublicPhotoView,
    PublicProof,
    PublicReportView,
    PublicVehicle,
    RegionView,
)
from inspection_service.inspections import views
from inspection_service.inspections.records import CorrectionEntry, Dossier, Language
from inspection_service.privacy.publications import Publication
from inspection_service.reports.commitments import is_commitment
from inspection_service.reports.words import Words

DAMAGE_PHOTO: Final[Mapping[Language, str]] = {"fr": "Dommage déclaré", "en": "Declared damage"}


def publication_view(
    dossier: Dossier, prepared: Publication | None, approved: Publication | None, address: str, base_url: str
) -> PublicationView:
    """Show both sets; ``address`` is where their photos are asked for."""
    titles = photo_titles(dossier, dossier.inspection.language)
    return PublicationView(
        prepared=None if prepared is None else _set_view(prepared, titles, address),
        approved=None if approved is None else _set_view(approved, titles, address),
        public_url=None if approved is None else f"{base_url}/p/{approved.public_id}",
    )


def photo_titles(dossier: Dossier, language: Language) -> dict[str, str]:
    """Name every photo by its step."""
    steps = {
        str(step["id"]): _text(step.get("title"), language)
        for step in views.checklist_steps(dossier.inspection)
    }
    return {c.id: steps.get(str(c.step_id), DAMAGE_PHOTO[language]) for c in dossier.captures}


def public_report_view(
    publication: Publication,
    dossier: Dossier,
    record: Mapping[str, Any],
    entry: CorrectionEntry,
    language: Language,
) -> PublicReportView:
    """Show a report without plate, VIN and names: values that are commitments in the record stay out.

    Args:
        publication: Approved.
        dossier: Of the inspection.
        record: As it was sealed.
        entry: The statement about the copies.
        language: Of the words.
    """
    words = Words(language)
    titles = photo_titles(dossier, language)
    shown = {photo.capture_id for photo in publication.photos}
    address = f"/v1/public/{publication.public_id}"
    vehicle = record["vehicle"]
    assert publication.approved_at is not None
    assert dossier.report is not None
    photos = [
        PublicPhotoView(
            id=photo.capture_id,
            title=titles[photo.capture_id],
            url=f"{address}/photos/{photo.capture_id}.jpg",
            width=photo.width,
            height=photo.height,
            sha256=photo.file.sha256,
            original_sha256=photo.original_sha256,
            hidden=sorted({region.kind for region in photo.regions}),
            has_credentials=photo.file.why_no_credentials is None,
        )
        for photo in publication.photos
        if photo.file is not None
    ]
    return PublicReportView(
        public_id=publication.public_id,
        language=language,
        published_at=publication.approved_at,
        sealed_at=record["sealed_at"],
        has_development_keys=bool(record["notes"]["development_keys"]),
        is_demonstration=bool(record["notes"]["demonstration_pictures"]),
        is_withdrawn=any(one.kind == "withdrawal" for one in dossier.corrections),
        vehicle=PublicVehicle(
            **{
                name: _clear(vehicle[name]["value"])
                for name in ("make", "model", "first_registration", "fuel")
            }
        ),
        mileage=_mileage(record),
        damage=words.label("damage", record["summary"]["damage"]),
        views_asked=record["summary"]["steps_total"],
        views_photographed=record["summary"]["steps_photographed"],
        findings=[
            PublicFinding(
                kind=words.label("kind", finding["kind"]),
                severity=finding["severity"] and words.label("severity", finding["severity"]),
                part=words.label("part_name", finding["part"]) or None,
                source=finding["source"],
                verdict=finding["verdict"],
                is_disputed=finding["dispute"] is not None,
                photo_id=finding["capture_id"] if finding["capture_id"] in shown else None,
                box=finding["box"],
            )
            for finding in record["findings"]
            if finding["in_report"] and finding["verdict"] != "rejected"
        ],
        not_seen=_gaps(record, dossier, words, language),
        limits=[words.label("limit", code) for code in record["limits"]],
        photos=photos,
        proof=PublicProof(
            json_sha256=dossier.report.json_sha256,
            pdf_sha256=str(publication.pdf_sha256),
            statement_sha256=entry.json_sha256,
            pdf_url=f"{address}/report.pdf",
            record_url=f"{address}/report.json",
            statement_url=f"{address}/statement.json",
            verify_url="/verify",
        ),
    )


def _set_view(publication: Publication, titles: Mapping[str, str], address: str) -> PublicationSetView:
    return PublicationSetView(
        state=publication.state,
        set_sha256=publication.set_sha256,
        surroundings=publication.surroundings,
        prepared_at=publication.prepared_at,
        approved_at=publication.approved_at,
        is_complete=all(photo.checked_by is not None for photo in publication.photos),
        photos=[
            PublicationPhotoView(
                capture_id=photo.capture_id,
                title=titles.get(photo.capture_id, ""),
                width=photo.width,
                height=photo.height,
                hidden=[RegionView(kind=r.kind, box=r.box, by=r.by) for r in photo.regions],
                doubts=list(photo.doubts),
                is_checked=photo.checked_by is not None,
                checked_by=None if photo.checked_by is None else photo.checked_by.kind,
                copy_url=f"{address}/photos/{photo.capture_id}",
                original_sha256=photo.original_sha256,
                copy_sha256=None if photo.file is None else photo.file.sha256,
                why_no_credentials=None if photo.file is None else photo.file.why_no_credentials,
            )
            for photo in publication.photos
        ],
    )


def _mileage(record: Mapping[str, Any]) -> PublicMileage:
    mileage = record["mileage"]
    settled = mileage.get("settled") or {}
    return PublicMileage(
        reading=_clear(settled.get("reading")),
        unit=_clear(settled.get("unit")),
        verdict=mileage.get("verdict"),
    )


def _gaps(record: Mapping[str, Any], dossier: Dossier, words: Words, language: Language) -> list[PublicGap]:
    checklist = dossier.inspection.checklist
    titles = {
        str(each["id"]): _text(each.get("title"), language)
        for each in (*checklist.get("control_points", ()), *checklist["steps"])
    }
    return [
        PublicGap(
            title=titles.get(gap["id"], gap["id"]),
            why=words.say("gap.point")
            if gap["kind"] == "control_point"
            else words.label("outcome", gap["why"]),
        )
        for gap in record["not_seen"]
    ]


def _clear(value: Any) -> str | None:
    """Return a value that anybody may read; a commitment is none."""
    return None if value is None or is_commitment(value) else str(value)


def _text(texts: Any, language: Language) -> str:
    return str(texts.get(language, "")) if isinstance(texts, Mapping) else str(texts or "")
