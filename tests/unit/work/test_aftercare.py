"""What happens to closed inspections: corrections in turn, erasure that survives a crash, clocks, a complete log."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from inspection_service.inspections.errors import NotSealed, StillOpen, UnderLegalHold
from inspection_service.inspections.personal import PersonalValue
from inspection_service.inspections.records import (
    CaptureId,
    Dossier,
    InspectionId,
    ReportFiles,
    Statement,
    Vehicle,
)
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.requests import Order
from inspection_service.inspections.scope import AllTenants
from inspection_service.ledger import Ledger
from inspection_service.privacy import PersonalData
from inspection_service.privacy.publications import Publications, PublicPhoto
from inspection_service.reports.addenda import check_order, read_correction
from inspection_service.reports.canonical import canonical_bytes
from inspection_service.reports.commitments import Disclosure
from inspection_service.reports.keys import FileSigner
from inspection_service.settings import PrivacySettings
from inspection_service.storage import tables as t
from inspection_service.storage.errors import StoreUnavailable
from inspection_service.testing import Backend, MemoryStore, open_backend
from inspection_service.work.correcting import Corrections
from inspection_service.work.erasing import Erasing
from inspection_service.work.errors import ErasureImpossible
from inspection_service.work.redacting import RedactedPhotos
from inspection_service.work.upkeep import ProofUpkeep
from tests.unit.ledger.ledger_rules import FakeAuthority, FakeSigner
from tests.unit.reports.conftest import signer  # noqa: F401 - a fixture

pytestmark = pytest.mark.unit
CLOCKS = PrivacySettings(identity_days=30, photos_days=60, report_days=90)
PLATE = Disclosure("/vehicle/plate/value", "AAAAAAAAAAAAAAAAAAAAAA", "AB-123-CD")
NAME = Disclosure("/decided_by/name", "AAAAAAAAAAAAAAAAAAAAAA", "Nadia", "operator")


class Copies:
    """Writes down what a copy may show instead of setting it."""

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
        return f"copy {no} {[v.value for v in kept]} {len(photos)} photos".encode()


class PlainRedactor:
    """Stands for the photos that are left; hides nothing."""

    async def for_document(
        self,
        dossier: Dossier,
        left_out: frozenset[CaptureId],
        frame_ids: Collection[str],
        checked: Mapping[CaptureId, PublicPhoto],
    ) -> RedactedPhotos:
        photos = {str(c.id): b"copy" for c in dossier.captures if c.is_evidence and c.id not in left_out}
        return RedactedPhotos(photos, {}, {}, (), ())


class ShakyStore(MemoryStore):
    """A store that can lose the power to delete."""

    is_stuck = False

    async def delete(self, key: str) -> None:
        if self.is_stuck:
            raise StoreUnavailable
        await super().delete(key)


@dataclass
class Aftercare:
    """Everything that looks after closed inspections, on one database."""

    backend: Backend
    store: ShakyStore
    ledger: Ledger
    personal: PersonalData
    corrections: Corrections
    erasing: Erasing
    upkeep: ProofUpkeep

    async def sealed(self, *, version: str = "1.1") -> InspectionId:
        """Bring an inspection to its seal, with a record of one value of each person, and two photos."""
        seller = await self.backend.joined(sign_off="none")
        case = seller.inspection_id
        for step in ("front", "rear"):
            await self.backend.judged(seller, step)
        record = {
            "schema_version": version,
            "vehicle": {"plate": {"value": {"sha256_salted": PLATE.commitment}}},
            "decided_by": {"name": {"sha256_salted": NAME.commitment}},
        }
        await self.personal.keep(case, (PLATE, NAME))
        folder = f"inspections/{case}/report/"
        data = canonical_bytes(record)
        for name, content in (("json", data), ("jws", b"a..b"), ("pdf", b"first pdf of AB-123-CD")):
            await self.store.put(f"{folder}x.{name}", content)
        files = ReportFiles(
            sealed_at=self.backend.clock.now(),
            json_key=f"{folder}x.json",
            json_sha256=hashlib.sha256(data + case.encode()).hexdigest(),
            jws_key=f"{folder}x.jws",
            pdf_key=f"{folder}x.pdf",
            pdf_sha256="f" * 64,
            root_key=f"{folder}x.pem",
        )
        await self.force(case, state="signed_off")
        await self.backend.inspections.mark_sealed(case, files)
        return case

    async def force(self, case: InspectionId, **fields: Any) -> None:
        """Write a state that takes many acts to reach."""
        async with self.backend.database.write() as transaction:
            found = await Repository(transaction.connection, AllTenants()).case(case)
            await found.save(replace(found.inspection, **fields))

    async def erase(self, case: InspectionId, **more: Any) -> Any:
        """Erase as the platform."""
        by = self.backend.platform.actor
        return await self.erasing.erase(self.backend.inspections, case, by=by, **({"photos": False} | more))


@pytest.fixture
async def care(tmp_path: Path, signer: FileSigner) -> AsyncIterator[Aftercare]:  # noqa: F811
    """Opened on a database of its own."""
    store = ShakyStore()
    async with open_backend(tmp_path, store=store) as b:
        ledger = Ledger(b.database, b.clock, FakeSigner(), FakeAuthority())
        personal = PersonalData(b.database, b.clock, b"p" * 32)
        corrections = Corrections(b.database, store, ledger, b.clock, signer)
        erasing = Erasing(
            b.database,
            store,
            b.inspections,
            personal,
            corrections,
            Copies(),
            b.clock,
            CLOCKS,
            redactor=PlainRedactor(),
            publications=Publications(b.database, b.clock),
        )
        upkeep = ProofUpkeep(b.inspections, ledger, erasing, b.clock)
        yield Aftercare(b, store, ledger, personal, corrections, erasing, upkeep)


async def test_corrections_made_at_once_get_their_numbers_in_turn(care: Aftercare) -> None:
    """None is lost, none stands twice, each names the one before."""
    case = await care.sealed()
    by = care.backend.platform.actor

    async def add(number: int) -> None:
        await care.corrections.add(
            care.backend.inspections, case, "addendum", reason="other", text=f"No {number}", by=by
        )

    await asyncio.gather(*(add(number) for number in range(4)))
    dossier = await care.backend.dossier(case)
    assert [entry.no for entry in dossier.corrections] == [1, 2, 3, 4]
    assert dossier.report is not None
    files = [await care.store.get(entry.json_key) for entry in dossier.corrections]
    entries = [(read_correction(data), hashlib.sha256(data).hexdigest()) for data in files]
    check_order(dossier.report.json_sha256, entries)
    stored = await care.store.list(f"inspections/{case}/corrections/")
    assert len(stored) == 8, "what came second left no files"
    _, newer = await care.ledger.status(dossier.corrections[0].json_sha256)
    assert len(newer) == 3


async def test_only_a_sealed_report_is_corrected(care: Aftercare) -> None:
    """There is nothing to add to before."""
    inspection, _ = await care.backend.ordered()
    with pytest.raises(NotSealed):
        await care.corrections.add(
            care.backend.inspections,
            inspection.id,
            "withdrawal",
            reason="fraud",
            text="x",
            by=care.backend.platform.actor,
        )


async def found_by(backend: Backend, case: InspectionId) -> tuple[str | None, str | None]:
    """Return by what the database finds a car: its plate and VIN, as they stand in the row."""
    query = select(t.inspections.c.plate_key, t.inspections.c.vin).where(t.inspections.c.id == case)
    async with backend.database.read() as transaction:
        row = (await transaction.connection.execute(query)).one()
    return row.plate_key, row.vin


async def test_erasing_twice_changes_nothing_the_second_time(care: Aftercare) -> None:
    """One redaction; photos asked for later are another one."""
    case = await care.sealed()
    assert await found_by(care.backend, case) == ("AB123CD", None)
    first = await care.erase(case)
    assert (first.no, first.kind) == (1, "redaction")
    assert await care.erase(case) is None
    assert await found_by(care.backend, case) == (None, None)  # what a car is found by says who it is
    dossier = await care.backend.dossier(case)
    assert dossier.pdf_key is not None
    assert await care.store.get(dossier.pdf_key) == b"copy 1 ['Nadia'] 2 photos"
    second = await care.erase(case, photos=True)
    assert second.no == 2
    dossier = await care.backend.dossier(case)
    assert await care.store.get(str(dossier.pdf_key)) == b"copy 2 ['Nadia'] 0 photos"
    assert len(dossier.erased_photos) == 2
    assert await care.erase(case, photos=True) is None
    entry = read_correction(await care.store.get(second.json_key))
    assert entry.erased == ("/vehicle/plate/value",)
    assert set(entry.erased_photos) == dossier.erased_photos
    documents = [key for key in await care.store.list(f"inspections/{case}/") if key.endswith(".pdf")]
    assert documents == [dossier.pdf_key]


async def test_erasing_at_once_makes_one_redaction(care: Aftercare) -> None:
    """Two requests at the same moment: one erases, the other finds nothing left; also without any report."""
    case = await care.sealed()
    answers = await asyncio.gather(*(care.erase(case, photos=True) for _ in range(3)))
    assert [answer.no for answer in answers if answer is not None] == [1]
    assert len((await care.backend.dossier(case)).corrections) == 1
    seller = await care.backend.joined()
    await care.backend.judged(seller, "front")
    await care.backend.inspections.cancel(seller.inspection_id, by=care.backend.platform.actor)
    await asyncio.gather(*(care.erase(seller.inspection_id, photos=True) for _ in range(3)))
    assert len((await care.backend.dossier(seller.inspection_id)).erased_photos) == 1


async def test_what_cannot_be_erased_by_the_clock_holds_up_nobody(care: Aftercare) -> None:
    """A report of version 1.0 goes whole; a case without photos is not looked at again and again."""
    old, new = await care.sealed(version="1.0"), await care.sealed()
    empty, _ = await care.backend.ordered()
    await care.backend.inspections.cancel(empty.id, by=care.backend.platform.actor)
    care.backend.clock.advance(days=61)
    assert await care.erasing.by_the_clock() >= 4
    for case in (old, new, empty.id):
        assert (await care.backend.dossier(case)).inspection.contact.email is None
    assert await care.store.list(f"inspections/{old}/report/") == ()
    assert len((await care.backend.dossier(new)).erased_photos) == 2
    care.backend.clock.advance(days=1)
    before = len((await care.backend.dossier(new)).events)
    assert await care.erasing.by_the_clock() == 0
    assert len((await care.backend.dossier(new)).events) == before


async def test_a_crash_before_the_bytes_are_gone_is_made_good(care: Aftercare) -> None:
    """The promise is in the records, and is kept at the next look."""
    case = await care.sealed()
    old = (await care.backend.dossier(case)).pdf_key
    assert old is not None
    care.store.is_stuck = True
    with pytest.raises(StoreUnavailable):
        await care.erase(case, photos=True)
    assert await care.store.exists(old)
    care.store.is_stuck = False
    assert "erasure.finish" in await care.upkeep.due()
    await care.upkeep.do("erasure.finish")
    assert not await care.store.exists(old)
    assert "erasure.finish" not in await care.upkeep.due()
    dossier = await care.backend.dossier(case)
    assert not [c for c in dossier.captures if await care.store.exists(c.object_key)]


async def test_an_open_case_is_not_erased_nor_one_under_a_hold(care: Aftercare) -> None:
    """Somebody still works on it, or it must be kept."""
    seller = await care.backend.joined()
    with pytest.raises(StillOpen):
        await care.erase(seller.inspection_id)
    case = await care.sealed()
    by = care.backend.platform.actor
    await care.backend.inspections.place_hold(case, "Claim 4711", by=by)
    with pytest.raises(UnderLegalHold):
        await care.erase(case)
    with pytest.raises(UnderLegalHold):
        await care.erasing.erase_report(case, by=by, reason="retention")
    assert (await care.backend.dossier(case)).inspection.vehicle.plate == "AB-123-CD"


async def test_a_report_that_holds_its_values_in_clear_is_not_pretended_to_be_erased(care: Aftercare) -> None:
    """Version 1.0 has no commitments; only its whole report can go."""
    case = await care.sealed(version="1.0")
    with pytest.raises(ErasureImpossible):
        await care.erase(case)
    await care.erasing.erase_report(case, by=care.backend.platform.actor, reason="retention")
    assert await care.store.list(f"inspections/{case}/report/") == ()


async def test_the_clocks_of_keeping(care: Aftercare) -> None:
    """Values after 30 days, photos after 60, the report after 90; a hold stops them; the leaf stays."""
    case, held = await care.sealed(), await care.sealed()
    await care.backend.inspections.place_hold(held, "Claim", by=care.backend.platform.actor)
    await care.upkeep.do("log.complete")
    care.backend.clock.advance(days=29)
    assert await care.erasing.by_the_clock() == 0
    care.backend.clock.advance(days=2)
    assert await care.erasing.by_the_clock() == 1
    dossier = await care.backend.dossier(case)
    assert dossier.inspection.contact.email is None
    assert dossier.corrections[0].reason == "retention"
    assert not dossier.erased_photos
    care.backend.clock.advance(days=30)
    assert await care.erasing.by_the_clock() == 1
    assert len((await care.backend.dossier(case)).erased_photos) == 2
    care.backend.clock.advance(days=30)
    assert await care.erasing.by_the_clock() == 1
    assert await care.erasing.by_the_clock() == 0
    dossier = await care.backend.dossier(case)
    assert dossier.report is not None
    assert not await care.store.exists(dossier.report.json_key)
    assert (await care.ledger.status(dossier.report.json_sha256))[0]
    kept = await care.backend.dossier(held)
    assert kept.inspection.contact.email == "sophie@example.com"
    assert await care.store.exists(str(kept.pdf_key))


async def test_the_log_is_published_daily_and_completed(care: Aftercare) -> None:
    """A report sealed before there was a log gets its leaf; every day has its timestamped head."""
    case = await care.sealed()
    assert {"log.publish", "log.complete", "retention"} <= set(await care.upkeep.due())
    for name in await care.upkeep.due():
        await care.upkeep.do(name)
    assert await care.upkeep.due() == []
    dossier = await care.backend.dossier(case)
    assert dossier.report is not None
    assert await care.ledger.status(dossier.report.json_sha256) == (True, [])
    care.backend.clock.advance(days=1)
    assert set(await care.upkeep.due()) == {"log.publish", "retention"}


async def test_earlier_readings_of_the_same_car(care: Aftercare) -> None:
    """By VIN or by plate however written, of the same platform, from sealed reports only."""
    first = await care.sealed()
    said = {"reading": "100000", "unit": "km", "confidence": 0.9}
    async with care.backend.database.write() as transaction:
        found = await Repository(transaction.connection, AllTenants()).case(first)
        by = care.backend.platform.actor
        await found.add_statement(Statement("odometer", "model", said, by, care.backend.clock.now()))

    async def asked(vehicle: Vehicle) -> list[int]:
        order = Order(vehicle=vehicle, checklist="listing-12", language="fr")
        placed, _ = await care.backend.identity.order(care.backend.platform, order)
        found = await care.backend.inspections.earlier_readings(placed.inspection.id)
        return [one.km for one in found]

    assert await asked(Vehicle(plate="ab 123 cd")) == [100000]
    assert await asked(Vehicle(plate="AB-124-CD")) == []
    assert await asked(Vehicle(vin="VF3CCHNZ6GT012345")) == []
    assert await asked(Vehicle()) == []
    other = await care.backend.identity.create_tenant("Other")
    key = await care.backend.identity.issue_key(other.id)
    theirs = await care.backend.identity.platform(key)
    order = Order(vehicle=Vehicle(plate="AB-123-CD"), checklist="listing-12", language="fr")
    placed, _ = await care.backend.identity.order(theirs, order)
    assert await care.backend.inspections.earlier_readings(placed.inspection.id) == ()


async def test_every_copy_of_an_erased_photo_goes_with_it(care: Aftercare) -> None:
    """Also those whose names nobody knows any more: what lies beside the original is a copy of it."""
    case = await care.sealed()
    first, second = (await care.backend.dossier(case)).captures
    copies = [f"derived/{first.sha256}/{name}" for name in ("thumb.jpg", "page-1-9.9.9-1400", "of-later.bin")]
    for key in copies:
        await care.store.put(key, b"copy")
    await care.store.put(f"derived/{second.sha256}0/page", b"of another photo")
    await care.erase(case, photos=True)
    assert await care.store.list(f"derived/{first.sha256}/") == ()
    assert await care.store.exists(f"derived/{second.sha256}0/page")
