"""Keys: made once, readable by their owner, marked for what they are."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.keys import DEVELOPMENT_MARK, FileSigner, is_development
from tests.unit.reports.conftest import FixedClock

pytestmark = pytest.mark.unit


def test_keys_are_made_once(tmp_path: Path) -> None:
    """The second start finds the first one's keys."""
    first = open_or_create(tmp_path / "keys", FixedClock())
    second = open_or_create(tmp_path / "keys", FixedClock())
    assert first.chain == second.chain
    assert first.root_pem == second.root_pem


def test_two_processes_that_start_together_agree(tmp_path: Path) -> None:
    """The folder appears whole or not at all."""
    opened: list[FileSigner] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_or_create(tmp_path / "keys", FixedClock())))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({signer.chain[0] for signer in opened}) == 1
    assert len(opened) == 6
    assert [p.name for p in tmp_path.iterdir()] == ["keys"]


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    """0600 for every private key."""
    open_or_create(tmp_path / "keys", FixedClock())
    for name in ("root.key", "issuing.key", "signer.key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def test_development_keys_say_so_in_every_certificate(signer: FileSigner) -> None:
    """A fact of the chain, which nobody can switch off."""
    assert is_development(signer.chain)
    for certificate in signer.chain:
        assert DEVELOPMENT_MARK in certificate.subject.rfc4514_string()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Before anything is signed with it."""
    open_or_create(tmp_path / "keys", FixedClock())
    (tmp_path / "keys" / "signer.key").chmod(0o644)
    with pytest.raises(KeysUnusable, match="0600"):
        FileSigner.open(tmp_path / "keys")


@pytest.mark.parametrize("name", ["signer.key", "chain.pem", "root.pem"])
@pytest.mark.parametrize(
    "content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_missing_or_damaged_files_are_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    """One sentence, no traceback."""
    open_or_create(tmp_path / "keys", FixedClock())
    path = tmp_path / "keys" / name
    path.unlink()
    if content is not None:
        path.touch(0o600)
        path.write_bytes(content)
    with pytest.raises(KeysUnusable):
        FileSigner.open(tmp_path / "keys")


def test_files_of_two_instances_do_not_mix(tmp_path: Path) -> None:
    """A chain must lead from this key to this root."""
    open_or_create(tmp_path / "a", FixedClock())
    open_or_create(tmp_path / "b", FixedClock())
    (tmp_path / "a" / "root.pem").write_bytes((tmp_path / "b" / "root.pem").read_bytes())
    with pytest.raises(KeysUnusable, match="root"):
        FileSigner.open(tmp_path / "a")
    (tmp_path / "a" / "chain.pem").write_bytes((tmp_path / "b" / "chain.pem").read_bytes())
    with pytest.raises(KeysUnusable, match=r"signer\.key"):
        FileSigner.open(tmp_path / "a")
