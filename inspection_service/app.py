"""The composition root: opens every room in order, hands each its collaborators and its settings, closes in reverse."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from inspection_service.api.doors import install_doors
from inspection_service.api.limits import Limits
from inspection_service.api.photos import PhotoCopies
from inspection_service.api.services import Proofs, Public, Services, Webhooks
from inspection_service.checklists import Shelf
from inspection_service.clock import Clock, SystemClock, new_id
from inspection_service.errors import InspectionServiceError
from inspection_service.identity.accesses import Accesses
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.messengers import open_messenger
from inspection_service.identity.records_team import OperatorPolicy
from inspection_service.identity.secrets import load_pepper
from inspection_service.identity.service import Identity
from inspection_service.inspections.broker_bus import BrokerBus
from inspection_service.inspections.bus import EventBus, InProcessBus
from inspection_service.inspections.records import (
    InspectionId,
)
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.ledger import Ledger
from inspection_service.media.turn import Relays
from inspection_service.platforms import (
    Deliveries,
    DeliveryQueue,
    Endpoints,
    GuardedPoster,
    SecretBox,
    WebhookOutbox,
)
from inspection_service.privacy import PersonalData
from inspection_service.privacy.publications import Publications
from inspection_service.reports.credentials import PhotoCredentials
from inspection_service.reports.head_signer import LogHeadSigner, LogTimestamps
from inspection_service.reports.keys import Signer
from inspection_service.reports.keys_opening import open_signer as open_report_signer
from inspection_service.reports.published_keys import PublishedKeys
from inspection_service.reports.records import ModelUsed
from inspection_service.reports.sealer import ReportSealer, open_authority, open_revocation
from inspection_service.sessions import (
    Hint,
    InspectionRecord,
    LiveSession,
    LiveSessions,
    Sessions,
    join_nodes,
)
from inspection_service.settings import Settings
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.storage.objects import ObjectStore
from inspection_service.storage.opening import open_store
from inspection_service.storage.redis_broker import RedisBroker
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.vision.hideable import Found, Hideable
from inspection_service.vision.live import LiveGuide
from inspection_service.vision.model_files import ModelFiles
from inspection_service.vision.pipeline import Pipeline
from inspection_service.work import Handlers, JudgeInProcess, PhotoJudge, Reconciler
from inspection_service.work.archive import RecordArchive
from inspection_service.work.correcting import Corrections
from inspection_service.work.crew import Crew
from inspection_service.work.delivering import Delivering
from inspection_service.work.erasing import Erasing
from inspection_service.work.pictures import PagePictures
from inspection_service.work.pieces import QUEUES, Queue
from inspection_service.work.publishing import Publishing
from inspection_service.work.redacting import Finder, Redactor
from inspection_service.work.reminding import Reminders
from inspection_service.work.sandbox import Sandbox
from inspection_service.work.upkeep import ProofUpkeep

STATIC_DIR = Path(__file__).parent / "static"
_COPY_THREADS = 2
_HINT_THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Of the live sessions together: one for each core this process may use. A session has one frame in hand at most."""
_BUS_WAIT_S = 60.0
_ASK_AGAIN_S = 5.0
"""A task that does not end may have lost its cancellation to an error of a driver: it is asked again."""


