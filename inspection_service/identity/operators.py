"""Operators, their passwords and their sessions."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from inspection_service.clock import new_id
from inspection_service.errors import InvalidInput
from inspection_service.identity.base import Room
from inspection_service.identity.errors import EmailTaken, LoginFailed, SessionMissing, TooManyTries
from inspection_service.identity.records import Operator, Role, SignedIn
from inspection_service.identity.secrets import hash_password, is_password, new_token, sha256
from inspection_service.inspections.records import OperatorId
from inspection_service.storage import tables as t

FAILURES_ALLOWED: Final = 10
FAILURES_WITHIN_S: Final = 15 * 60
_PASSWORD_LEAST: Final = 12
_PASSWORD_MOST: Final = 1024


class Operators(Room):
    """Who may guide."""

    async def create_operator(
        self, email: str, name: str, password: str, role: Role = "operator"
    ) -> Operator:
        """Admit an operator.

        Raises:
            EmailTaken: There is one with this e-mail.
            InvalidInput: The password is shorter than 12 characters, or the address is none.
        """
        address = _normal(email)
        if "@" not in address:
            raise InvalidInput("This is not an e-mail address.", field="email")
        if not _PASSWORD_LEAST <= len(password) <= _PASSWORD_MOST:
            raise InvalidInput("A password has at least 12 characters.", field="password")
        operator = Operator(OperatorId(new_id("opr")), address, name, role)
        kept = await asyncio.to_thread(hash_password, password)
        try:
            async with self._database.write() as transaction:
                await transaction.connection.execute(
                    insert(t.operators).values(
                        id=operator.id,
                        email=address,
                        name=name,
                        password_hash=kept,
                        role=role,
                        created_at=self._clock.now(),
                    )
                )
        except IntegrityError as error:
            raise EmailTaken from error
        return operator

    async def login(self, email: str, password: str) -> tuple[Operator, SignedIn]:
        """Check a password and open a session.

        Raises:
            LoginFailed: E-mail or password is wrong; which one is not said.
            TooManyTries: 10 failures in 15 minutes for this e-mail; ``retry_after_s``.
        """
        address = _normal(email)
        await self._refuse_guessing(address)
        people = t.operators.c
        async with self._database.read() as transaction:
            query = select(t.operators).where(people.email == address, people.disabled_at.is_(None))
            row = (await transaction.connection.execute(query)).mappings().first()
        kept = row["password_hash"] if row else None
        if not await asyncio.to_thread(is_password, password[:_PASSWORD_MOST], kept) or row is None:
            await self._note_failure(address)
            raise LoginFailed
        now = self._clock.now()
        signed_in = SignedIn(new_token(), now + timedelta(seconds=self._links.operator_session_s))
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                insert(t.operator_sessions).values(
                    id=new_id("ops"),
                    operator_id=row["id"],
                    token_sha256=sha256(signed_in.token),
                    created_at=now,
                    expires_at=signed_in.expires_at,
                )
            )
            failures = t.login_failures
            await transaction.connection.execute(
                delete(failures).where(failures.c.email_sha256 == sha256(address))
            )
        return Operator(OperatorId(row["id"]), row["email"], row["name"], row["role"]), signed_in

    async def logout(self, token: str) -> None:
        """End an operator's session; fine when there is none."""
        sessions = t.operator_sessions.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.operator_sessions)
                .where(sessions.token_sha256 == sha256(token), sessions.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )

    async def operator(self, token: str) -> Operator:
        """Return whose session this is. Raises ``SessionMissing``."""
        people, sessions = t.operators.c, t.operator_sessions.c
        query = (
            select(people.id, people.email, people.name, people.role)
            .join(t.operator_sessions)
            .where(
                sessions.token_sha256 == sha256(token),
                sessions.revoked_at.is_(None),
                sessions.expires_at > self._clock.now(),
                people.disabled_at.is_(None),
            )
        )
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).first()
        if row is None:
            raise SessionMissing
        return Operator(OperatorId(row.id), row.email, row.name, row.role)

    async def operators(self) -> list[Operator]:
        """Return everybody who may sign in at a desk, by name."""
        people = t.operators.c
        query = (
            select(people.id, people.email, people.name, people.role)
            .where(people.disabled_at.is_(None))
            .order_by(people.name, people.id)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return [Operator(OperatorId(row.id), row.email, row.name, row.role) for row in found]

    async def operator_names(self, ids: frozenset[OperatorId]) -> dict[OperatorId, str]:
        """Return display names."""
        people = t.operators.c
        query = select(people.id, people.name).where(people.id.in_(sorted(ids)))
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return {OperatorId(row.id): row.name for row in found}

    async def _refuse_guessing(self, address: str) -> None:
        failures = t.login_failures.c
        now = self._clock.now()
        since = now - timedelta(seconds=FAILURES_WITHIN_S)
        query = select(func.count(), func.min(failures.at)).where(
            failures.email_sha256 == sha256(address), failures.at > since
        )
        async with self._database.read() as transaction:
            count, first = (await transaction.connection.execute(query)).one()
        if count >= FAILURES_ALLOWED:
            wait_s = int((first - since).total_seconds()) + 1
            raise TooManyTries(retry_after_s=wait_s)

    async def _note_failure(self, address: str) -> None:
        failures = t.login_failures
        now = self._clock.now()
        async with self._database.write() as transaction:
            old = failures.c.at < now - timedelta(seconds=FAILURES_WITHIN_S)
            await transaction.connection.execute(delete(failures).where(old))
            await transaction.connection.execute(
                insert(failures).values(email_sha256=sha256(address), at=now)
            )


def _normal(email: str) -> str:
    return email.strip().lower()[:320]
