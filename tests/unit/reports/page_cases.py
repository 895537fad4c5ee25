"""Report files, whole and tampered with, that the Python verifier and the verification page must answer alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from inspection_service.reports.answers import Answers
from inspection_service.reports.chain import Trust
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.revocation import ValidationData
from inspection_service.reports.seal import sign
from inspection_service.reports.sign_json import sign_json
from inspection_service.reports.sign_pdf import Proof
from inspection_service.reports.verify import Beside, verify_files
from inspection_service.reports.verify_assess import Asked
from inspection_service.reports.verify_container import find_spots
from inspection_service.reports.verify_photos import hash_photos
from tests.unit.reports.attacks import attacks
from tests.unit.reports.dossiers import SEALED_AT, picture
from tests.unit.reports.pki import CertificateAuthority, Leaf, Pki, proved
from tests.unit.reports.small import redraft, small_document, small_draft
from tests.unit.reports.verify_samples import (
    NOW,
    Whole,
    bundled,
    corrected,
    leaf_of,
    log_of,
    rewritten,
    rezipped,
    whole,
)

_REPORTS = (".pdf", ".zip", ".json", ".jws")


@dataclass(frozen=True)
class Case:
    """Files a reader holds, and what they trust."""

    name: str
    files: Mapping[str, bytes]
    trust: Trust
    beside: tuple[str, ...] = ()
    """Which of the files lie beside the report; the others are it."""
    now: datetime = field(default=NOW)

    def answers(self, folder: Path) -> Answers:
        """Ask the Python verifier."""
        here = folder / self.name
        photos = here / "photos"
        photos.mkdir(parents=True)
        for name, data in self.files.items():
            (here / name if name.endswith(_REPORTS) else photos / name).write_bytes(data)
        given = Beside(
            photos=hash_photos(photos) if any(photos.iterdir()) else None,
            **{
                name: here / f"{name}.json"
                for name in ("log", "disclosures", "redaction")
                if f"{name}.json" in self.beside and f"{name}.json" in self.files
            },
        )
        reports = [here / n for n in self.files if n.endswith(_REPORTS) and n not in self.beside]
        (verdict,) = verify_files(reports, Asked(self.trust, self.now), given)
        return verdict.answers


def pem(certificates: tuple[x509.Certificate, ...]) -> bytes:
    """Certificates as a reader keeps them."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def said(answers: Answers) -> dict[str, list[str]]:
    """Codes, and which of a code's sentences, by question."""
    return {question: [answer.code, answer.why or ""] for question, answer in answers.all().items()}


def make_cases() -> list[Case]:
    """Make every case; takes some seconds."""
    pki = Pki.make()
    full = whole(pki, corrections=("addendum", "addendum"))
    return [*_bundles(full), *_beside(full), *_documents(pki), *_records(pki), *_people(full), *_answered()]


def make_attacks() -> list[Case]:
    """Every file that somebody could make to be believed, and those that only look like it; each named as its case."""
    pki = Pki.make()
    trust = Trust(pki.roots, pki.time_roots)
    made = []
    for name, attack in attacks(pki).items():
        files = {f"{name}{Path(file).suffix}": data for file, data in attack.files.items()}
        made.append(Case(name, files, trust, beside=tuple(files)[1:]))
    return made


def _answered() -> list[Case]:
    """Revoked by an answer inside the document, by who may say so and who may not; and a timestamp key, afterwards."""
    found = []
    later = SEALED_AT + timedelta(days=9)
    for name in ("issuer", "appointed", "stranger", "other_signer"):
        pki = Pki.make()
        known: dict[str, Leaf | CertificateAuthority] = {
            "issuer": pki.issuing,
            "appointed": pki.issuing.issue("Answers", [ExtendedKeyUsageOID.OCSP_SIGNING]),
            "stranger": Pki.make().issuing,
            "other_signer": pki.issuing.issue("Another signer", [DOCUMENT_SIGNING]),
        }
        who = known[name]
        builder = ocsp.OCSPResponseBuilder().add_response(
            pki.signer_leaf.certificate,
            pki.issuing.certificate,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.REVOKED,
            SEALED_AT,
            later,
            SEALED_AT - timedelta(hours=1),
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, who.certificate)
        answer = builder.certificates([who.certificate]).sign(who.key, hashes.SHA256())
        data = ValidationData((), (), (answer.public_bytes(serialization.Encoding.DER),))
        signer = pki.signer()
        report = sign(small_document(small_draft(signer)), signer, Proof(data, None))
        found.append(Case(f"answered_by_{name}", {"report.pdf": report.pdf_bytes}, Trust(pki.roots)))
    pki = Pki.make()
    pki.tsa_root.revoke(pki.tsa.leaf.certificate, SEALED_AT + timedelta(days=1))
    trust = Trust(pki.roots, pki.time_roots)
    found.append(
        Case("authority_revoked_later", {"report.pdf": proved(pki, "b-lta").pdf_bytes}, trust, now=later)
    )
    return found


