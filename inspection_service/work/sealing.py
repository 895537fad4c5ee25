"""Turns a signed-off inspection into its sealed report, once, however often the process dies on the way.

The order is what makes it so: the files are stored under their hashes; the first complete set is named in
``standing.json``, which is created once and never changed; its leaf goes into the log; only then is the inspection
sealed. Whoever comes after a crash finds how far it got, and makes no second report: signatures differ each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from inspection_service.clock import Clock, isoformat
from inspection_service.inspections.mileages import EarlierReading
from inspection_service.inspections.personal import PersonalKeys, PersonalValue
from inspection_service.inspections.records import SERVICE, CaptureId, Dossier, InspectionId, ReportFiles
from inspection_service.inspections.service import Inspections
from inspection_service.reports.errors import SealingMustWait
from inspection_service.storage.errors import ObjectExists, ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.pictures import PagePictures

STANDING: Final = "standing.json"
"""Names the files that stand; it stays after the seal, so that a slow second worker finds it too."""
WAITING: Final = "sealing.waiting"


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

    @property
    def sealed_at(self) -> datetime:
        """When it was sealed, as its record says."""
        ...

    @property
    def disclosures(self) -> Sequence[PersonalValue]:
        """The clear personal values beside the record."""
        ...


@dataclass(frozen=True, slots=True)
class Beside:
    """What a report is made from that is not in the dossier."""

    keys: PersonalKeys | None = None
    """Of the personal values of this inspection; drawn anew when absent."""
    earlier: tuple[EarlierReading, ...] = ()
    """What earlier inspections of the same car read on its odometer."""
    frames: Mapping[str, bytes] = field(default_factory=dict)
    """Frozen frames that were kept, by id."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Page pictures made ahead, by name; each read when it is asked for."""


class Sealer(Protocol):
    """Makes and signs the report; ``reports`` has the real one. Called in a thread: it may take seconds."""

    def ready(self) -> None:
        """Return when a seal can be tried; cheap when it was tried in vain a moment ago.

        Raises:
            SealingMustWait: The signer's certificate is not good now, or the timestamp authority does not answer.
        """
        ...

    def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> SealedFiles:
        """Build, sign and render from the record and the original photos of its evidence.

        Raises:
            SealingMustWait: What the seal needs from outside does not answer as it must; nothing was sealed.
        """
        ...


class Archive(Protocol):
    """Knows what a report is made from besides, and keeps what is made with it; ``app.py`` puts one together."""

    async def beside(self, dossier: Dossier) -> Beside:
        """Read what the report is made from besides the dossier; the same each time it is asked."""
        ...

    async def keep(self, inspection_id: InspectionId, sealed: SealedFiles) -> None:
        """Keep what must not be lost with a sealed report, before anything says that it stands."""
        ...

    async def log(self, inspection_id: InspectionId, files: ReportFiles) -> None:
        """Put the report's leaf into the log; the same leaf a second time changes nothing."""
        ...


class NoArchive:
    """Nothing is known besides, nothing is kept, there is no log: for tests and tools."""

    async def beside(self, dossier: Dossier) -> Beside:  # noqa: ARG002 - the protocol's
        """Know nothing."""
        return Beside()

    async def keep(self, inspection_id: InspectionId, sealed: SealedFiles) -> None:
        """Keep nothing."""

    async def log(self, inspection_id: InspectionId, files: ReportFiles) -> None:
        """Log nothing."""


