"""Keys and reports shared by the tests of this room; made once, because keys and pages take a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from inspection_service.reports.chain import load_roots
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.records import SealedReport
from inspection_service.reports.seal import seal
from tests.unit.reports.dossiers import MODELS, SEALED_AT, START, dossier
from tests.unit.reports.small import Roots, small_sealed


@dataclass(frozen=True)
class FixedClock:
    """Always the same moment."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    """Development keys, valid when the test inspections are sealed."""
    return open_or_create(tmp_path_factory.mktemp("instance") / "keys", FixedClock())


@pytest.fixture(scope="session")
def other_signer(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    """Keys of somebody else."""
    return open_or_create(tmp_path_factory.mktemp("other") / "keys", FixedClock())


@pytest.fixture(scope="session")
def roots(signer: FileSigner, tmp_path_factory: pytest.TempPathFactory) -> Roots:
    """The root of ``signer``, as a reader would pin it."""
    path: Path = tmp_path_factory.mktemp("roots") / "root.pem"
    path.write_bytes(signer.root_pem)
    return load_roots([path])


@pytest.fixture(scope="session")
def sealed(signer: FileSigner) -> SealedReport:
    """A whole report in French with photos and findings."""
    case, photos = dossier("fr")
    return seal(case, photos, models=MODELS, signer=signer, sealed_at=SEALED_AT)


@pytest.fixture(scope="session")
def small(signer: FileSigner) -> SealedReport:
    """A report of a few kilobytes, signed like every other: small enough to flip each of its bytes."""
    return small_sealed(signer)
