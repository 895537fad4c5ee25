"""What a verifier says: separate questions with separate answers, never one yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered."""

    ok: bool | None
    """``None``: cannot be told from what is here."""
    says: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The four questions about one file."""

    intact: Answer
    signed_by: Answer
    trusted: Answer
    time: Answer

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong and the three questions that matter are all answered yes."""
        return (
            all(answer.ok is not False for answer in self.all().values())
            and self.intact.ok is True
            and self.signed_by.ok is True
            and self.trusted.ok is True
        )

    def all(self) -> dict[str, Answer]:
        """Return the answers by question, in the order people ask them."""
        return {
            "intact": self.intact,
            "signed_by": self.signed_by,
            "trusted": self.trusted,
            "time": self.time,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the form of ``verify-report --json``."""
        return {question: {"ok": answer.ok, "says": answer.says} for question, answer in self.all().items()}


def unreadable(why: str) -> Answers:
    """Answer for something that cannot be examined at all: not intact, and nothing else can be told."""
    unknown = "Cannot be told."
    return Answers(Answer(False, why), Answer(None, unknown), Answer(None, unknown), Answer(None, unknown))


def altered(why: str) -> Answers:
    """Answer for a signature that does not fit its content: who signed no longer matters."""
    return Answers(
        Answer(False, why),
        Answer(False, "The signature does not fit this content, so it says nothing about who made it."),
        Answer(None, "Not examined, because the signature does not fit."),
        Answer(None, "Cannot be told, because the signature does not fit."),
    )
