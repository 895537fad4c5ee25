"""What the simulated seller of a sandbox does next: read from the records alone, so that it goes on after any crash.

Which story is told follows from the order's ``reference``, as test card numbers choose what happens to a payment.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from sqlalchemy import and_, func, or_, select

from inspection_service.errors import InvalidInput
from inspection_service.inspections import views
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    Dossier,
    InspectionId,
    OperatorId,
    StepId,
)
from inspection_service.storage import tables as t

Story = Literal[
    "all-well",
    "by-hand",
    "seller-never-comes",
    "refuses-consent",
    "stops-halfway",
    "retake",
    "damage",
    "asks-for-help",
]
STORIES: Final[tuple[Story, ...]] = get_args(Story)
_PREFIX: Final = "sandbox:"
_NOBODY_ACTS: Final[frozenset[Story]] = frozenset({"by-hand", "seller-never-comes"})
SIMULATED: Final = Actor("seller", "simulated-seller")
"""Who opened the inspection; one that a person opened by its link is left to that person."""
SIMULATED_OPERATOR: Final = OperatorId("opr_simulated")
_MOST_TRIES: Final = 3
_LOOKED_AT: Final = 100

Act = Literal[
    "join",
    "consent",
    "ask_help",
    "answer_help",
    "photograph",
    "skip",
    "declare",
    "confirm",
    "submit",
    "sign",
    "sign_off",
]


@dataclass(frozen=True, slots=True)
class Next:
    """One thing to do now."""

    act: Act
    step_id: StepId | None = None
    """Of a photo; ``None``: the close-up of the damage."""
    attempt: int = 0
    capture_id: CaptureId | None = None
    is_spoilt: bool = False
    """Whether the photo is to be too dark, so that another is asked for."""


def story_of(reference: str | None) -> Story:
    """Return what an order's reference asks for: ``sandbox:STORY``, also with words of one's own after a ``/``.

    Raises:
        InvalidInput: It begins like one and names no story.
    """
    if reference is None or not reference.startswith(_PREFIX):
        return "all-well"
    name = reference.removeprefix(_PREFIX).partition("/")[0]
    for story in STORIES:
        if name == story:
            return story
    raise InvalidInput(f"The sandbox knows {', '.join(STORIES)}.", field="reference")


def next_act(dossier: Dossier) -> Next | None:
    """Return what is to be done now; ``None`` while a photo is being judged, at the story's end, or by hand."""
    inspection = dossier.inspection
    try:
        story = story_of(inspection.reference)
    except InvalidInput:  # was ordered when there was such a story
        story = "all-well"
    if inspection.state == "seller_signed":
        return Next("sign_off") if _is_free(dossier) else None
    if story in _NOBODY_ACTS:
        return None
    if inspection.state == "invited":
        return Next("join")
    joined = next((e for e in dossier.events if e.kind == "seller.joined"), None)
    if joined is None or joined.actor.id != SIMULATED.id:
        return None
    match inspection.state:
        case "in_progress":
            return _on_the_way(dossier, story)
        case "review":
            return Next("sign")
        case _:
            return None


def _on_the_way(dossier: Dossier, story: Story) -> Next | None:
    if not any(c.purpose == "photos" and c.is_given for c in dossier.consents):
        return None if story == "refuses-consent" else Next("consent")
    if any(capture.state == "received" for capture in dossier.captures):
        return None
    steps = [StepId(str(step["id"])) for step in views.checklist_steps(dossier.inspection)]
    skipped = {each.step_id for each in dossier.skipped}
    for number, step_id in enumerate(steps):
        if story == "stops-halfway" and number >= len(steps) // 2:
            return None
        if story == "asks-for-help" and number == 1 and (helped := _help(dossier)) is not None:
            return helped
        of_step = [capture for capture in dossier.captures if capture.step_id == step_id]
        if step_id in skipped or any(capture.is_evidence for capture in of_step):
            continue
        return _photo(dossier.inspection.id, step_id, of_step, is_spoilt=story == "retake" and number == 0)
    return (_damage(dossier) if story == "damage" else None) or Next("submit")


def _is_free(dossier: Dossier) -> bool:
    """Whether no real operator holds the case."""
    return dossier.inspection.claimed_by in (None, SIMULATED_OPERATOR)


def _help(dossier: Dossier) -> Next | None:
    if dossier.help is None:
        return Next("ask_help")
    return Next("answer_help") if dossier.help.is_open else None


def _photo(case: InspectionId, step_id: StepId | None, earlier: list[Capture], *, is_spoilt: bool) -> Next:
    attempt = len(earlier)
    if attempt >= _MOST_TRIES:
        return Next("skip", step_id)
    capture_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{case}/{step_id}/{attempt}")
    return Next("photograph", step_id, attempt, CaptureId(str(capture_id)), is_spoilt and attempt == 0)


def _damage(dossier: Dossier) -> Next | None:
    closeup = [capture for capture in dossier.captures if capture.step_id is None]
    if not closeup:
        return _photo(dossier.inspection.id, None, closeup, is_spoilt=False)
    shown = closeup[0].id
    if not any(finding.source == "seller" for finding in dossier.findings):
        return Next("declare", capture_id=shown)
    if (
        _is_free(dossier)
        and closeup[0].is_evidence
        and not any(finding.source == "operator" for finding in dossier.findings)
    ):
        return Next("confirm", capture_id=shown)
    return None


class Simulating(Acts):
    """Finds the inspections that a simulated seller carries out."""

    async def to_simulate(self, touched_after: datetime, limit: int = 20) -> list[InspectionId]:
        """Return open inspections of sandboxes in which something is to be done now.

        Args:
            touched_after: Leave older ones alone: their story has ended where nobody goes on.
            limit: At most so many.
        """
        column = t.inspections.c
        query = (
            select(column.id)
            .join(t.tenants, t.tenants.c.id == column.tenant_id)
            .where(
                t.tenants.c.kind == "sandbox",
                column.state.in_(("invited", "in_progress", "review", "seller_signed")),
                column.updated_at > touched_after,
                or_(
                    column.state == "seller_signed",
                    and_(
                        *(
                            ~func.coalesce(column.reference, "").startswith(_PREFIX + story)
                            for story in _NOBODY_ACTS
                        )
                    ),
                ),
            )
            # Those whose story goes on were touched last; those whose story has ended are behind them.
            .order_by(column.updated_at.desc())
            .limit(_LOOKED_AT)
        )
        async with self._reading() as repository:
            ids = [InspectionId(row) for row in (await repository.connection.execute(query)).scalars()]
            dossiers = await repository.dossiers(await repository.inspections(ids), "summary")
        return [each.inspection.id for each in dossiers if next_act(each) is not None][:limit]
