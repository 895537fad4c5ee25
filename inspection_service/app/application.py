"""The application that a server serves; its lifespan opens the service and keeps it going."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI

from inspection_service.api.doors import install_doors
from inspection_service.app.service import open_service
from inspection_service.clock import Clock
from inspection_service.errors import InspectionServiceError
from inspection_service.identity.messenger import Messenger
from inspection_service.settings import Settings
from inspection_service.telemetry import logs
from inspection_service.work import PhotoJudge
from inspection_service.work.redacting import Finder

STATIC_DIR = Path(__file__).parents[1] / "static"


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


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logs.background_failed(task.get_name(), task.exception())
