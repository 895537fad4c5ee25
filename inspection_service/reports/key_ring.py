"""The folder of the keys: the signer in use, those before it, what was revoked; no crash leaves it torn.

``root.pem`` ``chain.pem`` (``signer.key``) are the first signer; each later one has a folder ``signers/NAME``, and the
link ``current`` names the one in use. ``crls/`` holds revocation lists, ``revoked.json`` what was revoked here.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.errors import KeysUnusable

KEY_FILE: Final = "signer.key"
NEXT_KEY_FILE: Final = "next.key"
"""Made by ``keys csr``, waiting for its certificate."""
CHAIN_FILE: Final = "chain.pem"
ROOT_FILE: Final = "root.pem"
CURRENT: Final = "current"
SIGNERS: Final = "signers"
CRLS: Final = "crls"
REVOKED_FILE: Final = "revoked.json"


@dataclass(frozen=True, slots=True)
class Revoked:
    """What this service itself says of a signer it no longer stands for."""

    at: datetime
    reason: str
    """As RFC 5280 names them: ``key_compromise``, ``superseded`` and so on."""


@dataclass(frozen=True, slots=True)
class RingEntry:
    """A signer this service signs with, or once did."""

    chain: tuple[x509.Certificate, ...]
    """The signer first, without the root."""
    root: x509.Certificate
    folder: Path
    is_current: bool
    revoked: Revoked | None

    @property
    def sha256(self) -> str:
        """Fingerprint of the signer's certificate, lower-case hexadecimal."""
        return certificate_sha256(self.chain[0])


def read_ring(keys_dir: Path) -> list[RingEntry]:
    """Read every signer of a folder, the one in use first, then the newest.

    Raises:
        KeysUnusable: A file cannot be read, or its certificates are no chain to the root beside them.
    """
    revoked = read_revoked(keys_dir)
    current = current_folder(keys_dir)
    entries: list[RingEntry] = []
    for folder in _folders(keys_dir):
        chain, root = read_chain(folder, keys_dir)
        is_current = folder == current
        entries.append(RingEntry(chain, root, folder, is_current, revoked.get(certificate_sha256(chain[0]))))
    entries.sort(key=lambda entry: entry.chain[0].not_valid_before_utc, reverse=True)
    return sorted(entries, key=lambda entry: not entry.is_current)


def current_folder(keys_dir: Path) -> Path:
    """Return the folder of the signer in use."""
    link = keys_dir / CURRENT
    return keys_dir / SIGNERS / link.readlink().name if link.is_symlink() else keys_dir


def read_chain(folder: Path, keys_dir: Path) -> tuple[tuple[x509.Certificate, ...], x509.Certificate]:
    """Read the certificates of one signer and check that each was issued by the next, the last by the root.

    Raises:
        KeysUnusable: They cannot be read, are not for P-256, or are no chain.
    """
    root_path = folder / ROOT_FILE if (folder / ROOT_FILE).exists() else keys_dir / ROOT_FILE
    try:
        chain = x509.load_pem_x509_certificates((folder / CHAIN_FILE).read_bytes())
        root = x509.load_pem_x509_certificate(root_path.read_bytes())
    except OSError as exc:
        raise KeysUnusable(f"The signing keys in {keys_dir} cannot be read: {exc.strerror}.") from exc
    except (ValueError, TypeError) as exc:
        raise KeysUnusable(f"The signing keys in {keys_dir} are damaged.") from exc
    check_chain(chain, root)
    return tuple(chain), root


def check_chain(chain: Sequence[x509.Certificate], root: x509.Certificate) -> None:
    """Check that certificates lead from a P-256 key to a root.

    Raises:
        KeysUnusable: They do not.
    """
    key = chain[0].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeysUnusable("The signing key must be an elliptic curve key on P-256.")
    try:
        for certificate, issuer in zip(chain, [*chain[1:], root], strict=True):
            certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as exc:
        raise KeysUnusable("chain.pem does not lead from the signer to root.pem.") from exc