@dataclass(frozen=True, slots=True)
class Running:
    """The opened service: what the doors need, and what is to be kept going beside them."""

    services: Services
    reconciler: Reconciler
    crew: Crew | None = None
    """The workers behind a broker; ``None``: this process does the work."""

    async def keep_going(self, *, work: bool) -> None:
        """Run what runs in the background until cancelled.

        Args:
            work: Whether this process also judges and seals; else some ``inspection-service worker`` does.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_events(), name="live-sessions-follow-events")
            tasks.create_task(self._resume_calls(), name="live-sessions-resume-calls")
            tasks.create_task(self.services.live.run(), name="live-sessions-keep-up")
            if work:
                tasks.create_task(self.work(asyncio.Event()), name="work")

    async def work(self, stop: asyncio.Event, queues: Collection[Queue] = QUEUES) -> None:
        """Find what is to do and do it.

        Args:
            stop: Set it to end: nothing new is begun, and what others sent here is finished while there is time.
            queues: What kinds of work.
        """
        looking = {asyncio.create_task(self.reconciler.run(queues), name="reconciler")}
        if "webhook" in queues:
            looking.add(asyncio.create_task(self.services.webhooks.delivering.run(), name="webhooks"))
        taking = asyncio.create_task(self._take(stop, queues), name="take-work")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        tasks = {*looking, taking, stopping}
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            for task in looking:
                task.cancel()
            await taking
        finally:
            while tasks:
                for task in tasks:
                    task.cancel()
                _, tasks = await asyncio.wait(tasks, timeout=_ASK_AGAIN_S)

    async def _take(self, stop: asyncio.Event, queues: Collection[Queue]) -> None:
        """Do what is sent here until asked to stop; without a broker nobody sends anything."""
        if self.crew is None:
            await stop.wait()
            return
        settings = self.services.settings
        at_once = settings.work.at_once(settings.vision.workers)
        await self.crew.take({queue: at_once[queue] for queue in queues}, stop)

    async def _resume_calls(self) -> None:
        """Take up the calls that went on when the service, or one of its nodes, last ended: no session is dropped."""
        live = self.services.live
        while True:
            left_open: tuple[InspectionId, ...] = ()
            with logs.kept_going("session.resume", "all"):
                left_open = await self.services.inspections.calls_left_open()
            for inspection_id in left_open:
                with logs.kept_going("session.resume", inspection_id):
                    await live.resume(inspection_id)
            if live.resume_every_s is None:
                return
            await asyncio.sleep(live.resume_every_s)

    async def _follow_events(self) -> None:
        """Tell live sessions what happens to their inspections."""
        services = self.services
        async with services.bus.subscribe() as subscription:
            while True:
                published = await subscription.next(_BUS_WAIT_S)
                with logs.kept_going(
                    "session.event", "all" if published is None else published.inspection_id
                ):
                    await services.live.follow(published)


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    messenger: Messenger | None = None,
    judge: PhotoJudge | None = None,
    finder: Finder | None = None,
) -> FastAPI:
    """Make the application; nothing is opened before its lifespan begins.

    Args:
        settings: The whole tree.
        clock: The machine's own when absent.
        messenger: Carries messages to sellers; the one the settings name when absent.
        judge: Judges photos; child processes with the installed models when absent.
        finder: Looks for what to hide in photos; the installed model when absent.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                opening = open_service(settings, clock=clock, messenger=messenger, judge=judge, finder=finder)
                running = await stack.enter_async_context(opening)
            except InspectionServiceError as error:
                logs.start_refused(error)
                raise
            app.state.running = running
            app.state.services = running.services
            going = asyncio.create_task(running.keep_going(work=settings.work.enabled), name="background")
            going.add_done_callback(_report_end)
            logs.service_started(settings.base_url)
            try:
                yield
            finally:
                going.cancel()
                with suppress(asyncio.CancelledError):
                    await going
        logs.service_stopped()

    app = FastAPI(lifespan=lifespan, openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    install_doors(app, STATIC_DIR, settings.checklists_dir, silence_s=settings.http.silence_s)
    return app


@asynccontextmanager
async def open_service(
    settings: Settings,
    *,
    clock: Clock | None = None,
    messenger: Messenger | None = None,
    judge: PhotoJudge | None = None,
    finder: Finder | None = None,
) -> AsyncIterator[Running]:
    """Open everything for the length of the block; what was opened last is closed first.

    Args:
        settings: The whole tree.
        clock: The machine's own when absent.
        messenger: Carries messages to sellers; the one the settings name when absent.
        judge: Judges photos; child processes with the installed models when absent.
        finder: Looks for what to hide in photos; the installed model when absent.

    Raises:
        ModelsUnusable: A model is missing or is not the one its manifest describes.
        ChecklistInvalid: A checklist breaks its rules.
        KeysUnusable: The signing keys cannot be used.
        Unavailable: The database or the store does not answer.
    """
    clock = clock or SystemClock()
    models_dir = settings.vision.models_dir
    open_pipeline = partial(Pipeline.open, models_dir)
    async with AsyncExitStack() as stack:
        model_files = ModelFiles(models_dir)
        models = await asyncio.to_thread(_models_used, model_files)
        if judge is None:
            await asyncio.to_thread(model_files.check)
        signer = await asyncio.to_thread(open_signer, settings, clock)
        records = await stack.enter_async_context(_open_records(settings, clock, messenger))
        store, bus, inspections = records.store, records.bus, records.inspections
        pings: dict[str, Callable[[], Awaitable[None]]] = {
            "database": records.database.ping,
            "store": store.ping,
        }
        if judge is None:
            judge = JudgeInProcess(
                open_pipeline, workers=settings.vision.workers, timeout_s=settings.vision.timeout_s
            )
            pings |= {"judge": judge.ping} | model_files.pings()
        stack.push_async_callback(judge.close)
        metrics = records.metrics
        revocation = open_revocation(settings.timestamp, settings.keys_dir)
        authority = await asyncio.to_thread(open_authority, settings.timestamp, signer, revocation, clock)
        published_keys = PublishedKeys(settings.keys_dir, signer)
        sealer = ReportSealer(
            signer,
            models,
            clock,
            revocation=revocation,
            authority=authority,
            is_archived=settings.timestamp.archive,
            public_url=settings.base_url,
            is_revoked=lambda: published_keys.is_revoked,
        )
        timestamps = LogTimestamps(authority) if authority is not None else None
        ledger = Ledger(records.database, clock, LogHeadSigner(signer), timestamps)
        pepper = await asyncio.to_thread(load_pepper, settings.pepper_file)
        personal = PersonalData(records.database, clock, pepper)
        handlers = Handlers(
            inspections,
            store,
            clock,
            judge=judge,
            sealer=sealer,
            metrics=metrics,
            archive=RecordArchive(inspections, store, ledger, personal),
            pictures=PagePictures(store, pepper),
        )
        accesses = Accesses(records.database, clock)
        corrections = Corrections(records.database, store, ledger, clock, signer)
        redaction = stack.enter_context(ThreadPoolExecutor(_COPY_THREADS, thread_name_prefix="redaction"))
        redactor = Redactor(store, finder or LazyFinder(models_dir), redaction)
        publications = Publications(records.database, clock)
        credentials = PhotoCredentials(signer, clock, logs.credentials_missing)
        publishing = Publishing(
            records.database, store, publications, redactor, corrections, sealer, credentials, clock
        )
        erasing = Erasing(
            records.database,
            store,
            inspections,
            personal,
            corrections,
            sealer,
            clock,
            settings.privacy,
            redactor=redactor,
            publications=publications,
        )
        crew = await stack.enter_async_context(_open_crew(settings, metrics))
        reminders = Reminders(
            inspections, records.identity, records.messenger, settings.messages, settings.base_url
        )
        reconciler = Reconciler(
            inspections,
            handlers,
            bus,
            settings.work,
            metrics=metrics,
            workers=settings.vision.workers,
            upkeep=ProofUpkeep(
                inspections,
                ledger,
                erasing,
                clock,
                forget_accesses=partial(accesses.forget, settings.privacy.accesses_days),
                is_done_elsewhere=crew is not None,
            ),
            crew=crew,
            more=(*reminders.works(), *Sandbox(inspections, records.identity, clock).works()),
        )
        if crew is not None:
            crew.learn(reconciler.works)
        copies = stack.enter_context(ThreadPoolExecutor(_COPY_THREADS, thread_name_prefix="photo-copies"))
        webhooks = _open_webhooks(settings, records, pepper, metrics, clock, stack)
        live = await stack.enter_async_context(
            _open_live(settings, clock, records, LazyPipeline(open_pipeline))
        )
        limits = Limits.make(settings.limits, settings.broker.url)
        stack.push_async_callback(limits.close)
        services = Services(
            settings=settings,
            clock=clock,
            store=store,
            bus=bus,
            shelf=records.shelf,
            inspections=inspections,
            identity=records.identity,
            accesses=accesses,
            photos=PhotoCopies(store, copies, credentials),
            public=Public(publications, publishing),
            webhooks=webhooks,
            live=live,
            limits=limits,
            metrics=metrics,
            root_pem=signer.root_pem,
            published_keys=published_keys,
            proof=Proofs(ledger, corrections, erasing, personal, signer),
            pings=pings,
            degraded=lambda: () if records.broker is None or records.broker.is_up else ("broker",),
        )
        yield Running(services, reconciler, crew)


def _open_webhooks(
    settings: Settings,
    records: _Records,
    pepper: bytes,
    metrics: Metrics,
    clock: Clock,
    stack: AsyncExitStack,
) -> Webhooks:
    """Prepare what tells platforms; its threads end with the stack."""
    secrets = SecretBox(pepper)
    poster = GuardedPoster(settings.webhooks, clock)
    stack.callback(poster.close)
    endpoints = Endpoints(records.database, clock, settings.webhooks, secrets)
    queue = DeliveryQueue(records.database, clock, settings.webhooks, secrets)
    return Webhooks(
        endpoints,
        Deliveries(records.database, clock, endpoints, poster),
        Delivering(queue, poster, records.bus, clock, settings.webhooks, metrics=metrics),
    )


@asynccontextmanager
async def _open_crew(settings: Settings, metrics: Metrics) -> AsyncIterator[Crew | None]:
    """Open the way to other workers, where there is a broker; without it the work is only found by the clock."""
    if not settings.broker.url:
        yield None
        return
    crew = Crew(settings.broker, settings.work, metrics=metrics)
    try:
        yield crew
    finally:
        await crew.close()


@asynccontextmanager
async def open_directory(settings: Settings) -> AsyncIterator[Identity]:
    """Open only who may come in: for commands that admit platforms and operators, which need no models and no keys."""
    async with _open_records(settings, SystemClock(), None) as records:
        yield records.identity


@dataclass(frozen=True, slots=True)
class _Records:
    database: Database
    store: ObjectStore
    node_id: str
    metrics: Metrics
    broker: RedisBroker | None
    bus: EventBus
    shelf: Shelf
    inspections: Inspections
    identity: Identity
    messenger: Messenger


@asynccontextmanager
async def _open_records(
    settings: Settings, clock: Clock, messenger: Messenger | None
) -> AsyncIterator[_Records]:
    """Open the database, brought to its newest schema, the store, and the services over them."""
    shelf = await asyncio.to_thread(Shelf.load, settings.checklists_dir)
    pepper = await asyncio.to_thread(load_pepper, settings.pepper_file)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings.database_url, settings.database))
        await migrate(database)
        store = open_store(settings.store_url, settings.store)
        stack.push_async_callback(store.close)
        node_id, metrics, broker = new_id("node"), Metrics(), None
        bus: EventBus = InProcessBus()
        if settings.broker.url:
            broker = RedisBroker(settings.broker.url, metrics, prefix=f"{settings.broker.prefix}:")
            bus = BrokerBus(broker, node_id)
        inspections = Inspections(
            database,
            store,
            clock,
            bus,
            shelf=shelf,
            uploads=settings.uploads,
            media=settings.media,
            scope=AllTenants(),
            outbox=WebhookOutbox(),
        )
        if messenger is None:
            messenger = await asyncio.to_thread(open_messenger, settings.messages, clock)
        identity = Identity(
            database,
            inspections,
            clock,
            messenger,
            links=settings.links,
            pepper=pepper,
            policy=OperatorPolicy(settings.second_factor, settings.operators.invitation_s),
        )
        yield _Records(
            database, store, node_id, metrics, broker, bus, shelf, inspections, identity, messenger
        )


