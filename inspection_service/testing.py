"""The fakes we ship: a store in memory, a clock one sets, a judge that says what it is told, a sealer without keys."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from inspection_service.checklists import Shelf
from inspection_service.identity.errors import MessengerFailed
from inspection_service.identity.messenger import Message
from inspection_service.identity.records import Operator, Platform, Seller
from inspection_service.identity.service import Identity
from inspection_service.inspections.bus import InProcessBus
from inspection_service.inspections.personal import PersonalValue
from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Contact,
    Dossier,
    Inspection,
    InspectionId,
    SignOff,
    StepId,
    Vehicle,
)
from inspection_service.inspections.requests import NewCapture, Order
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.platforms import WebhookOutbox
from inspection_service.settings import LinkSettings, UploadSettings, WorkSettings, shipped_data
from inspection_service.storage.broker import MAX_MESSAGE_BYTES, Take, Undelivered
from inspection_service.storage.database import Database
from inspection_service.storage.errors import BrokerUnavailable, ObjectExists, ObjectMissing, StorageFull
from inspection_service.storage.migrate import migrate
from inspection_service.storage.objects import ObjectStore, checked_key
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.errors import JudgeAway
from inspection_service.work.handlers import Handlers
from inspection_service.work.judging import PhotoJudge
from inspection_service.work.reconciler import Reconciler
from inspection_service.work.sealing import Beside, Sealer

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"  # noqa: S105 - a password for accounts that exist only in tests
MODEL_SET = "a" * 64


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment that was set."""
        return self._now

    def monotonic_s(self) -> float:
        """Return the same moment as seconds that only grow."""
        return self._now.timestamp()

    def advance(self, **amount: float) -> None:
        """Move on, by ``seconds=``, ``minutes=``, ``hours=`` or ``days=``."""
        self._now += timedelta(**amount)


class MemoryStore:
    """Objects in a dictionary, with a limit one can set to play a full disk."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.room_bytes: int | None = None
        """Bytes left; ``None`` is endless."""

    async def put(self, key: str, data: bytes) -> None:
        """Store bytes; see ``ObjectStore.put``."""
        if self.objects.get(checked_key(key), data) != data:
            raise ObjectExists
        if key not in self.objects and self.room_bytes is not None:
            if len(data) > self.room_bytes:
                raise StorageFull
            self.room_bytes -= len(data)
        self.objects[key] = data

    async def get(self, key: str) -> bytes:
        """Return all bytes; see ``ObjectStore.get``."""
        try:
            return self.objects[checked_key(key)]
        except KeyError as error:
            raise ObjectMissing from error

    async def exists(self, key: str) -> bool:
        """Say whether the object is there."""
        return checked_key(key) in self.objects

    async def size(self, key: str) -> int:
        """Return the size in bytes."""
        return len(await self.get(key))

    async def delete(self, key: str) -> None:
        """Remove an object."""
        self.objects.pop(checked_key(key), None)

    async def list(self, prefix: str) -> tuple[str, ...]:
        """Return keys that start with ``prefix``."""
        return tuple(sorted(key for key in self.objects if key.startswith(prefix)))

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Nothing to let go of."""


class MemoryExchange:
    """What a Redis would be: channels and leases that several ``MemoryBroker`` share, and that a test can lose."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.brokers: list[MemoryBroker] = []
        self.leases: dict[str, tuple[str, float]] = {}
        """Holder, and when it runs out, by key."""
        self.drop: Callable[[str, bytes], bool] = lambda _channel, _message: False
        """Says which messages are lost on the way."""

    def holder(self, key: str) -> str | None:
        """Return who has a lease now."""
        holder, until_s = self.leases.get(key, ("", 0.0))
        return holder if until_s > self.clock.monotonic_s() else None


class MemoryBroker:
    """One node's broker on a ``MemoryExchange``; messages arrive at once, in the order they were sent."""

    def __init__(self, exchange: MemoryExchange) -> None:
        self._exchange = exchange
        self._takers: dict[str, list[Take]] = {}
        self._gaps: list[Callable[[], None]] = []
        self._returns: list[Callable[[], None]] = []
        self.is_up = True
        exchange.brokers.append(self)

    def lose(self) -> None:
        """Cut this node off."""
        self.is_up = False
        for tell in self._gaps:
            tell()

    def find(self) -> None:
        """Join it again."""
        self.is_up = True
        for tell in self._returns:
            tell()

    def listen(self, channel: str, take: Take) -> None:
        """Hear a channel; see ``Broker.listen``."""
        self._takers.setdefault(channel, []).append(take)

    def on_gap(self, tell: Callable[[], None]) -> None:
        """Call this when messages may have been lost."""
        self._gaps.append(tell)

    def on_return(self, tell: Callable[[], None]) -> None:
        """Call this when messages pass again."""
        self._returns.append(tell)

    def send(self, channel: str, message: bytes, undelivered: Undelivered | None = None) -> bool:
        """Send a message; see ``Broker.send``."""
        if not self.is_up or len(message) > MAX_MESSAGE_BYTES:
            return False
        if self._exchange.drop(channel, message):
            return True
        heard = [
            take for each in self._exchange.brokers if each.is_up for take in each._takers.get(channel, ())
        ]
        for take in heard:
            take(message)
        if not heard and undelivered is not None:
            undelivered()
        return True

    async def acquire(self, key: str, holder: str, ttl_s: float) -> str:
        """Take a lease that nobody has; see ``Broker.acquire``."""
        return await self.take_over(key, holder, "", ttl_s)

    async def renew(self, leases: Mapping[str, str], ttl_s: float) -> frozenset[str]:
        """Keep leases; see ``Broker.renew``."""
        held = {key: await self.take_over(key, holder, holder, ttl_s) for key, holder in leases.items()}
        return frozenset(key for key, holder in leases.items() if held[key] != holder)

    async def take_over(self, key: str, holder: str, from_holder: str, ttl_s: float) -> str:
        """Take a lease from a holder that is gone; see ``Broker.take_over``."""
        await self.ping()
        now = self._exchange.holder(key)
        if now is not None and now != from_holder:
            return now
        self._exchange.leases[key] = (holder, self._exchange.clock.monotonic_s() + ttl_s)
        return holder

    async def release(self, key: str, holder: str) -> None:
        """Give a lease back; see ``Broker.release``."""
        await self.ping()
        if self._exchange.holder(key) == holder:
            del self._exchange.leases[key]

    async def is_heard(self, channel: str) -> bool:
        """Say whether anybody listens to a channel."""
        await self.ping()
        return any(each.is_up and each._takers.get(channel) for each in self._exchange.brokers)

    async def ping(self) -> None:
        """Return when it answers."""
        await asyncio.sleep(0)
        if not self.is_up:
            raise BrokerUnavailable


