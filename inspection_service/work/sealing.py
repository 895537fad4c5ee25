"""Turns a signed-off inspection into its sealed report, once, however often the process dies on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from inspection_service.inspections.records import CaptureId, Dossier


class SealedFiles(Protocol):
    """The files of a sealed report; ``reports.SealedReport`` is one."""

    @property
    def json_bytes(self) -> bytes:
        """Canonical JSON."""
        ...

    @property
    def jws(self) -> bytes | str:
        """Detached signature over ``json_bytes``."""
        ...

    @property
    def pdf_bytes(self) -> bytes:
        """Signed PDF carrying the JSON."""
        ...

    @property
    def root_pem(self) -> bytes | str:
        """The root certificate to trust."""
        ...


class Sealer(Protocol):
    """Makes and signs the report; ``reports`` has the real one. Called in a thread: it may take seconds."""

    def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes]) -> SealedFiles:
        """Build, sign and render from the record and the original photos of its evidence."""
        ...
