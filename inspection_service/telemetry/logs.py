"""Sets up structlog once, and names every log event as a function, so that none is misspelt or says too much.

Never logged: plates, VINs, names, contacts, tokens, codes, images.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import structlog

from inspection_service.errors import InspectionServiceError
from inspection_service.telemetry.tracebacks import format_error

_TOLD: Final = "_inspection_service_told"
"""Marks an error that stands in the log already, on its way out to the HTTP server, which would log it again."""


def configure_logs(form: Literal["console", "json"] = "console", *, level: int = logging.INFO) -> None:
    """Write log lines to standard error, for people or for machines; what libraries log becomes such lines too."""
    # Without its plain formatter, structlog's console prints every local variable of every frame.
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _format_error,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_standard_error,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _FromLibraries)] + [_FromLibraries()]


def _to_standard_error(*_: Any) -> structlog.WriteLogger:
    """Write to what standard error is now: a test, or a supervisor, may have exchanged it since the start."""
    return structlog.WriteLogger(sys.stderr)


class _FromLibraries(logging.Handler):
    """Brings warnings and errors of libraries into our form, one line each, and none that is told already."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        # Below its first line a library's message quotes what it was busy with: a task, a traceback as text.
        says = record.getMessage().strip().partition("\n")[0]
        if getattr(error, _TOLD, False) or says.startswith("Traceback"):
            return
        _log().log(record.levelno, "library.said", library=record.name, says=says, exc_info=error)