class Sealing:
    """Seals reports; several workers may do the same one at once."""

    def __init__(
        self,
        inspections: Inspections,
        store: ObjectStore,
        clock: Clock,
        *,
        sealer: Sealer,
        metrics: Metrics,
        archive: Archive | None = None,
        pictures: PagePictures | None = None,
    ) -> None:
        """Keep the collaborators; without ``pictures`` the sealer makes all of them."""
        self._inspections = inspections
        self._store = store
        self._clock = clock
        self._sealer = sealer
        self._metrics = metrics
        self._archive = archive or NoArchive()
        self._pictures = pictures

    async def seal(self, inspection_id: InspectionId) -> None:
        """Make the report, store its files, log it, and only then write that the inspection is sealed.

        Raises:
            SealingMustWait: It must wait; the inspection says why, once, and is tried again.
        """
        dossier = await self._inspections.dossier(inspection_id)
        if dossier.inspection.state != "signed_off":
            return
        started = self._clock.now()
        folder = f"inspections/{inspection_id}/report/"
        files = await self._standing(folder)
        if files is None:
            try:
                await asyncio.to_thread(self._sealer.ready)
                files = await self._made(dossier, folder)
            except SealingMustWait as waits:
                await self._say_waiting(dossier, waits)
                raise
        await self._archive.log(inspection_id, files)
        await self._inspections.mark_sealed(inspection_id, files)
        await self._remove_others(folder, files)
        seconds = (self._clock.now() - started).total_seconds()
        self._metrics.report_seconds.observe(seconds)
        logs.report_sealed(inspection_id, seconds, await self._store.size(files.pdf_key))

    async def _made(self, dossier: Dossier, folder: str) -> ReportFiles:
        inspection_id = dossier.inspection.id
        beside = await self._archive.beside(dossier)
        if self._pictures is not None:
            beside = replace(beside, pictures=self._pictures.reading(asyncio.get_running_loop()))
        photos = Originals(dossier, self._store, asyncio.get_running_loop())
        sealed = await asyncio.to_thread(self._sealer.seal, dossier, photos, beside)
        await self._archive.keep(inspection_id, sealed)
        json_key, json_sha256 = await self._put(folder, "json", sealed.json_bytes)
        jws_key, _ = await self._put(folder, "jws", _bytes(sealed.jws))
        pdf_key, pdf_sha256 = await self._put(folder, "pdf", sealed.pdf_bytes)
        root_key, _ = await self._put(folder, "pem", _bytes(sealed.root_pem))
        files = ReportFiles(
            sealed_at=datetime.fromisoformat(isoformat(sealed.sealed_at)),  # as precise as its written form
            json_key=json_key,
            json_sha256=json_sha256,
            jws_key=jws_key,
            pdf_key=pdf_key,
            pdf_sha256=pdf_sha256,
            root_key=root_key,
        )
        try:
            await self._store.put(f"{folder}{STANDING}", _standing_bytes(files))
        except ObjectExists:  # another worker was faster: its report is the one
            standing = await self._standing(folder)
            assert standing is not None
            return standing
        return files

    async def _standing(self, folder: str) -> ReportFiles | None:
        """Return the files that stand, when an earlier attempt got that far."""
        try:
            fields = json.loads(await self._store.get(f"{folder}{STANDING}"))
        except ObjectMissing:
            return None
        return ReportFiles(**fields | {"sealed_at": datetime.fromisoformat(fields["sealed_at"])})

    async def _say_waiting(self, dossier: Dossier, waits: SealingMustWait) -> None:
        """Tell the operator why there is no report yet: once for each reason, not at each try."""
        told = [event.data.get("reason") for event in dossier.events if event.kind == WAITING]
        logs.sealing_waits(dossier.inspection.id, waits.reason)
        self._metrics.sealing_waits.labels(waits.reason).inc()
        if not told or told[-1] != waits.reason:
            await self._inspections.note(dossier.inspection.id, WAITING, {"reason": waits.reason}, by=SERVICE)

    async def _put(self, folder: str, ending: str, data: bytes) -> tuple[str, str]:
        digest = hashlib.sha256(data).hexdigest()
        key = f"{folder}{digest}.{ending}"
        await self._store.put(key, data)
        return key, digest

    async def _remove_others(self, folder: str, files: ReportFiles) -> None:
        """Remove what attempts left behind that died or came second."""
        kept = {files.json_key, files.jws_key, files.pdf_key, files.root_key, f"{folder}{STANDING}"}
        for key in await self._store.list(folder):
            if key not in kept:
                await self._store.delete(key)


class Originals(Mapping[CaptureId, bytes]):
    """The photos of the evidence, each read when it is asked for: 500 of them must not be in memory at once.

    Used in the sealer's thread, while the loop that reads goes on in its own.
    """

    def __init__(
        self,
        dossier: Dossier,
        store: ObjectStore,
        loop: asyncio.AbstractEventLoop,
        *,
        left_out: Collection[CaptureId] = (),
    ) -> None:
        """Keep where each photo rests."""
        self._keys = {c.id: c.object_key for c in dossier.captures if c.is_evidence and c.id not in left_out}
        self._store = store
        self._loop = loop

    def __getitem__(self, capture_id: CaptureId) -> bytes:
        """Read a photo; ``KeyError`` when it is not there."""
        try:
            return asyncio.run_coroutine_threadsafe(
                self._store.get(self._keys[capture_id]), self._loop
            ).result()
        except ObjectMissing as exc:
            raise KeyError(capture_id) from exc

    def __iter__(self) -> Iterator[CaptureId]:
        """Return the ids."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._keys)


def _standing_bytes(files: ReportFiles) -> bytes:
    return json.dumps(asdict(files) | {"sealed_at": isoformat(files.sealed_at)}, sort_keys=True).encode()


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
