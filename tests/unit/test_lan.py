"""HTTPS on the local network: a phone may trust the authority because it can vouch for one address only."""

from __future__ import annotations

import plistlib
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from inspection_service import lan

pytestmark = pytest.mark.unit


class Now:
    """A clock that says what it is told."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment


def test_openssl_accepts_the_chain_for_this_address_and_no_other(tmp_path: Path) -> None:
    """The chain verifies for the address it was made for; an independent tool says so (RFC 5280)."""
    files = lan.prepare(tmp_path / "lan", "192.168.7.20", Now())
    authority = tmp_path / "authority.pem"
    authority.write_bytes(
        x509.load_der_x509_certificate(files.authority_crt.read_bytes()).public_bytes(Encoding.PEM)
    )

    def verify(address: str) -> int:
        command = ["openssl", "verify", "-CAfile", str(authority), "-verify_ip", address, str(files.certfile)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert verify("192.168.7.20") == 0
    assert verify("192.168.7.21") != 0


def test_the_authority_is_constrained_and_its_key_is_nowhere(tmp_path: Path) -> None:
    files = lan.prepare(tmp_path, "192.168.7.20", Now())
    authority = x509.load_der_x509_certificate(files.authority_crt.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [str(name.value) for name in constraints.value.permitted_subtrees or []] == ["192.168.7.20/32"]
    keys = [path for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [files.keyfile]
    assert stat.S_IMODE(files.keyfile.stat().st_mode) == 0o600


def test_certificates_are_kept_until_they_no_longer_serve(tmp_path: Path) -> None:
    """A second start keeps the phone's trust; another address or the last week of validity makes new ones."""
    clock = Now()
    first = lan.prepare(tmp_path, "192.168.7.20", clock).authority_crt.read_bytes()
    assert lan.prepare(tmp_path, "192.168.7.20", clock).authority_crt.read_bytes() == first
    moved = lan.prepare(tmp_path, "192.168.7.99", clock).authority_crt.read_bytes()
    assert moved != first
    clock.moment += timedelta(days=lan.VALID_DAYS - 3)
    assert lan.prepare(tmp_path, "192.168.7.99", clock).authority_crt.read_bytes() != moved


async def test_the_plain_page_hands_out_both_forms_of_the_certificate(tmp_path: Path) -> None:
    """An iPhone gets a profile, Android a .crt, and the page leads on to the inspection in the phone's language."""
    files = lan.prepare(tmp_path, "192.168.7.20", Now())
    app = lan.trust_page(files, "https://192.168.7.20:8000/s#token")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://lan") as client:
        page = await client.get("/", headers={"accept-language": "fr-FR,fr;q=0.9"})
        profile = await client.get("/authority.mobileconfig")
        certificate = await client.get("/authority.crt")
    assert 'lang="fr"' in page.text
    assert 'href="https://192.168.7.20:8000/s#token"' in page.text
    content = plistlib.loads(profile.content)["PayloadContent"][0]["PayloadContent"]
    assert content == certificate.content == files.authority_crt.read_bytes()
