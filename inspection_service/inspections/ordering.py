"""Opening an inspection and closing one that is no longer wanted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from inspection_service.clock import new_id
from inspection_service.errors import InvalidInput
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.errors import IdempotencyKeyReused
from inspection_service.inspections.hanging_up import hang_up
from inspection_service.inspections.records import SERVICE, Actor, Event, Inspection, InspectionId, TenantId
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
        within: Transaction | None = None,
    ) -> Placed:
        """Open an inspection with its checklist frozen into it. Use ``Identity.order``, which also makes the link.

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
            case = await repository.insert(inspection)
            if key is not None:
                await repository.remember_order(inspection, key.key, key.body_sha256)
            event = Event(
                1,
                inspection.created_at,
                "inspection.ordered",
                by,
                {"checklist": inspection.checklist_id, "checklist_sha256": inspection.checklist_sha256},
            )
            await case.append(event)
            await self._tell(transaction, inspection, [event])
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

    async def cancel(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Close an inspection that is no longer wanted; repeating it is fine."""
        async with self._change(inspection_id, by) as change:
            if change.inspection.state != "cancelled":
                change.move("cancel")
                await hang_up(change)
                await change.record("inspection.cancelled")
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
    )
