"""Reports with a real timestamp authority (OpenSSL), looked at with tools that are not ours."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from rfc3161_client import VerifierBuilder, decode_timestamp_response

from inspection_service.clock import SystemClock
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import SealingMustWait
from inspection_service.reports.records import SealedReport
from inspection_service.reports.sealer import ReportSealer, open_authority, open_revocation
from inspection_service.settings import TimestampSettings
from inspection_service.work.sealing import Beside
from tests.integration.authority import RealAuthority, running
from tests.unit.reports.dossiers import MODELS, dossier

pytestmark = pytest.mark.integration
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass
class Sealed:
    """A report with everything around it, on disk."""

    folder: Path
    report: SealedReport
    authority: RealAuthority


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=120)


def sealer_for(folder: Path, authority: RealAuthority, **settings: object) -> ReportSealer:
    """The sealer the service makes from its settings."""
    clock, keys_dir = SystemClock(), folder / "keys"
    signer = open_or_create(keys_dir, clock)
    told = TimestampSettings.model_validate(
        {"url": authority.url, "roots_file": authority.root_file, **settings}
    )
    revocation = open_revocation(told, keys_dir)
    return ReportSealer(
        signer,
        MODELS,
        clock,
        revocation=revocation,
        authority=open_authority(told, signer, revocation, clock),
        is_archived=told.archive,
    )


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """A report sealed at B-LTA, as the service does it."""
    folder = tmp_path_factory.mktemp("authority")
    with running(folder) as authority:
        sealer = sealer_for(folder, authority)
        case, photos = dossier("fr")
        sealer.ready()
        report = sealer.seal(case, photos, Beside())  # type: ignore[arg-type]  # ids are strings
        (folder / "report.pdf").write_bytes(report.pdf_bytes)
        (folder / "report.json").write_bytes(report.json_bytes)
        (folder / "root.pem").write_bytes(report.root_pem)
        chain = open_or_create(folder / "keys", SystemClock()).chain
        (folder / "issuing.pem").write_bytes(chain[1].public_bytes(serialization.Encoding.PEM))
        return Sealed(folder, report, authority)


def signed_parts(pdf: bytes, index: int) -> tuple[bytes, bytes]:
    """What a signature of the document covers, and its container."""
    found = list(_BYTE_RANGE.finditer(pdf))[index]
    first, second, length = (int(found[number]) for number in (1, 2, 3))
    container = bytes.fromhex(pdf[first + 1 : second - 1].decode())
    return pdf[:first] + pdf[second : second + length], container[: 4 + int.from_bytes(container[2:4], "big")]


def test_pyhankos_own_program_trusts_signature_and_time(sealed: Sealed) -> None:
    """``adesverify`` with both roots from outside, and nothing from the network."""
    said = run(
        str(Path(sys.executable).parent / "pyhanko"), "sign", "adesverify",
        "--trust-replace", "--trust", str(sealed.folder / "root.pem"),
        "--trust", str(sealed.authority.root_file), str(sealed.folder / "report.pdf"), check=False,
    )  # fmt: skip
    assert "INTACT:TRUSTED,TIMESTAMP_TOKEN<INTACT:TRUSTED>" in said.stdout


def test_poppler_trusts_the_signature_under_timestamp_and_validation_data(sealed: Sealed) -> None:
    """``pdfsig`` with our root; it cannot check document timestamps, and says so of the second one."""
    database = f"sql:{sealed.folder / 'nss'}"
    (sealed.folder / "nss").mkdir()
    run("certutil", "-N", "-d", database, "--empty-password")
    for name, file in (("root", sealed.folder / "root.pem"), ("time", sealed.authority.root_file)):
        run("certutil", "-A", "-d", database, "-n", name, "-t", "CT,C,C", "-i", str(file))
    said = run("pdfsig", "-nssdir", database, str(sealed.folder / "report.pdf"), check=False).stdout
    first = said.split("Signature #2")[0]
    assert "Signature is Valid" in first
    assert "Certificate is Trusted" in first
    changed = bytearray(sealed.report.pdf_bytes)
    changed[len(changed) // 3] ^= 1
    (sealed.folder / "changed.pdf").write_bytes(changed)
    said = run("pdfsig", "-nssdir", database, str(sealed.folder / "changed.pdf"), check=False).stdout
    assert "Signature is Valid" not in said


def test_openssl_verifies_signature_and_both_timestamps(sealed: Sealed) -> None:
    """``openssl cms`` on the signature, ``openssl ts`` on its timestamp and on the document's."""
    folder = sealed.folder
    content, container = signed_parts(sealed.report.pdf_bytes, 0)
    (folder / "content.bin").write_bytes(content)
    (folder / "signature.der").write_bytes(container)
    said = run(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "signature.der"),
        "-content", str(folder / "content.bin"), "-CAfile", str(folder / "root.pem"), "-purpose", "any",
        "-out", "/dev/null",
    )  # fmt: skip
    assert "successful" in said.stderr.lower()
    (signer,) = cms.ContentInfo.load(container)["content"]["signer_infos"]
    token = signer["unsigned_attrs"][0]["values"][0].dump()
    document, stamp = signed_parts(sealed.report.pdf_bytes, 1)
    for name, data, der in (("one", signer["signature"].native, token), ("two", document, stamp)):
        (folder / f"{name}.bin").write_bytes(data)
        (folder / f"{name}.der").write_bytes(der)
        said = run(
            "openssl", "ts", "-verify", "-token_in", "-in", str(folder / f"{name}.der"),
            "-data", str(folder / f"{name}.bin"), "-CAfile", str(sealed.authority.root_file),
        )  # fmt: skip
        assert "Verification: OK" in said.stdout
    (folder / "two.bin").write_bytes(document[:-1] + b"x")
    said = run(
        "openssl", "ts", "-verify", "-token_in", "-in", str(folder / "two.der"),
        "-data", str(folder / "two.bin"), "-CAfile", str(sealed.authority.root_file), check=False,
    )  # fmt: skip
    assert "Verification: OK" not in said.stdout


