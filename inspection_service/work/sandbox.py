"""The seller and the operator of sandboxes: they do with the service's own functions what people would do.

What is next is read from the records (``inspections.sandbox``), each act is safe to repeat, and a photo's id follows
from its step: a worker killed at any point, or two at work at once, end in the same inspection.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageEnhance

from inspection_service.clock import Clock
from inspection_service.errors import Conflict
from inspection_service.identity.service import Identity
from inspection_service.inspections import views
from inspection_service.inspections.errors import InspectionUnknown
from inspection_service.inspections.records import Actor, Dossier, InspectionId, Language, StepId
from inspection_service.inspections.requests import NewFinding, NewUpload, SellerMark, Verdict
from inspection_service.inspections.sandbox import SIMULATED, Next, next_act
from inspection_service.inspections.service import Inspections
from inspection_service.settings import shipped_data
from inspection_service.work.pieces import Ids, Work

_CALLS: Final = frozenset({"inspection.ordered", "capture.judged", "inspection.reopened"})
_STORY_ENDS: Final = timedelta(days=1)
_MOST_ACTS: Final = 100
"""In one go; the next look goes on."""
_SIGNATURE: Final = "M60 140 L110 60 L150 150 L200 70 L240 140 L320 90 L420 130"
_SELLER: Final[dict[Language, str]] = {"fr": "Vendeur simulé", "en": "Simulated seller"}
_DAMAGE: Final[dict[Language, str]] = {
    "fr": "Une bosse sur la porte arrière gauche.",
    "en": "A dent in the rear left door.",
}
_NO_PICTURE: Final[dict[Language, str]] = {
    "fr": "La voiture de démonstration n'a pas cette vue.",
    "en": "The demonstration car has no such view.",
}
_CLOSEUP: Final = "damage"
_DENT_BOX: Final = (527.0, 272.0, 715.0, 373.0)
"""Where the dent lies in the close-up, in pixels. Source: tests/data/demo_car/truth.json."""
_DARK: Final = 0.05


def pictures_dir() -> Path:
    """Return where the pictures of the demonstration car are: in the installed package, or in the page's sources."""
    shipped = shipped_data("demo_car")
    return shipped if shipped.is_dir() else shipped.parent / "web_client" / "public" / "demo_car"


@cache
def picture_of(folder: Path, view: str, attempt: int, *, is_spoilt: bool) -> bytes | None:
    """Return a picture of the demonstration car; ``None`` when there is none of this view.

    Args:
        folder: Where the pictures are.
        view: Name of a step, or ``damage``.
        attempt: From 0; another attempt has other bytes, for nobody takes the very same photo twice.
        is_spoilt: Make it so dark that another is asked for.
    """
    path = folder / f"{view}.webp"
    if not path.is_file():
        return None
    if attempt == 0 and not is_spoilt:
        return path.read_bytes()
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if is_spoilt:
        picture = ImageEnhance.Brightness(picture).enhance(_DARK)
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=92 - attempt)
    return written.getvalue()


class Sandbox:
    """Carries out the inspections of sandboxes."""

    def __init__(
        self, inspections: Inspections, identity: Identity, clock: Clock, pictures: Path | None = None
    ) -> None:
        """Keep the collaborators.

        Args:
            inspections: Of all tenants; it looks only at those of sandboxes.
            identity: Knows the simulated operator.
            clock: Dates the photos.
            pictures: Of the demonstration car.
        """
        self._inspections = inspections
        self._identity = identity
        self._clock = clock
        self._pictures = pictures or pictures_dir()

    def works(self) -> tuple[Work, ...]:
        """Return what the reconciler is to find and do."""
        return (Work("simulate", "report", self._due, self.carry_on, _CALLS),)

    async def _due(self) -> Sequence[Ids]:
        now = self._clock.now()
        return [(each,) for each in await self._inspections.to_simulate(now - _STORY_ENDS)]

    async def carry_on(self, inspection_id: str) -> None:
        """Do what is next until something must be waited for.

        Raises:
            Conflict: Nothing could be done: somebody else holds or changes the case.
        """
        case, done = InspectionId(inspection_id), 0
        try:
            while done < _MOST_ACTS:
                dossier = await self._inspections.dossier(case)
                act = next_act(dossier) if dossier.is_sandbox else None
                if act is None:
                    return
                await self._do(act, dossier)
                done += 1
        except InspectionUnknown:  # erased meanwhile
            return
        except Conflict:
            if not done:  # else another worker went on in the same moment
                raise

    async def _do(self, act: Next, dossier: Dossier) -> None:
        room, case, by = self._inspections, dossier.inspection.id, SIMULATED
        language = dossier.inspection.language
        match act.act:
            case "join":
                await room.join(case, by=by)
            case "consent":
                await room.give_consents(case, {"photos": True}, by=by)
            case "ask_help":
                await room.ask_help(case, by=by)
            case "photograph":
                await self._photograph(act, case)
            case "skip":
                assert act.step_id is not None
                await room.skip(case, act.step_id, _NO_PICTURE[language], by=by)
            case "declare":
                assert act.capture_id is not None
                await room.declare_damage(case, "sandbox-damage", _DAMAGE[language], [act.capture_id], by=by)
            case "submit":
                await room.submit(case, by=by)
            case "sign":
                # Nobody got a code, so the report says that there was no second factor.
                shown = views.review_sha256(dossier)
                mark = SellerMark(_SELLER[language], _SIGNATURE, shown, "none")
                await room.sign_as_seller(case, mark, by=by)
            case "answer_help" | "confirm" | "sign_off":
                await self._operate(act, dossier)

    async def _operate(self, act: Next, dossier: Dossier) -> None:
        room, case = self._inspections, dossier.inspection.id
        by: Actor = (await self._identity.simulated_operator()).actor
        await room.claim(case, by=by)
        if act.act == "confirm":
            assert act.capture_id is not None
            dent = NewFinding(act.capture_id, "dent", _DENT_BOX, "minor", None)
            await room.add_finding(case, dent, by=by)
        elif act.act == "sign_off":
            for finding in dossier.findings:
                if finding.source == "model" and finding.verdict is None:
                    await room.judge_finding(case, finding.id, Verdict("confirmed"), by=by)
            await room.sign_off(case, by=by)

    async def _photograph(self, act: Next, case: InspectionId) -> None:
        view = act.step_id or _CLOSEUP
        data = await asyncio.to_thread(picture_of, self._pictures, view, act.attempt, is_spoilt=act.is_spoilt)
        if data is None:
            dossier = await self._inspections.dossier(case)
            await self._do(Next("skip", act.step_id or StepId(_CLOSEUP)), dossier)
            return
        if act.step_id is not None:
            await self._inspections.enter_step(case, act.step_id, by=SIMULATED)
        assert act.capture_id is not None
        new = NewUpload(
            capture_id=act.capture_id,
            step_id=act.step_id,
            length_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            media_type="image/webp",
            method="demo",
            taken_at=self._clock.now(),
        )
        upload = await self._inspections.create_upload(case, new, by=SIMULATED)
        if not upload.is_finished:
            rest = data[upload.offset_bytes :]
            await self._inspections.append(case, upload.id, upload.offset_bytes, rest)
