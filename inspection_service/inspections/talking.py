"""What is written in a live session, and the call it belongs to. Words are kept beside the log, never in it."""

from __future__ import annotations

import re
from typing import Final

from inspection_service.clock import new_id
from inspection_service.errors import Closed
from inspection_service.inspections.calls import CALL_EVENTS, ongoing_call
from inspection_service.inspections.changes import Acts, checked_text, needs_claim
from inspection_service.inspections.errors import QuotaExceeded, TextInvalid
from inspection_service.inspections.helping import answer_help
from inspection_service.inspections.records import (
    Actor,
    ChatMessage,
    InspectionId,
    MessageId,
    OngoingCallFacts,
)
from inspection_service.inspections.states import CLOSED

MESSAGE_MAX: Final = 500
"""Characters of one message."""
_MESSAGES_MAX: Final = 2000
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Talking(Acts):
    """Words between seller and operator."""

    async def say(
        self,
        inspection_id: InspectionId,
        by: Actor,
        text: str,
        read_aloud: bool = False,
        *,
        client_id: str | None = None,
        fence: int | None = None,
    ) -> ChatMessage:
        """Keep a message (``chat.said``, without the words); an operator's answers a seller who asked for help.

        Args:
            inspection_id: The inspection.
            by: The seller, or the operator who holds the case.
            text: At most 500 characters.
            read_aloud: Whether the seller's page speaks it.
            client_id: The page's own id for it; sent again it is the same message.
            fence: What ``hold_session`` returned, where several nodes might have the session.

        Raises:
            ClaimNeeded, CaseClaimed: An operator without the claim.
            TextInvalid: Nothing written, or too much.
            QuotaExceeded: More messages than one inspection may have.
            Closed: The inspection is over.
            SessionMoved: Another node has the session by now.
        """
        words = checked_text(text, "text", at_most=MESSAGE_MAX)
        if client_id is not None and not _CLIENT_ID.fullmatch(client_id):
            raise TextInvalid("The id is up to 60 letters, digits, - and _.", field="id", at_most=60)
        async with self._change(inspection_id, by) as change:
            await change.case.needs_fence(fence)
            if change.inspection.state in CLOSED:
                raise Closed(state=change.inspection.state)
            if by.kind == "operator":
                await needs_claim(change)
            # One page's ids say nothing about another's.
            own_id = None if client_id is None else f"{by.kind[0]}.{client_id}"
            earlier = None if own_id is None else await change.case.message_of_client(own_id)
            if earlier is not None:
                return earlier
            if await change.case.message_count() >= _MESSAGES_MAX:
                raise QuotaExceeded(
                    f"One inspection may have at most {_MESSAGES_MAX} messages.",
                    quota="messages",
                    limit=_MESSAGES_MAX,
                )
            message = ChatMessage(
                id=MessageId(new_id("msg")),
                inspection_id=inspection_id,
                by=by,
                text=words,
                at=change.now,
                read_aloud=read_aloud,
            )
            await change.case.add_message(message, own_id)
            await change.record("chat.said", message_id=message.id)
            if by.kind == "operator":
                await answer_help(change, "chat")
            return message

    async def messages(self, inspection_id: InspectionId) -> tuple[ChatMessage, ...]:
        """Return what was written, oldest first."""
        async with self._reading() as repository:
            return await (await repository.case(inspection_id)).messages()

    async def calls_left_open(self) -> tuple[InspectionId, ...]:
        """Return the open inspections whose log knows a call, answered or not, that has not ended."""
        async with self._reading() as repository:
            return await repository.calls_left_open()

    async def ongoing_call(self, inspection_id: InspectionId) -> OngoingCallFacts | None:
        """Return the call that was accepted and has not ended, as the log tells it; ``None`` when there is none."""
        async with self._reading() as repository:
            case = await repository.case(inspection_id)
            return ongoing_call(await case.events_of(CALL_EVENTS))