class MemoryMessenger:
    """Keeps messages instead of sending them."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.is_broken = False

    async def send(self, message: Message) -> None:
        """Keep a message; see ``Messenger.send``."""
        if self.is_broken:
            raise MessengerFailed
        self.sent.append(message)

    @property
    def last_code(self) -> str:
        """The code in the newest message."""
        return self.sent[-1].text[:6]


def judgement(
    view: str = "front",
    *,
    accepted: bool = True,
    reasons: Sequence[str] = (),
    detections: Sequence[Mapping[str, Any]] = (),
    odometer: Mapping[str, Any] | None = None,
    model_set: str = MODEL_SET,
) -> dict[str, Any]:
    """Return a judgement in its JSON form."""
    return {
        "model_set": model_set,
        "width": 4000,
        "height": 3000,
        "asked": view,
        "view": view,
        "view_score": 0.98,
        "views": {view: 0.98},
        "accepted": accepted,
        "reasons": list(reasons),
        "quality": {"sharpness": 120.0, "brightness": 128.0, "clipped_share": 0.0, "faults": []},
        "scene": [],
        "detections": [dict(detection) for detection in detections],
        "odometer": dict(odometer) if odometer else None,
        "seconds": 0.5,
    }


class ScriptedJudge:
    """Judges photos by what a test has written for their bytes; any other photo is accepted as what was asked for."""

    def __init__(self) -> None:
        self.script: dict[bytes, Mapping[str, Any] | BaseException] = {}
        self.calls = 0
        self.away: str | None = None
        """Why nothing can be judged."""

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Return or raise what was written; see ``PhotoJudge.judge``."""
        self.calls += 1
        if self.away is not None:
            raise JudgeAway(cause=self.away)
        outcome = self.script.get(image_bytes, judgement(asked_view or "other"))
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def close(self) -> None:
        """Nothing to stop."""


@dataclass(frozen=True, slots=True)
class FakeFiles:
    """What ``FakeSealer`` makes."""

    json_bytes: bytes
    jws: bytes
    pdf_bytes: bytes
    root_pem: bytes
    sealed_at: datetime
    disclosures: tuple[PersonalValue, ...] = ()


