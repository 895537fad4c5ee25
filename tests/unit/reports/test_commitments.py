"""Personal values can be shown or withheld one by one, and only as they were signed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jcs
import jsonschema
import pytest

import inspection_service.reports
from inspection_service.inspections.personal import PersonalKeys
from inspection_service.reports.build import build
from inspection_service.reports.canonical import canonical_bytes
from inspection_service.reports.commitments import (
    Disclosure,
    commitments,
    disclosed,
    disclosures_bytes,
    is_commitment,
    open_record,
    read_disclosures,
)
from inspection_service.reports.records import DraftReport
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier

pytestmark = pytest.mark.unit
KEYS = PersonalKeys(b"s" * 32, b"o" * 32)
SPOKEN = "Rayure faite au parking"


@pytest.fixture(scope="module")
def draft() -> DraftReport:
    """A record with something personal everywhere."""
    return made()


def made(keys: PersonalKeys = KEYS) -> DraftReport:
    case, _ = dossier("fr", photographed=9)
    return build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True, keys=keys)


def test_nothing_personal_stands_in_the_signed_record(draft: DraftReport) -> None:
    """Names, marks, contact, reference, plate, VIN, and whatever people wrote."""
    text = draft.json_bytes.decode()
    for word in (
        "Camille",
        "example.com",
        "…42",
        "LOT-77",
        "AB-123-CD",
        "VF3CCHNZ6GT012345",
        SPOKEN,
        "M 40 150",
    ):
        assert word not in text, word
    assert "Nadia Operator" not in text
    assert "Exemple Auto" in text, "a company is not a person"


def test_every_place_a_person_can_write_into_is_concealed(draft: DraftReport) -> None:
    """Each pointer of the contract is there, and each opens to the value that was put in."""
    values = draft.values
    shapes = {"/".join("*" if part.isdigit() else part for part in pointer.split("/")) for pointer in values}
    assert shapes >= {
        "/inspection/contact",
        "/inspection/reference",
        "/vehicle/plate/value",
        "/vehicle/vin/value",
        "/signatures/*/name",
        "/signatures/*/drawing_svg",
        "/signatures/*/code_sent_to",
        "/signatures/*/note",
        "/findings/*/text",
        "/findings/*/dispute",
        "/findings/*/verdict_note",
        "/findings/*/verdict_by/name",
        "/steps/*/reason",
        "/not_seen/*/reason",
        "/captures/*/decision_reason",
        "/statements/*/value/note",
        "/control_points/*/answers/*/value/note",
    }
    assert set(values) == {pointer for pointer, _ in commitments(draft.record)}
    assert values["/vehicle/vin/value"] == "VF3CCHNZ6GT012345"


def test_a_commitment_is_what_the_published_rule_says(draft: DraftReport) -> None:
    """SHA-256 over the canonical JSON of salt, pointer and value, by another implementation of RFC 8785."""
    assert draft.disclosures
    for disclosure in draft.disclosures:
        data = jcs.canonicalize([disclosure.salt, disclosure.pointer, disclosure.value])
        found = next(h for pointer, h in commitments(draft.record) if pointer == disclosure.pointer)
        assert hashlib.sha256(data).hexdigest() == found


def test_salts_differ_from_place_to_place_and_from_key_to_key(draft: DraftReport) -> None:
    """The same words in two places tell nobody that they are the same; building again gives the same record."""
    salts = [disclosure.salt for disclosure in draft.disclosures]
    assert len(set(salts)) == len(salts)
    assert made().json_bytes == draft.json_bytes
    other = made(PersonalKeys(b"x" * 32, b"o" * 32))
    theirs = {d.pointer: d.salt for d in other.disclosures}
    for mine in draft.disclosures:
        assert (mine.salt == theirs[mine.pointer]) is (mine.subject == "operator")


def test_the_names_of_operators_are_theirs_and_all_else_is_the_sellers(draft: DraftReport) -> None:
    """Erasing a seller's data leaves who acted for the platform."""
    operators = {d.pointer for d in draft.disclosures if d.subject == "operator"}
    assert operators
    assert all(pointer.endswith("/name") for pointer in operators)
    assert all(draft.values[pointer] == "Nadia Operator" for pointer in operators)
    sellers = {d.value for d in draft.disclosures if d.subject == "seller" and d.pointer.endswith("/name")}
    assert sellers == {"Camille Durand"}


