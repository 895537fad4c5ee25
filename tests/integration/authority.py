"""A real timestamp authority for tests: OpenSSL's ``ts`` behind HTTP, which publishes its revocation list too."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.reports.own_authority import private_pem
from tests.unit.reports.pki import PEM, CertificateAuthority

_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
# ``certs`` stays out of the configuration: OpenSSL writes that set unsorted, which strict readers refuse.


class RealAuthority:
    """Its root, its address, and a switch that makes it silent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = CertificateAuthority("Real time root", datetime.now(UTC).replace(microsecond=0))
        self.is_silent = False
        self.answered = 0
        self.released = threading.Event()
        self._one_at_a_time = threading.Lock()  # OpenSSL's serial file is for one process at a time
        self.url = ""

    @property
    def root_file(self) -> Path:
        """The root certificate, as ``timestamp.roots_file`` wants it."""
        return self.folder / "tsa-root.pem"

    @property
    def certificate_file(self) -> Path:
        """The authority's own certificate."""
        return self.folder / "tsa.pem"

    def prepare(self, port: int) -> None:
        """Write keys, certificates and configuration."""
        self.url = f"http://127.0.0.1:{port}/"
        leaf = self.root.issue(
            "Real time", [ExtendedKeyUsageOID.TIME_STAMPING], is_critical=True, crl_url=f"{self.url}root.crl"
        )
        self.root_file.write_bytes(self.root.certificate.public_bytes(PEM))
        self.certificate_file.write_bytes(leaf.certificate.public_bytes(PEM))
        (self.folder / "tsa.key").write_bytes(private_pem(leaf.key))
        (self.folder / "serial").write_text("01\n")
        (self.folder / "tsa.cnf").write_text(_CONFIG.format(folder=self.folder))

    def answer(self, request: bytes) -> bytes:
        """Let OpenSSL answer."""
        with self._one_at_a_time:
            (self.folder / "request.tsq").write_bytes(request)
            subprocess.run(
                ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-section", "here",
                 "-queryfile", str(self.folder / "request.tsq"), "-inkey", str(self.folder / "tsa.key"),
                 "-signer", str(self.certificate_file), "-out", str(self.folder / "answer.tsr")],
                check=True, capture_output=True, timeout=30,
            )  # fmt: skip
            self.answered += 1
            return (self.folder / "answer.tsr").read_bytes()


@contextmanager
def running(folder: Path) -> Iterator[RealAuthority]:
    """Run an authority on a free port for the length of the block."""
    authority = RealAuthority(folder)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if authority.is_silent:
                authority.released.wait(30)
                return
            self._send(authority.answer(body), "application/timestamp-reply")

        def do_GET(self) -> None:
            self._send(authority.root.crl(), "application/pkix-crl")

        def _send(self, data: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    authority.prepare(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield authority
    finally:
        authority.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