class FakeSealer:
    """Makes files that differ each time, as real signatures do."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self.clock = FakeClock()
        self.photos: Mapping[CaptureId, bytes] = {}

    def ready(self) -> None:
        """Wait for nothing."""

    def seal(
        self,
        dossier: Dossier,
        photos: Mapping[CaptureId, bytes],
        beside: Beside,  # noqa: ARG002 - the protocol's
    ) -> FakeFiles:
        """Return files; see ``Sealer.seal``."""
        self.photos = photos
        number = next(self._count)
        body = f"{dossier.inspection.id} attempt {number}".encode()
        return FakeFiles(b"json " + body, b"jws " + body, b"pdf " + body, b"root", self.clock.now())


@dataclass
class Backend:
    """Everything below the API, opened on a real database file: what most tests and tools start from."""

    database: Database
    store: ObjectStore
    clock: FakeClock
    bus: InProcessBus
    inspections: Inspections
    """Of all tenants."""
    identity: Identity
    messenger: MemoryMessenger
    judge: ScriptedJudge
    sealer: FakeSealer
    reconciler: Reconciler
    metrics: Metrics
    handlers: Handlers
    shelf: Shelf
    platform: Platform
    api_key: str
    operator: Operator
    _photo_numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def ordered(
        self,
        *,
        contact: Contact | None = None,
        sign_off: SignOff | None = None,
        deadline_at: datetime | None = None,
    ) -> tuple[Inspection, str]:
        """Place an order; return the inspection and the token of its seller link."""
        order = Order(
            vehicle=Vehicle(plate="AB-123-CD", make="Renault", model="Clio", declared_mileage_km=127000),
            checklist="listing-12",
            language="fr",
            contact=contact or Contact(name="Sophie", email="sophie@example.com"),
            sign_off=sign_off,
            deadline_at=deadline_at,
        )
        placed, link = await self.identity.order(self.platform, order)
        return placed.inspection, link.token

    async def joined(self, **order: Any) -> Seller:
        """Place an order, tap Start, agree to photos; return the seller inside."""
        _, token = await self.ordered(**order)
        seller, _ = await self.identity.spend(token)
        await self.inspections.give_consents(seller.inspection_id, {"photos": True}, by=seller.actor)
        return seller

    def photo(self) -> bytes:
        """Return bytes no other photo has."""
        return b"\xff\xd8\xff photo %d" % next(self._photo_numbers)

    async def photographed(
        self, seller: Seller, step_id: str | None, data: bytes | None = None, capture_id: str | None = None
    ) -> Capture:
        """Hand in a photo without judging it."""
        data = data or self.photo()
        name = CaptureId(capture_id or hashlib.sha256(data).hexdigest()[:32])
        new = NewCapture(name, StepId(step_id) if step_id else None, data)
        return await self.inspections.receive_capture(seller.inspection_id, new, by=seller.actor)

    async def judged(
        self, seller: Seller, step_id: str | None, verdict: Mapping[str, Any] | Exception | None = None
    ) -> Capture:
        """Hand in a photo and have it judged as told."""
        data = self.photo()
        if verdict is not None:
            self.judge.script[data] = verdict
        capture = await self.photographed(seller, step_id, data)
        await self.reconciler.run_once()
        return await self.inspections.capture(seller.inspection_id, capture.id)

    async def complete(self, seller: Seller) -> None:
        """Photograph every step and submit."""
        inspection = await self.inspections.get(seller.inspection_id)
        for step in inspection.checklist["steps"]:
            await self.photographed(seller, step["id"])
        await self.reconciler.run_once()
        await self.inspections.submit(seller.inspection_id, by=seller.actor)

    async def dossier(self, inspection_id: InspectionId) -> Dossier:
        """Read everything about an inspection."""
        return await self.inspections.dossier(inspection_id)


@cache
def shipped_shelf() -> Shelf:
    """Return the checklists in the repository, read once."""
    return Shelf.load(shipped_data("checklists"))


@asynccontextmanager
async def open_backend(
    folder: Path,
    *,
    url: str | None = None,
    store: ObjectStore | None = None,
    judge: PhotoJudge | None = None,
    sealer: Sealer | None = None,
    email: str = "alex@example.com",
) -> AsyncIterator[Backend]:
    """Open a backend with fakes around a real database, a platform with a key, and an operator.

    Args:
        folder: Where the SQLite file goes.
        url: Another database instead.
        store: Another object store than the one in memory.
        judge: Another judge than the scripted one.
        sealer: Another sealer than the fake one.
        email: The operator's; another one when the same database is opened again.
    """
    clock, bus, messenger = FakeClock(), InProcessBus(), MemoryMessenger()
    objects = store or MemoryStore()
    shelf = shipped_shelf()
    scripted, fake = ScriptedJudge(), FakeSealer()
    for one in (fake, sealer):
        if isinstance(one, FakeSealer):
            one.clock = clock
    async with Database(url or f"sqlite+aiosqlite:///{folder / 'inspection.db'}") as database:
        await migrate(database)
        inspections = Inspections(
            database,
            objects,
            clock,
            bus,
            shelf=shelf,
            uploads=UploadSettings(),
            scope=AllTenants(),
            outbox=WebhookOutbox(),
        )
        identity = Identity(
            database, inspections, clock, messenger, links=LinkSettings(), pepper=b"\x00" * 32
        )
        metrics = Metrics()
        handlers = Handlers(
            inspections, objects, clock, judge=judge or scripted, sealer=sealer or fake, metrics=metrics
        )
        tenant = await identity.create_tenant("Autoscope")
        key = await identity.issue_key(tenant.id)
        yield Backend(
            database=database,
            store=objects,
            clock=clock,
            bus=bus,
            inspections=inspections,
            identity=identity,
            messenger=messenger,
            judge=scripted,
            sealer=fake,
            reconciler=Reconciler(
                inspections, handlers, bus, WorkSettings(), metrics=metrics, monotonic_s=clock.monotonic_s
            ),
            metrics=metrics,
            handlers=handlers,
            shelf=shelf,
            platform=await identity.platform(key),
            api_key=key,
            operator=await identity.create_operator(email, "Alex", PASSWORD),
        )
