"""Makes corrections: signs an entry, stores it, and writes record, log and event in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from inspection_service.clock import Clock
from inspection_service.inspections.changes import checked_text
from inspection_service.inspections.errors import CorrectionRaced, NotSealed
from inspection_service.inspections.records import Actor, CorrectionEntry, Dossier, InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.ledger import Ledger, leaf_of
from inspection_service.reports.addenda import Correction, RedactedCopy, SignedCorrection, sign_correction
from inspection_service.reports.keys import Signer
from inspection_service.storage.database import Database, Transaction
from inspection_service.storage.objects import ObjectStore
from inspection_service.work.archive import put_hashed

Reason = Literal["mistake", "new_information", "wrong_vehicle", "fraud", "dispute", "other"]
"""Why a person corrects a report; a redaction has reasons of its own (``erasure_request``, ``retention``)."""
_TRIES: Final = 5
_MOST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Reissued:
    """What a redaction puts in place of the first document."""

    erased: tuple[str, ...]
    erased_photos: tuple[str, ...]
    pdf_bytes: bytes


class Corrections:
    """Adds entries after a report; several at once get their numbers in turn."""

    def __init__(
        self, database: Database, store: ObjectStore, ledger: Ledger, clock: Clock, signer: Signer
    ) -> None:
        """Keep the collaborators."""
        self._database = database
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._signer = signer

    async def add(
        self,
        scoped: Inspections,
        inspection_id: InspectionId,
        kind: Literal["addendum", "withdrawal"],
        *,
        reason: Reason,
        text: str,
        by: Actor,
    ) -> CorrectionEntry:
        """Add an addendum, or withdraw the report.

        Args:
            scoped: The inspections this person may see.
            inspection_id: A sealed one.
            kind: What it is.
            reason: Why, as a code.
            text: Why, in words that will stand for good: names of people do not belong in them.
            by: Who says so.

        Raises:
            InspectionUnknown: Not in this scope.
            NotSealed: There is no report to correct.
            TextInvalid: Nothing was written, or far too much.
        """
        words = checked_text(text, "text", at_most=_MOST_TEXT)
        for _ in range(_TRIES):
            dossier = await scoped.summary(inspection_id)
            correction = self.following(dossier, kind, reason=reason, text=words, by=by)
            try:
                return await self.write(scoped, dossier, correction)
            except CorrectionRaced:
                continue
        raise CorrectionRaced

    def following(
        self,
        dossier: Dossier,
        kind: Literal["addendum", "withdrawal", "redaction"],
        *,
        reason: str,
        text: str,
        by: Actor,
        reissued: Reissued | None = None,
        pdf_sha256: str | None = None,
        copies: Sequence[RedactedCopy] = (),
    ) -> Correction:
        """Make the entry that follows those there are.

        Raises:
            NotSealed: There is no report.
        """
        if dossier.report is None:
            raise NotSealed(state=dossier.inspection.state)
        last = dossier.corrections[-1].json_sha256 if dossier.corrections else dossier.report.json_sha256
        return Correction(
            kind=kind,
            corrects=dossier.report.json_sha256,
            previous=last,
            no=len(dossier.corrections) + 1,
            at=self._clock.now(),
            by=by,
            reason=reason,
            text=text,
            erased=reissued.erased if reissued else (),
            erased_photos=reissued.erased_photos if reissued else (),
            pdf_sha256=pdf_sha256,
            copies=tuple(copies),
        )

    async def write(
        self,
        scoped: Inspections,
        dossier: Dossier,
        correction: Correction,
        *,
        pdf_key: str | None = None,
        along: Callable[[Transaction], Awaitable[None]] | None = None,
    ) -> CorrectionEntry:
        """Sign and store an entry, then let it stand: record, log and event, all or nothing.

        Args:
            scoped: The inspections of whoever corrects.
            dossier: As it was when the entry was made.
            correction: From ``following``.
            pdf_key: Of the document issued with it.
            along: Written in the same transaction, once the entry has its number.

        Raises:
            CorrectionRaced: Somebody else added an entry meanwhile; nothing was written.
        """
        signed: SignedCorrection = await asyncio.to_thread(sign_correction, correction, self._signer)
        inspection_id = dossier.inspection.id
        folder = f"inspections/{inspection_id}/corrections/"
        json_key, _ = await put_hashed(self._store, folder, "json", signed.json_bytes)
        jws_key, _ = await put_hashed(self._store, folder, "jws", signed.jws.encode("ascii"))
        entry = CorrectionEntry(
            no=correction.no,
            kind=correction.kind,
            at=correction.at,
            by=correction.by,
            reason=correction.reason,
            text=correction.text,
            json_key=json_key,
            json_sha256=signed.json_sha256,
            jws_key=jws_key,
            pdf_key=pdf_key,
            pdf_sha256=correction.pdf_sha256,
        )
        leaf = leaf_of(
            correction.kind,
            inspection_id,
            json_sha256=signed.json_sha256,
            pdf_sha256=correction.pdf_sha256,
            previous=correction.corrects,
            at=correction.at,
        )
        try:
            async with self._database.write() as transaction:
                await scoped.add_correction(inspection_id, entry, by=correction.by, within=transaction)
                if along is not None:
                    await along(transaction)
                await self._ledger.append(leaf, within=transaction)
        except CorrectionRaced:
            for key in (json_key, jws_key):  # they are of an entry that does not stand
                await self._store.delete(key)
            raise
        return entry
