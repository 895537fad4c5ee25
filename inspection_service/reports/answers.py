"""What a verifier says: separate questions with separate answers, never one yes.

Questions, codes and the keys of their sentences are shared with the static verification page; the sentences themselves
are in ``texts/verify.en.json`` and ``texts/verify.fr.json`` (key: ``question.code`` or ``question.code.why``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

Language = Literal["fr", "en"]
Question = Literal["intact", "signer", "time", "log", "photos", "redacted", "known", "newer"]
Level = Literal["good", "open", "untrusted", "bad", "unreadable"]
"""``open``: not asked, or not to be told from what is here; ``untrusted``: right, and nobody trusted vouches for it."""

QUESTIONS: Final[tuple[Question, ...]] = (
    "intact",
    "signer",
    "time",
    "log",
    "photos",
    "redacted",
    "known",
    "newer",
)
"""In the order people ask them."""
LEVELS: Final[Mapping[Question, Mapping[str, Level]]] = {
    "intact": {"yes": "good", "no": "bad", "unreadable": "unreadable"},
    "signer": {
        "trusted": "good",
        "unknown_root": "untrusted",
        "expired": "bad",
        "revoked": "bad",
        "not_yet_valid": "bad",
        "no": "bad",
    },
    "time": {"authority": "good", "internal": "open", "service_clock": "open", "no": "bad"},
    "log": {"included": "good", "unknown_log": "untrusted", "not_included": "bad", "not_in_file": "open"},
    "photos": {"match": "good", "missing": "bad", "no": "bad", "not_in_file": "open"},
    "redacted": {"derived": "good", "no": "bad", "not_a_redaction": "open"},
    "known": {"known": "good", "unknown": "open", "not_checked": "open"},
    "newer": {"none": "good", "yes": "bad", "unanswered": "bad", "not_asked": "open"},
}
"""Every code there is, and what it means for the whole."""

GOOD: Final = 0
NOT_GOOD: Final = 1
UNREADABLE: Final = 2
UNTRUSTED: Final = 3

_TEXTS: Final = Path(__file__).parent / "texts"


class Fault(Exception):
    """Something is not as a report has it; ``why`` names the sentence that says what."""

    def __init__(self, why: str, **values: object) -> None:
        self.why = why
        self.values = {name: str(value) for name, value in values.items()}
        super().__init__(why)


class Unreadable(Fault):
    """This is nothing that could be examined."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One fact behind an answer; ``name`` has its label in the texts (``detail.NAME``)."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered."""

    question: Question
    code: str
    why: str | None = None
    """Which of the code's sentences; ``None``: it has one."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the sentence names."""
    details: tuple[Detail, ...] = ()
    softened: bool = False
    """Known and dealt with in this very file, so that it does not make the whole bad."""

    @property
    def level(self) -> Level:
        """What this answer means for the whole."""
        return "open" if self.softened else LEVELS[self.question][self.code]

    @property
    def ok(self) -> bool | None:
        """``True`` good, ``False`` bad, ``None`` open or untrusted."""
        return {"good": True, "bad": False, "unreadable": False}.get(self.level)

    def sentence(self, language: Language = "en") -> str:
        """Say it in one sentence."""
        texts = texts_of(language)
        plain = f"{self.question}.{self.code}"
        text = texts.get(f"{plain}.{self.why}") or texts[plain]
        return text.format_map(_Values(self.values))

    @property
    def says(self) -> str:
        """The sentence in English."""
        return self.sentence("en")

    def to_json(self, language: Language) -> dict[str, Any]:
        """Return the machine's form."""
        texts = texts_of(language)
        return {
            "code": self.code,
            "ok": self.ok,
            "why": self.why,
            "sentence": self.sentence(language),
            "values": dict(self.values),
            "details": [
                {"name": d.name, "label": texts[f"detail.{d.name}"], "value": d.value} for d in self.details
            ],
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """All questions about one report."""

    intact: Answer
    signer: Answer
    time: Answer
    log: Answer
    photos: Answer
    redacted: Answer
    known: Answer
    newer: Answer

    def all(self) -> dict[Question, Answer]:
        """Return the answers by question, in the order people ask them."""
        return {question: getattr(self, question) for question in QUESTIONS}

    @property
    def exit_code(self) -> int:
        """0 everything asked for is good; 1 something is wrong; 2 cannot be read; 3 intact, its root not trusted."""
        levels = {answer.level for answer in self.all().values()}
        if "unreadable" in levels:
            return UNREADABLE
        if "bad" in levels:
            return NOT_GOOD
        return UNTRUSTED if "untrusted" in levels else GOOD

    @property
    def is_demonstration(self) -> bool:
        """Whether the report itself says that its pictures are a demonstration; it may be good all the same."""
        return self.intact.values.get("demonstration") == "yes"

    @property
    def is_good(self) -> bool:
        """Whether everything asked for is good, a trusted signer included."""
        return self.exit_code == GOOD

    def headline(self, language: Language = "en") -> str:
        """Say the whole in one sentence; what is a demonstration is called one first."""
        texts = texts_of(language)
        demonstration = f"{texts['headline.demonstration']} " if self.is_demonstration else ""
        code = {GOOD: "good", NOT_GOOD: "bad", UNREADABLE: "unreadable", UNTRUSTED: "untrusted"}[
            self.exit_code
        ]
        first = next((a for a in self.all().values() if a.level in ("unreadable", "bad")), self.signer)
        if code == "untrusted" and self.signer.level != "untrusted":
            first = next(a for a in self.all().values() if a.level == "untrusted")
        values = {**self.signer.values, "sentence": first.sentence(language)}
        return demonstration + texts[f"headline.{code}"].format_map(_Values(values))

    def to_json(self, language: Language) -> dict[str, Any]:
        """Return the form of ``verify-report --json``."""
        return {question: answer.to_json(language) for question, answer in self.all().items()}


class _Values(dict[str, str]):
    """A sentence never fails for a value it lacks."""

    def __missing__(self, name: str) -> str:
        return "…"


def unreadable(fault: Fault) -> Answers:
    """Answer for something that cannot be examined at all."""
    return _nothing_else(Answer("intact", "unreadable", fault.why, fault.values))


def altered(fault: Fault) -> Answers:
    """Answer for a signature that does not fit its content: who signed no longer matters."""
    return _nothing_else(Answer("intact", "no", fault.why, fault.values))


def _nothing_else(intact: Answer) -> Answers:
    return Answers(
        intact,
        Answer("signer", "no", "not_examined"),
        Answer("time", "no", "not_examined"),
        Answer("log", "not_in_file", "not_examined"),
        Answer("photos", "not_in_file", "not_examined"),
        Answer("redacted", "not_a_redaction"),
        Answer("known", "not_checked"),
        Answer("newer", "not_asked", "not_examined"),
    )


@lru_cache(maxsize=2)
def texts_of(language: Language) -> Mapping[str, str]:
    """Return the sentences of one language by key."""
    texts: dict[str, str] = json.loads((_TEXTS / f"verify.{language}.json").read_text(encoding="utf-8"))
    return texts


def moment(at: datetime) -> str:
    """Write a moment so that it reads the same in both languages."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
