"""A whole service in this process, for tests of its doors: everything real but the models and the mail."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import httpx
import numpy as np
from fastapi import FastAPI
from PIL import ExifTags, Image

from inspection_service.app import Running, create_app
from inspection_service.identity.messenger import Message
from inspection_service.identity.records import Role
from inspection_service.settings import Settings
from inspection_service.storage.tables import HOUSE
from inspection_service.vision.decode import decode
from inspection_service.vision.hideable import Found
from inspection_service.vision.manifest import REQUIRED_MODELS
from inspection_service.vision.scene import SceneObject

ORIGIN: Final = "http://testserver"
PASSWORD: Final = "correct horse battery"
DRAWING: Final = "M10 10 L20 24 L60 80"
CONTACT: Final = {"name": "Camille", "email": "camille@example.com"}


def picture(seed: int = 0, *, width: int = 640, height: int = 480) -> bytes:
    """Make a JPEG that no other seed makes, with what phones write into theirs: maker, and position."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    image = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    is_ok, data = cv2.imencode(".jpg", image)
    assert is_ok
    jpeg, tags = data.tobytes(), _phone_tags()
    return jpeg[:2] + b"\xff\xe1" + (len(tags) + 2).to_bytes(2, "big") + tags + jpeg[2:]


def _phone_tags() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Phone"
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (48.0, 51.0, 24.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (2.0, 21.0, 7.0),
    }
    return exif.tobytes()


class ScriptedJudge:
    """Judges photos as a test says, by step's view; accepts what it is not told about. Really decodes them."""

    def __init__(self) -> None:
        self.reasons: dict[str, list[str]] = {}
        self.detections: dict[str, list[dict[str, Any]]] = {}
        self.odometer: dict[str, Any] | None = {
            "reading": "127506",
            "confidence": 0.97,
            "unit": "km",
            "box": [10, 10, 60, 30],
            "why_not": None,
        }

    async def judge(self, image_bytes: bytes, asked_view: str | None) -> Mapping[str, Any]:
        """Return the judgement as JSON values; ``InvalidInput`` when it is not an image."""
        height, width = decode(image_bytes).shape[:2]
        reasons = self.reasons.get(asked_view or "", [])
        return {
            "model_set": "f" * 64,
            "width": width,
            "height": height,
            "asked": asked_view,
            "view": asked_view or "other",
            "view_score": 0.9,
            "views": {asked_view or "other": 0.9},
            "accepted": not reasons,
            "reasons": reasons,
            "quality": {"sharpness": 0.5, "brightness": 120.0, "clipped_share": 0.0, "faults": []},
            "scene": [{"kind": "car", "box": [5, 5, 600, 400], "score": 0.9}],
            "detections": self.detections.get(asked_view or "", []),
            "odometer": self.odometer if asked_view == "odometer" else None,
            "seconds": 0.01,
        }

    async def close(self) -> None:
        """Nothing to stop."""


class ScriptedFinder:
    """Finds in photos to redact what a test says; a car and a plate when it says nothing. Really decodes them."""

    model_sha256 = "e" * 64

    def __init__(self) -> None:
        self.objects: tuple[SceneObject, ...] = (
            SceneObject("car", (60.0, 60.0, 580.0, 420.0), 0.9),
            SceneObject("plate", (260.0, 300.0, 380.0, 330.0), 0.8),
        )

    def find(self, data: bytes) -> Found:
        """Return the same for every photo."""
        height, width = decode(data).shape[:2]
        return Found(self.objects, frozenset(self.objects), width, height)


