"""``demo``: a whole inspection on a folder of photos, through the server's own services, without browser or network.

Everything lives in a temporary instance that is gone afterwards; what stays is the report and its photos.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inspection_service.api.words import advice, kind_label
from inspection_service.app import Running, open_service
from inspection_service.commands.keys import new_password
from inspection_service.commands.terminal import counting, err, out
from inspection_service.errors import InspectionServiceError, Unavailable
from inspection_service.identity.records import Operator, Platform, Seller
from inspection_service.inspections import views
from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Contact,
    InspectionId,
    Language,
    StepId,
    Vehicle,
)
from inspection_service.inspections.requests import NewCapture, Order, SellerMark
from inspection_service.inspections.service import Inspections
from inspection_service.settings import DatabaseSettings, Settings, SigningSettings, StoreSettings
from inspection_service.telemetry.logs import configure_logs
from inspection_service.vision.pipeline import Pipeline
from inspection_service.work import JudgeInThread

_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
}
_SIGNATURE: Final = "M60 140 L110 60 L150 150 L200 70 L240 140 L320 90 L420 130"
_TEXTS: Final[Mapping[str, Mapping[Language, str]]] = {
    "kept": {
        "fr": "Conservée par la démonstration, sans personne pour la reprendre. {why}",
        "en": "Kept by the demonstration, with nobody there to take another one. {why}",
    },
    "not_provided": {"fr": "Photo non fournie.", "en": "Photo not provided."},
    "unusable": {"fr": "Fichier inutilisable : {why}", "en": "File not usable: {why}"},
    "seller": {"fr": "Vendeur de démonstration", "en": "Demo seller"},
    "platform": {"fr": "Plateforme de démonstration", "en": "Demo platform"},
}


@dataclass(frozen=True, slots=True)
class StepLine:
    """What became of one step."""

    step: str
    file: str | None
    outcome: str
    """``accepted``, ``not accepted``, ``unusable`` or ``not provided``."""
    view: str | None = None
    reasons: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    reading: str | None = None
    unit: str | None = None
    why: str | None = None

    def __str__(self) -> str:
        """Write the line for a person."""
        parts = [f"{self.step:12} {self.outcome:12}"]
        if self.view is not None:
            parts.append(f"view {self.view}")
        if self.reasons:
            parts.append("because " + ", ".join(self.reasons))
        if self.why is not None:
            parts.append(self.why)
        if self.findings:
            parts.append("found " + ", ".join(self.findings))
        if self.reading is not None:
            parts.append(f"reads {self.reading} {self.unit or ''}".rstrip())
        return "  ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the line for a machine."""
        return {
            "step": self.step,
            "file": self.file,
            "outcome": self.outcome,
            "view": self.view,
            "reasons": list(self.reasons),
            "findings": list(self.findings),
            "reading": self.reading,
            "unit": self.unit,
            "why": self.why,
        }


def run(arguments: argparse.Namespace) -> int:
    """Inspect the folder and write the report."""
    configure_logs("console", level=logging.ERROR)
    arguments.out.mkdir(parents=True, exist_ok=True)
    language: Language = arguments.lang

    def show(line: StepLine) -> None:
        if arguments.json:
            sys.stdout.write(json.dumps(line.to_json(), ensure_ascii=False) + "\n")
        else:
            out().print(str(line), markup=False)

    with tempfile.TemporaryDirectory(prefix="inspection-demo-") as folder:
        settings = _settings(Path(folder))
        demo = Demo(arguments.photos, arguments.checklist, language, show)
        asyncio.run(demo.run(settings, arguments.out))
    err().print(f"Report: {arguments.out / 'report.pdf'}")
    return 0


