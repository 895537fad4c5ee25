"""The record and its signature: any change, and any mixing, is found."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from inspection_service.reports.canonical import canonical_bytes, is_canonical
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from inspection_service.reports.sign_json import b64url, sign_json
from inspection_service.reports.verify_json import verify_json
from inspection_service.reports.verify_jws import MAX_JWS_BYTES
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.small import Roots, redraft, small_draft, small_sealed

pytestmark = pytest.mark.unit
NOW = SEALED_AT + timedelta(days=1)


def test_a_report_as_it_left_is_good(small: SealedReport, roots: Roots) -> None:
    """The time stays open: nobody independent confirms it."""
    answers = verify_json(small.json_bytes, small.jws.encode(), roots, now=NOW)
    assert answers.is_good
    assert answers.time.code == "service_clock"
    assert "nobody independent confirms it" in answers.time.says
    assert "DEVELOPMENT" in answers.signer.says


def test_every_byte_of_the_record_counts(small: SealedReport, roots: Roots) -> None:
    """One bit of each byte flipped in turn; each time the record is not intact."""
    jws = small.jws.encode()
    for position in range(len(small.json_bytes)):
        answers = verify_json(_flipped(small.json_bytes, position), jws, roots, now=NOW)
        assert answers.intact.ok is False, position
        assert not answers.is_good


def test_every_byte_of_the_signature_counts(small: SealedReport, roots: Roots) -> None:
    """Header, certificates and signature; also bits that a lenient base64 reader would ignore."""
    jws = small.jws.encode()
    for position in range(len(jws)):
        answers = verify_json(small.json_bytes, _flipped(jws, position), roots, now=NOW)
        assert answers.intact.ok is False, position


@pytest.mark.parametrize("tail", [b"\n", b" ", b".", b"=", b"A"])
def test_nothing_may_follow_the_signature(small: SealedReport, roots: Roots, tail: bytes) -> None:
    """A file is exactly what was written."""
    assert verify_json(small.json_bytes, small.jws.encode() + tail, roots, now=NOW).intact.ok is False
    assert verify_json(small.json_bytes + tail, small.jws.encode(), roots, now=NOW).intact.ok is False


def test_the_signature_of_another_report_is_refused(
    small: SealedReport, signer: FileSigner, roots: Roots
) -> None:
    """Two good reports of one signer, mixed."""
    other = small_sealed(signer, inspection_id="ins_other")
    answers = verify_json(small.json_bytes, other.jws.encode(), roots, now=NOW)
    assert answers.intact.ok is False
    assert "do not belong together" in answers.intact.says


def test_somebody_elses_signature_is_intact_and_not_trusted(other_signer: FileSigner, roots: Roots) -> None:
    """Anybody can sign anything; trust is another question."""
    forged = small_sealed(other_signer)
    answers = verify_json(forged.json_bytes, forged.jws.encode(), roots, now=NOW)
    assert (answers.intact.code, answers.signer.code, answers.exit_code) == ("yes", "unknown_root", 3)
    assert "unknown root" in answers.signer.says
    assert "fingerprint" in answers.signer.says


def test_without_a_root_trust_cannot_be_told(small: SealedReport) -> None:
    """Never yes, and the fingerprint to compare is named."""
    answers = verify_json(small.json_bytes, small.jws.encode(), (), now=NOW)
    assert answers.signer.code == "unknown_root"
    assert (
        "the root is unknown. The issuer’s certificate" in answers.signer.says
    )  # whose fingerprint is named
    assert "fingerprint" in answers.signer.says
    assert answers.exit_code == 3


def test_a_certificate_that_has_expired_since_is_not_a_yes(small: SealedReport, roots: Roots) -> None:
    """Without a timestamp nothing says that the signature is older than the expiry."""
    answers = verify_json(small.json_bytes, small.jws.encode(), roots, now=NOW + timedelta(days=4000))
    assert answers.signer.code == "expired"
    assert answers.signer.why == "since"
    assert answers.exit_code == 1


def test_a_signature_before_the_certificate_was_valid_is_refused(signer: FileSigner, roots: Roots) -> None:
    """A clock set back does not help."""
    draft = small_draft(signer)
    early = replace(draft, sealed_at=SEALED_AT - timedelta(days=30))
    answers = verify_json(draft.json_bytes, sign_json(early, signer).encode(), roots, now=NOW)
    assert answers.signer.code == "not_yet_valid"
    assert answers.time.ok is False


def test_a_report_from_the_future_is_not_believed(small: SealedReport, roots: Roots) -> None:
    """By more than a wrong time zone explains."""
    answers = verify_json(small.json_bytes, small.jws.encode(), roots, now=SEALED_AT - timedelta(days=2))
    assert answers.time.ok is False
    assert not answers.is_good


def test_the_note_on_development_keys_cannot_be_left_out(signer: FileSigner, roots: Roots) -> None:
    """The record must say what its certificate says."""
    draft = small_draft(signer)
    silent = redraft(draft, notes={**draft.record["notes"], "development_keys": False})
    answers = verify_json(silent.json_bytes, sign_json(silent, signer).encode(), roots, now=NOW)
    assert answers.intact.ok is False


def test_a_signed_record_that_is_not_canonical_is_refused(signer: FileSigner, roots: Roots) -> None:
    """Two spellings of one record would be two hashes of one report."""
    draft = small_draft(signer)
    loose = replace(draft, json_bytes=json.dumps(dict(draft.record), indent=1).encode())
    assert verify_json(loose.json_bytes, sign_json(loose, signer).encode(), roots, now=NOW).intact.ok is False


@pytest.mark.parametrize(
    ("field", "value", "code"), [("kind", "something", "no"), ("schema_version", "2.0", "unreadable")]
)
def test_what_is_signed_must_be_a_report_we_know(
    signer: FileSigner, roots: Roots, field: str, value: str, code: str
) -> None:
    """The same key may sign other things one day."""
    draft = redraft(small_draft(signer), **{field: value})
    answers = verify_json(draft.json_bytes, sign_json(draft, signer).encode(), roots, now=NOW)
    assert answers.intact.code == code
    assert not answers.is_good


@pytest.mark.parametrize(
    "jws",
    [
        b"", b"..", b"a.b.c", b"not a signature", b"\xff\xfe", b"e30..AAAA", b"x" * (MAX_JWS_BYTES + 1),
        b64url(b'{"alg":"none"}').encode() + b"..", b64url(b"[]").encode() + b".." + b64url(bytes(64)).encode(),
    ],
)  # fmt: skip
def test_what_is_no_signature_gets_a_sentence(small: SealedReport, roots: Roots, jws: bytes) -> None:
    """Never a traceback."""
    answers = verify_json(small.json_bytes, jws, roots, now=NOW)
    assert answers.intact.ok is False
    assert answers.intact.says


def test_another_algorithm_in_the_header_is_refused(small: SealedReport, roots: Roots) -> None:
    """The verifier chooses the algorithm, not the file."""
    protected, _, signature = small.jws.split(".")
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    for algorithm in ("none", "HS256", "ES384"):
        forged = f"{b64url(canonical_bytes({**header, 'alg': algorithm}))}..{signature}"
        assert verify_json(small.json_bytes, forged.encode(), roots, now=NOW).intact.ok is False


def test_canonical_form_is_the_one_of_the_standard() -> None:
    """Sorting, numbers and strings of RFC 8785, section 3.2."""
    value = {
        "\u20ac": "Euro",
        "\r": "CR",
        "1": "One",
        "\u00f6": [1e30, 4.50, 2e-3, 1e-27, True, None],
        "a": '\u000f\n"\\/',
    }
    expected = (
        '{"\\r":"CR","1":"One","a":"\\u000f\\n\\"\\\\/","ö":[1e+30,4.5,0.002,1e-27,true,null],"€":"Euro"}'
    )
    assert canonical_bytes(value).decode() == expected
    assert is_canonical(expected.encode())
    assert not is_canonical(b'{"a": 1}')
    assert not is_canonical(b'{"a":1,"a":1}')
    assert not is_canonical(b"[" * 100_000)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    """Before it is signed."""
    with pytest.raises(ValueError, match=r".+"):
        canonical_bytes({"value": value})


def _flipped(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << (position % 8)
    return bytes(changed)
