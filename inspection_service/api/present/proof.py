"""Shows corrections, holds and what the log says."""

from __future__ import annotations

from inspection_service.api.dto.common import ActorView
from inspection_service.api.dto.proof import CorrectionView, HeadView, HoldView, WithheldView
from inspection_service.inspections.records import CorrectionEntry, Dossier, LegalHold
from inspection_service.ledger import Head


def correction_view(entry: CorrectionEntry) -> CorrectionView:
    """Show one entry made after a report."""
    return CorrectionView(
        no=entry.no,
        kind=entry.kind,
        at=entry.at,
        by=ActorView(kind=entry.by.kind, name=entry.by.name),
        reason=entry.reason,
        text=entry.text,
        json_sha256=entry.json_sha256,
        pdf_sha256=entry.pdf_sha256,
    )


def withheld_view(dossier: Dossier) -> WithheldView:
    """Show what an erasure or the end of its time took from an inspection."""
    erased = {event.data.get("what") for event in dossier.events if event.kind == "data.erased"}
    return WithheldView(
        personal_values=bool(erased & {"seller", "report"}),
        photos=len(dossier.erased_photos),
        report="report" in erased,
    )


def hold_view(hold: LegalHold | None) -> HoldView:
    """Show whether an inspection is held."""
    if hold is None:
        return HoldView(is_held=False)
    by = ActorView(kind=hold.by.kind, name=hold.by.name)
    return HoldView(is_held=True, at=hold.at, by=by, reason=hold.reason)


def head_view(head: Head) -> HeadView:
    """Show a head of the log."""
    return HeadView(
        no=head.no,
        tree_size=head.tree_size,
        root=head.root.hex(),
        at=head.at,
        jws=head.jws,
        timestamp=None if head.timestamp_token is None else head.timestamp_token.hex(),
    )
