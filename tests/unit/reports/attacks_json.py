"""Records and signatures as an opposing expert would make them; see ``attacks``."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.records import DraftReport
from inspection_service.reports.sign_json import b64url, sign_json
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.pki import LIFETIME, CertificateAuthority, Leaf, Pki, usage
from tests.unit.reports.small import redraft, small_draft

Made = tuple[bytes, bytes, tuple[str, ...]]
_Extensions = Sequence[tuple[x509.ExtensionType, bool]]
_NOT_TRUSTED = ("signer.no", "signer.unknown_root")
_CHANGED = ("intact.no",)
_END_ENTITY = (x509.BasicConstraints(ca=False, path_length=None), True)
_SIGNS = (usage(digital_signature=True, content_commitment=True), True)


def certificate_attacks(pki: Pki) -> dict[str, Made]:
    """Certificates that were not made for this, under a root that is trusted."""
    made: dict[str, Made] = {}
    for name, purposes, is_critical in (
        ("for_web_servers", [ExtendedKeyUsageOID.SERVER_AUTH], False),
        ("for_programs", [ExtendedKeyUsageOID.CODE_SIGNING], True),
        ("for_timestamps", [ExtendedKeyUsageOID.TIME_STAMPING], True),
        ("for_revocation_answers", [ExtendedKeyUsageOID.OCSP_SIGNING], False),
        ("for_timestamps_too", [ExtendedKeyUsageOID.TIME_STAMPING, DOCUMENT_SIGNING], False),
    ):
        leaf = pki.issuing.issue("Somebody else's purpose", purposes, is_critical=is_critical)
        made[f"certificate_{name}"] = _signed(pki.signer(leaf), ("signer.no",))
    issuing = pki.issuing.certificate
    for name, extensions in (
        (
            "that_only_encrypts",
            [
                _END_ENTITY,
                (x509.KeyUsage(False, False, True, False, False, False, False, False, False), True),
            ],
        ),
        ("with_unknown_demands", [_END_ENTITY, _SIGNS, (_unknown(), True)]),
        ("of_an_authority", [(x509.BasicConstraints(True, None), True), (usage(key_cert_sign=True), True)]),
    ):
        leaf = _issued(pki.issuing, "Misused", extensions)
        made[f"certificate_{name}"] = _signed(_signer(leaf, [issuing], pki), ("signer.no",))
    acting = _acting(pki.signer_leaf)
    forged = _issued(acting, "Issued by a signer", [_END_ENTITY, _SIGNS])
    chain = [pki.signer_leaf.certificate, issuing]
    made["leaf_used_as_authority"] = _signed(_signer(forged, chain, pki), ("signer.no",))
    made["chain_too_long"] = _too_long(pki)
    made["name_not_permitted"] = _not_permitted(pki)
    twin = CertificateAuthority("Test root", SEALED_AT)
    leaf = twin.issue("Under a root of the same name", [DOCUMENT_SIGNING])
    made["root_of_the_same_name_inside"] = _signed(
        _signer(leaf, [twin.certificate], pki), ("signer.no", "signer.unknown_root")
    )
    whole = _signer(pki.signer_leaf, [issuing, pki.root.certificate], pki)
    made["welcome_root_inside"] = _signed(whole, ("signer.trusted",))
    plain = _issued(pki.issuing, "Seal without purposes", [_END_ENTITY, _SIGNS])
    made["welcome_without_purposes"] = _signed(_signer(plain, [issuing], pki), ("signer.trusted",))
    lasting = [_END_ENTITY, (usage(content_commitment=True), True)]
    seal = _issued(pki.issuing, "Qualified seal", lasting)
    made["welcome_seal_that_only_commits"] = _signed(_signer(seal, [issuing], pki), ("signer.trusted",))
    return made


def signature_attacks(pki: Pki) -> dict[str, Made]:
    """Headers that would have a careless reader choose another algorithm, key or content."""
    signer = pki.signer()
    draft = small_draft(signer)
    protected, _, signature = sign_json(draft, signer).split(".")
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    stranger = Pki.make()
    other = _header_of(sign_json(draft, stranger.signer()))
    spelled = canonical_bytes(header)
    numbers = pki.signer_leaf.certificate.public_key()
    assert isinstance(numbers, ec.EllipticCurvePublicKey)
    jwk = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    headers: dict[str, bytes] = {
        "none": canonical_bytes({**header, "alg": "none"}),
        "hmac": canonical_bytes({**header, "alg": "HS256"}),
        "own_key": canonical_bytes({**header, "jwk": jwk}),
        "key_address": canonical_bytes(
            {**header, "jku": "https://example.com/keys", "x5u": "https://example.com"}
        ),
        "critical": canonical_bytes({**header, "crit": ["exp"], "exp": 1}),
        "not_encoded": canonical_bytes({**header, "b64": False, "crit": ["b64"]}),
        "twice": spelled.replace(b'{"alg":"ES256"', b'{"alg":"none","alg":"ES256"'),
        "spaced": spelled.replace(b'"alg":', b'"alg": '),
        "others_certificates": canonical_bytes({**header, "x5c": other["x5c"]}),
        "others_certificates_and_name": canonical_bytes({**header, "x5c": other["x5c"], "kid": other["kid"]}),
        "no_certificates": canonical_bytes({k: v for k, v in header.items() if k != "x5c"}),
        "certificates_empty": canonical_bytes({**header, "x5c": []}),
        "certificates_of_no_kind": canonical_bytes({**header, "x5c": [1, {}]}),
        "time_of_no_kind": canonical_bytes({**header, "iat": 1e300}),
        "other_content_type": canonical_bytes({**header, "cty": "application/json"}),
    }
    made: dict[str, Made] = {}
    for name, forged in headers.items():
        text = f"{b64url(forged)}..{signature}".encode()
        made[f"header_{name}"] = (draft.json_bytes, text, _CHANGED)
    unsigned = f"{b64url(headers['none'])}..".encode()
    made["header_none_and_nothing"] = (draft.json_bytes, unsigned, _CHANGED)
    inside = f"{protected}.{b64url(draft.json_bytes)}.{signature}".encode()
    made["content_inside"] = (redraft(draft, language="fr").json_bytes, inside, _CHANGED)
    made["zeros"] = (draft.json_bytes, f"{protected}..{b64url(bytes(64))}".encode(), _CHANGED)
    return made


def record_attacks(pki: Pki) -> dict[str, Made]:
    """Records that are signed as they are: by somebody who may sign, and whose service has gone wrong."""
    signer = pki.signer()
    draft = small_draft(signer)
    data = draft.json_bytes
    spellings: dict[str, bytes] = {
        "member_twice": data[:-1] + b',"language":"xx"}',
        "not_a_number": data[:-1] + b',"zz":NaN}',
        "endless_number": data[:-1] + b',"zz":' + b"9" * 10_000 + b"}",
        "large_exponent": data[:-1] + b',"zz":1e999999}',
        "deep": data[:-1] + b',"zz":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "byte_order_mark": b"\xef\xbb\xbf" + data,
        "lone_surrogate": data[:-1] + b',"zz":"\\ud800"}',
        "raw_lone_surrogate": data[:-1] + b',"zz":"\xed\xa0\x80"}',
        "two_bytes_a_character": data.decode().encode("utf-16"),
        "overlong": data[:-1] + b',"zz":"\xc0\xaf"}',
        "nothing": b"",
        "null": b"null",
        "list": b"[]",
    }
    made = {f"json_{name}": _spelled(draft, spelled, signer) for name, spelled in spellings.items()}
    captured = [{"id": [], "sha256": [], "in_report": True, "step_id": {}}]
    first = {"evidence": None, "schema_version": "1.0"}
    shapes: dict[str, Any] = {
        "captures": {**first, "captures": captured},
        "checklist": {**first, "checklist": {"id": [], "sha256": {}}},
        "models": {**first, "models": {"list": [{"name": [], "sha256": 1}]}},
        "inspection": {**first, "inspection": []},
    }
    for name, changes in shapes.items():
        altered = redraft(draft, **changes)
        made[f"welcome_shape_{name}"] = (
            altered.json_bytes,
            sign_json(altered, signer).encode(),
            ("signer.trusted",),
        )
    numbers = dict.fromkeys(draft.record, 1) | {"kind": "inspection_report", "schema_version": "1.1"}
    broken: dict[str, dict[str, Any]] = {"numbers": numbers, "evidence": {"evidence": {"leaves": 5}}}
    for name, changes in broken.items():
        altered = redraft(draft, **changes)
        made[f"shape_{name}"] = (
            altered.json_bytes,
            sign_json(altered, signer).encode(),
            ("intact.no", "photos.no"),
        )
    for name, at in (
        ("first_day", datetime(1, 1, 1, tzinfo=UTC)),
        ("last_day", datetime(9999, 12, 31, tzinfo=UTC)),
    ):
        altered = replace(redraft(draft, sealed_at=at.isoformat().replace("+00:00", "Z")), sealed_at=at)
        made[f"clock_{name}"] = (
            altered.json_bytes,
            sign_json(altered, signer).encode(),
            ("time.no", "signer.not_yet_valid", "signer.expired"),
        )
    ahead = SEALED_AT + timedelta(days=300)
    altered = replace(redraft(draft, sealed_at=ahead.isoformat().replace("+00:00", "Z")), sealed_at=ahead)
    made["clock_ahead"] = (altered.json_bytes, sign_json(altered, signer).encode(), ("time.no",))
    return made


def _signed(signer: FileSigner, refused: tuple[str, ...]) -> Made:
    draft = small_draft(signer)
    return draft.json_bytes, sign_json(draft, signer).encode(), refused


def _spelled(draft: DraftReport, data: bytes, signer: FileSigner) -> Made:
    altered = DraftReport(draft.record, data, sha256_hex(data), draft.sealed_at)
    return data, sign_json(altered, signer).encode(), ("intact.no", "intact.unreadable")


def _header_of(jws: str) -> dict[str, Any]:
    text = jws.split(".", maxsplit=1)[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return header


def _signer(leaf: Leaf, above: Sequence[x509.Certificate], pki: Pki) -> FileSigner:
    return FileSigner(leaf.key, (leaf.certificate, *above), pki.root.certificate)


def _issued(authority: CertificateAuthority, name: str, extensions: _Extensions) -> Leaf:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start, end = SEALED_AT - timedelta(days=1), SEALED_AT + LIFETIME
    return Leaf(key, CertificateAuthority._sign(authority, subject, key, start, end, extensions))


def _below(authority: CertificateAuthority, name: str, extensions: _Extensions) -> CertificateAuthority:
    """An authority with extensions of its own, under another."""
    below = CertificateAuthority(name, SEALED_AT, authority)
    start, end = SEALED_AT - timedelta(days=1), SEALED_AT + LIFETIME
    below.certificate = CertificateAuthority._sign(authority, below.name, below.key, start, end, extensions)
    return below


def _acting(leaf: Leaf) -> CertificateAuthority:
    """A signer that behaves like an authority."""
    acting = CertificateAuthority("unused", SEALED_AT)
    acting.name, acting.key, acting.certificate = leaf.certificate.subject, leaf.key, leaf.certificate
    return acting


def _too_long(pki: Pki) -> Made:
    may_sign = (usage(key_cert_sign=True, crl_sign=True), True)
    last = _below(pki.root, "Issues to signers only", [(x509.BasicConstraints(True, 0), True), may_sign])
    more = _below(last, "One authority too many", [(x509.BasicConstraints(True, None), True), may_sign])
    leaf = _issued(more, "At the end of a long chain", [_END_ENTITY, _SIGNS])
    return _signed(_signer(leaf, [more.certificate, last.certificate], pki), ("signer.no",))


def _not_permitted(pki: Pki) -> Made:
    allowed = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Only this house")])
    extensions = [
        (x509.BasicConstraints(True, None), True),
        (usage(key_cert_sign=True, crl_sign=True), True),
        (x509.NameConstraints([x509.DirectoryName(allowed)], None), True),
    ]
    bound = _below(pki.root, "Bound to one house", extensions)
    leaf = _issued(bound, "Of another house", [_END_ENTITY, _SIGNS])
    return _signed(_signer(leaf, [bound.certificate], pki), ("signer.no",))


def _unknown() -> x509.ExtensionType:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")
