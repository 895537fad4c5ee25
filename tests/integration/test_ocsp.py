"""Certificates that name an OCSP responder (RFC 6960): it is asked before each seal, and believed when it may speak."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.reports.errors import SealingMustWait
from inspection_service.reports.own_authority import DOCUMENT_SIGNING, private_pem
from inspection_service.reports.revocation import HttpFetch, Revocation
from inspection_service.reports.seal import sign
from inspection_service.reports.sign_pdf import Proof
from inspection_service.reports.signer_check import check_signer
from inspection_service.reports.verify_pdf import verify_pdf
from tests.integration.test_kill import free_port
from tests.unit.reports.pki import DER, PEM, CertificateAuthority, Leaf, Pki
from tests.unit.reports.small import small_document, small_draft

pytestmark = pytest.mark.integration

Says = Literal[
    "good",
    "revoked",
    "unknown",
    "try_later",
    "garbage",
    "nothing",
    "another_certificate",
    "another_issuer",
    "wrong_signer",
    "not_appointed",
    "appointed_by_another",
    "old",
    "old_without_end",
    "of_the_future",
    "a_little_ahead",
]


@dataclass
class Responder:
    """Answers as it is told; by itself it has the key of the authority whose certificates it is asked about."""

    pki: Pki
    says: Says = "good"
    appointed: Leaf | None = None
    asked: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    leaf: Leaf | None = None

    def answer(self, request_der: bytes) -> bytes | None:
        """Answer one request; ``None`` is silence."""
        self.asked += 1
        request = ocsp.load_der_ocsp_request(request_der)
        assert self.leaf is not None
        assert request.serial_number == self.leaf.certificate.serial_number
        if self.says == "nothing":
            self.released.wait(30)
            return None
        if self.says == "garbage":
            return b"<html>no</html>"
        if self.says == "try_later":
            status = ocsp.OCSPResponseStatus.TRY_LATER
            return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(DER)
        return self._signed().public_bytes(DER)

    def _signed(self) -> ocsp.OCSPResponse:
        assert self.leaf is not None
        now, certificate, issuer = self.pki.clock.now(), self.leaf.certificate, self.pki.issuing.certificate
        if self.says == "another_certificate":
            certificate = self.pki.issuing.issue("Somebody else", [DOCUMENT_SIGNING]).certificate
        if self.says == "another_issuer":
            issuer = CertificateAuthority("Test issuing authority", now).certificate
        made, until = now, now + timedelta(hours=6)
        if self.says == "old":
            made, until = now - timedelta(days=8), now - timedelta(days=1)
        if self.says == "old_without_end":
            made = now - timedelta(days=8)
        if self.says == "of_the_future":
            made, until = now + timedelta(days=1), now + timedelta(days=2)
        if self.says == "a_little_ahead":
            made = now + timedelta(minutes=2)
        is_revoked = self.says == "revoked"
        status = {"revoked": ocsp.OCSPCertStatus.REVOKED, "unknown": ocsp.OCSPCertStatus.UNKNOWN}
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=hashes.SHA1(),
            cert_status=status.get(self.says, ocsp.OCSPCertStatus.GOOD),
            this_update=made,
            next_update=None if self.says == "old_without_end" else until,
            revocation_time=now - timedelta(hours=1) if is_revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
        )
        signer = self._signer()
        if signer.certificate != self.pki.issuing.certificate:
            builder = builder.certificates([signer.certificate])
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        return builder.sign(signer.key, hashes.SHA256())

    def _signer(self) -> Leaf:
        own = Leaf(self.pki.issuing.key, self.pki.issuing.certificate)
        if self.says == "wrong_signer":
            return Leaf(CertificateAuthority("x", self.pki.clock.now()).key, own.certificate)
        if self.says == "not_appointed":
            return self.pki.issuing.issue("Nobody's responder", [DOCUMENT_SIGNING])
        if self.says == "appointed_by_another":
            return self.pki.tsa_root.issue("Another's responder", [ExtendedKeyUsageOID.OCSP_SIGNING])
        return self.appointed or own


@contextmanager
def over_http(responder: Responder) -> Iterator[None]:
    """Put a responder behind an address for the length of the block, and issue the certificate that names it."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/ocsp-request"
            answer = responder.answer(body)
            if answer is None:
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/ocsp-response")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    responder.url = f"http://127.0.0.1:{server.server_port}/"
    responder.leaf = responder.pki.issuing.issue("Seal", [DOCUMENT_SIGNING], ocsp_url=responder.url)
    try:
        yield
    finally:
        responder.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def pki() -> Pki:
    """Authorities of today: OpenSSL has no other clock than the machine's."""
    return Pki.make(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def responder(pki: Pki) -> Iterator[Responder]:
    """A responder that says good."""
    responder = Responder(pki)
    with over_http(responder):
        yield responder


def asking(pki: Pki, *, timeout_s: float = 30.0) -> Revocation:
    """Ask as the service does; about the issuing authority itself there is a list beside the keys."""
    return Revocation(HttpFetch(timeout_s), lambda: (pki.root.crl(),))


def sealed_with(pki: Pki, leaf: Leaf, revocation: Revocation) -> bytes:
    """Seal a small report after the check that comes before each seal; returns the document."""
    signer = pki.signer(leaf)
    data = check_signer(signer, revocation, pki.clock.now())
    return sign(small_document(small_draft(signer)), signer, Proof(data)).pdf_bytes


def test_a_good_answer_is_put_into_the_document_and_holds_offline(pki: Pki, responder: Responder) -> None:
    """A reader needs nobody to see that the certificate was not revoked; it is asked once while it is fresh."""
    assert responder.leaf is not None
    revocation = asking(pki)
    for _ in range(2):
        data = check_signer(pki.signer(responder.leaf), revocation, pki.clock.now())
    assert len(data.ocsps) == 1
    assert responder.asked == 1
    pdf = sealed_with(pki, responder.leaf, revocation)
    assert b"/OCSPs" in pdf
    checked = verify_pdf(pdf, pki.roots, now=pki.clock.now())
    assert checked.is_good


def test_a_responder_that_the_authority_appointed_may_answer(pki: Pki, responder: Responder) -> None:
    """RFC 6960, 4.2.2.2: its certificate is in the answer, and comes into the document."""
    assert responder.leaf is not None
    responder.appointed = pki.issuing.issue(
        "Appointed responder", [ExtendedKeyUsageOID.OCSP_SIGNING], is_ocsp_no_check=True
    )
    data = check_signer(pki.signer(responder.leaf), asking(pki), pki.clock.now())
    assert responder.appointed.certificate in data.certificates
    pdf = sealed_with(pki, responder.leaf, asking(pki))
    assert verify_pdf(pdf, pki.roots, now=pki.clock.now()).is_good


def test_a_responder_whose_clock_is_a_little_before_ours_is_believed(pki: Pki, responder: Responder) -> None:
    """No two machines agree to the second."""
    assert responder.leaf is not None
    responder.says = "a_little_ahead"
    assert check_signer(pki.signer(responder.leaf), asking(pki), pki.clock.now()).ocsps


def test_nothing_is_sealed_with_a_revoked_certificate(pki: Pki, responder: Responder) -> None:
    assert responder.leaf is not None
    responder.says = "revoked"
    with pytest.raises(SealingMustWait) as waits:
        check_signer(pki.signer(responder.leaf), asking(pki), pki.clock.now())
    assert waits.value.reason == "signer_revoked"


@pytest.mark.parametrize(
    "says",
    [
        "unknown", "try_later", "garbage", "another_certificate", "another_issuer", "wrong_signer",
        "not_appointed", "appointed_by_another", "old", "old_without_end", "of_the_future",
    ],
)  # fmt: skip
def test_what_does_not_speak_for_the_certificate_is_no_answer(
    pki: Pki, responder: Responder, says: Says
) -> None:
    """The seal waits, is tried again, and goes through once the responder tells the truth."""
    assert responder.leaf is not None
    responder.says, revocation = says, asking(pki)
    with pytest.raises(SealingMustWait) as waits:
        check_signer(pki.signer(responder.leaf), revocation, pki.clock.now())
    assert waits.value.reason == "revocation_unknown"
    responder.says = "good"
    assert check_signer(pki.signer(responder.leaf), revocation, pki.clock.now()).ocsps


def test_a_responder_that_is_too_late_is_not_waited_for(pki: Pki, responder: Responder) -> None:
    assert responder.leaf is not None
    responder.says = "nothing"
    with pytest.raises(SealingMustWait) as waits:
        check_signer(pki.signer(responder.leaf), asking(pki, timeout_s=0.2), pki.clock.now())
    assert waits.value.reason == "revocation_unknown"


def test_where_the_responder_fails_the_list_is_read(pki: Pki) -> None:
    """A certificate may name both; either is enough."""
    asked: list[str] = []

    def fetch(url: str, body: bytes | None) -> bytes:
        asked.append(url)
        if body is not None:
            raise OSError("refused")
        return pki.issuing.crl()

    leaf = pki.issuing.issue(
        "Both", [DOCUMENT_SIGNING], ocsp_url="http://ocsp.test/", crl_url="http://crl.test/"
    )
    data = check_signer(pki.signer(leaf), Revocation(fetch, lambda: (pki.root.crl(),)), pki.clock.now())
    assert asked == ["http://ocsp.test/", "http://crl.test/"]
    assert not data.ocsps


@pytest.mark.parametrize("state", ["good", "revoked", "unknown"])
def test_openssls_responder_is_understood(pki: Pki, tmp_path: Path, state: str) -> None:
    """One that is not ours: ``openssl ocsp`` as a server, over a database of certificates."""
    port = free_port()
    leaf = pki.issuing.issue("Seal", [DOCUMENT_SIGNING], ocsp_url=f"http://127.0.0.1:{port}/")
    with openssl_responder(pki, leaf, tmp_path, port, state):
        assert (
            outcome(lambda: sealed_with(pki, leaf, asking(pki)))
            == {
                "good": "sealed",
                "revoked": "signer_revoked",
                "unknown": "revocation_unknown",
            }[state]
        )


def outcome(seal: Callable[[], bytes]) -> str:
    """Say whether a seal went through, or why it waits."""
    try:
        seal()
    except SealingMustWait as waits:
        return waits.reason
    return "sealed"


@contextmanager
def openssl_responder(pki: Pki, leaf: Leaf, folder: Path, port: int, state: str) -> Iterator[None]:
    """Run OpenSSL's responder for the length of the block."""
    until = leaf.certificate.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
    since = (pki.clock.now() - timedelta(hours=1)).strftime("%y%m%d%H%M%SZ")
    serial = f"{leaf.certificate.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    lines = {
        "good": f"V\t{until}\t\t{serial}\tunknown\t/CN=Seal\n",
        "revoked": f"R\t{until}\t{since},keyCompromise\t{serial}\tunknown\t/CN=Seal\n",
        "unknown": "",
    }
    (folder / "index.txt").write_text(lines[state])
    (folder / "ca.pem").write_bytes(pki.issuing.certificate.public_bytes(PEM))
    (folder / "ca.key").write_bytes(private_pem(pki.issuing.key))
    command = [
        "openssl", "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem",
        "-rkey", "ca.key", "-ndays", "1",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "ACCEPT" in line or "waiting for OCSP" in line:
                break
        yield
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
