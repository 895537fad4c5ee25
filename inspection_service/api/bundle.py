"""The bundle: one file that proves itself, streamed member by member.

Who gets which photos: the platform and the seller may take the originals as the phone sent them, with the metadata they
came with (a position, when the phone wrote one), for only they match the hashes of the report. Operators get none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from inspection_service.api.dependencies import ByReportReader, BySeller, Opened, note_platform
from inspection_service.api.operator import OnCase
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.errors import ScopeMissing
from inspection_service.inspections.errors import ReportUnknown
from inspection_service.inspections.records import Dossier, InspectionId, ReportFiles
from inspection_service.inspections.service import Inspections
from inspection_service.ledger.errors import LeafUnknown
from inspection_service.reports.bundle import BundleWriter, correction_member, photo_member
from inspection_service.reports.commitments import Disclosure, disclosures_bytes
from inspection_service.reports.seen import is_in_report
from inspection_service.storage.errors import ObjectMissing
from inspection_service.work.archive import report_leaf

router = APIRouter()
MEDIA_TYPE: Final = "application/zip"
_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {}}, "description": "The bundle; `bundle.json` in it names every member."}
}
_RESPONSES: Final = problems(401, 404, 422, 503) | _ZIP
Photos = Annotated[
    bool, Query(description="Put the originals of the evidence into it, with the metadata they came with.")
]


@router.get(
    "/v1/inspections/{inspection_id}/report.zip",
    tags=["platform"],
    response_class=Response,
    responses=_RESPONSES,
)
async def get_bundle(
    inspection_id: str, door: ByReportReader, services: Opened, photos: Photos = False
) -> Response:
    """Fetch report, signature, disclosures, proof of the log and corrections in one file that anybody can verify.

    With `photos` also the originals of the evidence, as the phone sent them; the key then needs `photos:read` too.
    """
    if photos and not door.platform.may("photos:read"):
        raise ScopeMissing("This key lacks the scope photos:read.", scope="photos:read")
    bundle = await _bundle(services, door.inspections, InspectionId(inspection_id), photos=photos)
    await note_platform(services, door, "bundle", InspectionId(inspection_id))
    return bundle


@router.get(
    "/v1/operator/inspections/{inspection_id}/report.zip",
    tags=["operator"],
    response_class=Response,
    responses=_RESPONSES,
)
async def get_bundle_of_case(case: OnCase) -> Response:
    """Fetch the bundle of a case; never with originals, which carry what the phone wrote into them."""
    bundle = await _bundle(case.services, case.inspections, case.id, photos=False)
    await case.note("bundle")
    return bundle


@router.get("/v1/seller/report.zip", tags=["seller"], response_class=Response, responses=_RESPONSES)
async def get_own_bundle(door: BySeller, services: Opened, photos: Photos = False) -> Response:
    """Take the bundle home; with `photos` also your own originals."""
    return await _bundle(services, door.inspections, door.inspection_id, photos=photos)


async def _bundle(
    services: Services, scoped: Inspections, case: InspectionId, *, photos: bool
) -> StreamingResponse:
    """Answer with a bundle; what can be missing is read before the first byte is sent.

    Raises:
        ReportUnknown: There is none, or its time of keeping has ended.
    """
    dossier = await scoped.dossier(case)
    if dossier.report is None:
        raise ReportUnknown
    try:
        json_bytes = await services.store.get(dossier.report.json_key)
    except ObjectMissing as exc:
        raise ReportUnknown("The report of this inspection is no longer kept.") from exc
    small = await _small_members(services, dossier, dossier.report, json_bytes)
    headers = {
        "Content-Disposition": f'attachment; filename="inspection-{case}.zip"',
        "Cache-Control": "private, no-cache",
        "Content-Encoding": "identity",
    }
    pieces = _pieces(services, dossier, small, photos=photos)
    return StreamingResponse(pieces, media_type=MEDIA_TYPE, headers=headers)


async def _small_members(
    services: Services, dossier: Dossier, files: ReportFiles, json_bytes: bytes
) -> dict[str, bytes]:
    """Read everything but document and photos."""
    store, case = services.store, dossier.inspection.id
    members = {"report.json": json_bytes, "report.jws": await store.get(files.jws_key)}
    if json.loads(json_bytes)["schema_version"] != "1.0":
        kept = [Disclosure(**asdict(value)) for value in await services.proof.personal.values(case)]
        members["disclosures.json"] = disclosures_bytes(files.json_sha256, kept)
    with suppress(LeafUnknown):  # sealed before there was a log, and not caught up yet
        proof = await services.proof.ledger.proof(report_leaf(case, files).hash)
        members["log.json"] = proof.to_bytes()
    for entry in dossier.corrections:
        members[correction_member(entry.no, "json")] = await store.get(entry.json_key)
        members[correction_member(entry.no, "jws")] = await store.get(entry.jws_key)
    return members


async def _pieces(
    services: Services, dossier: Dossier, small: dict[str, bytes], *, photos: bool
) -> AsyncIterator[bytes]:
    writer = BundleWriter(services.proof.signer, services.clock.now())
    assert dossier.pdf_key is not None
    yield writer.add("report.pdf", await services.store.get(dossier.pdf_key))
    for name, data in small.items():
        yield writer.add(name, data)
    if photos:
        for capture in dossier.captures:
            if is_in_report(capture) and capture.id not in dossier.erased_photos:
                data = await services.store.get(capture.object_key)
                yield writer.add(photo_member(capture.id, capture.media_type), data)
    yield await asyncio.to_thread(writer.close)
