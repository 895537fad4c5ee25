"""What anybody fetches about the keys, from a running service, without an account."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from jwcrypto import jwk
from pydantic import ValidationError

from inspection_service.app import create_app
from inspection_service.clock import SystemClock
from inspection_service.reports import own_authority
from inspection_service.reports.keys import fingerprint
from inspection_service.settings import Settings, SigningSettings
from inspection_service.testing import ScriptedJudge

pytestmark = pytest.mark.integration


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without an account."""
    app = create_app(Settings(data_dir=tmp_path), judge=ScriptedJudge())
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        yield client


async def test_a_rotation_and_a_revocation_show_at_once(visitor: httpx.AsyncClient, tmp_path: Path) -> None:
    """Roots, key set and revocation list, of a service that was not started again."""
    roots = (await visitor.get("/.well-known/inspection-root.pem")).content
    assert len(x509.load_pem_x509_certificates(roots)) == 1
    before = (await visitor.get("/.well-known/jwks.json")).json()["keys"]
    own_authority.rotate(tmp_path / "keys", SystemClock().now())
    leaf = x509.load_pem_x509_certificates((tmp_path / "keys" / "chain.pem").read_bytes())[0]
    own_authority.revoke(tmp_path / "keys", fingerprint(leaf), "superseded", SystemClock().now())
    answer = await visitor.get("/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    after = answer.json()["keys"]
    assert [("revoked" in key) for key in after] == [False, True]
    assert after[1]["kid"] == before[0]["kid"]
    assert jwk.JWKSet.from_json(json.dumps(answer.json())).get_key(before[0]["kid"]) is not None
    listed = x509.load_der_x509_crl((await visitor.get("/.well-known/inspection.crl")).content)
    assert listed.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None


async def test_readiness_has_room_for_what_seals_wait_for(visitor: httpx.AsyncClient) -> None:
    """Nothing now; and waiting would not make the service unready."""
    answer = await visitor.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["sealing_waits_for"] == []


@pytest.mark.parametrize(
    ("signing", "says"),
    [
        ({"production": True}, "development"),
        ({"mode": "pkcs11"}, "pkcs11_library"),
        ({"mode": "kms"}, "kms_key_id"),
        ({"mode": "file"}, "keys_dir"),
    ],
)
def test_settings_that_contradict_themselves_are_refused_at_start(
    signing: dict[str, object], says: str
) -> None:
    """By name, before anything is opened."""
    with pytest.raises(ValidationError, match=says):
        Settings(signing=SigningSettings.model_validate(signing))