def test_a_strict_timestamp_verifier_accepts_what_the_authority_writes(sealed: Sealed) -> None:
    """Sigstore's rfc3161-client, which refuses unsorted sets: why ``certs`` stays out of the configuration."""
    request = sealed.folder / "strict.tsq"
    (sealed.folder / "strict.bin").write_bytes(b"message")
    run(
        "openssl",
        "ts",
        "-query",
        "-data",
        str(sealed.folder / "strict.bin"),
        "-sha256",
        "-cert",
        "-out",
        str(request),
    )
    response = decode_timestamp_response(sealed.authority.answer(request.read_bytes()))
    root = x509.load_pem_x509_certificate(sealed.authority.root_file.read_bytes())
    verifier = VerifierBuilder().add_root_certificate(root).build()
    assert verifier.verify_message(response, b"message")


def test_qpdf_finds_no_fault_and_all_embedded_files(sealed: Sealed) -> None:
    """Record, its signature, the clear values, the evidence tree, the schema."""
    pdf = str(sealed.folder / "report.pdf")
    assert "No syntax or stream encoding errors found" in run("qpdf", "--check", pdf).stdout
    listed = run("qpdf", "--list-attachments", pdf).stdout
    for name in ("report.json", "report.jws", "disclosures.json", "evidence.json", "report.schema.json"):
        assert name in listed
    jws = run("qpdf", "--show-attachment=report.jws", pdf).stdout
    assert jws == sealed.report.jws


def test_the_record_says_who_dated_it(sealed: Sealed) -> None:
    """Before it was dated: the record is inside what the authority stamped."""
    assert b'"time":"timestamp_authority"' in sealed.report.json_bytes


def test_a_silent_authority_is_waited_for_no_longer_than_set(tmp_path: Path) -> None:
    """Over a real connection: it takes the question and never answers."""
    with running(tmp_path) as authority:
        sealer = sealer_for(tmp_path, authority, timeout_s=0.3)
        authority.is_silent = True
        with pytest.raises(SealingMustWait) as caught:
            sealer.ready()
        assert caught.value.reason == "timestamp_slow"


def test_nobody_listens(tmp_path: Path) -> None:
    """Connection refused."""
    with running(tmp_path) as authority:
        sealer = sealer_for(tmp_path, authority)
    with pytest.raises(SealingMustWait) as caught:
        sealer.ready()
    assert caught.value.reason == "timestamp_away"
