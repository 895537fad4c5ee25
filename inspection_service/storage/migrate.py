"""Brings a database to the newest schema; safe to run at every start and by several nodes at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from inspection_service.storage.database import Database, Transaction

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x1A5EC71
"""Any number; PostgreSQL's advisory lock lets one node migrate while the others wait."""


async def migrate(database: Database) -> None:
    """Run every revision that has not run yet, all in one transaction."""
    async with database.write() as transaction:
        await _take_turn(database, transaction)
        await transaction.connection.run_sync(_upgrade)


async def _take_turn(database: Database, transaction: Transaction) -> None:
    if not database.is_sqlite:
        await transaction.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for a connection that is already open."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
