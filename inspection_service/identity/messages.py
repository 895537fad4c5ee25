"""What the service writes to sellers: short, plain, in French and English, for e-mail and for text messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from inspection_service.identity.messenger import Message
from inspection_service.identity.records import Channel
from inspection_service.inspections.records import Language

About = Literal["invitation", "start", "deadline", "photos", "asked"]
_MONTHS: Final[Mapping[Language, str]] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_SUBJECTS: Final[Mapping[tuple[Language, About], str]] = {
    ("fr", "invitation"): "Photos de votre voiture pour {platform}",
    ("en", "invitation"): "Photos of your car for {platform}",
    ("fr", "start"): "Rappel : les photos de votre voiture",
    ("en", "start"): "Reminder: the photos of your car",
    ("fr", "deadline"): "Photos de votre voiture : jusqu'au {deadline}",
    ("en", "deadline"): "Photos of your car: until {deadline}",
    ("fr", "photos"): "Encore quelques photos de votre voiture",
    ("en", "photos"): "A few more photos of your car",
    ("fr", "asked"): "Rappel : les photos de votre voiture",
    ("en", "asked"): "Reminder: the photos of your car",
}
_TEXTS: Final[Mapping[tuple[Language, About], str]] = {
    (
        "fr",
        "invitation",
    ): "{platform} vous demande des photos de votre voiture. Ouvrez ce lien sur votre téléphone, "
    "près de la voiture. Comptez {minutes} minutes.",
    (
        "en",
        "invitation",
    ): "{platform} asks you for photos of your car. Open this link on your phone, beside the car. "
    "It takes {minutes} minutes.",
    (
        "fr",
        "start",
    ): "{platform} attend toujours les photos de votre voiture. Ouvrez ce lien sur votre téléphone, près "
    "de la voiture. Comptez {minutes} minutes.",
    (
        "en",
        "start",
    ): "{platform} still waits for the photos of your car. Open this link on your phone, beside the car. "
    "It takes {minutes} minutes.",
    (
        "fr",
        "deadline",
    ): "{platform} attend les photos de votre voiture jusqu'au {deadline}. Ce lien vous ramène où "
    "vous en étiez.",
    (
        "en",
        "deadline",
    ): "{platform} waits for the photos of your car until {deadline}. This link takes you to where you were.",
    (
        "fr",
        "photos",
    ): "{platform} vous demande encore quelques photos de votre voiture. Ce lien montre lesquelles.",
    ("en", "photos"): "{platform} asks you for a few more photos of your car. This link shows which.",
    ("fr", "asked"): "{platform} attend les photos de votre voiture. Ce lien vous ramène où vous en étiez.",
    ("en", "asked"): "{platform} waits for the photos of your car. This link takes you to where you were.",
}
_STOP: Final[Mapping[Language, str]] = {
    "fr": "Plus de messages à ce sujet : {url}",
    "en": "No more messages about this: {url}",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a message is about."""

    about: About
    platform: str
    minutes: int
    """How long the checklist takes."""
    link: str
    stop_url: str
    deadline: datetime | None = None
    """In the seller's time zone."""


def message_of(channel: Channel, to: str, language: Language, matter: Matter) -> Message:
    """Write the message, in the seller's language; a text message is one paragraph, an e-mail has room.

    A reminder of a deadline that the order no longer has is an ordinary one.
    """
    about: About = "asked" if matter.about == "deadline" and matter.deadline is None else matter.about
    facts = {
        "platform": _one_line(matter.platform),
        "minutes": matter.minutes,
        "deadline": "" if matter.deadline is None else day_and_hour(matter.deadline, language),
    }
    text = _TEXTS[language, about].format(**facts)
    stop = _STOP[language].format(url=matter.stop_url)
    between = "\n" if channel == "phone" else "\n\n"
    return Message(
        channel,
        to,
        language,
        _SUBJECTS[language, about].format(**facts),
        between.join((text, matter.link, stop)) + ("" if channel == "phone" else "\n"),
        stop_url=matter.stop_url,
    )


def day_and_hour(moment: datetime, language: Language) -> str:
    """Write a moment for a person: ``22 novembre à 18:05``, ``22 November at 18:05``."""
    between = {"fr": "à", "en": "at"}[language]
    return f"{moment.day} {_MONTHS[language].split()[moment.month - 1]} {between} {moment:%H:%M}"


def _one_line(name: str) -> str:
    """A platform's name as it may stand in a subject: nothing that ends a line, no braces, not endless."""
    return " ".join(name.split())[:60]
