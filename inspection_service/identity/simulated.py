"""The operator who looks after sandboxes' cases: a name on reports of no real car, and no way to sign in."""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from inspection_service.identity.base import Room
from inspection_service.identity.records import Operator
from inspection_service.inspections.sandbox import SIMULATED_OPERATOR as _ID
from inspection_service.storage import tables as t

_EMAIL: Final = "simulated-operator@sandbox.invalid"
"""Source: RFC 2606, section 2: a name that never exists."""
_NAME: Final = "Simulated operator"


class Simulated(Room):
    """Who acts where nobody is."""

    async def simulated_operator(self) -> Operator:
        """Return the one simulated operator of this instance; the first call admits it, disabled for sign-in."""
        try:
            async with self._database.write() as transaction:
                query = select(t.operators.c.id).where(t.operators.c.id == _ID)
                if (await transaction.connection.execute(query)).first() is None:
                    now = self._clock.now()
                    await transaction.connection.execute(
                        insert(t.operators).values(
                            id=_ID,
                            email=_EMAIL,
                            name=_NAME,
                            password_hash=f"!{secrets.token_hex(8)}",  # no hash of anything
                            role="operator",
                            created_at=now,
                            disabled_at=now,
                        )
                    )
        except IntegrityError:
            pass  # another worker admitted it at the same moment
        return Operator(_ID, _EMAIL, _NAME, "operator")
