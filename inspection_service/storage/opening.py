"""Chooses the object store a setting names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from inspection_service.settings import StoreSettings
from inspection_service.storage.folder import FolderStore
from inspection_service.storage.objects import ObjectStore


def open_store(url: str, settings: StoreSettings | None = None) -> ObjectStore:
    """Return the store for ``file:///PATH`` or ``s3://BUCKET?endpoint=URL&region=NAME``; nothing is touched yet.

    Raises:
        ValueError: Another scheme, or no bucket.
    """
    settings = settings or StoreSettings()
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)), threads=settings.threads)
    if parts.scheme == "s3" and parts.netloc:
        # Only where S3 is used does its client cost its memory and start-up time.
        from inspection_service.storage.s3 import S3Store

        query = parse_qs(parts.query)
        return S3Store(
            parts.netloc,
            endpoint=query.get("endpoint", [None])[0],
            region=query.get("region", [None])[0],
            access_key=settings.access_key.get_secret_value() if settings.access_key else None,
            secret_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
            threads=settings.threads,
            public_endpoint=settings.public_endpoint or None,
        )
    raise ValueError(f"store.url must be file:///PATH or s3://BUCKET, not {parts.scheme}://")
