"""Seller links: spent once, by the browser whose person taps Start, and taken over only with a code.

The token sits in the fragment of the link, so neither a preview nor a server log sees it; the database keeps its hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from inspection_service.clock import new_id
from inspection_service.identity.codes import Codes
from inspection_service.identity.errors import (
    LinkExpired,
    LinkUnknown,
    LinkUsedElsewhere,
    SessionMissing,
    SessionTakenOver,
)
from inspection_service.identity.records import LinkPreview, OpenedLink, Seller, SentCode, SignedIn
from inspection_service.identity.secrets import derived_token, masked, new_token, sha256
from inspection_service.inspections.records import Actor, Contact, Inspection, InspectionId, TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class _Link:
    id: str
    tenant_id: TenantId
    inspection_id: InspectionId
    expires_at: datetime
    is_spent: bool


async def insert_link(
    transaction: Transaction, inspection: Inspection, token: str, now: datetime, expires_at: datetime
) -> None:
    """Write a link, inside the transaction that has a reason for it."""
    await transaction.connection.execute(
        insert(t.links).values(
            id=new_id("lnk"),
            tenant_id=inspection.tenant_id,
            inspection_id=inspection.id,
            token_sha256=sha256(token),
            created_at=now,
            expires_at=expires_at,
        )
    )


class Links(Codes):
    """How sellers come in."""

    async def open_link(self, tenant_id: TenantId, inspection_id: InspectionId, *, by: Actor) -> OpenedLink:
        """Make a new seller link; earlier links die, a browser already inside stays inside."""
        now = self._clock.now()
        opened = OpenedLink(new_token(), now + timedelta(seconds=self._links.valid_s))
        async with self._database.write() as transaction:
            inspections = self._inspections.of(tenant_id)
            inspection = await inspections.invite(inspection_id, by=by, within=transaction)
            links = t.links.c
            await transaction.connection.execute(
                update(t.links)
                .where(links.inspection_id == inspection_id, links.revoked_at.is_(None))
                .values(revoked_at=now)
            )
            await insert_link(transaction, inspection, opened.token, now, opened.expires_at)
        return opened

    async def preview(self, token: str, session_token: str | None = None) -> LinkPreview:
        """Say what a link leads to without spending it. Raises ``LinkUnknown``, ``LinkExpired``."""
        async with self._database.read() as transaction:
            link = await self._link(transaction, token)
            mine = await self._session(transaction, session_token)
            inside = await self._is_somebody_inside(transaction, link)
        is_mine = mine is not None and mine.inspection_id == link.inspection_id
        if not is_mine and not inside and link.expires_at < self._clock.now():
            raise LinkExpired
        contact = await self._contact(link)
        address = contact.email or contact.phone
        return LinkPreview(
            link.tenant_id,
            link.inspection_id,
            "yours" if is_mine else ("in_use" if inside or link.is_spent else "ready"),
            masked(address) if address else None,
        )

    async def spend(
        self,
        token: str,
        *,
        session_token: str | None = None,
        code: str | None = None,
        browser: str | None = None,
    ) -> tuple[Seller, SignedIn | None]:
        """Let a browser in: the first, the same again (``SignedIn`` is ``None``), or another with a takeover code.

        Args:
            token: Of the link.
            session_token: What the browser was given when it came in.
            code: To take over.
            browser: What the page made up before it asked, the same when it asks again. With it an answer that was
                lost on the way is given once more; without it the seller would stand locked out by themselves.

        Raises:
            LinkUnknown, LinkExpired: No such way in.
            LinkUsedElsewhere: Another browser is inside, or was by this link (``can_send_code``).
            CodeWrong: ``tries_left``.
        """
        own = new_token() if browser is None else self._own_token(token, browser, code)
        async with self._database.read() as transaction:
            link = await self._link(transaction, token)
            mine = await self._session(transaction, session_token)
            given = await self._given(transaction, link, own)
            inside = await self._is_somebody_inside(transaction, link)
        if mine is not None and mine.inspection_id == link.inspection_id:
            return mine, None
        if given is not None:
            return given
        if not inside and link.expires_at < self._clock.now():
            raise LinkExpired
        if not inside and not link.is_spent:
            async with self._database.write() as transaction:
                return await self._enter(transaction, link, own, took_over=False)
        if code is None:
            raise LinkUsedElsewhere(can_send_code=(await self._contact(link)).is_reachable)
        async with self._redeemed(link.inspection_id, "takeover", code) as (_, transaction):
            return await self._enter(transaction, link, own, took_over=True)

    async def ask_takeover(self, token: str) -> SentCode:
        """Send a takeover code to the contact of the order.

        Raises:
            LinkUnknown: No such link.
            NoContact, TooManyTries, MessengerFailed: No code was sent.
        """
        async with self._database.read() as transaction:
            link = await self._link(transaction, token)
        return await self._send_code(link.tenant_id, link.inspection_id, "takeover")

    async def seller(self, session_token: str) -> Seller:
        """Return whose session this is. Raises ``SessionMissing``, ``SessionTakenOver``."""
        async with self._database.read() as transaction:
            found = await self._session(transaction, session_token, also_taken_over=True)
        if found is None:
            raise SessionMissing
        return found

    def _own_token(self, token: str, browser: str, code: str | None) -> str:
        """Return the session a browser gets by this link, whenever it asks; another one by each takeover."""
        return derived_token(self._pepper, "seller-session", token, browser, code or "")

    async def _given(
        self, transaction: Transaction, link: _Link, session_token: str
    ) -> tuple[Seller, SignedIn] | None:
        """Find what a browser was given by this link if it was let in already and nobody took over since."""
        seller = await self._session(transaction, session_token)
        if seller is None or seller.inspection_id != link.inspection_id:
            return None
        sessions = t.seller_sessions.c
        query = select(sessions.expires_at).where(sessions.id == seller.session_id)
        expires_at: datetime = (await transaction.connection.execute(query)).scalar_one()
        return seller, SignedIn(session_token, expires_at)

    async def _enter(
        self, transaction: Transaction, link: _Link, own: str, *, took_over: bool
    ) -> tuple[Seller, SignedIn]:
        now = self._clock.now()
        signed_in = SignedIn(own, now + timedelta(seconds=self._links.session_s))
        seller = Seller(new_id("sls"), link.tenant_id, link.inspection_id)
        sessions, links = t.seller_sessions.c, t.links.c
        # Locks the inspection first, so that of two browsers that tap Start at once only one finds nobody inside.
        joined = await self._inspections.of(link.tenant_id).join(
            link.inspection_id, by=seller.actor, took_over=took_over, within=transaction
        )
        if not took_over and await self._is_somebody_inside(transaction, link):
            if (given := await self._given(transaction, link, own)) is not None:
                return given  # the browser asked twice at once
            raise LinkUsedElsewhere(can_send_code=joined.contact.is_reachable)
        await transaction.connection.execute(
            update(t.seller_sessions)
            .where(sessions.inspection_id == link.inspection_id, sessions.taken_over_at.is_(None))
            .values(taken_over_at=now)
        )
        await transaction.connection.execute(
            update(t.links).where(links.id == link.id, links.spent_at.is_(None)).values(spent_at=now)
        )
        await transaction.connection.execute(
            insert(t.seller_sessions).values(
                id=seller.session_id,
                tenant_id=link.tenant_id,
                inspection_id=link.inspection_id,
                link_id=link.id,
                token_sha256=sha256(signed_in.token),
                created_at=now,
                expires_at=signed_in.expires_at,
            )
        )
        return seller, signed_in

    async def _link(self, transaction: Transaction, token: str) -> _Link:
        links = t.links.c
        query = select(t.links).where(links.token_sha256 == sha256(token), links.revoked_at.is_(None))
        row = (await transaction.connection.execute(query)).mappings().first()
        if row is None:
            raise LinkUnknown
        return _Link(
            row["id"],
            TenantId(row["tenant_id"]),
            InspectionId(row["inspection_id"]),
            row["expires_at"],
            row["spent_at"] is not None,
        )

    async def _is_somebody_inside(self, transaction: Transaction, link: _Link) -> bool:
        sessions = t.seller_sessions.c
        query = select(sessions.id).where(
            sessions.inspection_id == link.inspection_id,
            sessions.taken_over_at.is_(None),
            sessions.expires_at > self._clock.now(),
        )
        return (await transaction.connection.execute(query)).first() is not None

    async def _session(
        self, transaction: Transaction, token: str | None, *, also_taken_over: bool = False
    ) -> Seller | None:
        if token is None:
            return None
        sessions = t.seller_sessions.c
        query = select(t.seller_sessions).where(
            sessions.token_sha256 == sha256(token), sessions.expires_at > self._clock.now()
        )
        row = (await transaction.connection.execute(query)).mappings().first()
        if row is None:
            return None
        if row["taken_over_at"] is not None:
            if also_taken_over:
                raise SessionTakenOver
            return None
        return Seller(row["id"], TenantId(row["tenant_id"]), InspectionId(row["inspection_id"]))

    async def _contact(self, link: _Link) -> Contact:
        return (await self._inspections.of(link.tenant_id).get(link.inspection_id)).contact
