"""Opening an inspection and closing one that is no longer wanted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from inspection_service.clock import isoformat, new_id
from inspection_service.errors import InvalidInput
from inspection_service.inspections.answering import reopen
from inspection_service.inspections.asking import MOST_ASKED, asked_id
from inspection_service.inspections.changes import Acts, checked_text, optional_text
from inspection_service.inspections.errors import AlreadyAnswered, IdempotencyKeyReused, QuotaExceeded
from inspection_service.inspections.hanging_up import hang_up
from inspection_service.inspections.records import (
    SERVICE,
    Actor,
    AskedPhoto,
    Event,
    Inspection,
    InspectionId,
    StepId,
    TenantId,
)
from inspection_service.inspections.requests import IdempotencyKey, Order, Placed
from inspection_service.storage.database import Transaction

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Ordering(Acts):
    """What platforms do."""

    async def order(
        self,
        tenant_id: TenantId,
        order: Order,
        *,
        by: Actor,
        key: IdempotencyKey | None = None,
        is_invited: bool = False,
        within: Transaction | None = None,
    ) -> Placed:
        """Open an inspection with its checklist frozen into it. Use ``Identity.order``, which also makes the link.

        Args:
            tenant_id: Of the platform that orders.
            order: What it wants.
            by: The platform.
            key: The same order under the same key is placed once.
            is_invited: Its seller link is made in the same transaction.
            within: That one.

        Raises:
            ChecklistUnknown: There is no such checklist.
            IdempotencyKeyReused: The key came with another body before.
            InvalidInput: The deadline has passed, or the key is not printable.
        """
        if key is not None and not _KEY.fullmatch(key.key):
            raise InvalidInput(
                "An Idempotency-Key is 1 to 255 printable characters.", field="Idempotency-Key"
            )
        async with self._writing(within) as (repository, transaction):
            if key is not None:
                earlier = await repository.ordered_under(tenant_id, key.key)
                if earlier is not None:
                    body_sha256, inspection_id = earlier
                    if body_sha256 != key.body_sha256:
                        raise IdempotencyKeyReused
                    case = await repository.case(inspection_id)
                    return Placed(as_ordered(case.inspection), is_replay=True)
            inspection = self._open(tenant_id, order)
            checklist = {
                "checklist": inspection.checklist_id,
                "checklist_sha256": inspection.checklist_sha256,
            }
            events = [Event(1, inspection.created_at, "inspection.ordered", by, checklist)]
            if is_invited:
                inspection = as_ordered(inspection)
                events.append(Event(2, inspection.created_at, "inspection.invited", by, {}))
            case = await repository.insert(inspection)
            if key is not None:
                await repository.remember_order(inspection, key.key, key.body_sha256)
            await case.append(*events)
            await self._tell(transaction, inspection, events)
            return Placed(inspection, is_replay=False)

    async def invite(
        self, inspection_id: InspectionId, *, by: Actor, within: Transaction | None = None
    ) -> Inspection:
        """Note that a seller link was made. Use ``Identity.open_link``."""
        async with self._change(inspection_id, by, within=within) as change:
            if change.inspection.state in ("ordered", "invited"):
                change.move("invite")
            else:
                # A new link for a seller who lost the first one: the inspection stays where it is.
                change.needs_state({"in_progress", "review", "seller_signed", "signed_off"})
            await change.record("inspection.invited")
        return change.inspection

    async def cancel(
        self,
        inspection_id: InspectionId,
        *,
        by: Actor,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Inspection:
        """Close an inspection that is no longer wanted; repeating it is fine.

        Args:
            inspection_id: The inspection.
            by: The platform.
            reason: Why, in its words; kept beside the log, which has none.
            expected_version: Refuse when it is another one by now.

        Raises:
            StateChanged: It is.
        """
        words = optional_text(reason, "reason", at_most=300)
        async with self._change(inspection_id, by) as change:
            if change.inspection.state != "cancelled":
                change.needs_version(expected_version)
                change.move("cancel")
                change.set(closing_reason=words)
                await hang_up(change)
                await change.record("inspection.cancelled")
        return change.inspection

    async def extend(
        self,
        inspection_id: InspectionId,
        deadline_at: datetime | None,
        *,
        by: Actor,
        expected_version: int | None = None,
    ) -> Inspection:
        """Give the seller until another moment, or as long as it takes (``None``); repeating it is fine.

        Raises:
            InvalidInput: The moment has passed.
            StateChanged: The inspection is another version than expected.
        """
        async with self._change(inspection_id, by) as change:
            change.needs_state({"ordered", "invited", "in_progress", "review", "seller_signed"})
            if deadline_at is not None and deadline_at <= change.now:
                raise InvalidInput("The deadline has already passed.", field="deadline_at")
            if change.inspection.deadline_at != deadline_at:
                change.needs_version(expected_version)
                change.set(deadline_at=deadline_at)
                written = None if deadline_at is None else isoformat(deadline_at)
                await change.record("inspection.extended", deadline_at=written)
        return change.inspection

    async def ask_photo(
        self,
        inspection_id: InspectionId,
        text: str,
        about: StepId | None = None,
        *,
        by: Actor,
        seed: str | None = None,
    ) -> Inspection:
        """Ask the seller for one more photo: a step of its own, which opens an inspection in review or signed again.

        Args:
            inspection_id: The inspection.
            text: What the seller reads.
            about: The step of the checklist it is about.
            by: The platform.
            seed: The same request again asks for nothing new.

        Raises:
            StepUnknown: There is no such step.
            QuotaExceeded: ``asked``: more than anybody wants to photograph.
        """
        words = checked_text(text, "text", at_most=300)
        async with self._change(inspection_id, by) as change:
            change.needs_state({"ordered", "invited", "in_progress", "review", "seller_signed"})
            if about is not None:
                change.step(about)
            asked = change.inspection.asked
            step_id = StepId(asked_id(asked, seed))
            if any(each.id == step_id for each in asked):
                return change.inspection
            if len(asked) >= MOST_ASKED:
                raise QuotaExceeded(
                    f"At most {MOST_ASKED} photos may be asked for besides the checklist.",
                    quota="asked",
                    limit=MOST_ASKED,
                )
            change.set(asked=(*asked, AskedPhoto(step_id, words, about, change.now)))
            await change.record("photo.asked", step_id=step_id, about=about)
            if change.inspection.state in ("review", "seller_signed"):
                await reopen(change)
                change.set(current_step=step_id)  # of several asked for in a row, the first
        return change.inspection

    async def take_back(self, inspection_id: InspectionId, step_id: StepId, *, by: Actor) -> Inspection:
        """Ask no longer for a photo that has not come; repeating it is fine.

        Raises:
            AlreadyAnswered: A photo of it is there.
        """
        async with self._change(inspection_id, by) as change:
            change.needs_state({"ordered", "invited", "in_progress", "review", "seller_signed"})
            left = tuple(each for each in change.inspection.asked if each.id != step_id)
            if left != change.inspection.asked:
                if any(capture.step_id == step_id for capture in await change.case.captures()):
                    raise AlreadyAnswered(step_id=step_id)
                await change.case.unskip(step_id)
                change.set(asked=left)
                if change.inspection.current_step == step_id:
                    change.set(current_step=None)
                await change.record("photo.not_asked", step_id=step_id)
        return change.inspection

    async def expire(self, inspection_id: InspectionId) -> Inspection:
        """Close an inspection whose deadline has passed; one that moved on meanwhile is left alone."""
        async with self._change(inspection_id, SERVICE) as change:
            deadline = change.inspection.deadline_at
            is_due = deadline is not None and deadline < change.now
            if is_due and change.inspection.state in ("ordered", "invited", "in_progress", "review"):
                change.move("expire")
                await hang_up(change)
                await change.record("inspection.expired")
        return change.inspection

    def _open(self, tenant_id: TenantId, order: Order) -> Inspection:
        checklist = self._shelf.get(order.checklist)
        now = self._clock.now()
        if order.deadline_at is not None and order.deadline_at <= now:
            raise InvalidInput("The deadline has already passed.", field="deadline_at")
        return Inspection(
            id=InspectionId(new_id("ins")),
            tenant_id=tenant_id,
            state="ordered",
            version=1,
            language=order.language,
            purpose=order.purpose,
            vehicle=order.vehicle,
            contact=order.contact,
            checklist_id=checklist.id,
            checklist_sha256=checklist.sha256,
            checklist=checklist.content,
            sign_off=order.sign_off or checklist.content["sign_off"],
            reference=order.reference,
            deadline_at=order.deadline_at,
            created_at=now,
            updated_at=now,
        )


def as_ordered(inspection: Inspection) -> Inspection:
    """Return an inspection as its order left it: what a repeated order is answered with."""
    return replace(
        inspection,
        state="invited",
        version=2,
        updated_at=inspection.created_at,
        current_step=None,
        claimed_by=None,
        claimed_at=None,
        asked=(),
        closing_reason=None,
    )