def test_disclosures_survive_their_file(draft: DraftReport) -> None:
    """Written canonically, read back, opened against the record."""
    sha256, found = read_disclosures(draft.disclosures_bytes)
    assert sha256 == draft.sha256
    opened = open_record(json.loads(draft.json_bytes), found)
    assert dict(opened.values) == draft.values
    assert opened.withheld == ()


def test_what_is_left_out_is_named_and_the_rest_still_opens(draft: DraftReport) -> None:
    """One value erased: the record says that something stood there, and nothing else changes."""
    kept = [d for d in draft.disclosures if d.pointer != "/vehicle/plate/value"]
    opened = open_record(draft.record, kept)
    assert opened.withheld == ("/vehicle/plate/value",)
    shown = disclosed(draft.record, opened.values)
    assert is_commitment(shown["vehicle"]["plate"]["value"])
    assert shown["vehicle"]["vin"]["value"] == "VF3CCHNZ6GT012345"


@pytest.mark.parametrize("change", ["value", "salt", "pointer"])
def test_a_changed_disclosure_is_refused(draft: DraftReport, change: str) -> None:
    """Another value, another salt, or a true value in another place."""
    first, second = (
        d for d in draft.disclosures if d.pointer in ("/vehicle/plate/value", "/vehicle/vin/value")
    )
    wrong = {
        "value": replace(first, value="ZZ-999-ZZ"),
        "salt": replace(first, salt=second.salt),
        "pointer": replace(first, pointer=second.pointer),
    }[change]
    with pytest.raises(ValueError, match=wrong.pointer):
        open_record(draft.record, [wrong])
    with pytest.raises(ValueError, match="/nowhere"):
        open_record(draft.record, [replace(first, pointer="/nowhere")])


def disclosure(**more: Any) -> dict[str, Any]:
    return {"pointer": "/a", "salt": "AAAAAAAAAAAAAAAAAAAAAA", "value": "x"} | more


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"[]",
        b"null",
        b'{"disclosures": [], "report_sha256": "x"}',
        canonical_bytes({"disclosures": []}),
        canonical_bytes({"disclosures": {}, "report_sha256": "x"}),
        canonical_bytes({"disclosures": [], "report_sha256": 1}),
        canonical_bytes({"disclosures": ["x"], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(more=1)], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(pointer=1)], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(salt="AA")], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(salt="AAAAAAAAAAAAAAAAAAAAAB")], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(salt=None)], "report_sha256": "x"}),
        canonical_bytes({"disclosures": [disclosure(), disclosure()], "report_sha256": "x"}),
    ],
)
def test_a_damaged_file_of_disclosures_is_refused(file: bytes) -> None:
    """Not canonical, of another shape, a salt in another spelling, a place named twice."""
    with pytest.raises(ValueError, match="disclos"):
        read_disclosures(file)


def test_null_stays_null() -> None:
    """What was never said needs no hiding."""
    case, _ = dossier("en", photographed=0, is_signed_off=False)
    vehicle = replace(case.inspection.vehicle, plate=None, vin=None)
    case = replace(case, inspection=replace(case.inspection, vehicle=vehicle, reference=None))
    record = build(case, sealed_at=SEALED_AT, models=(), has_development_keys=True, keys=KEYS).record
    assert record["vehicle"]["plate"]["value"] is None
    assert record["inspection"]["reference"] is None


def test_a_name_that_looks_like_a_commitment_is_concealed_like_any_other() -> None:
    """Nobody can make a verifier believe that something was withheld by typing it."""
    case, _ = dossier("en", photographed=0, seller_name='{"sha256_salted":"00"}')
    record = build(case, sealed_at=SEALED_AT, models=(), has_development_keys=True, keys=KEYS)
    assert record.values["/signatures/0/name"] == '{"sha256_salted":"00"}'


def test_reports_of_version_1_0_keep_their_schema() -> None:
    """The file of the first landing is still there, under its own name."""
    folder = Path(inspection_service.reports.__file__).parent / "schema"
    old = json.loads((folder / "report-1.0.schema.json").read_text())
    assert old["properties"]["schema_version"] == {"const": "1.0"}
    jsonschema.Draft202012Validator.check_schema(old)


def test_the_file_is_ordered_whatever_the_order_of_what_is_kept(draft: DraftReport) -> None:
    """A database may return rows as it likes."""
    backwards: list[Disclosure] = list(reversed(draft.disclosures))
    assert disclosures_bytes(draft.sha256, backwards) == draft.disclosures_bytes
