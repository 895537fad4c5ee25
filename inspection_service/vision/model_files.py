"""Watches the models folder of a running service: a missing or altered model is told before a photo meets it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from inspection_service.vision.errors import ModelMissing
from inspection_service.vision.manifest import REQUIRED_MODELS, Manifest, read_manifest, read_verified

_Stamp = tuple[int, int]


class ModelFiles:
    """The files the pipeline cannot do without; each is hashed again only when it was written to."""

    def __init__(self, models_dir: Path) -> None:
        """Look at nothing yet."""
        self._models_dir = models_dir
        self._verified: dict[str, tuple[str, _Stamp]] = {}

    def manifests(self) -> tuple[Manifest, ...]:
        """Read every manifest.

        Raises:
            ModelMissing: There is none for a model.
            ModelCorrupt: One cannot be used.
        """
        return tuple(read_manifest(self._models_dir, name) for name in REQUIRED_MODELS)

    def check(self) -> None:
        """Check every file against its manifest.

        Raises:
            ModelMissing: One is not there; its name is in the message.
            ModelCorrupt: One is not the file that its manifest describes.
        """
        for name in REQUIRED_MODELS:
            self._check_one(name)

    def pings(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return one check a model, under the name ``model NAME``, for readiness."""
        return {
            f"model {name}": partial(asyncio.to_thread, self._check_one, name) for name in REQUIRED_MODELS
        }

    def _check_one(self, name: str) -> None:
        manifest = read_manifest(self._models_dir, name)
        try:
            found = manifest.file.stat()
        except OSError as error:
            raise ModelMissing(f"{manifest.file.name} cannot be read.", model=name) from error
        stamp = (manifest.sha256, (found.st_size, found.st_mtime_ns))
        if self._verified.get(name) != stamp:
            read_verified(manifest)
            self._verified[name] = stamp
