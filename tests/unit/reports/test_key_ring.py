"""Keys over the years: one signer follows another, reports of all of them stay good, revoked ones say so."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk
from jwcrypto import jws as other_jws

from inspection_service.reports import own_authority
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import KeysUnusable, SealingMustWait
from inspection_service.reports.jwks import jwks
from inspection_service.reports.key_ring import install, read_crls, read_ring
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.keys_opening import (
    install_certificate,
    next_key,
    open_signer,
    read_chain_files,
)
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.published_keys import PublishedKeys
from inspection_service.reports.revocation import Revocation
from inspection_service.reports.seal import sign_record
from inspection_service.reports.sealer import ReportSealer
from inspection_service.reports.signing_request import signing_request
from inspection_service.settings import SigningSettings
from inspection_service.testing import FakeClock
from tests.unit.reports.dossiers import MODELS, SEALED_AT
from tests.unit.reports.pki import PEM, Pki, nobody
from tests.unit.reports.small import small_draft

pytestmark = pytest.mark.unit
NOW = SEALED_AT


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """A folder with development keys."""
    open_or_create(tmp_path / "keys", FakeClock(NOW - timedelta(hours=1)))
    return tmp_path / "keys"


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(PEM) for certificate in certificates)


def test_a_new_signer_follows_and_the_old_one_stays_known(keys_dir: Path) -> None:
    """Same name, same root, another key; still marked as what it is."""
    before = FileSigner.open(keys_dir)
    own_authority.rotate(keys_dir, NOW)
    after = FileSigner.open(keys_dir)
    assert after.chain[0].subject == before.chain[0].subject
    assert after.chain[0].public_key() != before.chain[0].public_key()
    assert after.root_pem == before.root_pem
    assert after.kind == "development"
    ring = read_ring(keys_dir)
    assert [entry.chain[0] for entry in ring] == [after.chain[0], before.chain[0]]
    assert [entry.is_current for entry in ring] == [True, False]


def test_reports_of_every_signer_are_verified_from_the_key_set(keys_dir: Path) -> None:
    """By another JOSE implementation, which finds the key by its ``kid``."""
    first = FileSigner.open(keys_dir)
    old = sign_record(small_draft(first), first)
    own_authority.rotate(keys_dir, NOW)
    second = FileSigner.open(keys_dir)
    new = sign_record(small_draft(second), second)
    known = jwk.JWKSet.from_json(json.dumps(jwks(read_ring(keys_dir))))
    for signed in (old, new):
        protected, _, signature = signed.jws.split(".")
        header = json.loads(base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
        payload = base64.urlsafe_b64encode(signed.draft.json_bytes).rstrip(b"=").decode()
        verified = other_jws.JWS()
        verified.deserialize(f"{protected}.{payload}.{signature}", known.get_key(header["kid"]))
        assert verified.is_valid


def test_a_crash_in_the_middle_of_a_rotation_leaves_the_old_signer_in_use(
    keys_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is what counts, and it is set last."""
    before = FileSigner.open(keys_dir)

    def die(self: Path, target: Any) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            own_authority.rotate(keys_dir, NOW)
    assert FileSigner.open(keys_dir).chain == before.chain
    own_authority.rotate(keys_dir, NOW)
    assert FileSigner.open(keys_dir).chain != before.chain


def test_a_revoked_signer_seals_nothing_and_says_so_to_everybody(keys_dir: Path) -> None:
    """In the list, in the key set, at the next start, and in a service that was running already."""
    signer = FileSigner.open(keys_dir)
    published = PublishedKeys(keys_dir, signer)
    sealer = ReportSealer(
        signer,
        MODELS,
        FakeClock(NOW),
        revocation=Revocation(nobody, lambda: read_crls(keys_dir)),
        is_revoked=lambda: published.is_revoked,
    )
    sealer.ready()
    (entry,) = read_ring(keys_dir)
    own_authority.revoke(keys_dir, entry.sha256[:16], "key_compromise", NOW)
    with pytest.raises(SealingMustWait) as caught:
        sealer.ready()
    assert caught.value.reason == "signer_revoked"
    crl = x509.load_der_x509_crl(published.crl() or b"")
    listed = crl.get_revoked_certificate_by_serial_number(signer.chain[0].serial_number)
    assert listed is not None
    assert published.jwks()["keys"][0]["revoked"]["reason"] == "key_compromise"
    with pytest.raises(KeysUnusable, match="rotate"):
        open_signer(SigningSettings(), keys_dir, FakeClock(NOW))
    own_authority.rotate(keys_dir, NOW)
    assert open_signer(SigningSettings(), keys_dir, FakeClock(NOW)).chain != signer.chain


