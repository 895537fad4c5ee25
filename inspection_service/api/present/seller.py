"""The seller's page, and the card shown before they agree to anything."""

from __future__ import annotations

from inspection_service.api.dto.common import SignatureView
from inspection_service.api.dto.live import HelpView
from inspection_service.api.dto.seller import (
    CallView,
    CodeView,
    ConsentsView,
    SellerInspection,
    SellerView,
)
from inspection_service.api.present.live import annotation_view
from inspection_service.api.present.proof import correction_view, withheld_view
from inspection_service.api.present.steps import finding_view, step_view, vehicle_view
from inspection_service.identity.secrets import masked
from inspection_service.inspections import views
from inspection_service.inspections.records import Contact, Dossier, Language

PHOTOS_URL = "/v1/seller/captures"


def seller_view(
    dossier: Dossier,
    call: CallView | None,
    language: Language | None = None,
    *,
    waiting: HelpView | None = None,
) -> SellerView:
    """Show a case to its seller, in the language it was ordered in unless they chose another.

    Args:
        dossier: The case.
        call: The call that rings or goes on.
        language: Of the words.
        waiting: What to tell a seller who asked for a person and waits.
    """
    case = dossier.inspection
    words = language or case.language
    signature = next((s for s in reversed(dossier.signatures) if s.role == "seller"), None)
    return SellerView(
        inspection=SellerInspection(
            id=case.id,
            state=case.state,
            language=case.language,
            purpose=case.purpose,
            vehicle=vehicle_view(case.vehicle),
            platform_name=dossier.platform_name,
            deadline_at=case.deadline_at,
            current_step=case.current_step,
        ),
        consents=consents_view(dossier),
        event_seq=dossier.event_seq,
        steps=[step_view(dossier, step, words, PHOTOS_URL) for step in views.steps(dossier)],
        damages=[finding_view(f, words) for f in views.declared_damage(dossier)],
        findings=[finding_view(f, words) for f in views.visible_findings(dossier)],
        signature=None if signature is None else SignatureView(name=signature.name, at=signature.at),
        code=CodeView(masked=masked_contact(case.contact)),
        report_ready=dossier.report is not None,
        corrections=[correction_view(entry) for entry in dossier.corrections],
        withheld=withheld_view(dossier),
        help=waiting,
        annotations=[annotation_view(annotation) for annotation in dossier.annotations],
        call=call,
        review_sha256=views.review_sha256(dossier),
        texts_language=words,
    )


def consents_view(dossier: Dossier) -> ConsentsView:
    """Show what the seller agrees to at present."""
    return ConsentsView(
        photos=views.has_consent(dossier, "photos"),
        live_video=views.has_consent(dossier, "live_video"),
        live_level=views.live_level(dossier),
        location=views.has_consent(dossier, "location"),
        recording=views.has_consent(dossier, "recording"),
    )


def masked_contact(contact: Contact) -> str | None:
    """Name where codes go so that its owner knows it and nobody else learns it; ``None`` without a contact."""
    address = contact.email or contact.phone
    return None if address is None else masked(address)
