"""Opens every room in order, hands each its collaborators and its settings, closes in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from inspection_service.api.limits import Limits
from inspection_service.api.photos import PhotoCopies
from inspection_service.api.services import Proofs, Public, Services
from inspection_service.app.live import open_live
from inspection_service.app.models import LazyFinder, LazyPipeline
from inspection_service.app.records import open_records
from inspection_service.app.running import Running
from inspection_service.app.telling import open_crew, open_webhooks
from inspection_service.clock import Clock, SystemClock
from inspection_service.identity.accesses import Accesses
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.secrets import load_pepper
from inspection_service.ledger import Ledger
from inspection_service.privacy import PersonalData
from inspection_service.privacy.publications import Publications
from inspection_service.reports.credentials import PhotoCredentials
from inspection_service.reports.head_signer import LogHeadSigner, LogTimestamps
from inspection_service.reports.keys import Signer
from inspection_service.reports.keys_opening import open_signer as open_report_signer
from inspection_service.reports.published_keys import PublishedKeys
from inspection_service.reports.records import ModelUsed
from inspection_service.reports.sealer import ReportSealer, open_authority, open_revocation
from inspection_service.settings import Settings
from inspection_service.telemetry import logs
from inspection_service.vision.model_files import ModelFiles
from inspection_service.vision.pipeline import Pipeline
from inspection_service.work import Handlers, JudgeInProcess, PhotoJudge, Reconciler
from inspection_service.work.archive import RecordArchive
from inspection_service.work.correcting import Corrections
from inspection_service.work.erasing import Erasing
from inspection_service.work.pictures import PagePictures
from inspection_service.work.publishing import Publishing
from inspection_service.work.redacting import Finder, Redactor
from inspection_service.work.reminding import Reminders
from inspection_service.work.sandbox import Sandbox
from inspection_service.work.upkeep import ProofUpkeep

_COPY_THREADS = 2


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
        records = await stack.enter_async_context(open_records(settings, clock, messenger))
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
        await stack.enter_async_context(accesses.writing())
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
        crew = await stack.enter_async_context(open_crew(settings, metrics))
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
        webhooks = open_webhooks(settings, records, pepper, metrics, clock, stack)
        live = await stack.enter_async_context(
            open_live(settings, clock, records, LazyPipeline(open_pipeline))
        )
        limits = Limits.make(settings.limits, settings.broker_url)
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


def open_signer(settings: Settings, clock: Clock) -> Signer:
    """Open the signing keys; development keys are made on first use and say so in their name.

    Raises:
        KeysUnusable: They cannot be read, do not belong together, or prove nothing in production.
    """
    return open_report_signer(settings.signing, settings.keys_dir, clock)


def _models_used(files: ModelFiles) -> tuple[ModelUsed, ...]:
    return tuple(ModelUsed(m.name, m.version, m.sha256) for m in files.manifests())
