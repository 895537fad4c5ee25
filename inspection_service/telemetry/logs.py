"""How the service writes its log: one event a line, static names with fields, on standard error.

Never in it: plates, VINs, names, contacts, tokens, session descriptions, pictures.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def configure_logging(form: Literal["console", "json"], *, level: int = logging.INFO) -> None:
    """Set up logging for this process, also for what libraries write.

    Args:
        form: ``console`` for people, ``json`` for collectors.
        level: What is below is dropped.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    faults = [structlog.processors.dict_tracebacks] if form == "json" else []
    structlog.configure(
        processors=[*shared, *faults, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *faults, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("uvicorn").setLevel(max(level, logging.INFO))
