"""The clear values of reports at rest: encrypted under a key of their own, which can be destroyed.

Each inspection has one key for its seller and one for its operators. A key rests wrapped under a secret that is not in
the database (the pepper), and closes the values with AES-256-GCM (NIST SP 800-38D) under a key derived from it by HKDF
(RFC 5869). Destroying the key is the erasure: also copies of the rows in backups stay closed, as long as the table
``personal_keys`` is not restored from a backup older than the erasure.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Final

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.clock import Clock
from inspection_service.inspections.personal import KEY_BYTES, KeptValue, PersonalKeys, PersonalValue, Subject
from inspection_service.inspections.records import InspectionId
from inspection_service.privacy.errors import PersonalDataClosed, PersonalDataGone
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database, Transaction

NONCE_BYTES: Final = 12
SUBJECTS: Final[tuple[Subject, ...]] = ("seller", "operator")


class PersonalData:
    """Keeps keys and clear values; what is destroyed here cannot be had from anywhere."""

    def __init__(self, database: Database, clock: Clock, secret: bytes) -> None:
        """Keep the collaborators.

        Args:
            database: Holds keys, wrapped, and values, closed.
            clock: Dates them.
            secret: 32 bytes that are not in the database.
        """
        self._database = database
        self._clock = clock
        self._wrapping = AESGCM(_derived(secret, b"personal keys"))

    async def keys(self, inspection_id: InspectionId) -> PersonalKeys:
        """Return the keys of an inspection; they are drawn on the first call.

        Raises:
            PersonalDataGone: One was destroyed.
            PersonalDataClosed: The secret is another one.
        """
        try:
            async with self._database.write() as transaction:
                found = await self._wrapped(transaction.connection, inspection_id)
                if not found:
                    drawn = PersonalKeys.draw()
                    for subject in SUBJECTS:
                        wrapped = self._closed(drawn.of(subject), _about(inspection_id, subject))
                        await transaction.connection.execute(
                            insert(t.personal_keys).values(
                                inspection_id=inspection_id,
                                subject=subject,
                                wrapped=wrapped,
                                created_at=self._clock.now(),
                            )
                        )
                    return drawn
        except IntegrityError:  # another process drew them first
            async with self._database.read() as transaction:
                found = await self._wrapped(transaction.connection, inspection_id)
        opened = {s: self._opened(w, _about(inspection_id, s)) for s, w in found.items() if w is not None}
        if set(opened) != set(SUBJECTS):
            raise PersonalDataGone
        return PersonalKeys(opened["seller"], opened["operator"])

    async def keep(self, inspection_id: InspectionId, values: Sequence[PersonalValue]) -> None:
        """Keep the clear values of a report, in place of those of an attempt before.

        Raises:
            PersonalDataGone: Their key was destroyed.
        """
        keys = await self.keys(inspection_id)
        closed = [
            {
                "inspection_id": inspection_id,
                "pointer": value.pointer,
                "subject": value.subject,
                "ciphertext": _close_value(keys.of(value.subject), inspection_id, value),
            }
            for value in values
        ]
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                delete(t.disclosures).where(t.disclosures.c.inspection_id == inspection_id)
            )
            if closed:
                await transaction.connection.execute(insert(t.disclosures), closed)

    async def values(self, inspection_id: InspectionId) -> tuple[KeptValue, ...]:
        """Return the clear values that can still be opened, ordered by pointer; none for reports before 1.1."""
        async with self._database.read() as transaction:
            wrapped = await self._wrapped(transaction.connection, inspection_id)
            column = t.disclosures.c
            query = (
                select(t.disclosures).where(column.inspection_id == inspection_id).order_by(column.pointer)
            )
            rows = (await transaction.connection.execute(query)).mappings().all()
        keys = {s: self._opened(w, _about(inspection_id, s)) for s, w in wrapped.items() if w is not None}
        return tuple(
            _open_value(
                keys[row["subject"]], inspection_id, row["pointer"], row["subject"], row["ciphertext"]
            )
            for row in rows
            if row["subject"] in keys
        )

    async def destroy(self, inspection_id: InspectionId, subject: Subject, *, within: Transaction) -> None:
        """Destroy a key and the values it closed; repeating it is fine."""
        column = t.personal_keys.c
        now = self._clock.now()
        connection = within.connection
        done = await connection.execute(
            update(t.personal_keys)
            .where(column.inspection_id == inspection_id, column.subject == subject)
            .values(wrapped=None, destroyed_at=now)
        )
        if not done.rowcount:  # never had one: and it shall never get one
            await connection.execute(
                insert(t.personal_keys).values(
                    inspection_id=inspection_id, subject=subject, created_at=now, destroyed_at=now
                )
            )
        await connection.execute(
            delete(t.disclosures).where(
                t.disclosures.c.inspection_id == inspection_id, t.disclosures.c.subject == subject
            )
        )

    async def _wrapped(
        self, connection: AsyncConnection, inspection_id: InspectionId
    ) -> dict[Subject, bytes | None]:
        column = t.personal_keys.c
        query = select(column.subject, column.wrapped).where(column.inspection_id == inspection_id)
        return {row.subject: row.wrapped for row in await connection.execute(query)}

    def _closed(self, key: bytes, about: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, about)

    def _opened(self, wrapped: bytes, about: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about)
        except InvalidTag as exc:
            raise PersonalDataClosed from exc


def _close_value(key: bytes, inspection_id: InspectionId, value: PersonalValue) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    said = rfc8785.dumps({"salt": value.salt, "value": value.value})
    cipher = AESGCM(_derived(key, b"values"))
    return nonce + cipher.encrypt(nonce, said, _about(inspection_id, value.pointer))


def _open_value(
    key: bytes, inspection_id: InspectionId, pointer: str, subject: Subject, closed: bytes
) -> KeptValue:
    cipher = AESGCM(_derived(key, b"values"))
    try:
        said = json.loads(
            cipher.decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], _about(inspection_id, pointer))
        )
    except InvalidTag as exc:
        raise PersonalDataClosed from exc
    return KeptValue(pointer, said["salt"], said["value"], subject)


def _about(inspection_id: InspectionId, what: str) -> bytes:
    """Bind a ciphertext to its place, so that one cannot be put in another's."""
    return f"{inspection_id}\x00{what}".encode()


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"inspection-service " + purpose).derive(secret)
