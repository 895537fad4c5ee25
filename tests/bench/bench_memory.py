"""What the service holds in memory: at rest, and after a hundred judged photos."""

from __future__ import annotations

import base64
import hashlib
import tempfile
import threading
import uuid
from pathlib import Path

import cv2
import httpx
import psutil

from tests.bench.rows import Row, row
from tests.e2e.instance import Instance

PHOTOS = 100
DEMO_CAR = Path(__file__).parents[1] / "data" / "demo_car"
JUDGED_TIMEOUT_S = 300


def rows() -> list[Row]:
    """Measure the resident memory of the service and its workers."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Instance.prepare(Path(folder) / "data")
        instance.start()
        try:
            at_rest = _resident_mb(instance.pid)
            _send_photos(instance)
            after = _resident_mb(instance.pid)
        finally:
            instance.stop()
    return [
        row("memory at rest, service and workers", at_rest, "MB"),
        row(
            f"memory after {PHOTOS} photos",
            after,
            "MB",
            reference=("the same service at rest", at_rest),
        ),
    ]


def _resident_mb(pid: int) -> float:
    service = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (service, *service.children(recursive=True))) / 1e6


def _send_photos(instance: Instance) -> None:
    """Send a hundred different photos as the seller's page does, and wait until all are judged."""
    view = cv2.imread(str(DEMO_CAR / "front.webp"))
    assert view is not None
    ordered = instance.order()
    with httpx.Client(base_url=instance.url, headers={"Origin": instance.url}, timeout=30) as seller:
        token = ordered["seller_link"].partition("#")[2]
        seller.post("/v1/seller/session", json={"token": token}).raise_for_status()
        consents = {"photos": True, "live_video": False, "location": False, "recording": False}
        seller.put("/v1/seller/consents", json=consents).raise_for_status()
        for number in range(PHOTOS):
            different = view.copy()
            different[: number + 1, 0] = 255
            _upload(seller, bytes(cv2.imencode(".jpg", different)[1]))
        with instance.platform() as platform:
            for _ in range(JUDGED_TIMEOUT_S):
                captures = platform.get(f"/v1/inspections/{ordered['id']}/captures").json()
                items = captures["items"] if isinstance(captures, dict) else captures
                if len(items) == PHOTOS and all(each["state"] not in ("received",) for each in items):
                    return
                _breathe()
    message = f"not all of {PHOTOS} photos were judged in time"
    raise TimeoutError(message)


def _breathe() -> None:
    """Let the workers have the processor for a second between two looks."""
    threading.Event().wait(1.0)


def _upload(seller: httpx.Client, photo: bytes) -> None:
    facts = {
        "capture_id": str(uuid.uuid4()),
        "step_id": "front",
        "sha256": hashlib.sha256(photo).hexdigest(),
        "media_type": "image/jpeg",
        "method": "file",
    }
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in facts.items())
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(photo)), "Upload-Metadata": metadata}
    created = seller.post("/v1/uploads", headers=headers)
    created.raise_for_status()
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    seller.patch(created.headers["Location"], headers=headers, content=photo).raise_for_status()
