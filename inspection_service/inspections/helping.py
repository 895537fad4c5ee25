"""The seller asks for a person: how long it will take, who waits before them, and when they have been answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from inspection_service.inspections.changes import CLAIM_LAPSES_S, Acts, Change
from inspection_service.inspections.errors import PhoneInvalid
from inspection_service.inspections.needs import HELP_STATES
from inspection_service.inspections.records import Actor, HelpRequest, Inspection, InspectionId

_PHONE: Final = re.compile(r"\+?[0-9]{6,15}")
_BETWEEN_DIGITS: Final = re.compile(r"[\s().\-/]")
_PHONE_MAX: Final = 40
_WAITS_LOOKED_AT: Final = 20


@dataclass(frozen=True, slots=True)
class HelpLine:
    """What a seller who waits may be told."""

    ahead: int
    """How many have waited longer."""
    wait_s: int | None
    """The median of the last waits, once for each of those ahead and once for the seller; ``None``: none is known."""


class Helping(Acts):
    """Asking for a person, and waiting for one."""

    async def ask_help(
        self, inspection_id: InspectionId, *, by: Actor, phone: str | None = None
    ) -> Inspection:
        """The seller asks for a person; asking again keeps their place and may add a number to call back.

        Raises:
            PhoneInvalid: Nobody can call this number.
        """
        number = None if phone is None or not phone.strip() else _checked_phone(phone)
        async with self._change(inspection_id, by) as change:
            change.needs_state(HELP_STATES)
            earlier = await change.case.help()
            if earlier is None or not earlier.is_open:
                await change.case.add_help(HelpRequest(change.now, number))
            elif number is None or number == earlier.phone:
                return change.inspection
            else:
                await change.case.save_help(replace(earlier, phone=number))
            await change.record(
                "help.asked", step_id=change.inspection.current_step, call_back=number is not None
            )
        return change.inspection

    async def withdraw_help(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """The seller goes on alone; fine when they were not waiting. Their number is forgotten."""
        async with self._change(inspection_id, by) as change:
            change.needs_state(HELP_STATES)
            request = await change.case.help()
            if request is not None and request.is_open:
                await change.case.save_help(replace(request, withdrawn_at=change.now, phone=None))
                await change.record("help.withdrawn")
        return change.inspection

    async def help_waiting(self, inspection_id: InspectionId) -> bool:
        """Say whether the seller still waits to hear from the person they asked for.

        A claim alone answers the queue, not the seller: until the operator who took the case calls or writes, a call
        of theirs is what the seller asked for, and need not ring.
        """
        async with self._reading() as repository:
            case = await repository.case(inspection_id)
            request = await case.help()
        if request is None or request.withdrawn_at is not None or case.inspection.state not in HELP_STATES:
            return False
        return request.is_open or _only_claimed(request, self._clock.now())

    async def help_line(self, inspection_id: InspectionId) -> HelpLine | None:
        """Say where in the line a waiting seller stands; ``None`` when they do not wait.

        Operators serve all platforms, so all who wait are counted; nothing but the two numbers leaves.
        """
        async with self._reading() as repository:
            request = await (await repository.case(inspection_id)).help()
            if request is None or not request.is_open:
                return None
            ahead = await repository.waiting_before(request.asked_at)
            waits = await repository.last_waits_s(_WAITS_LOOKED_AT)
        return HelpLine(ahead, round(median(waits) * (ahead + 1)) if waits else None)


async def answer_help(change: Change, how: Literal["claim", "call", "chat"]) -> None:
    """An operator turned to the seller: who waited has been answered."""
    request = await change.case.help()
    if request is None or request.withdrawn_at is not None:
        return
    if request.is_open:
        await change.case.save_help(replace(request, answered_at=change.now, answered_how=how))
        await change.record("help.answered", how=how)
    elif request.answered_how == "claim" and how != "claim":  # it was the queue that the claim answered
        await change.case.save_help(replace(request, answered_how=how))


async def wait_again(change: Change) -> None:
    """The case was let go before anybody spoke to the seller: they wait as before, in their old place."""
    request = await change.case.help()
    if request is not None and _only_claimed(request, change.now):
        await change.case.save_help(replace(request, answered_at=None, answered_how=None))


def _only_claimed(request: HelpRequest, now: datetime) -> bool:
    """Say whether an operator has just taken the case and not spoken yet; after half an hour that is no answer due."""
    return (
        request.answered_how == "claim"
        and request.answered_at is not None
        and now - request.answered_at <= timedelta(seconds=CLAIM_LAPSES_S)
    )


def _checked_phone(phone: str) -> str:
    number = _BETWEEN_DIGITS.sub("", phone[: _PHONE_MAX + 1])
    if len(phone) > _PHONE_MAX or not _PHONE.fullmatch(number):
        raise PhoneInvalid(field="phone")
    return number
