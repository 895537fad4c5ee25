"""An operator's second factor: set up, confirmed, used, taken back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import or_, select, update

from inspection_service.identity import totp
from inspection_service.identity.errors import CodeWrong, PendingExpired, SecondFactorRequired
from inspection_service.identity.lockout import Lockout
from inspection_service.identity.records import Operator
from inspection_service.identity.records_team import Enrolment, SecondFactor
from inspection_service.identity.wrapping import unwrap, wrap
from inspection_service.inspections.records import OperatorId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

_PURPOSE: Final = "totp"
_PENDING: Final = "totp pending"
_PENDING_S: Final = 600


class SecondFactors(Lockout):
    """Codes of an authenticator app, and recovery codes."""

    async def second_factor_of(self, operator: Operator) -> SecondFactor:
        """Say how an account's second factor stands."""
        row = await self._factor_row(operator.id)
        return SecondFactor(
            is_on=row["totp_confirmed_at"] is not None,
            since=row["totp_confirmed_at"],
            recovery_codes_left=len(row["recovery_sha256"] or ()),
            is_required=self._policy.needs_second_factor,
        )

    def begin_second_factor(self, operator: Operator) -> Enrolment:
        """Make a secret for an authenticator app; ``confirm_second_factor`` with its first code keeps it.

        Whoever calls has checked the password.
        """
        secret = totp.new_secret()
        until = int(self._clock.now().timestamp()) + _PENDING_S
        sealed = wrap(self._pepper, _PENDING, operator.id, f"{until} {secret}".encode())
        return Enrolment(
            secret, totp.uri(secret, operator.email), base64.urlsafe_b64encode(sealed).decode().rstrip("=")
        )

    async def confirm_second_factor(self, operator: Operator, pending: str, code: str) -> list[str]:
        """Turn the second factor on and return ten recovery codes, shown this once; an earlier one is replaced.

        Raises:
            PendingExpired: Ten minutes have passed, or it was begun by another account.
            CodeWrong: The app shows another code.
        """
        secret = self._pending_secret(operator.id, pending)
        now = self._clock.now()
        step = totp.matching_step(secret, code, now, last_step=None)
        if step is None:
            raise CodeWrong("This is not the code the app shows now.")
        codes = totp.new_recovery_codes()
        await self._write(
            operator.id,
            totp_wrapped=wrap(self._pepper, _PURPOSE, operator.id, secret.encode()),
            totp_confirmed_at=now,
            totp_last_step=step,
            recovery_sha256=[totp.recovery_hash(self._pepper, operator.id, one) for one in codes],
        )
        return codes

    async def renew_recovery_codes(self, operator: Operator) -> list[str]:
        """Return ten new recovery codes; those before are worth nothing. Whoever calls has checked the password.

        Raises:
            SecondFactorRequired: There is no second factor to recover.
        """
        if not (await self.second_factor_of(operator)).is_on:
            raise SecondFactorRequired("Set up a second factor first.")
        codes = totp.new_recovery_codes()
        kept = [totp.recovery_hash(self._pepper, operator.id, one) for one in codes]
        await self._write(operator.id, recovery_sha256=kept)
        return codes

    async def remove_second_factor(self, operator: Operator) -> None:
        """Turn the second factor off. Whoever calls has checked the password.

        Raises:
            SecondFactorRequired: This service asks one of everybody.
        """
        if self._policy.needs_second_factor:
            raise SecondFactorRequired
        await self._forget_factor(operator.id)

    async def _forget_factor(self, operator_id: OperatorId, within: Transaction | None = None) -> None:
        empty: dict[str, Any] = dict.fromkeys(
            ("totp_wrapped", "totp_confirmed_at", "totp_last_step", "recovery_sha256")
        )
        if within is not None:
            await self._set(within, operator_id, empty)
            return
        await self._write(operator_id, **empty)

    async def _redeem_factor(self, row: Mapping[str, Any], code: str) -> bool:
        """Take a code of the app or a recovery code, each once, also when it comes twice at the same moment."""
        operator_id, people = row["id"], t.operators.c
        secret = unwrap(self._pepper, _PURPOSE, operator_id, row["totp_wrapped"] or b"")
        step = None
        if secret is not None:
            step = totp.matching_step(
                secret.decode(), code, self._clock.now(), last_step=row["totp_last_step"]
            )
        if step is not None:
            is_later = or_(people.totp_last_step.is_(None), people.totp_last_step < step)
            async with self._database.write() as transaction:
                taken = await transaction.connection.execute(
                    update(t.operators).where(people.id == operator_id, is_later).values(totp_last_step=step)
                )
            return bool(taken.rowcount)
        given = totp.recovery_hash(self._pepper, operator_id, code)
        if given not in (row["recovery_sha256"] or ()):
            return False
        async with self._database.write() as transaction:
            query = select(people.recovery_sha256).where(people.id == operator_id).with_for_update()
            left = (await transaction.connection.execute(query)).scalar() or []
            if given not in left:
                return False
            await self._set(
                transaction, operator_id, {"recovery_sha256": [one for one in left if one != given]}
            )
        return True

    def _pending_secret(self, operator_id: str, pending: str) -> str:
        try:
            sealed = base64.urlsafe_b64decode(pending + "=" * (-len(pending) % 4))
        except (binascii.Error, ValueError) as error:
            raise PendingExpired from error
        opened = unwrap(self._pepper, _PENDING, operator_id, sealed)
        if opened is None:
            raise PendingExpired
        until, _, secret = opened.decode().partition(" ")
        if datetime.fromtimestamp(int(until), UTC) < self._clock.now():
            raise PendingExpired
        return secret

    async def _factor_row(self, operator_id: OperatorId) -> Mapping[str, Any]:
        people = t.operators.c
        query = select(people.totp_confirmed_at, people.recovery_sha256).where(people.id == operator_id)
        async with self._database.read() as transaction:
            return dict((await transaction.connection.execute(query)).mappings().one())

    async def _write(self, operator_id: str, **values: Any) -> None:
        async with self._database.write() as transaction:
            await self._set(transaction, operator_id, values)

    async def _set(self, transaction: Transaction, operator_id: str, values: Mapping[str, Any]) -> None:
        await transaction.connection.execute(
            update(t.operators).where(t.operators.c.id == operator_id).values(**values)
        )
