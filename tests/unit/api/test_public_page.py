"""What anybody reads on a public page before they believe it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from inspection_service.api.dto.publication import PublicMileage, PublicProof, PublicReportView, PublicVehicle
from inspection_service.api.present.public_page import public_page

pytestmark = pytest.mark.unit
PROOF = PublicProof(
    json_sha256="a" * 64,
    pdf_sha256="b" * 64,
    statement_sha256="c" * 64,
    pdf_url="/v1/public/p1/report.pdf",
    record_url="/v1/public/p1/report.json",
    statement_url="/v1/public/p1/statement.json",
    verify_url="/verify",
)
PLAIN: dict[str, Any] = {
    "public_id": "p1",
    "language": "en",
    "published_at": datetime(2026, 11, 22, tzinfo=UTC),
    "sealed_at": "2026-11-22T08:00:00.000Z",
    "has_development_keys": False,
    "is_demonstration": False,
    "is_withdrawn": False,
    "vehicle": PublicVehicle(make="Demo", model="Hatchback", first_registration=None, fuel=None),
    "mileage": PublicMileage(reading=None, unit=None, verdict=None),
    "damage": "No damage was seen.",
    "views_asked": 12,
    "views_photographed": 12,
    "findings": [],
    "not_seen": [],
    "limits": [],
    "photos": [],
    "proof": PROOF,
}
SAYS = {
    "is_demonstration": {
        "en": "DEMONSTRATION: at least one photo",
        "fr": "DÉMONSTRATION : au moins une photo",
    },
    "has_development_keys": {"en": "DEVELOPMENT KEYS", "fr": "CLÉS DE DÉVELOPPEMENT"},
    "is_withdrawn": {"en": "was withdrawn", "fr": "a été retiré"},
}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("reason", list(SAYS))
def test_what_takes_the_worth_of_a_report_is_said_before_anything_else(reason: str, language: str) -> None:
    """A page of generated pictures must not pass for a car; nor one with keys of no worth, or withdrawn."""
    page = public_page(
        PublicReportView(**PLAIN | {reason: True, "language": language}), "https://inspect.example"
    )
    assert SAYS[reason][language] in page.partition("No damage was seen.")[0]
    assert page.count('class="warn"') == 1


def test_a_report_of_worth_carries_no_warning() -> None:
    """Nothing cries wolf."""
    assert 'class="warn"' not in public_page(PublicReportView(**PLAIN), "https://inspect.example")
