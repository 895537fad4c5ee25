"""Corrections follow each other from the report on, each signed as what it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk
from jwcrypto import jws as jwcrypto_jws

from inspection_service.inspections.records import Actor
from inspection_service.reports.addenda import Correction, check_order, read_correction, sign_correction
from inspection_service.reports.canonical import canonical_bytes
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.sign_json import CORRECTION_TYPE, header_of
from tests.unit.reports.dossiers import SEALED_AT

pytestmark = pytest.mark.unit
REPORT = "a" * 64
ONE = Correction(
    kind="addendum",
    corrects=REPORT,
    previous=REPORT,
    no=1,
    at=SEALED_AT,
    by=Actor("platform", "ten_1", "Exemple Auto"),
    reason="mistake",
    text="Le miroir a été remplacé.",
)


def test_an_entry_survives_its_file(signer: FileSigner) -> None:
    """Written canonically, read back; the actor's id stays inside the service."""
    signed = sign_correction(ONE, signer)
    assert read_correction(signed.json_bytes) == replace(ONE, by=Actor("platform", "", "Exemple Auto"))


def test_the_signature_is_of_a_correction_and_verifies_elsewhere(signer: FileSigner) -> None:
    """Jwcrypto accepts it; its header says what it signs, so it is no signature of a report."""
    signed = sign_correction(ONE, signer)
    assert header_of(signed.jws)["cty"] == CORRECTION_TYPE
    key = signer.chain[0].public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    token = jwcrypto_jws.JWS()
    token.deserialize(signed.jws)
    token.verify(jwk.JWK.from_pem(pem), detached_payload=signed.json_bytes)
    with pytest.raises(jwcrypto_jws.InvalidJWSSignature):
        other = jwcrypto_jws.JWS()
        other.deserialize(signed.jws)
        other.verify(jwk.JWK.from_pem(pem), detached_payload=signed.json_bytes + b" ")


def test_entries_in_order_are_accepted_and_a_gap_is_named(signer: FileSigner) -> None:
    """One taken out, two exchanged, one of another report, one that stands twice."""
    entries = []
    previous = REPORT
    for no in (1, 2, 3):
        correction = replace(ONE, no=no, previous=previous)
        previous = sign_correction(correction, signer).json_sha256
        entries.append((correction, previous))
    check_order(REPORT, entries)
    check_order(REPORT, [])
    for wrong in ([entries[0], entries[2]], entries[1:], [entries[1], entries[0]], [entries[0], entries[0]]):
        with pytest.raises(ValueError, match="missing or was replaced"):
            check_order(REPORT, wrong)
    with pytest.raises(ValueError, match="another report"):
        check_order("b" * 64, entries)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "report"},
        {"schema_version": "2.0"},
        {"no": "1"},
        {"no": True},
        {"text": None},
        {"by": {"kind": "platform"}},
        {"by": {"kind": "king", "name": "x"}},
        {"erased": "x"},
        {"erased": [1]},
        {"pdf_sha256": 1},
        {"at": "yesterday"},
        {"more": 1},
    ],
)
def test_a_damaged_entry_is_refused(change: dict[str, Any]) -> None:
    """Another kind, version, shape, or a member nobody knows."""
    with pytest.raises(ValueError, match=r"correction|isoformat"):
        read_correction(canonical_bytes(ONE.to_json() | change))
    with pytest.raises(ValueError, match="canonical"):
        read_correction(json.dumps(ONE.to_json(), indent=1).encode())
