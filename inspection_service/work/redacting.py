"""Makes copies of photos with parts hidden: looks for what to hide, hides it, and writes the copy without metadata."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import rfc8785

from inspection_service.inspections import views
from inspection_service.inspections.records import CaptureId, Dossier, InspectionId
from inspection_service.privacy.hiding import Proposal, Region, Seen, encode, hide, propose
from inspection_service.privacy.publications import Publications, PublicPhoto
from inspection_service.reports.addenda import RedactedCopy
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry import logs
from inspection_service.vision.decode import decode
from inspection_service.vision.errors import ModelsUnusable, UnusableImage
from inspection_service.vision.hideable import Found

_T = TypeVar("_T")
PUBLIC_CODES: Final = {
    "plate": "plates",
    "person": "persons",
    "vin": "vin",
    "document": "documents",
    "surroundings": "surroundings",
    "other": "details",
}
"""What a document says is hidden in its photos, by the kind of the region."""


class Finder(Protocol):
    """Looks for cars, people and plates in a photo; ``vision.hideable.Hideable`` is one. Called in a thread."""

    @property
    def model_sha256(self) -> str | None:
        """Of the model file that looks."""
        ...

    def find(self, data: bytes) -> Found:
        """Look. Raises ``UnusableImage``."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What a machine proposes for one photo, and the size of the upright photo in pixels."""

    proposal: Proposal
    size_px: tuple[int, int]


class Stored(Mapping[str, bytes]):
    """Bytes in the store by id, each read when it is asked for, in a thread beside the loop that reads."""

    def __init__(self, keys: Mapping[str, str], store: ObjectStore, loop: asyncio.AbstractEventLoop) -> None:
        """Keep where each rests."""
        self._keys = dict(keys)
        self._store = store
        self._loop = loop

    def __getitem__(self, name: str) -> bytes:
        """Read one; ``KeyError`` when it is not there."""
        try:
            return asyncio.run_coroutine_threadsafe(self._store.get(self._keys[name]), self._loop).result()
        except ObjectMissing as exc:
            raise KeyError(name) from exc

    def __iter__(self) -> Iterator[str]:
        """Return the ids."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._keys)


@dataclass(frozen=True, slots=True)
class RedactedPhotos:
    """The photos and frames of a report with parts hidden, for a document issued anew."""

    photos: Mapping[str, bytes]
    frames: Mapping[str, bytes]
    derived: Mapping[str, str]
    copies: tuple[RedactedCopy, ...]
    keys: tuple[str, ...] = ()
    """Where what was made for this rests in the store."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Codes of what is hidden."""
        return hidden_codes(region for copy in self.copies for region in map(Region.of_json, copy.hidden))


