"""A real service in a process of its own: started, killed and started again as an operator of servers would."""

from __future__ import annotations

import json
import os
import queue
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_TIMEOUT_S = 240.0
CODE_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
ROOT = Path(__file__).parents[2]


@dataclass
class Instance:
    """One instance in a folder; ``start`` and ``kill`` as often as a test likes."""

    folder: Path
    port: int
    access: dict[str, str]
    """What ``first-run --json`` printed: addresses, API key, operator's password."""
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None
    _lines: queue.Queue[str] = field(default_factory=queue.Queue)
    output: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    """Settings beside the usual ones, as environment variables."""

    @classmethod
    def prepare(cls, folder: Path, **settings: str) -> Instance:
        """Make an instance that does not run yet; ``settings`` are names such as ``INSPECTION_MEDIA__RELAY_ONLY``."""
        port = free_port()
        made = subprocess.run(
            [*command("first-run"), "--json", "--data-dir", str(folder), "--port", str(port)],
            env=environment(),
            check=True,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
        )
        return cls(folder, port, json.loads(made.stdout), settings=settings)

    @property
    def url(self) -> str:
        """The address under which everything is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The serving process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Serve, and return once requests are answered."""
        self._process = subprocess.Popen(
            [*command("serve"), "--data-dir", str(self.folder), "--port", str(self.port)],
            env=environment() | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self._process.poll() is None, "the service ended:\n" + "".join(self.output[-40:])
            assert time.monotonic() < deadline, "the service did not start:\n" + "".join(self.output[-40:])
            threading.Event().wait(0.1)

    def kill(self) -> None:
        """End the service and everything it started as a power cut would: without asking."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the service in an orderly way."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            finally:
                self.kill()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        self._process.wait(STOP_TIMEOUT_S)
        self._process = None
        assert self._reader is not None
        self._reader.join(STOP_TIMEOUT_S)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.output.append(line)
                self._lines.put(line)

    def next_code(self) -> str:
        """Return the next one-time code that the console messenger prints on the service's terminal."""
        deadline = time.monotonic() + CODE_TIMEOUT_S
        while True:
            line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
            found = re.search(r"\b(\d{6})\b (?:is your code|est votre code)", line)
            if found:
                return found.group(1)

    def admit(self, name: str, role: str = "operator") -> tuple[str, str]:
        """Admit one more person to the desk; returns e-mail and password."""
        email = f"{name.lower()}-{secrets.token_hex(4)}@example.com"
        admitted = subprocess.run(
            [
                *command("keys", "operator"),
                *("--data-dir", str(self.folder), "--json"),
                *("--email", email, "--name", name, "--role", role),
            ],
            env=environment(),
            check=True,
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_S,
        )
        return email, json.loads(admitted.stdout)["password"]

    # --- the platform's side ---------------------------------------------------------------------

    def platform(self) -> httpx.Client:
        """Return a client with the demo platform's key."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.access['api_key']}"}, timeout=20
        )

    def order(self, **over: Any) -> dict[str, Any]:
        """Order an inspection of the demo car, as a platform does."""
        body = {
            "vehicle": {
                "plate": "DEMO 123",
                "make": "Demo",
                "model": "Hatchback",
                "declared_mileage_km": 127000,
            },
            "checklist": "listing-12",
            "language": "en",
            "purpose": "listing",
            "contact": {"name": "Camille Martin", "email": "camille@example.com"},
            "reference": "AD-4711",
            **over,
        }
        with self.platform() as client:
            answer = client.post("/v1/inspections", json=body)
        answer.raise_for_status()
        ordered: dict[str, Any] = answer.json()
        return ordered

    def inspection(self, inspection_id: str) -> dict[str, Any]:
        """Return the inspection as the platform sees it now."""
        with self.platform() as client:
            answer = client.get(f"/v1/inspections/{inspection_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def command(*words: str) -> list[str]:
    """Return the command line of the service under test."""
    return [sys.executable, "-m", "inspection_service", *words]


def environment() -> dict[str, str]:
    """Return the environment: ours without settings of another instance, one thread for numbers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSPECTION_")}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