class Mailbox:
    """Keeps the messages that would have been sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """Keep a message."""
        self.messages.append(message)

    def code(self) -> str:
        """Return the code in the newest message."""
        found = re.search(r"\b\d{4,10}\b", self.messages[-1].text)
        assert found is not None
        return found[0]


@dataclass
class Service:
    """The running service and what tests need of it."""

    app: FastAPI
    judge: ScriptedJudge
    mailbox: Mailbox
    finder: ScriptedFinder = field(default_factory=ScriptedFinder)
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def running(self) -> Running:
        """The opened service."""
        running: Running = self.app.state.running
        return running

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Open a browser: it keeps cookies and sends its Origin."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(
            transport=transport,
            base_url=ORIGIN,
            headers={"Origin": ORIGIN, "Accept-Encoding": "identity"} | headers,
        )
        self.clients.append(client)
        return client

    async def platform(self, name: str = "Platform") -> httpx.AsyncClient:
        """Admit a platform and return a client with its key."""
        identity = self.running.services.identity
        key = await identity.issue_key((await identity.create_tenant(name)).id)
        client = self.browser(Authorization=f"Bearer {key}")
        del client.headers["Origin"]
        return client

    async def operator(
        self,
        email: str = "op@example.com",
        name: str = "Olivia",
        role: Role = "operator",
        organisation_id: str = HOUSE,
    ) -> httpx.AsyncClient:
        """Admit an operator and return a signed-in browser."""
        await self.running.services.identity.create_operator(
            email, name, PASSWORD, role, organisation_id=organisation_id
        )
        client = self.browser()
        answer = await client.post("/v1/operator/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client

    async def order(self, platform: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
        """Order an inspection."""
        body = {"checklist": "listing-12", "language": "en", "vehicle": {"plate": "AB-123-CD"}} | more
        answer = await platform.post("/v1/inspections", json=body)
        assert answer.status_code == 201, answer.text
        ordered: dict[str, Any] = answer.json()
        return ordered

    async def seller(self, ordered: Mapping[str, Any], *, consents: bool = True) -> httpx.AsyncClient:
        """Open the link of an order in a new browser and agree to photos."""
        client = self.browser()
        answer = await client.post("/v1/seller/session", json={"token": token_of(ordered)})
        assert answer.status_code == 200, answer.text
        if consents:
            agreed = {"photos": True, "live_video": False, "location": False, "recording": False}
            assert (await client.put("/v1/seller/consents", json=agreed)).status_code == 200
        return client

    async def work(self) -> None:
        """Judge and seal what is to be judged and sealed."""
        done = await self.running.reconciler.run_once()
        assert done.failed == 0

    async def photograph_all(self, seller: httpx.AsyncClient, *, seed: int = 0) -> None:
        """Send a photo for every step and have all judged."""
        steps = (await seller.get("/v1/seller/inspection")).json()["steps"]
        for number, step in enumerate(steps):
            answer = await upload(seller, picture(seed + number), step["id"])
            assert answer.status_code == 204, answer.text
        await self.work()

    async def sign(self, seller: httpx.AsyncClient) -> dict[str, Any]:
        """Submit and sign, with a code when there is a contact."""
        answer = await seller.post("/v1/seller/submit")
        assert answer.status_code == 200, answer.text
        view = answer.json()
        code = None
        if view["code"]["masked"] is not None:
            assert (await seller.post("/v1/seller/signature/code")).status_code == 202
            code = self.mailbox.code()
        mark = {
            "name": "Camille Martin",
            "drawing_svg": DRAWING,
            "code": code,
            "shown_sha256": view["review_sha256"],
        }
        answer = await seller.post("/v1/seller/signature", json=mark)
        assert answer.status_code == 200, answer.text
        signed: dict[str, Any] = answer.json()
        return signed


def token_of(ordered: Mapping[str, Any]) -> str:
    """Return the token in a seller link."""
    return str(ordered["seller_link"]).split("#", 1)[1]


def tus_headers(
    data: bytes, step_id: str | None, capture_id: str | None = None, **more: str
) -> dict[str, str]:
    """Write the headers of a creation."""
    words = {
        "capture_id": capture_id or str(uuid.uuid4()),
        "sha256": hashlib.sha256(data).hexdigest(),
        "media_type": "image/jpeg",
        "method": "take_photo",
        "taken_at": "2026-11-22T10:00:00.000Z",
    } | more
    if step_id is not None:
        words["step_id"] = step_id
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in words.items()
    )
    return {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": metadata}


def piece_headers(offset: int) -> dict[str, str]:
    """Write the headers of a piece."""
    return {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }


async def upload(
    seller: httpx.AsyncClient, data: bytes, step_id: str | None, capture_id: str | None = None
) -> httpx.Response:
    """Send a photo at once; returns the refusal, or the answer to the last piece."""
    created = await seller.post("/v1/uploads", headers=tus_headers(data, step_id, capture_id))
    if created.status_code != 201:
        return created
    return await seller.patch(created.headers["Location"], headers=piece_headers(0), content=data)


def problem(answer: httpx.Response, slug: str, status: int) -> dict[str, Any]:
    """Check that an answer is a problem document of this type and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:inspection:problem:{slug}", document
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"].startswith("urn:inspection:request:")
    return document


def manifests(folder: Path) -> Path:
    """Write manifests of models that no test opens."""
    folder.mkdir(exist_ok=True)
    for name in REQUIRED_MODELS:
        manifest = {
            "name": name,
            "version": "2026.11.22",
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            "licence": "Apache-2.0",
            "task": name,
            "input": {
                "name": "image",
                "shape": [1, 3, 8, 8],
                "colour": "BGR",
                "range": "0..255",
                "fit": "stretch",
            },
            "outputs": {},
            "classes": [],
            "thresholds": {},
            "metrics": {},
        }
        (folder / f"{name}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@asynccontextmanager
async def open_test_service(folder: Path, **settings: Any) -> AsyncIterator[Service]:
    """Open a service on a folder; nothing works in the background, tests call ``work``."""
    given: dict[str, Any] = {
        "data_dir": folder / "instance",
        "public_url": ORIGIN,
        "vision": {"models_dir": manifests(folder / "models")},
        "work": {"enabled": False},
    }
    judge, mailbox, finder = ScriptedJudge(), Mailbox(), ScriptedFinder()
    app = create_app(Settings(**(given | settings)), judge=judge, messenger=mailbox, finder=finder)
    async with app.router.lifespan_context(app):
        service = Service(app, judge, mailbox, finder)
        try:
            yield service
        finally:
            for client in service.clients:
                await client.aclose()
