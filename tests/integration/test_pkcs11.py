"""Reports signed by a key that never leaves its token: SoftHSM through PKCS #11, as a card or an HSM would be used."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.cli import main
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import install
from inspection_service.reports.keys import fits
from inspection_service.reports.keys_opening import open_signer, token_key
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.seal import sign
from inspection_service.reports.verify_json import verify_json
from inspection_service.reports.verify_pdf import verify_pdf
from inspection_service.settings import SigningSettings
from inspection_service.testing import FakeClock
from tests.unit.reports.pki import PEM, Pki
from tests.unit.reports.small import small_document, small_draft

pytestmark = pytest.mark.integration
LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
TRY_TWICE = """
import sys
from pathlib import Path
from inspection_service.reports.keys_pkcs11 import TokenKey
key = TokenKey(Path("/usr/lib/softhsm/libsofthsm2.so"), "reports", Path(sys.argv[1]), "seal")
for _ in range(2):
    try:
        key.sign_digest(bytes(32))
    except Exception as error:
        print(type(error).__name__)
"""
PIN, TOKEN, LABEL = "1234", "reports", "seal"


@dataclass
class Token:
    """A token with a key made on it, and a certificate for that key in the folder of the keys."""

    folder: Path
    pki: Pki
    settings: SigningSettings


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """The driver reads its configuration once for the whole process, so that there is one token for all tests here."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    (folder / "pin").write_text(f"{PIN}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        run("softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "5678")
        run(
            "pkcs11-tool", "--module", str(LIBRARY), "--token-label", TOKEN, "--login", "--pin", PIN,
            "--keypairgen", "--key-type", "EC:prime256v1", "--label", LABEL, "--id", "01",
        )  # fmt: skip
        settings = SigningSettings(
            mode="pkcs11",
            keys_dir=folder / "keys",
            pkcs11_library=LIBRARY,
            pkcs11_token=TOKEN,
            pkcs11_pin_file=folder / "pin",
            pkcs11_key_label=LABEL,
            production=True,
        )
        pki = Pki.make()
        public_key = token_key(settings).public_key()
        leaf = pki.issuing.issue("Seal on a token", [DOCUMENT_SIGNING], public_key=public_key)
        (folder / "keys").mkdir()
        install(
            folder / "keys",
            (leaf.certificate, pki.issuing.certificate),
            key_pem=None,
            root=pki.root.certificate,
        )
        yield Token(folder, pki, settings)


def test_a_report_is_signed_by_the_token(token: Token) -> None:
    """Record and document, verified like any other; production accepts such a key."""
    signer = open_signer(token.settings, token.folder / "keys", FakeClock())
    assert signer.kind == "pkcs11"
    report = sign(small_document(small_draft(signer)), signer, token.pki.proof("b-lta"))
    now = token.pki.clock.now()
    assert verify_json(report.json_bytes, report.jws.encode(), token.pki.roots, now=now).intact.ok
    assert verify_pdf(report.pdf_bytes, token.pki.roots, now=now).intact.ok
    assert not list((token.folder / "keys").rglob("*.key"))


def test_several_threads_share_the_token(token: Token) -> None:
    """One after the other, and each gets its own signature."""
    signer = open_signer(token.settings, token.folder / "keys", FakeClock())
    digests = [bytes([number]) * 32 for number in range(16)]
    signed: dict[bytes, bytes] = {}

    def work(digest: bytes) -> None:
        signed[digest] = signer.sign_digest(digest)

    threads = [threading.Thread(target=work, args=(digest,)) for digest in digests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(fits(signer.chain[0], digest, signed[digest]) for digest in digests)


# The library closes its search on the session that is gone, and says so where nobody can catch it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_broke_is_opened_again(token: Token) -> None:
    """The token was pulled and put back, or the HSM restarted."""
    key = token_key(token.settings)
    key.sign_digest(bytes(32))
    key._session.close()
    assert key.sign_digest(bytes(32))


@pytest.mark.parametrize(
    "wrong", [{"pkcs11_token": "another"}, {"pkcs11_key_label": "another"}, {"pkcs11_library": "/nowhere.so"}]
)
def test_what_is_missing_is_said_at_start_in_one_line(token: Token, wrong: dict[str, str]) -> None:
    """No traceback, no PIN."""
    settings = token.settings.model_copy(
        update={k: Path(v) if k.endswith("library") else v for k, v in wrong.items()}
    )
    with pytest.raises(KeysUnusable) as caught:
        open_signer(settings, token.folder / "keys", FakeClock())
    assert "\n" not in caught.value.message
    assert PIN not in caught.value.message


def test_a_wrong_pin_is_said_and_not_tried_for_ever(token: Token, tmp_path: Path) -> None:
    """A token locks itself after a few tries."""
    (tmp_path / "pin").write_text("9999")
    # The login belongs to the process: another one has none yet.
    tried = subprocess.run(
        [sys.executable, "-c", TRY_TWICE, str(tmp_path / "pin")],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert tried.stdout.split() == ["KeysUnusable", "KeysUnusable"]
    said = run("softhsm2-util", "--show-slots")
    assert "locked" not in said.lower()


def test_the_request_for_a_certificate_is_signed_on_the_token(
    token: Token, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``keys csr`` with the settings of the service; the certificate it leads to is put in use by ``keys rotate``."""
    for name in ("mode", "pkcs11_library", "pkcs11_token", "pkcs11_pin_file", "pkcs11_key_label"):
        monkeypatch.setenv(f"INSPECTION_SIGNING__{name.upper()}", str(getattr(token.settings, name)))
    monkeypatch.setenv("INSPECTION_SIGNING__KEYS_DIR", str(tmp_path / "keys"))
    request = tmp_path / "request.pem"
    assert main(["keys", "csr", "--subject", "CN=Seal,O=Example SAS,C=FR", "--out", str(request)]) == 0
    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert asked.is_signature_valid
    run("openssl", "req", "-in", str(request), "-verify", "-noout")
    public_key = asked.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    leaf = token.pki.issuing.issue("Seal", [DOCUMENT_SIGNING], public_key=public_key)
    answer = tmp_path / "answer.pem"
    certificates = (leaf.certificate, token.pki.issuing.certificate, token.pki.root.certificate)
    answer.write_bytes(b"".join(certificate.public_bytes(PEM) for certificate in certificates))
    assert main(["keys", "rotate", "--chain", str(answer)]) == 0
    signer = open_signer(token.settings, tmp_path / "keys", FakeClock())
    assert signer.chain[0] == leaf.certificate
