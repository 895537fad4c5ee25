"""The state machine, walked at random."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.errors import Closed, Conflict
from inspection_service.inspections.records import InspectionState, SignOff
from inspection_service.inspections.states import CLOSED, Move, move

pytestmark = pytest.mark.unit

MOVES: tuple[Move, ...] = get_args(Move)
STATES: tuple[InspectionState, ...] = get_args(InspectionState)


@given(st.lists(st.sampled_from(MOVES), max_size=40), st.sampled_from(get_args(SignOff)))
def test_every_walk_stays_inside_and_ends_where_it_is_closed(walk: list[Move], sign_off: SignOff) -> None:
    """Whatever is tried, a move ends in a known state or is refused; a closed inspection never moves again."""
    state: InspectionState = "ordered"
    signed = False
    for step in walk:
        before = state
        try:
            state = move(state, step, sign_off=sign_off)
        except Closed:
            assert before in CLOSED
        except Conflict as refused:
            assert before not in CLOSED
            assert refused.attributes == {"state": before, "move": step}
        else:
            assert before not in CLOSED
            assert state in STATES
        signed = (signed or step == "sign_as_seller") and state != "in_progress"
        if state in ("signed_off", "sealed"):
            assert signed, "nothing is sealed that the seller has not signed since it was last changed"


@given(st.sampled_from(STATES), st.sampled_from(MOVES), st.sampled_from(get_args(SignOff)))
def test_only_a_signature_depends_on_sign_off(state: InspectionState, by: Move, sign_off: SignOff) -> None:
    """Sign-off changes where the seller's signature leads, and nothing else."""

    def outcome(how: SignOff) -> str:
        try:
            return move(state, by, sign_off=how)
        except Conflict as refused:
            return type(refused).__name__

    if by == "sign_as_seller" and state == "review":
        assert outcome(sign_off) == ("seller_signed" if sign_off == "required" else "signed_off")
    else:
        assert outcome("required") == outcome("none")
