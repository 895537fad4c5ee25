"""Slows down who guesses passwords and codes: per account and per address, for longer each time.

What is counted is the hash of an e-mail, whether there is such an account or not, and a keyed hash of an address: a
copy of the database tells neither who nor from where.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select

from inspection_service.clock import isoformat
from inspection_service.identity.base import Room
from inspection_service.identity.errors import TooManyTries
from inspection_service.identity.secrets import sha256
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

REMEMBERED: Final = timedelta(hours=24)
_FIRST_LOCK: Final = timedelta(minutes=1)
_LONGEST_LOCK: Final = timedelta(hours=1)
"""Not longer: a stranger who guesses must not keep an operator out for a shift."""


@dataclass(frozen=True, slots=True)
class _Rule:
    free: int
    """Failures that cost nothing; each further one doubles the wait."""


_ACCOUNT: Final = _Rule(free=10)
_ADDRESS: Final = _Rule(free=50)
"""An address may be an office full of people who begin to work at nine."""


class Lockout(Room):
    """How often one may try."""

    async def unlock(self, email: str) -> None:
        """Forget the failures of an account."""
        async with self._database.write() as transaction:
            await self._forgive(transaction, normal_email(email))

    async def _locked_until(self, emails: Iterable[str]) -> Mapping[str, datetime]:
        """Return until when accounts are locked, those that are."""
        subjects = {sha256(email): email for email in emails}
        failures = t.login_failures.c
        now = self._clock.now()
        query = (
            select(failures.subject, func.count().label("failures"), func.max(failures.at).label("last"))
            .where(failures.subject.in_(sorted(subjects)), failures.at > now - REMEMBERED)
            .group_by(failures.subject)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        ends = {subjects[row.subject]: _until(_ACCOUNT, row.failures, row.last) for row in found}
        return {email: until for email, until in ends.items() if until is not None and until > now}

    async def _refuse_guessing(self, email: str, address: str) -> None:
        """Raise ``TooManyTries`` with ``retry_after_s`` and ``until`` while account or address is locked."""
        rules = {sha256(email): _ACCOUNT, self._address_subject(address): _ADDRESS}
        failures = t.login_failures.c
        now = self._clock.now()
        query = (
            select(failures.subject, func.count().label("failures"), func.max(failures.at).label("last"))
            .where(failures.subject.in_(sorted(rules)), failures.at > now - REMEMBERED)
            .group_by(failures.subject)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        ends = [_until(rules[row.subject], row.failures, row.last) for row in found]
        until = max((end for end in ends if end is not None), default=None)
        if until is not None and until > now:
            raise TooManyTries(
                f"Too many tries; try again after {until:%H:%M} UTC, or ask an admin of your team to unlock you.",
                retry_after_s=int((until - now).total_seconds()) + 1,
                until=isoformat(until),
            )

    async def _note_failure(self, email: str, address: str | None) -> None:
        """Count a failure; without an address only for the account."""
        now = self._clock.now()
        subjects = [sha256(email)] + ([] if address is None else [self._address_subject(address)])
        async with self._database.write() as transaction:
            connection = transaction.connection
            await connection.execute(delete(t.login_failures).where(t.login_failures.c.at < now - REMEMBERED))
            await connection.execute(
                insert(t.login_failures), [{"subject": subject, "at": now} for subject in subjects]
            )

    async def _forgive(self, transaction: Transaction, email: str) -> None:
        """Forget an account's failures: somebody came in who may; an address keeps its own."""
        failures = t.login_failures
        await transaction.connection.execute(delete(failures).where(failures.c.subject == sha256(email)))

    def _address_subject(self, address: str) -> str:
        return hmac.new(self._pepper, f"login address {address}".encode(), hashlib.sha256).hexdigest()


def normal_email(email: str) -> str:
    """Write an e-mail as accounts are found by."""
    return email.strip().lower()[:320]


def _until(rule: _Rule, count: int, last: datetime) -> datetime | None:
    if count < rule.free:
        return None
    doubled: int = 2 ** min(count - rule.free, 10)  # beyond it the longest wait is reached anyway
    return last + min(_FIRST_LOCK * doubled, _LONGEST_LOCK)
