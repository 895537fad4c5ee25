"""A supervisor who looks on, and whose session descriptions go to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspection_service.media.errors import MalformedMessage, NoCall, SupervisorNeeded, ViewersFull
from inspection_service.media.signalling.call import Call, Calls
from inspection_service.media.signalling.messages import (
    MAX_ID_CHARACTERS,
    Effect,
    Log,
    Participant,
    Send,
    candidate_in,
    description_in,
    object_in,
    only,
    text_in,
)
from inspection_service.media.signalling.room import Room

MAX_VIEWERS: Final = 2
"""Each costs the phone another 400 kbit/s of upload beside the call's 2 Mbit/s."""


class Viewers:
    """Lets supervisors look on at the call, and relays what the browsers say to each other."""

    def __init__(self, room: Room, calls: Calls) -> None:
        self._room = room
        self._calls = calls

    def join(self, who: Participant) -> list[Effect]:
        """Let a supervisor look on; the seller is told by whom.

        Raises:
            WrongRole, SupervisorNeeded: Not for this page.
            NoCall: There is no call, or it is the asker's own.
            ConsentMissing: The seller has not agreed to be seen.
            ViewersFull: As many look on as the phone can serve.
        """
        only(who, "operator")
        if not who.may_supervise:
            raise SupervisorNeeded
        call = self._calls.need("accepted")
        self._room.need_live_consent()
        if self._calls.includes(who):
            raise NoCall("You are in this call yourself.")
        if who.connection_id in call.viewers:
            return [Send(who, call.message("accepted"))]
        effects: list[Effect] = []
        for key, page in list(call.viewers.items()):
            if page.actor_id == who.actor_id:  # the same person in a newer page
                del call.viewers[key]
                effects.append(Log(page, "viewer.left", {"viewer_id": key}))
        if len(call.viewers) >= MAX_VIEWERS:
            raise ViewersFull
        call.viewers[who.connection_id] = who
        effects.append(Log(who, "viewer.joined", {"viewer_id": who.connection_id}))
        return effects + self._room.tell(call.message("accepted"))

    def leave(self, who: Participant) -> list[Effect]:
        """Stop looking on. Raises ``WrongRole``, ``NoCall``."""
        only(who, "operator")
        effects = self._calls.viewer_left(who)
        if not effects:
            raise NoCall
        return effects

    def send_away(self, who: Participant, message: Mapping[str, Any]) -> list[Effect]:
        """Let the seller end a supervisor's view. Raises ``WrongRole``, ``NoCall``."""
        only(who, "seller")
        page = self._find(self._calls.need("accepted"), message)
        return self._calls.viewer_left(page)

    def relay(self, who: Participant, message: Mapping[str, Any]) -> list[Effect]:
        """Pass a description or candidate on to the browser it is meant for, and to no other.

        Raises:
            MalformedMessage, UnusableDescription: It is neither.
            NoCall: This page has nobody to say it to.
        """
        payload = _payload(object_in(message, "payload"))
        call = self._calls.need("accepted")
        if message.get("viewer_id") is None:
            return self._relay_to_other_side(who, call, payload)
        page = self._find(call, message)
        if who not in (self._room.seller, page):
            raise NoCall
        to = page if who.role == "seller" else self._room.seller
        told = {"type": "signal", "from": who.role, "viewer_id": page.connection_id, "payload": payload}
        return [] if to is None else [Send(to, told)]

    def _relay_to_other_side(self, who: Participant, call: Call, payload: Mapping[str, Any]) -> list[Effect]:
        if not self._calls.includes(who):
            raise NoCall
        if who.role == "operator" and who != call.operator:
            return []  # an older tab that has not heard yet: two that answer one offer join nothing to nothing
        to = call.operator if who.role == "seller" else self._room.seller
        if to is None or (to.role == "operator" and to.connection_id not in self._room.operators):
            return []  # the other side is reconnecting and will ask for a new offer
        return [Send(to, {"type": "signal", "from": who.role, "payload": payload})]

    def _find(self, call: Call, message: Mapping[str, Any]) -> Participant:
        page = call.viewers.get(text_in(message, "viewer_id", at_most=MAX_ID_CHARACTERS))
        if page is None:
            raise NoCall("Nobody looks on under this id.")
        return page


def _payload(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check what browsers say to each other, as far as the service can know; nothing else is passed on."""
    if "description" in payload:
        return {"description": description_in(payload)}
    if "candidate" in payload:
        return {"candidate": candidate_in(payload)}
    if payload.get("renegotiate") in ("path", "all"):
        return {"renegotiate": payload["renegotiate"]}
    raise MalformedMessage("payload needs a description, a candidate or renegotiate.", pointer="/payload")