def _bundles(full: Whole) -> list[Case]:
    signer, members, trust = full.pki.signer(), full.members(), full.trust
    bundle = bundled(members, signer)
    other = whole(full.pki, level="b-b", inspection_id="ins_other")
    leaf = leaf_of(full.report, full.inspection_id)

    def resigned(**changes: bytes | None) -> bytes:
        names = {name.replace(".", "_").replace("/", "_"): name for name in members}
        changed = {**members, **{names[key]: value for key, value in changes.items()}}
        return bundled({name: data for name, data in changed.items() if data is not None}, signer)

    zips = {
        "whole": bundle,
        "photo_removed": rezipped(bundle, {"photos/cap_0001.jpg": None}),
        "photo_added": rezipped(bundle, {"photos/extra.jpg": b"x"}),
        "photo_replaced": rezipped(bundle, {"photos/cap_0001.jpg": picture(99)}),
        "list_removed": rezipped(bundle, {"bundle.json": None}),
        "list_changed": rezipped(bundle, {"bundle.json": b"{}"}),
        "stranger": rezipped(bundle, {"setup.exe": b"MZ"}),
        "photo_of_another_step": resigned(photos_cap_0001_jpg=full.photos["cap_0002"]),
        "document_of_another": resigned(report_pdf=other.report.pdf_bytes),
        "signature_of_another": resigned(report_jws=other.report.jws.encode()),
        "disclosures_of_another": resigned(disclosures_json=other.disclosures),
        "log_of_another": resigned(log_json=other.log),
        "log_other_tree": resigned(log_json=rewritten(full.log, seq=3)),
        "log_malformed": resigned(log_json=b"{}"),
        "log_of_a_stranger": resigned(log_json=log_of(Pki.make().signer(), leaf)),
        "correction_removed": resigned(corrections_001_json=None, corrections_001_jws=None),
        "correction_unsigned": resigned(corrections_002_jws=full.corrections[0].jws.encode()),
        "photos_missing": resigned(photos_cap_0003_jpg=None),
        "cut": bundle[:-30],
        "bomb": _bomb(),
    }
    found = [Case(f"bundle_{name}", {"report.zip": data}, trust) for name, data in zips.items()]
    withdrawn = whole(full.pki, level="b-b", corrections=("withdrawal",))
    taken_back = bundled(withdrawn.members(), signer)
    return [*found, Case("bundle_withdrawn", {"report.zip": taken_back}, trust)]


def _beside(full: Whole) -> list[Case]:
    trust, pdf = full.trust, full.report.pdf_bytes
    record = {"report.json": full.report.json_bytes, "report.jws": full.report.jws.encode()}
    listed = json.loads(full.disclosures)["disclosures"]
    swapped = [{**listed[0], "value": listed[1]["value"]}, *listed[1:]]
    photos = {f"DSC_{n}.jpg": data for n, data in enumerate(full.photos.values())}
    redaction = corrected(
        full.pki, full.report, "redaction", erased=("/vehicle/vin/value",), pdf_sha256="0" * 64
    )
    statement = {"redaction.json": redaction.json_bytes, "redaction.jws": redaction.jws.encode()}
    changed = {**statement, "redaction.jws": full.corrections[0].jws.encode()}
    given = ("log.json", "disclosures.json", *statement)
    return [
        Case("photos_all", {"report.pdf": pdf, **photos}, trust),
        Case("photos_swapped", {"report.pdf": pdf, "cap_0000.jpg": full.photos["cap_0001"]}, trust),
        Case("record_with_log", {**record, "log.json": full.log}, trust, given),
        Case("record_disclosed", {**record, "disclosures.json": full.disclosures}, trust, given),
        Case(
            "record_disclosed_wrongly",
            {**record, "disclosures.json": rewritten(full.disclosures, disclosures=swapped)},
            trust,
            given,
        ),
        Case("record_redacted", {**record, **statement}, trust, given),
        Case("record_redacted_wrongly", {**record, **changed}, trust, given),
        Case("document_with_a_statement", {"report.pdf": pdf, **statement}, trust, given),
    ]


