"""The call between the seller and the operator who holds the case: it rings, goes on, pauses, ends; who looks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from inspection_service.inspections.records import OngoingCallFacts, OperatorId, RingingCallFacts, Viewer
from inspection_service.media.errors import NoCall, SellerAbsent, TooManyMessages
from inspection_service.media.signalling.messages import Effect, Log, Participant, Role, Send, only, problem
from inspection_service.media.signalling.room import Allowance, Room

CallState = Literal["ringing", "accepted"]
EndReason = Literal["hung-up", "unanswered", "connection-lost", "consent-withdrawn", "handed-over", "closed"]
"""Why a call ended; ``closed``: its case was signed off or called off."""

RINGING_TIMEOUT_S: Final = 45.0
OPERATOR_ABSENCE_S: Final = 60.0
"""How long a call waits for the operator's page: a reload, a lost network, a restart of the service."""
SELLER_ABSENCE_S: Final = 24 * 3600.0
"""How long a call waits for the seller, while the operator stays: a locked screen, a flat battery, a walk home."""
HELP_LASTS_S: Final = 30 * 60.0
"""A request for help so old no longer stands for the tap on "accept": its seller may have put the phone down."""
HANDED_OVER_LASTS_S: Final = 120.0
RESUMES_BURST: Final = 20
RESUMES_PER_S: Final = 0.5
"""A pause always counts; going on again is what a page that never stops is made to wait for."""


@dataclass(frozen=True, slots=True)
class OngoingCall:
    """A call that rings or goes on, as pages that have just been loaded must know it."""

    id: str
    operator_id: str
    operator_name: str
    state: CallState
    paused: bool = False
    viewers: tuple[Viewer, ...] = ()


@dataclass(slots=True)
class Call:
    """The one call of an inspection."""

    id: str
    operator: Participant
    state: CallState
    since_s: float
    is_paused: bool = False
    absent_since_s: dict[Role, float] = field(default_factory=dict)
    viewers: dict[str, Participant] = field(default_factory=dict)
    """Pages of supervisors that look on, by the id that addresses them."""

    def message(self, state: str, reason: EndReason | None = None) -> dict[str, Any]:
        """Write what every page is told of a call."""
        viewers = [{"viewer_id": key, "name": page.name} for key, page in self.viewers.items()]
        told = {
            "type": "call",
            "call_id": self.id,
            "state": state,
            "operator_id": self.operator.actor_id,
            # An operator with two tabs open talks in one of them.
            "page_id": self.operator.connection_id,
            "operator_name": self.operator.name,
            "paused": self.is_paused,
            "viewers": viewers,
        }
        return told | ({"reason": reason} if reason else {})


