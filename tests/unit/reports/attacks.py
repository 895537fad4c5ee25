"""Files as an opposing expert would make them: made with the real service, some with a stolen or misused certificate.

``attacks(pki)`` has them all, each with the questions that must not be answered with a yes. The page that verifies is
held against the same files: ``python -m tests.unit.reports.attacks FOLDER`` writes them with the roots and
``expected.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from tests.unit.reports.attacks_json import certificate_attacks, record_attacks, signature_attacks
from tests.unit.reports.attacks_pdf import document_attacks, update_attacks
from tests.unit.reports.attacks_zip import bundle_attacks
from tests.unit.reports.pki import Pki


@dataclass(frozen=True)
class Attack:
    """One file, or a record with its signature, by name; the first is the one to ask."""

    files: Mapping[str, bytes]
    refused: tuple[str, ...]
    """``question.code`` of every answer that would be right; at least one must be given."""

    @property
    def is_welcome(self) -> bool:
        """Whether nothing is wrong with it: what looks like an attack and is none."""
        return self.refused == ("signer.trusted",)


def attacks(pki: Pki) -> dict[str, Attack]:
    """Make them all, by name; a second or two."""
    made: dict[str, Attack] = {}
    for name, (json_bytes, jws, refused) in {
        **certificate_attacks(pki),
        **signature_attacks(pki),
        **record_attacks(pki),
    }.items():
        made[name] = Attack({"report.json": json_bytes, "report.jws": jws}, refused)
    for name, (data, refused) in {**document_attacks(pki), **update_attacks(pki)}.items():
        made[name] = Attack({"report.pdf": data}, refused)
    for name, (data, refused) in bundle_attacks(pki).items():
        made[name] = Attack({"report.zip": data}, refused)
    return made


def write(folder: Path) -> None:
    """Write every attack into a folder of its name, the roots to trust, and what must be answered."""
    pki = Pki.make()
    expected: dict[str, list[str]] = {}
    for name, attack in attacks(pki).items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for file, data in attack.files.items():
            (place / file).write_bytes(data)
        expected[name] = list(attack.refused)
    (folder / "root.pem").write_bytes(pki.root.certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "time-root.pem").write_bytes(pki.tsa_root.certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
