"""Recomputes the proof that a report stands in the log, and asks whose log it is (RFC 9162)."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from inspection_service import merkle
from inspection_service.reports.answers import Answer, Detail, Fault, moment
from inspection_service.reports.canonical import canonical_bytes, load_record, sha256_hex
from inspection_service.reports.chain import Trust, judge
from inspection_service.reports.keys import fingerprint
from inspection_service.reports.sign_json import HEAD_TYPE
from inspection_service.reports.verify_facts import Facts
from inspection_service.reports.verify_jws import verify_compact
from inspection_service.reports.verify_timestamp import (
    MAX_CLOCK_LEAD,
    MAX_SKEW,
    Stamp,
    check_token,
    digest_of,
)

MAX_PROOF_BYTES: Final = 256 << 10
_MAX_PATH: Final = 64
_PROOF_KEYS: Final = frozenset({"leaf", "seq", "tree_size", "path", "head_jws", "head_timestamp"})
_HEAD_KEYS: Final = frozenset({"log", "tree_size", "root", "at"})


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof that adds up, with the signed head it leads to."""

    leaf: Mapping[str, Any]
    seq: int
    tree_size: int
    log: str
    chain: tuple[x509.Certificate, ...]
    """Of the log's key."""
    entered_at: datetime
    """Of the entry."""
    at: datetime
    """Of the head; both by the log's own clock."""
    stamp: Stamp | None


def check_proof(facts: Facts, trust: Trust) -> Proof:
    """Recompute the proof given with a report.

    Raises:
        Fault: ``log_malformed``, ``log_of_another`` (a proof of another report), ``log_other_tree`` (it does not lead
            to this head), ``log_head_changed``, ``log_other_key``, or what is wrong with the head's timestamp.
    """
    assert facts.log_proof is not None
    try:
        return _check(facts, trust)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
        raise Fault("log_malformed") from exc


def _check(facts: Facts, trust: Trust) -> Proof:
    data = facts.log_proof or b""
    if len(data) > MAX_PROOF_BYTES:
        raise Fault("log_malformed")
    proof = json.loads(data)
    if not isinstance(proof, dict) or set(proof) != _PROOF_KEYS or canonical_bytes(proof) != data:
        raise Fault("log_malformed")
    leaf, seq, size = proof["leaf"], proof["seq"], proof["tree_size"]
    if type(seq) is not int or type(size) is not int or not isinstance(leaf, dict):
        raise Fault("log_malformed")
    path = _hashes(proof["path"])
    _check_leaf(leaf, facts)
    payload, signed = _head(proof["head_jws"])
    head = load_record(payload)
    if set(head) != _HEAD_KEYS or head["log"] != _log_id(signed.chain[0]):
        raise Fault("log_other_key")
    try:
        root = merkle.root_from_inclusion(merkle.leaf_hash(canonical_bytes(leaf)), seq, size, path)
    except ValueError as exc:
        raise Fault("log_other_tree") from exc
    if head["tree_size"] != size or head["root"] != root.hex():
        raise Fault("log_other_tree")
    stamp = None
    if proof["head_timestamp"] is not None:
        token = bytes.fromhex(proof["head_timestamp"])
        stamp = check_token(
            token,
            digest_of(proof["head_jws"].encode("ascii")),
            trust,
            signer_chain=signed.chain,
            revoked_by=facts.revoked_by,
        )
    at, entered_at = datetime.fromisoformat(head["at"]), datetime.fromisoformat(leaf["at"])
    if at.tzinfo is None or entered_at.tzinfo is None or abs((at - signed.at).total_seconds()) >= 1:
        raise Fault("log_malformed")
    return Proof(leaf, seq, size, head["log"], signed.chain, entered_at, at, stamp)


def _head(jws: Any) -> Any:
    try:
        return verify_compact(str(jws).encode("ascii"), media_type=HEAD_TYPE)
    except (Fault, UnicodeError) as exc:
        raise Fault("log_head_changed") from exc


def _hashes(listed: Any) -> list[bytes]:
    if not isinstance(listed, list) or len(listed) > _MAX_PATH:
        raise Fault("log_malformed")
    path = [bytes.fromhex(each) for each in listed]
    if any(len(each) != merkle.HASH_BYTES for each in path):
        raise Fault("log_malformed")
    return path


def _check_leaf(leaf: Mapping[str, Any], facts: Facts) -> None:
    """Check that the leaf is of this record, and of this document or of the one it was issued in place of."""
    is_report = leaf.get("kind") == "report" and leaf.get("json_sha256") == sha256_hex(facts.record_bytes)
    inspection = facts.record.get("inspection")
    number = str(inspection.get("id")) if isinstance(inspection, dict) else ""
    if not is_report or leaf.get("inspection") != sha256_hex(number.encode()):
        raise Fault("log_of_another")
    copies = {entry.correction.pdf_sha256 for entry in redactions(facts)}
    if facts.pdf_sha256 is not None and facts.pdf_sha256 not in {leaf.get("pdf_sha256"), *copies}:
        raise Fault("log_of_another")


def redactions(facts: Facts) -> list[Any]:
    """Return the entries that say a copy was made with something hidden."""
    given = [] if facts.redaction is None else [facts.redaction]
    return [entry for entry in (*facts.entries, *given) if entry.correction.kind == "redaction"]


def _is_out_of_time(proof: Proof, facts: Facts, now: datetime) -> bool:
    """Whether report, entry, head and the head's timestamp cannot have been made in this order, by now."""
    try:
        sealed_at = datetime.fromisoformat(str(facts.record.get("sealed_at")))
        times = [sealed_at, proof.entered_at, proof.at]
        times += [] if proof.stamp is None else [proof.stamp.at]
        return any(later + MAX_SKEW < earlier for earlier, later in itertools.pairwise(times)) or any(
            time - now > MAX_CLOCK_LEAD for time in times
        )
    except (ValueError, TypeError, OverflowError):
        return True


def _log_id(certificate: x509.Certificate) -> str:
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"urn:inspection:log:{hashlib.sha256(spki).hexdigest()}"


def log_answer(proof: Proof, facts: Facts, trust: Trust, *, now: datetime) -> Answer:
    """Say whether the report is in a log that somebody trusted keeps."""
    proven = proof.stamp.at if proof.stamp is not None and proof.stamp.is_trusted else None
    if _is_out_of_time(proof, facts, now):
        return Answer("log", "not_included", "log_times")
    keeper = judge(
        proof.chain, trust, claimed_at=proof.at, proven_at=proven, now=now, revoked_by=facts.revoked_by
    )
    values = {
        "at": moment(proof.at),
        "size": str(proof.tree_size),
        "seq": str(proof.seq),
        "fingerprint": fingerprint(proof.chain[-1]),
    }
    details = (
        Detail("log", proof.log),
        Detail("log_entry", f"{proof.seq} / {proof.tree_size}"),
        Detail("log_head", moment(proof.at)),
    )
    if keeper.code == "trusted":
        return Answer("log", "included", None, values, details)
    if keeper.code in ("unknown_root", "expired"):
        return Answer("log", "unknown_log", None, values, details)
    return Answer("log", "not_included", "log_key", values, details)
