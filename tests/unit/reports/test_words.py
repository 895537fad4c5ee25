"""Both languages say everything, and neither says what must not be said."""

from __future__ import annotations

import json
import re
import string
from datetime import UTC, datetime
from typing import get_args

import pytest

from inspection_service.inspections.records import ConsentPurpose, RecordingEnd, RecordingKind
from inspection_service.reports import build, coverage, words
from inspection_service.reports.render import car, inputs
from inspection_service.reports.render.overview import AROUND
from inspection_service.reports.words import Words

pytestmark = pytest.mark.unit
TEXTS: dict[str, dict[str, str]] = {
    language: json.loads((words.FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    for language in ("fr", "en")
}
VIEWS = (
    *AROUND, "wheel", "windscreen", "dashboard", "odometer", "front_seats", "rear_seats", "boot", "engine_bay",
    "vin_plate", "tyre_tread", "registration_document", "other",
)  # fmt: skip
KINDS = ("dent", "scratch", "crack", "glass_shatter", "lamp_broken", "tire_flat", "other_damage", "declared")
REASONS = (
    "blur", "dark", "glare", "cut_off", "too_small", "wrong_view", "other_side", "no_car", "not_readable",
    "screen_photo",
)  # fmt: skip


MILEAGE_REASONS = (
    "fits_declared", "fits_earlier", "fits_age", "below_declared", "above_declared", "below_earlier",
    "too_far_since_earlier", "too_far_for_age", "read_before_registration", "no_reading", "nothing_to_compare",
    "unit_unknown",
)  # fmt: skip
TIMES = ("service_clock", "internal_timestamp", "timestamp_authority")
COMMANDS = (
    "go_to_step", "take_photo", "torch", "zoom", "switch_camera", "freeze", "unfreeze", "show_example", "play_sound",
    "request_microphone", "record",
)  # fmt: skip


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    """A sentence missing in one language would stop a seal."""
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()
    for key, text in TEXTS["en"].items():
        if not key.endswith(".one"):
            assert _fields(text) == _fields(TEXTS["fr"][key]), key


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_code_has_a_word(language: words.Language) -> None:
    """Views, kinds of damage, reasons, limits, areas of the car, verdicts, clocks, keys, commands."""
    said = Words(language)
    codes = {
        "view": VIEWS,
        "kind": KINDS,
        "reason": REASONS,
        "limit": build.LIMITS,
        "part_name": (*car.AREAS, *coverage.OUTSIDE, *coverage.CLOSE_VIEWS.values()),
        "verdict": ("consistent", "inconsistent", "not_checkable"),
        "mileage.reason": MILEAGE_REASONS,
        "proof.clock": TIMES,
        "proof.time": TIMES,
        "proof.key": (*get_args(inputs.KeyKind), "unknown"),
        "withheld": get_args(inputs.WithheldReason),
        "consent": get_args(ConsentPurpose),
        "recording.end": get_args(RecordingEnd),
        "recording.part": get_args(RecordingKind),
        "command": COMMANDS,
    }
    for group, members in codes.items():
        for code in members:
            assert f"{group}.{code}" in TEXTS[language]
            assert said.label(group, code)


def test_a_code_of_a_later_version_is_still_legible() -> None:
    """An unknown code is shown as it is."""
    assert Words("fr").label("kind", "hail_damage") == "hail damage"


def test_the_report_never_says_that_there_is_no_damage() -> None:
    """It says that none was seen, where, and how well."""
    for text in (*TEXTS["en"].values(), *TEXTS["fr"].values()):
        assert not re.search(
            r"no damage(?! seen in the areas covered, at this resolution)", text, re.IGNORECASE
        )
        assert not re.search(
            r"aucun dommage(?! vu dans les zones couvertes, à cette résolution)", text, re.IGNORECASE
        )
        assert not re.search(r"damage[- ]free|sans dommage", text, re.IGNORECASE)


def test_french_marks_stay_on_the_line_of_their_word() -> None:
    """Colons, semicolons and guillemets have an unbreakable space; a person's own text is left alone."""
    said = Words("fr").say("finding.disputed", text="non : faux")
    assert said == "Le vendeur conteste\u00a0: «\u00a0non : faux\u00a0»"


@pytest.mark.parametrize(("language", "expected"), [("fr", "127\u00a0506"), ("en", "127,506")])
def test_numbers_are_grouped_as_the_language_does(language: words.Language, expected: str) -> None:
    """Thousands."""
    assert Words(language).number(127506) == expected


def test_times_name_their_zone() -> None:
    """A report is read in other countries."""
    assert (
        Words("fr").moment(datetime(2026, 8, 1, 9, 5, tzinfo=UTC)) == "1\u00a0août\u00a02026, 09:05\u00a0UTC"
    )


def test_one_thing_has_its_own_sentence() -> None:
    """No "(s)" anywhere."""
    assert Words("fr").count("count.suspected", 1) == "1 soupçonné par le modèle, que personne n’a jugé"
    assert Words("fr").count("count.suspected", 2) == "2 soupçonnés par le modèle, que personne n’a jugés"
    assert not [text for texts in TEXTS.values() for text in texts.values() if "(s)" in text]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
