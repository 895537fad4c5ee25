"""Which moves an inspection may make: one pure function, so that no route invents its own."""

from __future__ import annotations

from typing import Final, Literal, get_args

from inspection_service.errors import Closed, Conflict
from inspection_service.inspections.records import InspectionState, SignOff

Move = Literal[
    "invite",
    "start",
    "submit",
    "reopen",
    "sign_as_seller",
    "sign_off",
    "seal",
    "cancel",
    "expire",
    "reject",
]

CLOSED: Final[frozenset[InspectionState]] = frozenset({"sealed", "cancelled", "expired", "rejected"})
OPEN: Final[frozenset[InspectionState]] = frozenset(get_args(InspectionState)) - CLOSED

_MOVES: Final[dict[Move, tuple[frozenset[InspectionState], InspectionState]]] = {
    "invite": (frozenset({"ordered", "invited"}), "invited"),
    "start": (frozenset({"ordered", "invited"}), "in_progress"),
    "submit": (frozenset({"in_progress"}), "review"),
    "reopen": (frozenset({"review", "seller_signed"}), "in_progress"),
    "sign_as_seller": (frozenset({"review"}), "seller_signed"),
    "sign_off": (frozenset({"seller_signed"}), "signed_off"),
    "seal": (frozenset({"signed_off"}), "sealed"),
    "cancel": (frozenset({"ordered", "invited", "in_progress", "review", "seller_signed"}), "cancelled"),
    "expire": (frozenset({"ordered", "invited", "in_progress", "review"}), "expired"),
    "reject": (frozenset({"review", "seller_signed"}), "rejected"),
}


def move(state: InspectionState, by: Move, *, sign_off: SignOff = "required") -> InspectionState:
    """Return the state after a move.

    Args:
        state: Where the inspection is.
        by: What is being done.
        sign_off: With ``none`` the seller's signature is enough: ``sign_as_seller`` ends in ``signed_off``.

    Raises:
        Closed: The inspection is over; nothing moves it.
        Conflict: The move does not start in this state; ``attributes`` name both.
    """
    if state in CLOSED:
        raise Closed(state=state)
    sources, target = _MOVES[by]
    if state not in sources:
        raise Conflict(f"An inspection that is {state} cannot {by.replace('_', ' ')}.", state=state, move=by)
    if by == "sign_as_seller" and sign_off == "none":
        return "signed_off"
    return target
