"""What each role may do at the desk: one table, which the doors ask and the documentation shows.

Which cases it holds for is another question, answered by the organisation (``inspections.scope``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from inspection_service.identity.records import Role

Act = Literal[
    "look",
    "guide",
    "sign_off",
    "prepare_publication",
    "withdraw_publication",
    "approve_publication",
    "look_on",
    "take_over",
    "correct",
    "hold",
    "see_accesses",
    "manage_team",
]
_EVERYBODY: Final[frozenset[Role]] = frozenset(get_args(Role))
_SUPERVISORS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
_ADMINS: Final[frozenset[Role]] = frozenset({"admin"})

RIGHTS: Final[Mapping[Act, frozenset[Role]]] = {
    "look": _EVERYBODY,  # the queue, a case, its photos, recordings, report
    "guide": _EVERYBODY,  # claim a free case, call, decide about photos, findings and readings
    "sign_off": _EVERYBODY,
    "prepare_publication": _EVERYBODY,  # what is hidden in each copy, and that it was looked at
    "withdraw_publication": _EVERYBODY,  # protects people: who sees a plate in public does not wait for a supervisor
    "approve_publication": _SUPERVISORS,
    "look_on": _SUPERVISORS,  # at a colleague's call; the seller is told
    "take_over": _SUPERVISORS,  # a case that a colleague holds
    "correct": _SUPERVISORS,  # add to a sealed report, or withdraw it
    "hold": _SUPERVISORS,  # keep a case from erasure
    "see_accesses": _SUPERVISORS,  # who looked at a case
    "manage_team": _ADMINS,  # invite, change roles, disable, unlock, take back a second factor
}


def may(role: Role, act: Act) -> bool:
    """Whether a role is enough for an act."""
    return role in RIGHTS[act]
