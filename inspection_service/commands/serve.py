"""``serve`` and ``migrate``: what keeps running on a server."""

from __future__ import annotations

import argparse
import asyncio
import gc
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from inspection_service.app import create_app
from inspection_service.commands.terminal import err, read_settings, waiting
from inspection_service.settings import Settings
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.telemetry.logs import configure_logs

_GRACE_S = 10
"""How long requests may still finish after the service is asked to stop."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until asked to stop."""
    settings = settings_of(arguments)
    return serve(settings)


def serve(settings: Settings) -> int:
    """Serve until asked to stop.

    Returns:
        0 after an orderly end, 1 when the service could not start.
    """
    configure_logs(settings.log_format)
    server = uvicorn.Server(server_config(settings, create_app(settings)))
    keep_what_is_loaded()
    with suppress(KeyboardInterrupt):  # raised anew by the server after it has closed everything
        server.run()
    return 0 if server.started else 1


def keep_what_is_loaded() -> None:
    """Take the program itself, a quarter of a million objects, out of the collector's rounds.

    Each full round stopped everything, calls too, for a fifth of a second to find that no module had become garbage.
    """
    gc.collect()
    gc.freeze()


def server_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    """Return how the HTTP server runs: no access log of its own, because it writes whole addresses."""
    more: dict[str, Any] = {}
    if settings.http.certfile and settings.http.keyfile:
        more = {"ssl_certfile": str(settings.http.certfile), "ssl_keyfile": str(settings.http.keyfile)}
    return uvicorn.Config(
        app,
        host=settings.http.host,
        port=settings.http.port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Without trusted proxies nobody may say who calls; uvicorn's own default believes this machine.
        proxy_headers=bool(settings.http.trusted_proxies),
        forwarded_allow_ips=",".join(settings.http.trusted_proxies),
        timeout_graceful_shutdown=_GRACE_S,
        ws="websockets-sansio",
        ws_max_size=256 * 1024,
        **more,
    )


def migrate_database(arguments: argparse.Namespace) -> int:
    """Bring the database to the newest schema."""
    settings = settings_of(arguments)
    with waiting("Migrating the database ..."):
        asyncio.run(_migrate(settings))
    err().print("The database has the newest schema.")
    return 0


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Read the settings, with what the command line says on top."""
    return read_settings(
        data_dir=arguments.data_dir,
        http__host=getattr(arguments, "host", None),
        http__port=getattr(arguments, "port", None),
    )


async def _migrate(settings: Settings) -> None:
    async with Database(settings.database_url, settings.database) as database:
        await migrate(database)
