"""Answers that are given once: an unsafe request that comes again under its ``Idempotency-Key`` changes nothing anew.

A row is claimed before the request runs and filled with its answer afterwards, encrypted, for an answer may hold a
secret that is nowhere else (a seller's link, an API key). Between the two a process may die: after a while the claim
lapses and the request runs again, so what a request makes once must be found again by ``Claim.seed``.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from inspection_service.errors import InvalidInput
from inspection_service.identity.base import Room
from inspection_service.inspections.errors import IdempotencyKeyReused
from inspection_service.inspections.records import InspectionId, TenantId
from inspection_service.storage import tables as t

KEPT: Final = timedelta(hours=48)
"""How long an answer is given again."""
CLAIM_LAPSES: Final = timedelta(minutes=2)
"""After which a request whose process is silent may run again."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a request and to keep its answer."""

    tenant_id: TenantId
    key: str
    request_sha256: str
    claimed_at: datetime

    @property
    def seed(self) -> str:
        """What is made once is derived from: the same request under the same key, and no other."""
        return f"{self.key} {self.request_sha256}"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered the first time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    inspection_id: InspectionId | None = None
    """What it is about: erasing that erases this too."""


class Replays(Room):
    """Requests that came before."""

    async def claim(self, tenant_id: TenantId, key: str, request_sha256: str) -> Claim | KeptAnswer | None:
        """Begin a request under its key.

        Returns:
            The right to run it; or the answer it had; or ``None`` while it runs elsewhere.

        Raises:
            IdempotencyKeyReused: The key came with another request.
            InvalidInput: It is not 1 to 255 printable characters.
        """
        if not _KEY.fullmatch(key):
            raise InvalidInput(
                "An Idempotency-Key is 1 to 255 printable characters.", field="Idempotency-Key"
            )
        now = self._clock.now()
        mine = (t.idempotent_answers.c.tenant_id == tenant_id, t.idempotent_answers.c.key == key)
        claim = Claim(tenant_id, key, request_sha256, now)
        async with self._database.read() as transaction:
            row = (
                (await transaction.connection.execute(select(t.idempotent_answers).where(*mine)))
                .mappings()
                .first()
            )
        if row is not None and not _is_over(row, now):
            return self._kept(claim, row)
        if row is not None:
            # The claim lapsed or the time of keeping is over: of those who see it, one takes it.
            async with self._database.write() as transaction:
                taken = await transaction.connection.execute(
                    update(t.idempotent_answers)
                    .where(*mine, t.idempotent_answers.c.created_at == row["created_at"])
                    .values(
                        request_sha256=request_sha256,
                        status=None,
                        headers=None,
                        body=None,
                        inspection_id=None,
                        created_at=now,
                    )
                )
            return claim if taken.rowcount == 1 else None
        try:
            async with self._database.write() as transaction:
                await transaction.connection.execute(
                    delete(t.idempotent_answers).where(t.idempotent_answers.c.created_at < now - KEPT)
                )
                await transaction.connection.execute(
                    insert(t.idempotent_answers).values(
                        tenant_id=tenant_id, key=key, request_sha256=request_sha256, created_at=now
                    )
                )
        except IntegrityError:
            return None  # the same key arrived twice at one moment: the other one runs
        return claim

    async def keep_answer(self, claim: Claim, answer: KeptAnswer) -> None:
        """Keep what was answered, for the next time."""
        sealed = self._cipher.encrypt(
            nonce := secrets.token_bytes(_NONCE_BYTES), answer.body, _of(claim.tenant_id, claim.key)
        )
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.idempotent_answers)
                .where(*_mine(claim))
                .values(
                    status=answer.status,
                    headers=dict(answer.headers),
                    body=nonce + sealed,
                    inspection_id=answer.inspection_id,
                )
            )

    async def free_claim(self, claim: Claim) -> None:
        """Let the key go: the request was refused, so nothing happened and it may be tried again."""
        async with self._database.write() as transaction:
            await transaction.connection.execute(delete(t.idempotent_answers).where(*_mine(claim)))

    def _kept(self, claim: Claim, row: RowMapping) -> KeptAnswer | None:
        if row["status"] is not None and row["body"] is None:
            raise IdempotencyKeyReused("What was answered under this key was erased with its inspection.")
        if row["request_sha256"] != claim.request_sha256:
            raise IdempotencyKeyReused
        if row["status"] is None:
            return None
        sealed: bytes = row["body"]
        try:
            body = self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _of(claim.tenant_id, claim.key)
            )
        except InvalidTag as error:  # the pepper is another one: nobody can say any more what was answered
            raise IdempotencyKeyReused("What was answered under this key can no longer be read.") from error
        about = row["inspection_id"]
        return KeptAnswer(row["status"], row["headers"], body, None if about is None else InspectionId(about))

    @property
    def _cipher(self) -> AESGCM:
        return AESGCM(hmac.digest(self._pepper, b"idempotent-answers", "sha256"))


def _mine(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    column = t.idempotent_answers.c
    return (
        column.tenant_id == claim.tenant_id,
        column.key == claim.key,
        column.created_at == claim.claimed_at,  # a claim that lapsed meanwhile is another one's
    )


def _of(tenant_id: TenantId, key: str) -> bytes:
    return json.dumps([tenant_id, key]).encode()


def _is_over(row: RowMapping, now: datetime) -> bool:
    lasts = CLAIM_LAPSES if row["status"] is None else KEPT
    return bool(row["created_at"] + lasts < now)
