"""The guide on keys is followed as it stands: its commands are run, in its order, by a shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.errors import WaitReason
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from tests.unit.reports.pki import PEM, Pki

pytestmark = pytest.mark.integration
GUIDE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text(encoding="utf-8")
BLOCKS = [re.sub(r"(?m)^ +", "", block) for block in re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL)]
EXAMPLE_FINGERPRINT = "0f1dde43d1a94a07"
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"


def block(word: str) -> str:
    """The one block of commands with this word in it."""
    (found,) = [each for each in BLOCKS if word in each]
    return found


class Shell:
    """Runs what the guide says, in a folder that stands for ``/etc/inspection``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "data").mkdir()
        self._env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "INSPECTION_DATA_DIR": str(folder / "data"),
            "SOFTHSM2_CONF": str(folder / "softhsm2.conf"),
        }

    def run(self, commands: str, *, fails: bool = False) -> str:
        """Run lines of the guide one after the other; what they export stays set."""
        commands = commands.replace("/etc/inspection", str(self.folder))
        done = subprocess.run(
            ["bash", "-euc", f"{commands}\nenv -0 > exported"],
            cwd=self.folder, env=self._env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) is fails, f"{commands}\n{done.stdout}{done.stderr}"
        if not fails:
            lines = (self.folder / "exported").read_text(encoding="utf-8").split("\0")
            self._env |= dict(
                line.split("=", 1) for line in lines if line.startswith(("INSPECTION_", "PATH="))
            )
        return done.stdout + done.stderr

    def listed(self) -> list[dict[str, object]]:
        """What ``keys list`` shows, for machines."""
        signers: list[dict[str, object]] = json.loads(self.run("inspection-service keys list --json"))[
            "signers"
        ]
        return signers


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def answer(shell: Shell) -> None:
    """Be the authority: check the request and write the certificates where the guide expects them."""
    request = x509.load_pem_x509_csr((shell.folder / "request.pem").read_bytes())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Inspection report seal,O=Example SAS,C=FR"
    public_key = request.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    pki = Pki.make(datetime.now(UTC).replace(microsecond=0))
    leaf = pki.issuing.issue("Inspection report seal", [DOCUMENT_SIGNING], public_key=public_key)
    chain = (leaf.certificate, pki.issuing.certificate)
    (shell.folder / "answer.pem").write_bytes(b"".join(c.public_bytes(PEM) for c in chain))
    (shell.folder / "root.pem").write_bytes(pki.root.certificate.public_bytes(PEM))


def test_a_certificate_for_a_key_in_a_file(shell: Shell) -> None:
    """From the request to production, to the next key, to a revocation."""
    shell.run(re.search(r"- file: `(.*?)`", GUIDE)[1])  # type: ignore[index]  # it is there, or the test fails
    shell.run(re.search(r"in all cases `(.*?)`", GUIDE)[1])  # type: ignore[index]
    shell.run(block("keys csr"))
    answer(shell)
    assert "Restart the service" in shell.run(block("keys rotate --chain"))
    shell.run("export INSPECTION_SIGNING__PRODUCTION=true")
    assert "Inspection report seal" in shell.run("inspection-service keys show")
    (signer,) = shell.listed()
    shell.run(block("keys csr"))  # the next one
    answer(shell)
    shell.run(block("keys rotate --chain"))
    assert [each["in_use"] for each in shell.listed()] == [True, False]
    old = str(signer["sha256"])[:16]
    assert "REVOKED" not in shell.run("inspection-service keys list")
    shell.run(block("keys revoke").replace(EXAMPLE_FINGERPRINT, old))
    assert "key_compromise" in shell.run("inspection-service keys list")
    assert [bool(each["revoked_at"]) for each in shell.listed()] == [False, True]


def test_a_certificate_for_a_key_on_a_token(shell: Shell) -> None:
    """As with a card or an HSM: SoftHSM, as the guide says to try it."""
    (shell.folder / "tokens").mkdir()
    (shell.folder / "softhsm2.conf").write_text(f"directories.tokendir = {shell.folder / 'tokens'}\n")
    (shell.folder / "pin").write_text("1234\n")
    assert LIBRARY in block("softhsm2-util")
    shell.run(block("softhsm2-util"))
    shell.run(re.search(r"in all cases `(.*?)`", GUIDE)[1])  # type: ignore[index]
    shell.run(block("keys csr"))
    answer(shell)
    shell.run(block("keys rotate --chain"))
    (signer,) = shell.listed()
    assert signer["in_use"]
    assert not list((shell.folder / "keys").rglob("*.key")), "the key is on the token and nowhere else"


def test_development_keys_are_refused_in_production_and_rotated_without_arguments(shell: Shell) -> None:
    """What the first and the fifth paragraph say."""
    made = shell.run("inspection-service keys make")
    assert "DEVELOPMENT" in made
    shell.run("inspection-service keys rotate")
    assert [each["in_use"] for each in shell.listed()] == [True, False]
    refused = shell.run("INSPECTION_SIGNING__PRODUCTION=true inspection-service keys make", fails=True)
    assert "Traceback" not in refused


def test_every_reason_for_which_a_seal_waits_is_in_the_guide() -> None:
    """With what to do about it."""
    rows = "\n".join(line for line in GUIDE.splitlines() if line.startswith("| `"))
    assert [reason for reason in get_args(WaitReason) if f"`{reason}`" not in rows] == []


def test_every_command_and_option_in_the_guide_exists(shell: Shell) -> None:
    """Also those within sentences."""
    for name in set(re.findall(r"`(?:inspection-service )?keys ([a-z]+)", GUIDE)):
        shown = shell.run(f"inspection-service keys {name} --help")
        for line in re.findall(rf"keys {name} ([^`\n]*)", GUIDE):
            for option in re.findall(r"--[a-z-]+", line):
                assert option in shown, f"keys {name} {option}"
