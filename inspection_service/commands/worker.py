"""``worker``: does the work that others send, or all there is where nobody sends any, without serving."""

from __future__ import annotations

import argparse
import asyncio
import signal

from prometheus_client import ProcessCollector, start_http_server

from inspection_service.app import Running, open_service
from inspection_service.commands.serve import keep_what_is_loaded, settings_of
from inspection_service.errors import InspectionServiceError
from inspection_service.settings import Settings
from inspection_service.telemetry import logs
from inspection_service.telemetry.logs import configure_logs
from inspection_service.work import PhotoJudge
from inspection_service.work.pieces import QUEUES, Queue


def run(arguments: argparse.Namespace) -> int:
    """Work until asked to stop (SIGTERM, Ctrl-C); a second time asked, stop at once."""
    settings = settings_of(arguments)
    configure_logs(settings.log_format)
    keep_what_is_loaded()
    asyncio.run(work(settings, arguments.queues or QUEUES))
    return 0


def _show_metrics(running: Running, settings: Settings) -> None:
    """Show the metrics of this process to Prometheus until it ends."""
    if settings.work.metrics_port is not None:
        registry = running.services.metrics.registry
        ProcessCollector(registry=registry)
        start_http_server(settings.work.metrics_port, settings.http.host, registry)


async def work(settings: Settings, queues: tuple[Queue, ...], *, judge: PhotoJudge | None = None) -> None:
    """Work until asked to stop.

    Args:
        settings: The whole tree.
        queues: What kinds of work.
        judge: Judges photos; child processes with the installed models when absent.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        async with open_service(settings, judge=judge) as running:
            working = asyncio.create_task(running.work(stop, queues), name="work")

            def asked() -> None:
                if stop.is_set():
                    working.cancel()
                stop.set()

            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, asked)
            _show_metrics(running, settings)
            logs.worker_started(queues)
            await asyncio.gather(working, return_exceptions=True)
            if not working.cancelled() and (error := working.exception()) is not None:
                raise error
    except InspectionServiceError as error:
        logs.start_refused(error)
        raise
    logs.worker_stopped()