def install(
    keys_dir: Path,
    chain: Sequence[x509.Certificate],
    *,
    key_pem: bytes | None,
    root: x509.Certificate | None = None,
) -> Path:
    """Put another signer in use; the one before it stays in the ring, and so stays every report it signed.

    Args:
        keys_dir: The folder of the keys.
        chain: The new signer first, without the root.
        key_pem: Its private key, for keys in files; ``None`` for a token or a key service.
        root: Its root when it is another one than before.

    Raises:
        KeysUnusable: It is no chain to the root, or the folder cannot be written.
    """
    try:
        old_root = (
            x509.load_pem_x509_certificate((keys_dir / ROOT_FILE).read_bytes())
            if (keys_dir / ROOT_FILE).exists()
            else None
        )
        used_root = root or old_root
        if used_root is None:
            raise KeysUnusable("There is no root.pem yet; name the root certificate too.")
        check_chain(chain, used_root)
        return _install(keys_dir, chain, key_pem, used_root, is_new_root=used_root != old_root)
    except OSError as exc:
        raise KeysUnusable(f"Signing keys cannot be written to {keys_dir}: {exc.strerror}.") from exc


def _install(
    keys_dir: Path,
    chain: Sequence[x509.Certificate],
    key_pem: bytes | None,
    root: x509.Certificate,
    *,
    is_new_root: bool,
) -> Path:
    pem = serialization.Encoding.PEM
    signers = keys_dir / SIGNERS
    signers.mkdir(parents=True, exist_ok=True)
    folder = signers / certificate_sha256(chain[0])[:16]
    if not folder.exists():
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=signers))  # 0700
        try:
            if key_pem is not None:
                write_secret(draft / KEY_FILE, key_pem)
            write_file(draft / CHAIN_FILE, b"".join(c.public_bytes(pem) for c in chain))
            if is_new_root:
                write_file(draft / ROOT_FILE, root.public_bytes(pem))
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    if not (keys_dir / ROOT_FILE).exists():
        write_file(keys_dir / ROOT_FILE, root.public_bytes(pem))
    link = keys_dir / f".current-{secrets.token_hex(4)}"
    link.symlink_to(Path(SIGNERS) / folder.name)
    link.replace(keys_dir / CURRENT)  # readers see the old signer or the new one, never half of each
    return folder


def read_revoked(keys_dir: Path) -> dict[str, Revoked]:
    """Read what this service revoked, by certificate fingerprint.

    Raises:
        KeysUnusable: The file is damaged: better no seal than one by a revoked key.
    """
    path = keys_dir / REVOKED_FILE
    try:
        listed = json.loads(path.read_bytes()) if path.exists() else {}
        return {
            str(sha256): Revoked(datetime.fromisoformat(entry["at"]), str(entry["reason"]))
            for sha256, entry in listed.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise KeysUnusable(f"{path} cannot be read.") from exc


def note_revoked(keys_dir: Path, sha256: str, revoked: Revoked) -> None:
    """Write down that a signer is revoked; the first time stands."""
    listed = read_revoked(keys_dir)
    listed.setdefault(sha256, revoked)
    shown = {name: {"at": entry.at.isoformat(), "reason": entry.reason} for name, entry in listed.items()}
    replace_file(keys_dir / REVOKED_FILE, json.dumps(shown, indent=1, sort_keys=True).encode())


def read_crls(keys_dir: Path) -> list[bytes]:
    """Read the revocation lists beside the keys as DER; they may lie there in DER or PEM.

    Raises:
        KeysUnusable: A file is no revocation list.
    """
    found: list[bytes] = []
    for path in sorted((keys_dir / CRLS).glob("*.crl")) if (keys_dir / CRLS).is_dir() else []:
        try:
            data = path.read_bytes()
            crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
        except (OSError, ValueError) as exc:
            raise KeysUnusable(f"{path} is not a revocation list.") from exc
        found.append(crl.public_bytes(serialization.Encoding.DER))
    return found


def certificate_sha256(certificate: x509.Certificate) -> str:
    """SHA-256 over the certificate's DER, lower-case hexadecimal."""
    return sha256_hex(certificate.public_bytes(serialization.Encoding.DER))


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read."""
    _write_new(path, data, 0o600)


def write_file(path: Path, data: bytes) -> None:
    """Write a new file that everybody may read."""
    _write_new(path, data, 0o644)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file anew: readers see the old one or the new one."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    _write_new(draft, data, 0o644)
    draft.replace(path)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _folders(keys_dir: Path) -> Iterator[Path]:
    if (keys_dir / CHAIN_FILE).exists() or not (keys_dir / SIGNERS).is_dir():
        yield keys_dir
    if (keys_dir / SIGNERS).is_dir():
        yield from (p for p in sorted((keys_dir / SIGNERS).iterdir()) if not p.name.startswith("."))