def test_only_a_known_signer_can_be_revoked(keys_dir: Path) -> None:
    """And not by a beginning that fits several."""
    for beginning in ("", "00000000", "abc"):
        with pytest.raises(KeysUnusable):
            own_authority.revoke(keys_dir, beginning, "unspecified", NOW)


def test_a_damaged_list_of_revoked_signers_stops_the_start(keys_dir: Path) -> None:
    """Better no seal than one by a revoked key."""
    (keys_dir / "revoked.json").write_text("[")
    with pytest.raises(KeysUnusable):
        open_signer(SigningSettings(), keys_dir, FakeClock(NOW))


def test_from_request_to_certificate_to_use(tmp_path: Path) -> None:
    """A key is made, an authority answers its request, the answer is put in use, the root found in it."""
    pki = Pki.make()
    keys_dir = tmp_path / "keys"
    key = next_key(keys_dir)
    assert next_key(keys_dir).private_numbers() == key.private_numbers(), "it waits"

    def sign(digest: bytes) -> bytes:
        return FileSigner(key, (), pki.root.certificate).sign_digest(digest)

    request = x509.load_pem_x509_csr(signing_request("CN=Seal,O=Example SAS,C=FR", key.public_key(), sign))
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Seal,O=Example SAS,C=FR"
    public_key = request.public_key()
    leaf = pki.issuing.issue("Seal", [DOCUMENT_SIGNING], public_key=public_key)  # type: ignore[arg-type]
    answer = tmp_path / "answer.pem"
    answer.write_bytes(pem(leaf.certificate, pki.issuing.certificate, pki.root.certificate))
    chain, root = read_chain_files(answer, None)
    install_certificate(keys_dir, chain, root, has_key_file=True)
    settings = SigningSettings(mode="file", keys_dir=keys_dir, production=True)
    signer = open_signer(settings, keys_dir, FakeClock(NOW))
    assert (signer.kind, signer.chain[0]) == ("file", leaf.certificate)
    assert not (keys_dir / "next.key").exists()


def test_a_certificate_for_another_key_is_refused(tmp_path: Path) -> None:
    """Before anything is changed."""
    pki = Pki.make()
    keys_dir = tmp_path / "keys"
    next_key(keys_dir)
    chain = (pki.signer_leaf.certificate, pki.issuing.certificate)
    with pytest.raises(KeysUnusable, match="not for the key"):
        install_certificate(keys_dir, chain, pki.root.certificate, has_key_file=True)
    assert not (keys_dir / "current").is_symlink()


def test_a_chain_to_another_root_needs_that_root_named(keys_dir: Path) -> None:
    """A change of authority is not made by accident; both roots are published after it."""
    pki = Pki.make()
    chain = (pki.signer_leaf.certificate, pki.issuing.certificate)
    secret = own_authority.private_pem(pki.signer_leaf.key)
    with pytest.raises(KeysUnusable, match="root"):
        install(keys_dir, chain, key_pem=secret)
    old_root = FileSigner.open(keys_dir).root_pem
    install(keys_dir, chain, key_pem=secret, root=pki.root.certificate)
    signer = FileSigner.open(keys_dir)
    assert signer.root_pem == pki.root.certificate.public_bytes(PEM)
    assert PublishedKeys(keys_dir, signer).root_pem == signer.root_pem + old_root


def test_keys_of_a_public_authority_are_rotated_by_a_certificate(tmp_path: Path) -> None:
    """There is no authority of our own to issue one."""
    pki = Pki.make()
    install(tmp_path, pki.signer().chain, key_pem=None, root=pki.root.certificate)
    with pytest.raises(KeysUnusable, match="--chain"):
        own_authority.rotate(tmp_path, NOW)


def test_production_refuses_development_keys_in_one_line(keys_dir: Path) -> None:
    """Also when they are called keys in files."""
    settings = SigningSettings(mode="file", keys_dir=keys_dir, production=True)
    with pytest.raises(KeysUnusable) as caught:
        open_signer(settings, keys_dir, FakeClock(NOW))
    assert "development" in caught.value.message
    assert "\n" not in caught.value.message


def test_keys_from_before_revocation_lists_get_some(keys_dir: Path) -> None:
    """An older instance goes on."""
    for path in (keys_dir / "crls").iterdir():
        path.unlink()
    (keys_dir / "crls").rmdir()
    assert len(open_or_create(keys_dir, FakeClock(NOW)).crls) == 2


def test_private_keys_of_later_signers_are_for_their_owner_only(keys_dir: Path) -> None:
    """0600, and a folder nobody else can enter."""
    own_authority.rotate(keys_dir, NOW)
    folder = (keys_dir / "current").resolve()
    assert (folder / "signer.key").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    key = serialization.load_pem_private_key((folder / "signer.key").read_bytes(), password=None)
    assert key is not None
