"""A real relay (coturn) on loopback, to be killed and started again; credentials are the service's own."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 90.0


@dataclass
class Relay:
    """One ``turnserver`` that accepts credentials made from a shared secret."""

    folder: Path
    port: int
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How a browser reaches it over UDP."""
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    def start(self) -> None:
        """Start, and return once it listens.

        Loopback peers are allowed because both browsers are on this machine; nobody would do so in production.
        """
        program = shutil.which("turnserver")
        assert program is not None, "coturn is not installed: apt-get install coturn"
        words = [
            program,
            "-n",  # no configuration file: what is here is all there is
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            f"--listening-port={self.port}",
            "--use-auth-secret",
            f"--static-auth-secret={self.secret}",
            "--realm=inspection.test",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
            "--allow-loopback-peers",
            "--fingerprint",
            "--log-file=stdout",
            "--simple-log",
            f"--pidfile={self.folder / 'turnserver.pid'}",
            f"--userdb={self.folder / 'turndb'}",
        ]
        self._process = subprocess.Popen(
            words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.port):
            assert self._process.poll() is None, "coturn ended at once"
            assert time.monotonic() < deadline, "coturn did not start"
            threading.Event().wait(0.1)

    def kill(self) -> None:
        """End it as a network does: without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