def open_signer(settings: Settings, clock: Clock) -> Signer:
    """Open the signing keys; development keys are made on first use and say so in their name.

    Raises:
        KeysUnusable: They cannot be read, do not belong together, or prove nothing in production.
    """
    return open_report_signer(settings.signing, settings.keys_dir, clock)


class LazyPipeline:
    """Models that are opened with the first frame of the first call: most inspections have none."""

    def __init__(self, load: Callable[[], Pipeline]) -> None:
        """Keep how to open the models."""
        self._load = load
        self._pipeline: Pipeline | None = None
        self._opening = threading.Lock()

    def opened(self) -> Pipeline:
        """Return the models; the first call takes seconds."""
        with self._opening:
            self._pipeline = self._pipeline or self._load()
            return self._pipeline


class LazyFinder:
    """Looks for what to hide in photos, with a model that is opened for the first of them."""

    def __init__(self, models_dir: Path) -> None:
        """Keep where the model is."""
        self._models_dir = models_dir
        self._opened: Hideable | None = None
        self._opening = threading.Lock()

    @property
    def model_sha256(self) -> str | None:
        """Of the model file that looks; ``None`` before it has."""
        return None if self._opened is None else self._opened.model_sha256

    def find(self, data: bytes) -> Found:
        """Look at one photo as it was received; runs in a worker thread.

        Raises:
            ModelMissing, ModelCorrupt: There is nothing to look with.
            UnusableImage: It cannot be decoded.
        """
        with self._opening:
            self._opened = self._opened or Hideable.open(self._models_dir)
        return self._opened.find(data)


