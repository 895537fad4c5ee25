"""A report's document issued anew, after an erasure or for the public: one way to set, sign and keep it.

The record and its signature stay what they were. A correction that somebody else writes in the same moment takes the
number this document was set with: then it is removed, and all is done again from what stands now.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from inspection_service.inspections.errors import CorrectionRaced
from inspection_service.inspections.personal import PersonalValue
from inspection_service.inspections.records import CaptureId, Dossier
from inspection_service.storage.objects import ObjectStore
from inspection_service.work.archive import put_hashed
from inspection_service.work.redacting import RedactedPhotos

_TRIES: Final = 5
Done = TypeVar("Done")


class Documents(Protocol):
    """Sets and signs a document anew; ``reports`` has the real one. Called in a thread."""

    def reissue(
        self,
        json_bytes: bytes,
        jws: str,
        kept: Sequence[PersonalValue],
        photos: Mapping[CaptureId, bytes],
        *,
        no: int,
        frames: Mapping[str, bytes],
        derived: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (),
        is_public: bool = False,
    ) -> bytes:
        """Return the signed copy, with what is not kept withheld."""
        ...


@dataclass(frozen=True, slots=True)
class Original:
    """A sealed report's record and its signature."""

    json_bytes: bytes
    jws: str

    @property
    def record(self) -> dict[str, Any]:
        """The record, parsed."""
        record: dict[str, Any] = json.loads(self.json_bytes)
        return record

    @property
    def is_in_clear(self) -> bool:
        """Whether personal values stand in the record itself, so that no document can go without them."""
        return bool(self.record["schema_version"] == "1.0")


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that was issued anew and rests in the store; no entry names it yet."""

    no: int
    """Of the entry that will."""
    pdf: bytes
    pdf_key: str
    pdf_sha256: str


async def original_of(store: ObjectStore, dossier: Dossier) -> Original:
    """Read what was sealed; the dossier has a report."""
    assert dossier.report is not None
    json_bytes = await store.get(dossier.report.json_key)
    return Original(json_bytes, (await store.get(dossier.report.jws_key)).decode("ascii"))


async def issue(
    store: ObjectStore,
    documents: Documents,
    dossier: Dossier,
    original: Original,
    pictures: RedactedPhotos,
    *,
    kept: Sequence[PersonalValue] = (),
    folder: str,
    is_public: bool = False,
) -> NewDocument:
    """Set and sign the document with these pictures and values, and keep it under its hash.

    Args:
        store: Where it rests.
        documents: Sets and signs.
        dossier: The case as it stands; the document gets the number of its next correction.
        original: What was sealed.
        pictures: The photos and frames it shows, with what is hidden in them.
        kept: Personal values it may show.
        folder: Where in the store.
        is_public: Whether it is for everybody.
    """
    no = len(dossier.corrections) + 1
    photos: Any = pictures.photos
    pdf = await asyncio.to_thread(
        documents.reissue,
        original.json_bytes,
        original.jws,
        kept,
        photos,
        no=no,
        frames=pictures.frames,
        derived=pictures.derived,
        hidden=pictures.hidden,
        is_public=is_public,
    )
    pdf_key, pdf_sha256 = await put_hashed(store, folder, "pdf", pdf)
    return NewDocument(no, pdf, pdf_key, pdf_sha256)


@asynccontextmanager
async def named_or_removed(store: ObjectStore, document: NewDocument) -> AsyncIterator[None]:
    """Write the entry that names the document in this block; when another entry was first, the document goes."""
    try:
        yield
    except CorrectionRaced:
        await store.delete(document.pdf_key)
        raise


async def until_not_raced(attempt: Callable[[], Awaitable[Done]]) -> Done:
    """Try again from what stands now whenever somebody else's correction was first.

    Raises:
        CorrectionRaced: So it was several times in a row.
    """
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except CorrectionRaced:
            continue
    return await attempt()