def _documents(pki: Pki) -> list[Case]:
    trust = Trust(pki.roots, pki.time_roots)
    archived = proved(pki, "b-lta").pdf_bytes
    own, stamp = find_spots(archived)
    container = own.first + 1
    flips = {
        "page": 900,
        "container": container + 200,
        "padding": own.second - 40,
        "signature_dictionary": own.second + 20,
        "validation_data": own.end + 300,
        "document_timestamp": stamp.first + 1200,
        "end": len(archived) - 9,
    }
    files = {f"flipped_{name}": flipped(archived, position) for name, position in flips.items()}
    files |= {
        "archived": archived,
        "cut_to_signature": archived[: own.end],
        "cut": archived[: len(archived) // 2],
        "appended": archived + b"\n%hello\n",
        "open_action": _updated(archived, _open_action),
        "page_size": _updated(archived, _page_size),
        "timestamped": proved(pki, "b-lt").pdf_bytes,
        "plain": proved(pki, "b-b").pdf_bytes,
        "plain_with_data": proved(pki, "b-b+dss").pdf_bytes,
        "plain_open_action": _updated(proved(pki, "b-b").pdf_bytes, _open_action),
        "own_timestamp": proved(pki, "b-lta", tsa=pki.own_tsa).pdf_bytes,
        "empty": b"",
        "no_pdf": b"PK\x03\x04",
        "unsigned": b"%PDF-1.7\n",
    }
    found = [Case(f"document_{name}", {"report.pdf": data}, trust) for name, data in files.items()]
    later = SEALED_AT + timedelta(days=4000)
    stranger = Pki.make()
    for name, brought in {
        "without_roots": Trust(),
        "without_time_roots": Trust(pki.roots),
        "other_root_of_that_name": Trust(stranger.roots, stranger.time_roots),
        "time_root_as_root": Trust(pki.time_roots),
        "signers_root_for_time": Trust(pki.roots, pki.roots),
    }.items():
        found.append(Case(f"document_{name}", {"report.pdf": archived}, brought))
    found.append(Case("document_years_later", {"report.pdf": archived}, trust, now=later))
    found.append(Case("document_plain_years_later", {"report.pdf": files["plain"]}, trust, now=later))
    return found


def _records(pki: Pki) -> list[Case]:
    trust = Trust(pki.roots, pki.time_roots)
    draft = small_draft(pki.signer())
    jws = sign_json(draft, pki.signer()).encode()
    other = sign_json(small_draft(pki.signer(), inspection_id="ins_othr1"), pki.signer()).encode()
    texts = {
        "whole": (draft.json_bytes, jws),
        "changed": (flipped(draft.json_bytes, len(draft.json_bytes) // 2), jws),
        "spaced": (draft.json_bytes + b" ", jws),
        "signed_otherwise": (draft.json_bytes, other),
        "signature_changed": (draft.json_bytes, flipped(jws, len(jws) - 20)),
        "header_changed": (draft.json_bytes, flipped(jws, 40)),
    }
    found = [
        Case(f"record_{name}", {"report.json": record, "report.jws": signature}, trust)
        for name, (record, signature) in texts.items()
    ]
    notes = {**draft.record["notes"], "demonstration_pictures": True}
    shown = redraft(draft, notes=notes)
    demonstration = {"report.json": shown.json_bytes, "report.jws": sign_json(shown, pki.signer()).encode()}
    return [
        *found,
        Case("record_alone", {"report.json": draft.json_bytes}, trust),
        Case("record_demonstration", demonstration, trust),
    ]


def _people(full: Whole) -> list[Case]:
    """Certificates that had expired, were not valid yet, or are revoked by a list inside the document."""
    found = []
    for name, start, end in (("expired", -20, -10), ("not_yet_valid", 10, 20), ("short_lived", -20, 2)):
        pki = Pki.make()
        leaf = pki.issuing.issue(
            "Short-lived signer",
            [DOCUMENT_SIGNING],
            not_before=SEALED_AT + timedelta(days=start),
            not_after=SEALED_AT + timedelta(days=end),
        )
        draft = small_draft(pki.signer(leaf))
        files = {
            "report.json": draft.json_bytes,
            "report.jws": sign_json(draft, pki.signer(leaf)).encode(),
        }
        found.append(Case(f"signer_{name}", files, Trust(pki.roots)))
    for name, days in (("before", -1), ("after", 1)):
        for level in ("b-b+dss", "b-lta"):
            pki = Pki.make()
            pki.issuing.revoke(pki.signer_leaf.certificate, SEALED_AT + timedelta(days=days))
            data = proved(pki, level).pdf_bytes
            trust = Trust(pki.roots, pki.time_roots)
            later = SEALED_AT + timedelta(days=9)
            found.append(Case(f"revoked_{name}_{level}", {"report.pdf": data}, trust, now=later))
    return found


def flipped(data: bytes, position: int) -> bytes:
    """One bit changed."""
    changed = bytearray(data)
    changed[position] ^= 1 << (position % 8)
    return bytes(changed)


def _updated(data: bytes, change: Any) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(data))
    change(writer)
    written = BytesIO()
    writer.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


def _open_action(writer: IncrementalPdfFileWriter) -> None:
    action = generic.DictionaryObject({generic.pdf_name("/S"): generic.pdf_name("/JavaScript")})  # type: ignore[no-untyped-call]
    writer.root["/OpenAction"] = action
    writer.update_root()  # type: ignore[no-untyped-call]


def _page_size(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    edges = [generic.NumberObject(n) for n in (0, 0, 9, 9)]  # type: ignore[no-untyped-call]
    page["/MediaBox"] = generic.ArrayObject(edges)
    writer.update_container(page)


def _bomb() -> bytes:
    import zipfile

    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(zipfile.ZipInfo("report.json"), b"\0" * (8 << 20), zipfile.ZIP_DEFLATED)
    return written.getvalue()
