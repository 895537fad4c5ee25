"""One-time codes: six digits sent to the contact in the order, good once, for minutes, for five tries."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import delete, func, insert, select, update

from inspection_service.clock import new_id
from inspection_service.identity.base import Room
from inspection_service.identity.errors import CodeNeeded, CodeWrong, MessengerFailed, NoContact, TooManyTries
from inspection_service.identity.messenger import code_message
from inspection_service.identity.records import Channel, CodePurpose, Seller, SentCode
from inspection_service.identity.secrets import code_hmac, masked, new_code
from inspection_service.inspections.records import Actor, InspectionId, TenantId
from inspection_service.inspections.states import CLOSED
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction

TRIES: Final = 5
_PAUSE_S: Final = 20
"""Least time between two codes for one inspection and purpose."""
_PER_HOUR: Final = 6
"""Per purpose, so that a finder of the link, who may ask for takeover codes, cannot block those to sign."""

Factor = Literal["email", "phone", "none"]


class Codes(Room):
    """The second factor."""

    async def send_code(self, seller: Seller, purpose: CodePurpose = "signature") -> SentCode:
        """Send a one-time code to the contact of the order.

        Raises:
            NoContact: The order names no address.
            TooManyTries: One was sent a moment ago, or too many in an hour; ``retry_after_s``.
            MessengerFailed: It could not be sent; asking again is fine.
        """
        return await self._send_code(seller.tenant_id, seller.inspection_id, purpose)

    @asynccontextmanager
    async def second_factor(
        self, seller: Seller, code: str | None
    ) -> AsyncIterator[tuple[Factor, Transaction]]:
        """Check the code a seller signs with, and give the transaction to sign in.

        The code is spent together with what the block writes: when the block is refused, the code stays good.
        ``none`` when the order has no contact (the report says so).

        Raises:
            CodeNeeded: There is a contact and no code was given.
            CodeWrong: ``tries_left``.
        """
        inspection = await self._inspections.of(seller.tenant_id).get(seller.inspection_id)
        if not inspection.contact.is_reachable:
            async with self._database.write() as transaction:
                yield "none", transaction
            return
        if not code:
            raise CodeNeeded
        async with self._redeemed(seller.inspection_id, "signature", code) as redeemed:
            yield redeemed

    async def _send_code(
        self, tenant_id: TenantId, inspection_id: InspectionId, purpose: CodePurpose
    ) -> SentCode:
        inspections = self._inspections.of(tenant_id)
        inspection = await inspections.get(inspection_id)
        contact = inspection.contact
        channel: Channel = "email" if contact.email else "phone"
        address = contact.email or contact.phone
        if address is None:
            raise NoContact
        now = self._clock.now()
        code, code_id = new_code(), new_id("otc")
        expires_at = now + timedelta(seconds=self._links.code_s)
        async with self._database.write() as transaction:
            if inspection.state not in CLOSED:
                by = Actor("seller", inspection_id)
                facts = {"purpose": purpose, "channel": channel}
                await inspections.note(inspection_id, "code.sent", facts, by=by, within=transaction)
            codes = t.codes.c
            recent = select(func.count(), func.max(codes.created_at), func.min(codes.created_at)).where(
                codes.inspection_id == inspection_id,
                codes.purpose == purpose,
                codes.created_at > now - timedelta(hours=1),
            )
            count, newest, oldest = (await transaction.connection.execute(recent)).one()
            if count and now - newest < timedelta(seconds=_PAUSE_S):
                raise TooManyTries(retry_after_s=_PAUSE_S - int((now - newest).total_seconds()))
            if count >= _PER_HOUR:
                raise TooManyTries(retry_after_s=3600 - int((now - oldest).total_seconds()))
            await transaction.connection.execute(
                insert(t.codes).values(
                    id=code_id,
                    inspection_id=inspection_id,
                    purpose=purpose,
                    channel=channel,
                    code_hmac=code_hmac(self._pepper, code_id, code),
                    tries=0,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
        try:
            await self._messenger.send(
                code_message(
                    channel,
                    address,
                    inspection.language,
                    purpose=purpose,
                    code=code,
                    good_for_s=self._links.code_s,
                )
            )
        except MessengerFailed:
            async with self._database.write() as transaction:
                await transaction.connection.execute(delete(t.codes).where(t.codes.c.id == code_id))
            raise
        return SentCode(masked(address), channel, expires_at)

    @asynccontextmanager
    async def _redeemed(
        self, inspection_id: InspectionId, purpose: CodePurpose, code: str
    ) -> AsyncIterator[tuple[Channel, Transaction]]:
        """Spend the newest code together with what the block writes, or count a wrong try and refuse."""
        codes = t.codes.c
        async with self._database.write() as transaction:
            query = (
                select(t.codes)
                .where(
                    codes.inspection_id == inspection_id,
                    codes.purpose == purpose,
                    codes.used_at.is_(None),
                    codes.expires_at > self._clock.now(),
                )
                .order_by(codes.created_at.desc())
                .limit(1)
                .with_for_update()
            )
            row = (await transaction.connection.execute(query)).mappings().first()
            if row is None or row["tries"] >= TRIES:
                raise CodeWrong(tries_left=0)
            given = code_hmac(self._pepper, row["id"], code.strip())
            is_right = hmac.compare_digest(given, row["code_hmac"])
            values = {"used_at": self._clock.now()} if is_right else {"tries": row["tries"] + 1}
            await transaction.connection.execute(update(t.codes).where(codes.id == row["id"]).values(values))
            if is_right:
                yield row["channel"], transaction
        if not is_right:  # raised after the commit, so that the count stays
            raise CodeWrong(tries_left=TRIES - row["tries"] - 1)