class Demo:
    """One inspection on the photos of a folder."""

    def __init__(
        self, photos: Path, checklist: str, language: Language, show: Callable[[StepLine], None]
    ) -> None:
        """Keep what to do.

        Args:
            photos: Holds ``STEP.jpg`` and so on; steps without one are skipped and stand in the report as not seen.
            checklist: Which to follow.
            language: Of the inspection and its report.
            show: Gets each step's line as soon as it is known.
        """
        self._photos = photos
        self._checklist = checklist
        self._language = language
        self._show = show

    async def run(self, settings: Settings, destination: Path) -> None:
        """Carry the inspection from order to seal and write its files.

        Raises:
            ChecklistUnknown: There is no such checklist.
            ModelsUnusable: The models cannot be used.
            Unavailable: The report could not be sealed.
        """
        judge = JudgeInThread(
            await asyncio.to_thread(Pipeline.open, settings.vision.models_dir),
            timeout_s=settings.vision.timeout_s,
        )
        async with open_service(settings, judge=judge) as running:
            seller, operator = await self._open_case(running)
            inspections = running.services.inspections.of(seller.tenant_id)
            await self._photograph(running, inspections, seller, operator)
            await self._sign(inspections, running, seller)
            done = await running.reconciler.run_once()
            if not done.sealed:
                raise Unavailable(
                    "The report could not be sealed; run again with INSPECTION_LOG_FORMAT=json."
                )
            await _write(running, inspections, seller.inspection_id, destination)

    async def _open_case(self, running: Running) -> tuple[Seller, Operator]:
        identity = running.services.identity
        tenant = await identity.create_tenant(_TEXTS["platform"][self._language])
        platform = Platform(tenant.id, tenant.name, "demo")
        order = Order(
            vehicle=Vehicle(),
            checklist=self._checklist,
            language=self._language,
            contact=Contact(name=_TEXTS["seller"][self._language]),
            sign_off="none",
        )
        _, link = await identity.order(platform, order)
        seller, _ = await identity.spend(link.token)
        scoped = running.services.inspections.of(seller.tenant_id)
        await scoped.give_consents(seller.inspection_id, {"photos": True}, by=seller.actor)
        operator = await identity.create_operator("demo@localhost.invalid", "Demo", new_password())
        return seller, operator

    async def _photograph(
        self, running: Running, inspections: Inspections, seller: Seller, operator: Operator
    ) -> None:
        case = await inspections.get(seller.inspection_id)
        steps = [StepId(str(step["id"])) for step in views.checklist_steps(case)]
        with counting("Inspecting", total=len(steps)) as bar:
            for step_id in steps:
                line = await self._one(running, inspections, seller, operator, step_id)
                bar.advance(bar.task_ids[0])
                self._show(line)
        await inspections.release(seller.inspection_id, by=operator.actor)

    async def _one(
        self, running: Running, inspections: Inspections, seller: Seller, operator: Operator, step_id: StepId
    ) -> StepLine:
        case = seller.inspection_id
        path = self._find(step_id)
        if path is None:
            await inspections.skip(case, step_id, _TEXTS["not_provided"][self._language], by=seller.actor)
            return StepLine(step_id, None, "not provided")
        await inspections.enter_step(case, step_id, by=seller.actor)
        new = NewCapture(
            CaptureId(str(uuid.uuid4())),
            step_id,
            await asyncio.to_thread(path.read_bytes),
            _TYPES[path.suffix.lower()],
            "demo",
        )
        try:
            capture = await inspections.receive_capture(case, new, by=seller.actor)
            await running.reconciler.run_once()
            capture = await inspections.capture(case, capture.id)
        except InspectionServiceError as error:
            return await self._skip_unusable(inspections, seller, step_id, path, error.message)
        if capture.judgement is None:
            why = advice(capture.decision_reason or "unusable", self._language)
            return await self._skip_unusable(inspections, seller, step_id, path, why)
        if not capture.is_evidence:
            why = " ".join(advice(code, self._language) for code in capture.judgement["reasons"])
            reason = _TEXTS["kept"][self._language].format(why=why).strip()
            await inspections.claim(case, by=operator.actor)
            await inspections.override(case, capture.id, reason[:500], by=operator.actor)
        return self._line(path, capture)

    async def _skip_unusable(
        self, inspections: Inspections, seller: Seller, step_id: StepId, path: Path, why: str
    ) -> StepLine:
        reason = _TEXTS["unusable"][self._language].format(why=why)
        await inspections.skip(seller.inspection_id, step_id, reason[:500], by=seller.actor)
        return StepLine(step_id, path.name, "unusable", why=why)

    def _line(self, path: Path, capture: Capture) -> StepLine:
        judgement = capture.judgement or {}
        odometer = judgement.get("odometer") or {}
        return StepLine(
            step=str(capture.step_id),
            file=path.name,
            outcome="accepted" if judgement.get("accepted") else "not accepted",
            view=judgement.get("view"),
            reasons=tuple(judgement.get("reasons", ())),
            findings=tuple(
                f"{kind_label(found['kind'], self._language).lower()} {found['score']:.2f}"
                for found in judgement.get("detections", ())
            ),
            reading=odometer.get("reading"),
            unit=odometer.get("unit"),
        )

    async def _sign(self, inspections: Inspections, running: Running, seller: Seller) -> None:
        case = seller.inspection_id
        await inspections.submit(case, by=seller.actor)
        shown = views.review_sha256(await inspections.dossier(case))
        async with running.services.identity.second_factor(seller, None) as (factor, transaction):
            mark = SellerMark(_TEXTS["seller"][self._language], _SIGNATURE, shown, factor)
            await inspections.sign_as_seller(case, mark, by=seller.actor, within=transaction)

    def _find(self, step_id: StepId) -> Path | None:
        """Find the step's photo, whatever the case of its name."""
        wanted = {f"{step_id}{suffix}" for suffix in _TYPES}
        return next(
            (p for p in sorted(self._photos.iterdir()) if p.name.lower() in wanted and p.is_file()), None
        )


def _settings(folder: Path) -> Settings:
    """Read the settings as they are and move everything that is written into the temporary folder."""
    given = Settings()
    return given.model_copy(
        update={
            "data_dir": folder,
            "database": DatabaseSettings(),
            "store": StoreSettings(),
            "signing": given.signing if given.signing.keys_dir else SigningSettings(),
        }
    )


async def _write(running: Running, inspections: Inspections, case: InspectionId, destination: Path) -> None:
    files = await inspections.report_files(case)
    store = running.services.store
    for name, key in (
        ("report.json", files.json_key),
        ("report.jws", files.jws_key),
        ("report.pdf", files.pdf_key),
        ("root.pem", files.root_key),
    ):
        await asyncio.to_thread((destination / name).write_bytes, await store.get(key))
    photos = destination / "photos"
    photos.mkdir(exist_ok=True)
    dossier = await inspections.dossier(case)
    for capture in dossier.captures:
        suffix = next((s for s, media_type in _TYPES.items() if media_type == capture.media_type), ".bin")
        target = photos / f"{capture.step_id or capture.id}{suffix}"
        await asyncio.to_thread(target.write_bytes, await store.get(capture.object_key))