class Calls:
    """Begins and ends the call; there is at most one."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._made = 0
        self.current: Call | None = None
        self._resumes = Allowance(RESUMES_BURST, RESUMES_PER_S, 0.0)

    # --- asking ---------------------------------------------------------------------------------

    @property
    def ongoing(self) -> OngoingCall | None:
        """The call that rings or goes on, as others must know it."""
        call = self.current
        if call is None:
            return None
        viewers = tuple(
            Viewer(key, OperatorId(page.actor_id), page.name) for key, page in call.viewers.items()
        )
        operator = call.operator
        return OngoingCall(call.id, operator.actor_id, operator.name, call.state, call.is_paused, viewers)

    def includes(self, who: Participant) -> bool:
        """Say whether a page belongs to one of the two sides of the call."""
        call = self.current
        return call is not None and (who.role == "seller" or who.actor_id == call.operator.actor_id)

    def need(self, state: CallState) -> Call:
        """Return the call in this state. Raises ``NoCall``."""
        if self.current is None or self.current.state != state:
            raise NoCall
        return self.current

    # --- coming and going -----------------------------------------------------------------------

    def joined(self, who: Participant) -> list[Effect]:
        """Tell a page that has come of the call; it takes its old place in it, or that of an operator's older tab."""
        call = self.current
        if call is None:
            return []
        if self.includes(who):
            call.absent_since_s.pop(who.role, None)
            if who.role == "operator":
                return self._move_to(who, call)
        return [Send(who, call.message(call.state))]

    def _move_to(self, page: Participant, call: Call) -> list[Effect]:
        """Go on in this page of the same operator; their other pages are told where."""
        call.operator = page
        return [Send(each, call.message(call.state)) for each in self._room.pages_of(page.actor_id)]

    def left(self, who: Participant, now_s: float) -> list[Effect]:
        """Note that a page is gone; another page of the same operator takes its place."""
        call = self.current
        if call is None:
            return []
        effects = self.viewer_left(who)
        if who.role == "seller":
            call.absent_since_s["seller"] = now_s
        elif call.operator == who:
            others = self._room.pages_of(who.actor_id)
            if others:
                return effects + self.joined(others[-1])
            call.absent_since_s["operator"] = now_s
        return effects

    def resume(self, facts: OngoingCallFacts, now_s: float, *, idle_s: float) -> list[Effect]:
        """Take up a call that the log knows after a restart; both sides have yet to come back.

        Args:
            facts: As the log tells it.
            now_s: The present moment.
            idle_s: How long ago anything happened in the inspection: after a day nobody is coming back.
        """
        operator = Participant("", "operator", facts.operator_id, facts.operator_name)
        since_s = now_s - idle_s if idle_s >= SELLER_ABSENCE_S else now_s
        absent_since_s: dict[Role, float] = {"seller": since_s, "operator": since_s}
        self.current = Call(facts.call_id, operator, "accepted", since_s, facts.is_paused, absent_since_s)
        # Who looked on has lost their connection, and will ask again for a new one.
        return [
            Log(
                Participant(viewer.viewer_id, "operator", viewer.operator_id, viewer.name),
                "viewer.left",
                {"viewer_id": viewer.viewer_id},
            )
            for viewer in facts.viewers
        ]

    def resume_ringing(self, facts: RingingCallFacts) -> list[Effect]:
        """End a call in the log that rang when the service went down: its pages know nothing of it any more."""
        operator = Participant("", "operator", facts.operator_id, facts.operator_name)
        return [Log(operator, "call.ended", {"call_id": facts.call_id, "reason": "unanswered"})]

    def tick(self, now_s: float) -> list[Effect]:
        """End a ring that nobody answers and a call that nobody comes back to."""
        call = self.current
        if call is None:
            return []
        if call.state == "ringing":
            return self.end(call.operator, "unanswered") if now_s - call.since_s >= RINGING_TIMEOUT_S else []
        bounds: Mapping[Role, float] = {"operator": OPERATOR_ABSENCE_S, "seller": SELLER_ABSENCE_S}
        if any(now_s - since >= bounds[role] for role, since in call.absent_since_s.items()):
            return self.end(call.operator, "connection-lost")
        return []

    # --- what the two sides do ------------------------------------------------------------------

    def open(self, who: Participant, now_s: float) -> list[Effect]:
        """Ring; or come in at once, where the seller has asked for somebody and nobody has come yet.

        From another tab of the operator who is in the call already, it goes on there.

        Raises:
            WrongRole, ClaimNeeded, SellerAbsent: Not by this page, or not now.
            NoCall: A colleague is in a call with this seller.
        """
        only(who, "operator")
        self._room.need_claim(who)
        if self.current is not None:
            if not self.includes(who):
                name = self.current.operator.name
                raise NoCall("A colleague is in a call with this seller.", operator_name=name)
            return self._move_to(who, self.current)
        if self._room.seller is None:
            raise SellerAbsent
        at_once = self._is_expected(now_s)
        self._made += 1
        call = Call(f"{who.connection_id}-{self._made}", who, "accepted" if at_once else "ringing", now_s)
        self.current = call
        self._room.help_asked_s = self._room.handed_over_s = None
        effects: list[Effect] = [Log(who, "call.opened", {"call_id": call.id})]
        if at_once:
            effects.append(Log(who, "call.accepted", {"call_id": call.id, "at_once": True}))
        return effects + self._room.tell(call.message(call.state))

    def accept(self, who: Participant, now_s: float) -> list[Effect]:
        """Begin the call. Raises ``WrongRole``, ``NoCall``, ``ConsentMissing``."""
        only(who, "seller")
        call = self.need("ringing")
        self._room.need_live_consent()
        call.state, call.since_s = "accepted", now_s
        return [Log(who, "call.accepted", {"call_id": call.id}), *self._room.tell(call.message("accepted"))]

    def decline(self, who: Participant) -> list[Effect]:
        """Send the operator away. Raises ``WrongRole``, ``NoCall``."""
        only(who, "seller")
        call = self.need("ringing")
        self.current = None
        return [Log(who, "call.declined", {"call_id": call.id}), *self._room.tell(call.message("declined"))]

    def hang_up(self, who: Participant) -> list[Effect]:
        """End the call, from either side. Raises ``NoCall``."""
        if not self.includes(who):
            raise NoCall
        return self.end(who, "hung-up")

    def pause(self, who: Participant, now_s: float, *, paused: bool) -> list[Effect]:
        """Let the seller stop being seen, and go on. Raises ``WrongRole``, ``NoCall``."""
        only(who, "seller")
        call = self.need("accepted")
        if call.is_paused == paused:
            return [Send(who, call.message("accepted"))]
        if not paused and not self._resumes.spend(now_s):
            return [Send(who, problem(TooManyMessages())), Send(who, call.message("accepted"))]
        call.is_paused = paused
        kind = "call.paused" if paused else "call.resumed"
        return [Log(who, kind, {"call_id": call.id}), *self._room.tell(call.message("accepted"))]

    def end(self, by: Participant, reason: EndReason) -> list[Effect]:
        """End the call, for whoever looks on, too. Raises ``NoCall``."""
        call, self.current = self.current, None
        if call is None:
            raise NoCall
        gone = [Log(page, "viewer.left", {"viewer_id": key}) for key, page in call.viewers.items()]
        call.viewers.clear()
        return [
            *gone,
            Log(by, "call.ended", {"call_id": call.id, "reason": reason}),
            *self._room.tell(call.message("ended", reason)),
        ]

    def viewer_left(self, page: Participant) -> list[Effect]:
        """Note that a supervisor's page no longer looks on, if it did."""
        call = self.current
        if call is None or call.viewers.get(page.connection_id) != page:
            return []
        del call.viewers[page.connection_id]
        return [
            Log(page, "viewer.left", {"viewer_id": page.connection_id}),
            *self._room.tell(call.message(call.state)),
        ]

    # --- what the record does -------------------------------------------------------------------

    def closed(self) -> list[Effect]:
        """Follow the log, which has ended the call together with its case."""
        call, self.current = self.current, None
        return [] if call is None else self._room.tell(call.message("ended", "closed"))

    def consent_withdrawn(self) -> list[Effect]:
        """End what live consent allowed, at once, also when the seller's page is gone."""
        if self.current is None:
            return []
        return self.end(self._room.last_seller or self.current.operator, "consent-withdrawn")

    def claim_moved(self, now_s: float) -> list[Effect]:
        """End the call of an operator who no longer holds the case; who takes over may come in at once."""
        call = self.current
        if call is None or self._room.claimed_by == call.operator.actor_id:
            return []
        if self._room.claimed_by is None:
            return self.end(call.operator, "hung-up")
        if call.state == "accepted":
            self._room.handed_over_s = now_s
        return self.end(call.operator, "handed-over")

    def _is_expected(self, now_s: float) -> bool:
        room = self._room
        if room.live_level == "off":
            return False
        asked = room.help_asked_s is not None and now_s - room.help_asked_s < HELP_LASTS_S
        return asked or (room.handed_over_s is not None and now_s - room.handed_over_s < HANDED_OVER_LASTS_S)
