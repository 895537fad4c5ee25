"""Operators' accounts: made, entered by password and second factor, given another password."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from inspection_service.clock import new_id
from inspection_service.errors import InvalidInput
from inspection_service.identity.errors import EmailTaken, LoginFailed, PasswordWrong, SecondFactorNeeded
from inspection_service.identity.lockout import normal_email
from inspection_service.identity.operator_sessions import PERSON, OperatorSessions
from inspection_service.identity.passwords import MOST, check_password
from inspection_service.identity.records import Operator, Role, SignedIn
from inspection_service.identity.second_factor import SecondFactors
from inspection_service.identity.secrets import hash_password, is_password
from inspection_service.inspections.records import OperatorId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction


class Operators(SecondFactors, OperatorSessions):
    """Who may guide."""

    async def create_operator(
        self,
        email: str,
        name: str,
        password: str,
        role: Role = "operator",
        *,
        organisation_id: str = t.HOUSE,
    ) -> Operator:
        """Admit an operator.

        Raises:
            EmailTaken: There is one with this e-mail.
            InvalidInput: The password is short or obvious, or the address is none.
        """
        address = checked_email(email)
        check_password(password, name, address)
        kept = await asyncio.to_thread(hash_password, password)
        async with self._database.write() as transaction:
            return await self._insert_operator(transaction, address, name, kept, role, organisation_id)

    async def login(
        self,
        email: str,
        password: str,
        code: str | None = None,
        *,
        address: str = "",
        user_agent: str | None = None,
    ) -> tuple[Operator, SignedIn]:
        """Check password and, where there is one, second factor, and open a session.

        Nothing tells which part was wrong: an account with a second factor is asked for its code whatever the password
        was; where everybody needs one, so is an e-mail that nobody has. Only an account that has none yet goes in
        without, to set it up (``must_enrol``).

        Args:
            email: Of the account.
            password: As typed.
            code: Of the authenticator app, or a recovery code; ``None`` in the first step.
            address: Where the request comes from; only a keyed hash of it is kept, for a day, when this fails.
            user_agent: As the browser names itself.

        Raises:
            SecondFactorNeeded: The same again, with a code.
            LoginFailed: E-mail, password or code is wrong.
            TooManyTries: Of this account or from this address; ``retry_after_s``, ``until``.
        """
        normal = normal_email(email)
        await self._refuse_guessing(normal, address)
        row = await self._account(normal)
        kept = row["password_hash"] if row else None
        is_right = await asyncio.to_thread(is_password, password[:MOST], kept)
        has_factor = row is not None and row["totp_confirmed_at"] is not None
        is_in = row is not None and is_right
        if code is None and (has_factor or (self._policy.needs_second_factor and not is_in)):
            # Counted whatever the password was, so that the count tells nothing either; coming in forgives it.
            await self._note_failure(normal, None)
            raise SecondFactorNeeded
        if is_in and has_factor:
            assert row is not None
            is_in = await self._redeem_factor(row, code or "")
        if row is None or not is_in:
            await self._note_failure(normal, address)
            raise LoginFailed
        async with self._database.write() as transaction:
            signed_in = await self._sign_in(transaction, row["id"], user_agent)
            await self._forgive(transaction, normal)
        return await self.operator(signed_in.token), signed_in

    async def check_own_password(self, operator: Operator, password: str) -> None:
        """Ask a signed-in person for the password again, before what changes the account.

        Raises:
            PasswordWrong: It is not.
            TooManyTries: Somebody at an open desk is guessing.
        """
        await self._refuse_guessing(operator.email, "")
        row = await self._account(operator.email)
        kept = row["password_hash"] if row else None
        if not await asyncio.to_thread(is_password, password[:MOST], kept):
            await self._note_failure(operator.email, None)
            raise PasswordWrong

    async def change_password(self, operator: Operator, present: str, new: str) -> None:
        """Give oneself another password; every other browser is signed out.

        Raises:
            PasswordWrong: The present one is another.
            InvalidInput: The new one is short or obvious.
        """
        await self.check_own_password(operator, present)
        check_password(new, operator.name, operator.email)
        kept = await asyncio.to_thread(hash_password, new)
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                update(t.operators).where(t.operators.c.id == operator.id).values(password_hash=kept)
            )
            await self._end_all(transaction, operator.id, but=operator.session_id)
            await self._forgive(transaction, operator.email)

    async def operators(self, organisation_id: str = t.HOUSE) -> list[Operator]:
        """Return everybody of an organisation who may sign in at a desk, by name."""
        people = t.operators.c
        query = (
            select(*PERSON)
            .where(people.disabled_at.is_(None), people.organisation_id == organisation_id)
            .order_by(people.name, people.id)
        )
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return [self._person(row._mapping) for row in found]

    async def operator_names(self, ids: frozenset[OperatorId]) -> dict[OperatorId, str]:
        """Return display names."""
        people = t.operators.c
        query = select(people.id, people.name).where(people.id.in_(sorted(ids)))
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        return {OperatorId(row.id): row.name for row in found}

    async def _account(self, email: str) -> Mapping[str, Any] | None:
        people = t.operators.c
        query = select(t.operators).where(people.email == email, people.disabled_at.is_(None))
        async with self._database.read() as transaction:
            row = (await transaction.connection.execute(query)).mappings().first()
        return None if row is None else dict(row)

    async def _insert_operator(
        self,
        transaction: Transaction,
        email: str,
        name: str,
        password_hash: str,
        role: Role,
        organisation_id: str,
    ) -> Operator:
        operator_id = OperatorId(new_id("opr"))
        try:
            await transaction.connection.execute(
                insert(t.operators).values(
                    id=operator_id,
                    email=email,
                    name=name,
                    password_hash=password_hash,
                    role=role,
                    organisation_id=organisation_id,
                    created_at=self._clock.now(),
                )
            )
        except IntegrityError as error:
            raise EmailTaken from error
        must_enrol = self._policy.needs_second_factor
        return Operator(operator_id, email, name, role, organisation_id, must_enrol=must_enrol)


def checked_email(email: str) -> str:
    """Return an e-mail as accounts are found by. Raises ``InvalidInput``."""
    address = normal_email(email)
    before, _, after = address.rpartition("@")
    if not before or not after or any(letter.isspace() for letter in address):
        raise InvalidInput("This is not an e-mail address.", field="email")
    return address
