"""What pages and service say to each other: who is who, the effects a decision has, and reading what a page sent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn

from inspection_service.errors import InspectionServiceError
from inspection_service.media.errors import MalformedMessage, UnusableDescription, WrongRole

Role = Literal["seller", "operator"]

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Well above a session description with all candidates (about 8 kB in Chromium)."""
MAX_ID_CHARACTERS: Final = 64
MAX_TEXT_CHARACTERS: Final = 200
MAX_FIELDS: Final = 16

_DESCRIPTIONS: Final = frozenset({"offer", "answer", "pranswer"})


@dataclass(frozen=True, slots=True)
class Participant:
    """One connected page."""

    connection_id: str
    role: Role
    actor_id: str
    name: str
    may_supervise: bool = False
    """Whether this operator may look on at a colleague's call."""


# --- effects ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver a message to one page."""

    to: Participant
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Close:
    """End one page's connection."""

    to: Participant
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Log:
    """Append a line to the inspection's event log."""

    by: Participant
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Say:
    """Store a sentence of the chat and deliver it to every page."""

    by: Participant
    client_id: str
    """The page's own id: the same sentence sent twice is one sentence."""
    text: str
    read_aloud: bool


@dataclass(frozen=True, slots=True)
class IceWanted:
    """Make fresh credentials for the relay and send them to one page."""

    by: Participant


@dataclass(frozen=True, slots=True)
class AnalysisOffer:
    """The seller's page offers frames to the service's own peer."""

    by: Participant
    description: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AnalysisCandidate:
    """A network candidate for the service's own peer; ``None`` ends the list."""

    by: Participant
    candidate: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AnalysisFrame:
    """One JPEG of the seller's camera, where no UDP passes."""

    by: Participant
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class WatchStep:
    """The step for which the seller now needs hints."""

    by: Participant
    step_id: str


Effect = Send | Close | Log | Say | IceWanted | AnalysisOffer | AnalysisCandidate | AnalysisFrame | WatchStep


# --- reading ------------------------------------------------------------------------------------


def parse(text: str) -> Mapping[str, Any]:
    """Read a message.

    Raises:
        MalformedMessage: Too long, not JSON that every browser and database can read, or without a type.
    """
    if len(text) > MAX_MESSAGE_BYTES:
        raise MalformedMessage("The message is too long.", max_bytes=MAX_MESSAGE_BYTES)
    if "\\u0000" in text or "\x00" in text:
        raise MalformedMessage("The message contains a NUL character.")
    try:
        message = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("The message is not JSON.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MalformedMessage("A message is an object with a type.", pointer="/type")
    return message


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def only(who: Participant, role: Role) -> None:
    """Refuse a message of the other side. Raises ``WrongRole``."""
    if who.role != role:
        raise WrongRole


def object_in(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return an object of a message. Raises ``MalformedMessage``."""
    value = message.get(key)
    if not isinstance(value, dict):
        raise MalformedMessage(f"{key} must be an object.", pointer=f"/{key}")
    return value


def text_in(message: Mapping[str, Any], key: str, *, at_most: int = MAX_MESSAGE_BYTES) -> str:
    """Return a text of a message. Raises ``MalformedMessage``."""
    value = message.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedMessage(f"{key} must be a text.", pointer=f"/{key}")
    if len(value) > at_most:
        raise MalformedMessage(f"{key} has more than {at_most} characters.", pointer=f"/{key}")
    return value


def flat_in(message: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """Return an object of few short values, or ``None``. Raises ``MalformedMessage``."""
    if message.get(key) is None:
        return None
    value = object_in(message, key)
    if len(value) > MAX_FIELDS or not all(
        len(name) <= MAX_ID_CHARACTERS and is_short(each) for name, each in value.items()
    ):
        raise MalformedMessage(f"{key} holds a few short texts, numbers and booleans.", pointer=f"/{key}")
    return value


def is_short(value: object) -> bool:
    """Say whether this is one value that may stand in the event log."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_CHARACTERS
    if isinstance(value, int):
        return abs(value) < 2**53
    return value is None or isinstance(value, float)


def description_in(message: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a session description, of which only the outermost form is checked.

    Raises:
        MalformedMessage: It has not the form of one.
        UnusableDescription: It is not SDP (RFC 8866, section 5.1: it begins with ``v=0``).
    """
    description = object_in(message, "description")
    kind, sdp = text_in(description, "type"), text_in(description, "sdp")
    if kind not in _DESCRIPTIONS:
        raise MalformedMessage("A description is an offer or an answer.", pointer="/description/type")
    if not sdp.startswith("v=0"):
        raise UnusableDescription("This is no session description.")
    return {"type": kind, "sdp": sdp}


def candidate_in(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a network candidate, or ``None`` after the last. Raises ``MalformedMessage``."""
    candidate = message.get("candidate")
    if candidate is None:
        return None
    if not isinstance(candidate, dict) or len(candidate) > MAX_FIELDS:
        raise MalformedMessage("candidate must be an object or null.", pointer="/candidate")
    if not all(isinstance(each, str | int | None) for each in candidate.values()):
        raise MalformedMessage("A candidate holds texts and numbers.", pointer="/candidate")
    return candidate


# --- writing ------------------------------------------------------------------------------------


def problem(error: InspectionServiceError) -> dict[str, Any]:
    """Write a refusal, as problem documents are written (RFC 9457)."""
    document = {"type": f"urn:inspection:problem:{error.slug}", "detail": error.message, **error.attributes}
    return {"type": "problem", "problem": document}