class Redactor:
    """Makes copies; pictures are decoded and looked at in an executor that bounds how many at once."""

    def __init__(self, store: ObjectStore, finder: Finder, executor: Executor) -> None:
        """Keep the collaborators."""
        self._store = store
        self._finder = finder
        self._executor = executor

    @property
    def model_sha256(self) -> str | None:
        """Of the model file that looks."""
        return self._finder.model_sha256

    async def look(self, original: bytes, view: str | None, *, surroundings: bool) -> Looked:
        """Propose what to hide.

        Raises:
            UnusableImage: It cannot be decoded.
        """
        return await self._away(lambda: _look(self._finder, original, view, surroundings=surroundings))

    async def copy(self, original: bytes, regions: Sequence[Region]) -> bytes:
        """Write the upright photo with its regions hidden as a JPEG with nothing else in it.

        Raises:
            UnusableImage: It cannot be decoded.
        """
        return await self._away(lambda: encode(hide(decode(original), regions)))

    async def kept_copy(
        self, inspection_id: InspectionId, original_key: str, original_sha256: str, regions: Sequence[Region]
    ) -> bytes:
        """Return a copy, made once for each choice of regions.

        Raises:
            UnusableImage: It cannot be decoded.
            ObjectMissing: The original is gone.
        """
        key = copy_key(inspection_id, original_sha256, regions)
        if await self._store.exists(key):
            return await self._store.get(key)
        original = await self._store.get(original_key)
        made = await self.copy(original, regions)
        await self._store.put(key, made)
        return made

    async def for_document(
        self,
        dossier: Dossier,
        left_out: frozenset[CaptureId],
        frame_ids: Collection[str],
        checked: Mapping[CaptureId, PublicPhoto],
    ) -> RedactedPhotos:
        """Hide in every photo and kept frame of a report what is to be hidden, for a document without plates.

        Where a person has looked at a copy for the public, the same is hidden; elsewhere what a machine finds, and
        the entry that lists the copies says that nobody looked.
        """
        views = step_views(dossier)
        sources = [
            (c.id, c.object_key, c.sha256, views.get(str(c.step_id)))
            for c in dossier.captures
            if (c.is_evidence or c.step_id is None) and c.id not in left_out
        ]
        sources += [
            (CaptureId(str(a.frame_id)), a.object_key, a.sha256, None)
            for a in dossier.annotations
            if a.frame_id in frame_ids
        ]
        keys: dict[str, str] = {}
        copies: dict[str, RedactedCopy] = {}
        for name, object_key, sha256, view in sources:
            try:
                photo = checked.get(name)
                if photo is not None and photo.original_sha256 == sha256:
                    regions, doubts = photo.regions, photo.doubts
                else:
                    photo = None
                    looked = await self.look(await self._store.get(object_key), view, surroundings=False)
                    regions, doubts = looked.proposal.regions, looked.proposal.doubts
                made = await self.kept_copy(dossier.inspection.id, object_key, sha256, regions)
            except (ObjectMissing, UnusableImage):
                continue  # the copy of the document says that it is not there
            keys[name] = copy_key(dossier.inspection.id, sha256, regions)
            copies[name] = RedactedCopy(
                capture_id=name,
                original_sha256=sha256,
                sha256=hashlib.sha256(made).hexdigest(),
                hidden=tuple(region.to_json() for region in regions),
                doubts=tuple(doubts),
                checked_by=None if photo is None or photo.checked_by is None else photo.checked_by.kind,
                model=self.model_sha256,
            )
        loop = asyncio.get_running_loop()
        frames = {name: key for name, key in keys.items() if name in frame_ids}
        return RedactedPhotos(
            photos=Stored({n: k for n, k in keys.items() if n not in frames}, self._store, loop),
            frames={name: await self._store.get(key) for name, key in frames.items()},
            derived={name: copy.sha256 for name, copy in copies.items()},
            copies=tuple(copies.values()),
            keys=tuple(keys.values()),
        )

    async def _away(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def step_views(dossier: Dossier) -> dict[str, str | None]:
    """Return what each step of a checklist is to show."""
    return {str(step["id"]): step.get("view") for step in views.checklist_steps(dossier.inspection)}


def copy_key(inspection_id: InspectionId, original_sha256: str, regions: Sequence[Region]) -> str:
    """Say where a copy with these regions hidden rests."""
    named = rfc8785.dumps([original_sha256, [region.to_json() for region in regions]])
    return f"{public_folder(inspection_id)}{hashlib.sha256(named).hexdigest()}.jpg"


def public_folder(inspection_id: InspectionId) -> str:
    """Say where everything rests that was made to be handed to others."""
    return f"inspections/{inspection_id}/public/"


async def public_files(
    store: ObjectStore, publications: Publications, inspection_id: InspectionId
) -> list[str]:
    """List everything that was made to be handed to others, small copies for pages included."""
    keys = list(await store.list(public_folder(inspection_id)))
    approved = await publications.approved(inspection_id)
    for photo in () if approved is None else approved.photos:
        if photo.file is not None:
            keys += await store.list(f"derived/{photo.file.sha256}/")
    return keys


def hidden_codes(regions: Iterable[Region]) -> tuple[str, ...]:
    """Say in codes what a document's photos hide."""
    return tuple(sorted({PUBLIC_CODES[region.kind] for region in regions}))


def _look(finder: Finder, original: bytes, view: str | None, *, surroundings: bool) -> Looked:
    try:
        found = finder.find(original)
    except ModelsUnusable as error:  # without a model the rules hide more, and a person must look
        logs.redaction_blind(error)
        height, width = decode(original).shape[:2]
        proposal = propose((), view, (width, height), surroundings=surroundings)
        return Looked(Proposal(proposal.regions, (*proposal.doubts, "not_looked")), (width, height))
    size = (found.width, found.height)
    seen = [Seen(o.kind, o.box, o.score, o in found.sure) for o in found.objects]
    return Looked(propose(seen, view, size, surroundings=surroundings), size)