class SessionGuide:
    """Looks at the frames of one live session."""

    def __init__(self, pipeline: LazyPipeline) -> None:
        """Keep the models, unopened."""
        self._pipeline = pipeline
        self._guide: LiveGuide | None = None

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        """Give an opinion on one ``(H, W, 3)`` uint8 BGR frame; runs in a worker thread."""
        self._guide = self._guide or self._pipeline.opened().live()
        guidance = self._guide.hint(frame, asked_view)
        return Hint(code=guidance.code, ok=guidance.ok, view=guidance.view)


async def _open_session(
    settings: Settings,
    record: InspectionRecord,
    pipeline: LazyPipeline,
    executor: Executor,
    relays: Relays,
    metrics: Metrics,
    inspection_id: InspectionId,
) -> LiveSession:
    return LiveSession(
        inspection_id,
        await record.facts(inspection_id, whole=True),
        record=record,
        guide=SessionGuide(pipeline),
        executor=executor,
        relays=relays,
        stun_urls=settings.media.ice_servers,
        metrics=metrics,
    )


@asynccontextmanager
async def _open_live(
    settings: Settings, clock: Clock, records: _Records, pipeline: LazyPipeline
) -> AsyncIterator[Sessions]:
    """Open the live sessions, and the broker that joins them with those of other nodes."""
    async with AsyncExitStack() as stack:
        hints = stack.enter_context(ThreadPoolExecutor(_HINT_THREADS, thread_name_prefix="live-hints"))
        relays = await asyncio.to_thread(Relays.open, settings.media, clock)
        record = InspectionRecord(records.inspections, clock)
        open_session = partial(_open_session, settings, record, pipeline, hints, relays, records.metrics)
        live = join_nodes(
            LiveSessions(open_session, record.events),
            records.broker,
            records.node_id,
            record,
            records.inspections,
            heartbeat_s=settings.media.heartbeat_s,
            metrics=records.metrics,
            secret=await asyncio.to_thread(load_pepper, settings.pepper_file),
        )
        if records.broker is not None:
            await stack.enter_async_context(records.broker)
        stack.push_async_callback(live.close)
        await live.open()
        yield live


def _models_used(files: ModelFiles) -> tuple[ModelUsed, ...]:
    return tuple(ModelUsed(m.name, m.version, m.sha256) for m in files.manifests())


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logs.background_failed(task.get_name(), task.exception())
