"""Reports examined by tools that are not ours: poppler with NSS, OpenSSL, qpdf, Node, jwcrypto, the JSON Schema."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk
from jwcrypto import jws as other_jws

from inspection_service.clock import SystemClock
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.records import SealedReport
from inspection_service.reports.render.fonts import printable
from inspection_service.reports.seal import seal
from tests.unit.reports.dossiers import MODELS, dossier

pytestmark = pytest.mark.integration
MARKUP = '#read("/etc/passwd") *bold* $x$ @ref <label>'
NODE_CANONICAL = """
const sort = (v) => Array.isArray(v) ? v.map(sort) : v && typeof v === 'object'
  ? Object.fromEntries(Object.keys(v).sort().map((k) => [k, sort(v[k])])) : v;
const text = require('fs').readFileSync(process.argv[1], 'utf8');
process.stdout.write(JSON.stringify(sort(JSON.parse(text))));
"""
NODE_JWS = """
const fs = require('fs'), crypto = require('crypto');
const [json, jws, root] = process.argv.slice(1);
const [header, , signature] = fs.readFileSync(jws, 'utf8').split('.');
const certificate = (c) => new crypto.X509Certificate(Buffer.from(c, 'base64'));
const x5c = JSON.parse(Buffer.from(header, 'base64url')).x5c.map(certificate);
const chain = [...x5c, new crypto.X509Certificate(fs.readFileSync(root))];
const linked = chain.slice(0, -1).every((c, i) => c.verify(chain[i + 1].publicKey) && c.checkIssued(chain[i + 1]));
const signed = Buffer.from(header + '.' + fs.readFileSync(json).toString('base64url'));
const key = { key: chain[0].publicKey, dsaEncoding: 'ieee-p1363' };
const good = crypto.verify('sha256', signed, key, Buffer.from(signature, 'base64url'));
console.log(JSON.stringify({ linked, good }));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with photos, findings and Typst markup in every free text, as the service hands it out."""
    folder = tmp_path_factory.mktemp("report")
    signer = open_or_create(folder / "keys", SystemClock())
    case, photos = dossier("fr", free_text=MARKUP, seller_name="Łukasz 王小明")
    sealed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    report: SealedReport = seal(case, photos, models=MODELS, signer=signer, sealed_at=sealed_at)
    (folder / "report.json").write_bytes(report.json_bytes)
    (folder / "report.jws").write_text(report.jws)
    (folder / "report.pdf").write_bytes(report.pdf_bytes)
    (folder / "root.pem").write_bytes(report.root_pem)
    chain = [c.public_bytes(serialization.Encoding.PEM) for c in signer.chain]
    (folder / "issuing.pem").write_bytes(chain[1])
    return folder


@pytest.fixture(scope="module")
def trusting_nss(folder: Path) -> str:
    """A certificate database that trusts our root, as a reader of the PDF would set up."""
    database = folder / "nss"
    database.mkdir()
    run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
    run(
        "certutil",
        "-A",
        "-d",
        f"sql:{database}",
        "-n",
        "root",
        "-t",
        "CT,C,C",
        "-i",
        str(folder / "root.pem"),
    )
    return f"sql:{database}"


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=120)


def test_poppler_accepts_and_trusts_the_document(folder: Path, trusting_nss: str) -> None:
    """``pdfsig`` with our root in its database."""
    said = run("pdfsig", "-nssdir", trusting_nss, str(folder / "report.pdf")).stdout
    assert "Signature is Valid" in said
    assert "Certificate is Trusted" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said


def test_poppler_notices_one_changed_byte(folder: Path, trusting_nss: str) -> None:
    """Inside the signed range."""
    changed = bytearray((folder / "report.pdf").read_bytes())
    changed[len(changed) // 3] ^= 1
    (folder / "changed.pdf").write_bytes(changed)
    said = run("pdfsig", "-nssdir", trusting_nss, str(folder / "changed.pdf"), check=False).stdout
    assert "Signature is Valid" not in said


def test_openssl_accepts_the_signature_container(folder: Path) -> None:
    """``openssl cms`` with the root from outside; the container brings its own issuing certificate."""
    pdf = (folder / "report.pdf").read_bytes()
    found = re.search(rb"/ByteRange\s*\[0 (\d+) (\d+) (\d+)\s*\]", pdf)
    assert found is not None
    first, second = int(found[1]), int(found[2])
    (folder / "signed.bin").write_bytes(pdf[:first] + pdf[second:])
    container = bytes.fromhex(pdf[first + 1 : second - 1].decode())
    (folder / "signature.der").write_bytes(container[: 4 + int.from_bytes(container[2:4], "big")])
    said = run(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "signature.der"),
        "-content", str(folder / "signed.bin"), "-CAfile", str(folder / "root.pem"), "-purpose", "any",
        "-out", "/dev/null",
    )  # fmt: skip
    assert "successful" in said.stderr.lower()


def test_qpdf_finds_no_fault_in_the_structure(folder: Path) -> None:
    """``qpdf --check``."""
    assert (
        "No syntax or stream encoding errors found"
        in run("qpdf", "--check", str(folder / "report.pdf")).stdout
    )


def test_the_embedded_record_is_the_one_beside_the_document(folder: Path) -> None:
    """Taken out by qpdf."""
    shown = subprocess.run(
        ["qpdf", "--show-attachment=report.json", str(folder / "report.pdf")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert shown.stdout == (folder / "report.json").read_bytes()


def test_the_embedded_schema_describes_the_record(folder: Path) -> None:
    """Whoever has only the PDF can still read the data."""
    schema = run("qpdf", "--show-attachment=report.schema.json", str(folder / "report.pdf")).stdout
    jsonschema.Draft202012Validator(json.loads(schema)).validate(
        json.loads((folder / "report.json").read_bytes())
    )


def test_every_typeface_is_embedded(folder: Path) -> None:
    """``pdffonts``: nothing depends on the reader's machine."""
    rows = run("pdffonts", str(folder / "report.pdf")).stdout.splitlines()[2:]
    assert rows
    for row in rows:
        embedded, subset = row.split()[-5:-3]
        assert (embedded, subset) == ("yes", "yes"), row
        assert "Plex" in row or "Droid" in row


