"""Content Credentials on copies: trusted with our root, and never a reason to fail a download."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import cv2
import numpy as np
import pytest
from c2pa import Context, Reader
from c2pa import Settings as ReaderSettings
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.clock import SystemClock
from inspection_service.reports.credentials import ASSERTION, PhotoCredentials, Source
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import SealingMustWait
from inspection_service.reports.keys import FileSigner
from tests.unit.reports.conftest import FixedClock
from tests.unit.reports.pki import Pki

pytestmark = pytest.mark.unit
SOURCE = Source("cap_1", "ab" * 32, [{"kind": "plate", "box": [1, 2, 3, 4], "by": "operator"}])


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    """Development keys valid now: the reader of credentials has a clock of its own."""
    return open_or_create(tmp_path_factory.mktemp("credentials") / "keys", SystemClock())


def jpeg() -> bytes:
    """Make a small picture."""
    picture = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def test_a_copy_names_its_original_and_what_is_hidden(signer: FileSigner) -> None:
    """Read with our root as the anchor it is trusted; with no anchor its signature holds and nobody vouches for it."""
    told: list[str] = []
    copy = PhotoCredentials(signer, SystemClock(), told.append).put_on(jpeg(), SOURCE)
    assert (copy.why_none, told) == (None, [])
    settings = {"verify": {"verify_trust": True}, "trust": {"trust_anchors": signer.root_pem.decode()}}
    with Context(ReaderSettings.from_dict(settings)) as context:
        reader = Reader("image/jpeg", io.BytesIO(copy.jpeg), context=context)
        assert reader.get_validation_state() == "Trusted"
        manifest = json.loads(reader.json())["manifests"][json.loads(reader.json())["active_manifest"]]
    own = next(a["data"] for a in manifest["assertions"] if a["label"] == ASSERTION)
    assert own == {
        "capture_id": "cap_1",
        "original_sha256": "ab" * 32,
        "hidden": [{"kind": "plate", "by": "operator", "x1": 1, "y1": 2, "x2": 3, "y2": 4}],
    }
    assert "thumbnail" not in json.dumps(manifest)


def test_a_certificate_that_does_not_fit_costs_the_credentials_and_nothing_else(signer: FileSigner) -> None:
    """A deployer's certificate for web servers, one that has expired, a key that is away: the photo goes out plain."""
    pki, told = Pki.make(), list[str]()
    plain = jpeg()
    web = pki.signer(pki.issuing.issue("Web server", [ExtendedKeyUsageOID.SERVER_AUTH]))
    assert PhotoCredentials(web, SystemClock(), told.append).put_on(plain, SOURCE).jpeg == plain
    late = FixedClock(signer.chain[0].not_valid_after_utc + timedelta(days=1))
    assert (
        PhotoCredentials(signer, late, told.append).put_on(plain, SOURCE).why_none == "certificate_not_valid"
    )

    class KeyAway(FileSigner):
        def sign_digest(self, sha256: bytes) -> bytes:
            raise SealingMustWait("key_away", "The key service does not answer.")

    away = KeyAway(None, signer.chain, x509.load_pem_x509_certificate(signer.root_pem))  # type: ignore[arg-type]
    assert PhotoCredentials(away, SystemClock(), told.append).put_on(plain, SOURCE).jpeg == plain
    assert told == ["certificate_unsuitable", "certificate_not_valid", "signing_failed"]