def _format_error(_log: Any, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = format_error(error)
    return event


def _log() -> structlog.typing.FilteringBoundLogger:
    if not structlog.is_configured():  # structlog's own default would print local variables
        configure_logs()
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log


def service_started(address: str) -> None:
    """The service listens."""
    _log().info("service.started", address=address)


def start_refused(error: InspectionServiceError) -> None:
    """The service does not start, for a reason it can name."""
    setattr(error, _TOLD, True)
    _log().error("service.not_started", slug=error.slug, reason=error.message)


def service_stopped() -> None:
    """The service has closed everything."""
    _log().info("service.stopped")


def worker_started(queues: tuple[str, ...]) -> None:
    """A worker takes work."""
    _log().info("worker.started", queues=list(queues))


def worker_stopped() -> None:
    """A worker has finished what it had begun and closed everything."""
    _log().info("worker.stopped")


def capture_judged(inspection_id: str, capture_id: str, seconds: float, *, accepted: bool) -> None:
    """A photo has its judgement."""
    _log().info(
        "capture.judged",
        inspection_id=inspection_id,
        capture_id=capture_id,
        seconds=round(seconds, 3),
        accepted=accepted,
    )


def capture_unreadable(inspection_id: str, capture_id: str, fault: str) -> None:
    """A photo could not be judged."""
    _log().warning("capture.unreadable", inspection_id=inspection_id, capture_id=capture_id, fault=fault)


def upload_refused(inspection_id: str, upload_id: str, slug: str) -> None:
    """A complete upload could not become a capture."""
    _log().info("upload.refused", inspection_id=inspection_id, upload_id=upload_id, slug=slug)


def report_sealed(inspection_id: str, seconds: float, size_bytes: int) -> None:
    """A report is sealed and stored."""
    _log().info(
        "report.sealed", inspection_id=inspection_id, seconds=round(seconds, 3), size_bytes=size_bytes
    )


def sealing_waits(inspection_id: str, reason: str) -> None:
    """A report cannot be sealed yet; it is tried again."""
    _log().warning("sealing.waiting", inspection_id=inspection_id, reason=reason)


def redaction_blind(error: BaseException) -> None:
    """Nothing could look for what to hide in a photo; it is hidden by rule, and a person must look."""
    _log().error("redaction.blind", error=type(error).__name__)


def credentials_missing(why: str) -> None:
    """A photo was handed out without Content Credentials."""
    _log().warning("credentials.missing", why=why)


def work_failed(kind: str, subject: str, error: BaseException) -> None:
    """A piece of work raised; it will be tried again."""
    _log().error("work.failed", kind=kind, subject=subject, error=type(error).__name__, exc_info=error)


def work_unknown(kind: str) -> None:
    """Another release sent work this one does not know."""
    _log().warning("work.unknown", kind=kind)


def queue_away(queue: str, error: BaseException) -> None:
    """Work cannot be sent or taken by the broker; it is in the records, and the broker is tried again."""
    _log().warning("queue.away", queue=queue, error=type(error).__name__)


def queue_back(queue: str) -> None:
    """Work can be taken again."""
    _log().info("queue.back", queue=queue)


def webhook_given_up(delivery_id: str, endpoint_id: str, attempts: int, fault: str | None) -> None:
    """A platform was not told, however often it was tried."""
    _log().warning(
        "webhook.given_up", delivery_id=delivery_id, endpoint_id=endpoint_id, attempts=attempts, fault=fault
    )


def webhook_disabled(endpoint_id: str, why: str) -> None:
    """An endpoint was taken out of use."""
    _log().warning("webhook.disabled", endpoint_id=endpoint_id, why=why)


def vision_worker_replaced(reason: str) -> None:
    """A process that judges photos died or hung, and another took its place."""
    _log().warning("vision.worker_replaced", reason=reason)


def background_failed(task: str, error: BaseException | None) -> None:
    """What runs beside the requests has ended by a fault; photos wait until the service starts again."""
    _log().error("background.failed", task=task, exc_info=error)


@contextmanager
def kept_going(what: str, inspection_id: str) -> Iterator[None]:
    """A boundary inside a live session: one fault is told, and the session goes on."""
    try:
        yield
    except Exception as error:
        session_fault(what, inspection_id, error)


def session_fault(what: str, inspection_id: str, error: Exception) -> None:
    """Something inside a live session failed; the session goes on."""
    _log().error("session.fault", what=what, inspection_id=inspection_id, exc_info=error)


def request_answered(method: str, path: str, status: int, seconds: float) -> None:
    """A request was answered; the path without its query."""
    _log().info("request.answered", method=method, path=path, status=status, seconds=round(seconds, 3))


def resource_missing(name: str, error: BaseException) -> None:
    """A resource did not answer when readiness was asked for."""
    _log().warning("resource.missing", resource=name, error=type(error).__name__)


def request_failed(instance: str, route: str, error: BaseException) -> None:
    """A request met a fault of ours; ``instance`` is what the caller was told."""
    setattr(error, _TOLD, True)
    _log().error("request.failed", instance=instance, route=route, error=type(error).__name__, exc_info=error)


def broker_lost(error: BaseException) -> None:
    """Messages between nodes no longer pass; the records are looked into by the clock until they do."""
    _log().warning("broker.lost", error=type(error).__name__)


def broker_back() -> None:
    """Messages between nodes pass again."""
    _log().info("broker.back")


def session_owned(inspection_id: str, node_id: str, fence: int, *, taken_from: str | None) -> None:
    """A live session rests on this node from now on."""
    _log().info(
        "session.owned", inspection_id=inspection_id, node_id=node_id, fence=fence, taken_from=taken_from
    )


def session_moved(inspection_id: str, node_id: str) -> None:
    """Another node has taken a live session from this one, which sends its pages away to find it."""
    _log().warning("session.moved", inspection_id=inspection_id, node_id=node_id)


def socket_relayed(
    inspection_id: str, role: str, owner: str, seconds: float, messages: int, why: str
) -> None:
    """A page whose session was on another node has gone; how long it was relayed, how much it said, why it ended."""
    _log().info(
        "socket.relayed",
        inspection_id=inspection_id,
        role=role,
        owner=owner,
        seconds=round(seconds, 3),
        messages=messages,
        why=why,
    )