def test_the_document_is_tagged_and_claims_archival_form(folder: Path) -> None:
    """Checked by Typst's exporter; no independent PDF/A validator is packaged for Debian, PyPI or npm."""
    said = run("pdfinfo", str(folder / "report.pdf")).stdout
    assert re.search(r"Tagged:\s+yes", said)
    metadata = run("pdfinfo", "-meta", str(folder / "report.pdf")).stdout
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "pyHanko" not in metadata


def test_what_people_wrote_is_printed_as_they_wrote_it(folder: Path) -> None:
    """Markup stays text, names keep their letters, the digest of the record is on the page."""
    text = " ".join(run("pdftotext", "-layout", str(folder / "report.pdf"), "-").stdout.split())
    for word in printable(MARKUP).split():
        assert word.replace("\u200b", "") in text.replace("\u200b", "")
    assert "root:" not in text
    assert "Łukasz 王小明" in text
    assert "aucune autorité d’horodatage" in text
    assert "clés de développement" in text
    digest = run("sha256sum", str(folder / "report.json")).stdout.split()[0]
    assert digest in re.sub(r"[\s\u200b]", "", text)


def test_jwcrypto_accepts_the_signature_of_the_record(folder: Path) -> None:
    """Another JOSE implementation, with the certificate from the header."""
    token = (folder / "report.jws").read_text()
    protected, _, signature = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    pem = leaf.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    payload = base64.urlsafe_b64encode((folder / "report.json").read_bytes()).rstrip(b"=").decode()
    verified = other_jws.JWS()
    verified.deserialize(f"{protected}.{payload}.{signature}", jwk.JWK.from_pem(pem))
    assert verified.is_valid
    with pytest.raises(other_jws.InvalidJWSSignature):
        other_jws.JWS().deserialize(f"{protected}.{payload[:-4]}AAAA.{signature}", jwk.JWK.from_pem(pem))


def test_node_accepts_signature_and_chain(folder: Path) -> None:
    """Node's own crypto: ES256 over header and record, each certificate issued by the next, the root from outside."""
    said = run("node", "-e", NODE_JWS, *(str(folder / n) for n in ("report.json", "report.jws", "root.pem")))
    assert json.loads(said.stdout) == {"linked": True, "good": True}


def test_node_writes_the_same_canonical_form(folder: Path) -> None:
    """A second implementation of RFC 8785: sorted keys, ECMAScript numbers and strings."""
    said = subprocess.run(
        ["node", "-e", NODE_CANONICAL, str(folder / "report.json")],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert said.stdout == (folder / "report.json").read_bytes()


def test_every_page_can_be_drawn(folder: Path) -> None:
    """``pdftoppm`` finds nothing to complain about but one known remark on Typst's tags."""
    said = run("pdftoppm", "-r", "20", "-png", str(folder / "report.pdf"), str(folder / "page"))
    pages = sorted(folder.glob("page-*.png"))
    assert len(pages) > 5
    complaints = [line for line in said.stderr.splitlines() if "Suspects" not in line]
    assert complaints == []
