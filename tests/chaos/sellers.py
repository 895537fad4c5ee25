"""One inspection as its platform and its seller live through it, over HTTP and however often the service dies."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.chaos.patient import Patient, Unexpected
from tests.integration.service import DRAWING, picture, piece_headers, tus_headers

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_IN_PIECES: Final = 0.3
"""Share of photos sent in two pieces."""
_LOOK_S: Final = 0.5
_LONGEST_S: Final = 1800.0
"""Until an inspection is sealed; nobody waits that long when all is well."""
_AGREED: Final = {"photos": True, "live_video": False, "location": False, "recording": False}


@dataclass
class Carried:
    """An inspection, and what the service promised about it."""

    tenant_id: str
    inspection_id: str
    accepted: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each photo the service said it has, by capture."""


@dataclass(frozen=True)
class World:
    """What all sellers of a run share."""

    origin: str
    acted: Callable[[], None]
    heard: Counter[str]


async def carry_out(
    world: World,
    platform: Patient,
    tenant_id: str,
    number: int,
    seed: int,
    *,
    sign_off: Literal["none", "required"] = "none",
) -> Carried:
    """Order an inspection and bring it to its sealed report, or to the desk of the operator who must sign it off.

    Raises:
        Unexpected: The service gave an answer it must not give, or none.
    """
    chosen = random.Random(f"{seed} {number}")
    order = {
        "checklist": "listing-12",
        "language": "en",
        "sign_off": sign_off,
        "reference": f"chaos-{number}",
    }
    key = {"Idempotency-Key": f"order-{seed}-{number}"}
    ordered = (await platform.ask("POST", "/v1/inspections", 201, json=order, headers=key)).json()
    carried = Carried(tenant_id, ordered["id"])
    browser = uuid.UUID(int=chosen.getrandbits(128)).hex
    async with Patient(world.origin, world.acted, world.heard, Origin=world.origin) as seller:
        token = ordered["seller_link"].split("#", 1)[1]
        await seller.ask("POST", "/v1/seller/session", 200, json={"token": token, "browser": browser})
        view = (await seller.ask("PUT", "/v1/seller/consents", 200, json=_AGREED)).json()
        for place, step in enumerate(view["steps"]):
            data = await asyncio.to_thread(picture, number * 100 + place, width=320, height=240)
            capture_id = uuid.UUID(int=chosen.getrandbits(128)).hex
            await _photograph(seller, step["id"], capture_id, data, chosen)
            carried.accepted[capture_id] = hashlib.sha256(data).hexdigest()
        await _sign(seller)
    if sign_off == "none":
        await _until_sealed(platform, carried.inspection_id)
    return carried


async def _photograph(
    seller: Patient, step_id: str, capture_id: str, data: bytes, chosen: random.Random
) -> None:
    """Send a photo; it counts as accepted when the service said that all of it is there."""
    headers = tus_headers(data, step_id, capture_id)
    where = (await seller.ask("POST", "/v1/uploads", 201, headers=headers)).headers["Location"]
    pieces = [len(data) // 2, len(data)] if chosen.random() < _IN_PIECES else [len(data)]
    offset = 0
    while offset < len(data):
        end = next(each for each in pieces if each > offset)
        # 409: it has another offset than we think, because it died after it had stored the piece, or before.
        sent = await seller.ask(
            "PATCH", where, 204, 409, headers=piece_headers(offset), content=data[offset:end]
        )
        if sent.status_code == 409:
            sent = await seller.ask("HEAD", where, 200, headers=_TUS)
        offset = int(sent.headers["Upload-Offset"])


async def _sign(seller: Patient) -> None:
    """Submit when all is judged, and sign what is shown; a signature whose answer was lost is not given twice."""
    deadline = time.monotonic() + _LONGEST_S
    while True:
        view: dict[str, Any] = (await seller.ask("GET", "/v1/seller/inspection", 200)).json()
        state = view["inspection"]["state"]
        if state in ("seller_signed", "signed_off", "sealed"):
            return
        if state == "in_progress" and all(step["status"] == "done" for step in view["steps"]):
            await seller.ask("POST", "/v1/seller/submit", 200)
        elif state == "review":
            mark = {"name": "Camille", "drawing_svg": DRAWING, "code": None}
            mark |= {"shown_sha256": view["review_sha256"]}
            await seller.ask("POST", "/v1/seller/signature", 200, 409, json=mark)
        else:
            await asyncio.sleep(_LOOK_S)
        if time.monotonic() > deadline:
            raise Unexpected(
                f"{view['inspection']['id']} stays {state}: {[s['status'] for s in view['steps']]}"
            )


async def _until_sealed(platform: Patient, inspection_id: str) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while True:
        shown = (await platform.ask("GET", f"/v1/inspections/{inspection_id}", 200)).json()
        if shown["state"] == "sealed":
            return
        if time.monotonic() > deadline:
            raise Unexpected(f"{inspection_id} stays {shown['state']}")
        await asyncio.sleep(_LOOK_S)
