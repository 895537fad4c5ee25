"""What the report says in words, in French and English: every code of the record has a sentence in ``texts/``.

The record itself holds codes only, so that it reads the same in every language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

Language = Literal["fr", "en"]
FOLDER: Final = Path(__file__).parent / "texts"
NO_BREAK: Final = "\u00a0"

_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}


@lru_cache(maxsize=2)
def _load(language: Language) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


class Words:
    """The report's words in one language."""

    def __init__(self, language: Language) -> None:
        """Choose the language; both are complete (a test compares them)."""
        self.language = language
        self._texts = _load(language)

    def say(self, key: str, **values: object) -> str:
        """Return a sentence with its values put in; French punctuation gets its unbreakable spaces."""
        return self.typeset(self._texts[key]).format(**values)

    def count(self, key: str, number: int, **values: object) -> str:
        """Return the sentence for a number of things; one thing has its own sentence where the language wants one."""
        single = f"{key}.one"
        chosen = single if number == 1 and single in self._texts else key
        return self.say(chosen, n=self.number(number), **values)

    def label(self, group: str, code: str | None) -> str:
        """Return the word for a code, or the code itself (made legible) when a later version invented it."""
        if code is None:
            return ""
        text = self._texts.get(f"{group}.{code}")
        return code.replace("_", " ") if text is None else self.typeset(text)

    def event(self, kind: str) -> str | None:
        """Return the line for an event, ``None`` for those that are only in the record."""
        text = self._texts.get(f"event.{kind}")
        return None if text is None else self.typeset(text)

    def typeset(self, text: str) -> str:
        """Keep French marks on the line of the word before them."""
        if self.language == "fr":
            for mark in (":", ";", "!", "?", "»"):
                text = text.replace(f" {mark}", f"{NO_BREAK}{mark}")
            text = text.replace("« ", f"«{NO_BREAK}")
        return text

    def number(self, value: float) -> str:
        """Group thousands as the language does."""
        separator = NO_BREAK if self.language == "fr" else ","
        return f"{value:,}".replace(",", separator)

    def score(self, value: float) -> str:
        """Write a score with two digits."""
        text = f"{value:.2f}"
        return text.replace(".", ",") if self.language == "fr" else text

    def day(self, moment: datetime) -> str:
        """Write a date in full."""
        return f"{moment.day}{NO_BREAK}{_MONTHS[self.language][moment.month - 1]}{NO_BREAK}{moment.year}"

    def moment(self, moment: datetime) -> str:
        """Write date and time; always UTC, and says so."""
        return f"{self.day(moment)}, {moment:%H:%M}{NO_BREAK}UTC"
