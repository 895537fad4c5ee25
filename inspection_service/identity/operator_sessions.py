"""The browsers in which operators are signed in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from sqlalchemy import RowMapping, bindparam, insert, select, update

from inspection_service.clock import new_id
from inspection_service.identity.base import Room
from inspection_service.identity.errors import SessionMissing
from inspection_service.identity.records import Operator, SignedIn
from inspection_service.identity.records_team import OperatorSession
from inspection_service.identity.secrets import new_token, sha256
from inspection_service.inspections.records import OperatorId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

PERSON: Final = (
    t.operators.c.id,
    t.operators.c.email,
    t.operators.c.name,
    t.operators.c.role,
    t.operators.c.organisation_id,
    t.operators.c.totp_confirmed_at,
)
_SIGNED_IN: Final = (
    select(*PERSON, t.operator_sessions.c.id.label("session_id"))
    .join_from(t.operators, t.operator_sessions)
    .where(
        t.operator_sessions.c.token_sha256 == bindparam("sha256"),
        t.operator_sessions.c.revoked_at.is_(None),
        t.operator_sessions.c.expires_at > bindparam("now"),
        t.operators.c.disabled_at.is_(None),
    )
)
"""Whose session it is: asked with every call of a desk, so made once."""
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("Firefox|FxiOS", "Firefox"),
    ("(?:Headless)?Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class OperatorSessions(Room):
    """Who is signed in, where, and until when."""

    async def operator(self, token: str) -> Operator:
        """Return whose session this is. Raises ``SessionMissing``."""
        now = self._clock.now()
        for row in await self._database.ask(_SIGNED_IN, {"sha256": sha256(token), "now": now}):
            return self._person(row, row["session_id"])
        raise SessionMissing

    async def logout(self, token: str) -> None:
        """End an operator's session; fine when there is none."""
        sessions = t.operator_sessions.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.operator_sessions)
                .where(sessions.token_sha256 == sha256(token), sessions.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
            )

    async def sessions_of(self, operator: Operator) -> list[OperatorSession]:
        """List where somebody is signed in, the newest first."""
        sessions = t.operator_sessions.c
        query = (
            select(sessions.id, sessions.device, sessions.created_at, sessions.expires_at)
            .where(
                sessions.operator_id == operator.id,
                sessions.revoked_at.is_(None),
                sessions.expires_at > self._clock.now(),
            )
            .order_by(sessions.created_at.desc(), sessions.id)
            .limit(100)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return [OperatorSession(row.id, row.device, row.created_at, row.expires_at) for row in found]

    async def end_session(self, operator: Operator, session_id: str) -> None:
        """End one of one's own sessions; fine when it has ended."""
        sessions = t.operator_sessions.c
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.operator_sessions)
                .where(
                    sessions.id == session_id,
                    sessions.operator_id == operator.id,
                    sessions.revoked_at.is_(None),
                )
                .values(revoked_at=self._clock.now())
            )

    async def end_sessions(self, operator: Operator, *, but: str | None = None) -> None:
        """Sign out everywhere, or everywhere but in one browser."""
        async with self._database.write() as transaction:
            await self._end_all(transaction, operator.id, but=but)

    async def _end_all(
        self, transaction: Transaction, operator_id: OperatorId, *, but: str | None = None
    ) -> None:
        sessions = t.operator_sessions.c
        await transaction.connection.execute(
            update(t.operator_sessions)
            .where(
                sessions.operator_id == operator_id, sessions.revoked_at.is_(None), sessions.id != (but or "")
            )
            .values(revoked_at=self._clock.now())
        )

    async def _sign_in(
        self, transaction: Transaction, operator_id: OperatorId, user_agent: str | None
    ) -> SignedIn:
        now = self._clock.now()
        signed_in = SignedIn(new_token(), now + timedelta(seconds=self._links.operator_session_s))
        await transaction.connection.execute(
            insert(t.operator_sessions).values(
                id=new_id("ops"),
                operator_id=operator_id,
                token_sha256=sha256(signed_in.token),
                device=device_name(user_agent),
                created_at=now,
                expires_at=signed_in.expires_at,
            )
        )
        return signed_in

    def _person(self, row: RowMapping, session_id: str | None = None) -> Operator:
        return Operator(
            OperatorId(row["id"]),
            row["email"],
            row["name"],
            row["role"],
            row["organisation_id"],
            must_enrol=self._policy.needs_second_factor and row["totp_confirmed_at"] is None,
            session_id=session_id,
        )


def device_name(user_agent: str | None) -> str | None:
    """Name a browser so that its owner knows it again, ``Firefox, Linux``; nothing finer is kept."""
    if not user_agent:
        return None
    found = [
        next((name for mark, name in names if re.search(rf"\b(?:{mark})", user_agent)), None)
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(name for name in found if name) or None
