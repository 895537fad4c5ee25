"""Whatever a person left in a session is handed to them on request, and is nowhere after an erasure."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from inspection_service.inspections.records import Actor, InspectionId
from tests.integration.service import (
    Service,
    open_test_service,
    picture,
    piece_headers,
    problem,
    tus_headers,
    upload,
)
from tests.integration.test_api_live import JPEG, VIDEO, call, consent, digest, supervisor

pytestmark = pytest.mark.integration

WORDS = {
    "contact": "Zephyrinecontact",
    "e-mail": "zephyrinemail",
    "plate": "QZ-987-QZ",
    "VIN": "WVWZZZ1KZ6W098765",
    "reference": "REFQUAGGA",
    "chat of the seller": "chatseller-okapi",
    "chat of the operator": "chatoperator-tapir",
    "handover": "handover-axolotl",
    "drawing": "drawing-narwhal",
    "dispute": "dispute-numbat",
    "skipped": "skipped-quokka",
    "declared damage": "damage-pangolin",
    "signed name": "Camille Martin",
    "recorded": "recorded-bytes-caracal",
    "recorded at the desk": "recorded-desk-serval",
}
PHONE = "+33698765401"
PLANTED = {**WORDS, "number to call back": PHONE.lstrip("+")}


async def lived(
    service: Service, platform: httpx.AsyncClient
) -> tuple[str, httpx.AsyncClient, httpx.AsyncClient]:
    """A case with a word planted wherever a person can leave one; returns its id, seller and operator."""
    contact = {"name": WORDS["contact"], "email": f"{WORDS['e-mail']}@example.com", "phone": None}
    vehicle = {"plate": WORDS["plate"], "vin": WORDS["VIN"]}
    ordered = await service.order(
        platform, contact=contact, vehicle=vehicle, reference=WORDS["reference"], sign_off="none"
    )
    case, seller, operator = ordered["id"], await service.seller(ordered), await service.operator()
    desk = f"/v1/operator/inspections/{case}"
    good = httpx.codes.is_success
    assert good((await seller.post("/v1/seller/help", json={"phone": PHONE})).status_code)
    await consent(seller, live_level="steer", recording=True)
    assert good((await operator.post(f"{desk}/claim")).status_code)
    await call(service, case, operator)
    inspections = service.running.services.inspections
    me = (await operator.get("/v1/operator/me")).json()["operator"]
    for by, text in (
        (Actor("seller", case), WORDS["chat of the seller"]),
        (Actor("operator", me["id"], me["name"]), WORDS["chat of the operator"]),
    ):
        await say(inspections, case, text, by)
    frames = [
        (
            await seller.post("/v1/seller/frames", content=picture(n, width=1280, height=960), headers=JPEG)
        ).json()
        for n in (501, 502)
    ]
    kept = {"strokes": [{"points": [[0.1, 0.1], [0.2, 0.3]], "width": 0.01}], "text": WORDS["drawing"]}
    assert good((await operator.post(f"{desk}/frames/{frames[0]['frame_id']}/keep", json=kept)).status_code)
    await record(seller, "/v1/seller/recordings", VIDEO, WORDS["recorded"])
    own = {"kind": "video", "media_type": "video/webm", "recording_id": "desk-recording-1"}
    await record(operator, f"{desk}/recordings", own, WORDS["recorded at the desk"], ends=False)
    boss = await supervisor(service)
    their = (await boss.get("/v1/operator/me")).json()["operator"]["id"]
    handed = await operator.post(f"{desk}/handover", json={"operator_id": their, "note": WORDS["handover"]})
    assert good(handed.status_code), handed.text
    service.judge.detections["left_side"] = [{"kind": "dent", "box": [10, 10, 90, 60], "score": 0.8}]
    skipped = await seller.post("/v1/seller/steps/front_seats/skip", json={"reason": WORDS["skipped"]})
    assert good(skipped.status_code), skipped.text
    for number, step in enumerate((await seller.get("/v1/seller/inspection")).json()["steps"]):
        if step["status"] != "skipped":
            assert (await upload(seller, picture(number), step["id"])).status_code == 204
    await service.work()
    half = picture(900)
    begun = await seller.post("/v1/uploads", headers=tus_headers(half, None))
    assert begun.status_code == 201, begun.text
    piece = await seller.patch(begun.headers["location"], headers=piece_headers(0), content=half[:2000])
    assert piece.status_code == 204, piece.text
    damage = {"client_id": "damage-1", "text": WORDS["declared damage"], "capture_ids": []}
    assert good((await seller.post("/v1/seller/damages", json=damage)).status_code)
    finding = next(f for f in (await seller.get("/v1/seller/inspection")).json()["findings"] if f["box"])
    said = {"text": WORDS["dispute"]}
    assert good((await seller.post(f"/v1/seller/findings/{finding['id']}/dispute", json=said)).status_code)
    return case, seller, operator


async def say(inspections: Any, case: str, text: str, by: Actor) -> None:
    """Write into the chat, as a session would."""
    await inspections.say(InspectionId(case), by, text)


async def record(
    client: httpx.AsyncClient, door: str, what: dict[str, Any], data: str, *, ends: bool = True
) -> None:
    """Send two chunks of a recording."""
    assert (await client.post(door, json=what)).status_code == 201
    one = f"{door}/{what['recording_id']}"
    for n in range(2):
        chunk = f"{data}-{n};".encode()
        sent = await client.put(f"{one}/video/chunks/{n}", content=chunk, headers=digest(chunk))
        assert sent.status_code == 200, sent.text
    if ends:
        assert (await client.post(f"{one}/finish", json={"chunks": {"video": 2}})).status_code == 200


def unfolded(data: bytes) -> dict[str, bytes]:
    """Open an export."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def left_in(folder: Path) -> dict[str, bytes]:
    """Read everything the instance keeps: database, its log, every object."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and (path.parent.name != "keys") and "model" not in path.parts
    }


async def test_an_export_hands_over_everything_and_an_erasure_leaves_none_of_it(tmp_path: Path) -> None:
    """Recordings byte for byte, also one that nobody ended; afterwards no planted word is in database or store."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        case, seller, operator = await lived(service, platform)
        await service.sign(seller)
        await service.work()
        home = f"/v1/inspections/{case}"
        assert (await platform.get(home)).json()["state"] == "sealed"

        held = unfolded((await platform.get(f"{home}/personal-data")).content)
        data = json.loads(held["data.json"])
        text = held["data.json"].decode()
        recorded = b"".join(held[name] for name in sorted(held) if name.startswith("recordings/")).decode()
        for what, word in PLANTED.items():
            assert word in text + recorded, what
        assert held["recordings/phone-recording-1-video.webm"] == b"".join(
            f"{WORDS['recorded']}-{n};".encode() for n in range(2)
        )
        assert [r["files"] for r in data["recordings"]] == [
            ["recordings/phone-recording-1-video.webm"],
            ["recordings/desk-recording-1-video.webm"],
        ]
        assert len([name for name in held if name.startswith("photos/")]) == 11
        assert sorted(data["frames"]) == sorted(name for name in held if name.startswith("frames/"))
        assert len(data["frames"]) == 2
        before = left_in(tmp_path / "instance")
        for what, word in PLANTED.items():
            assert any(word.encode() in content for content in before.values()), f"{what} was never planted"

        answer = await platform.post(f"{home}/erasure", json={"photos": True})
        assert answer.status_code == 200, answer.text
        after = left_in(tmp_path / "instance")
        for what, word in PLANTED.items():
            assert [name for name, content in after.items() if word.encode() in content] == [], what
        objects = sorted(name for name in after if name.startswith("objects/"))
        kinds = {(Path(name).parent.name, Path(name).suffix) for name in objects}
        assert kinds == {
            ("report", ".json"),
            ("report", ".jws"),
            ("report", ".pem"),
            ("corrections", ".json"),
            ("corrections", ".jws"),
            ("corrections", ".pdf"),
        }, objects

        held = unfolded((await platform.get(f"{home}/personal-data")).content)
        assert set(held) == {"data.json"}
        data = json.loads(held["data.json"])
        assert [(r["is_kept"], r["files"]) for r in data["recordings"]] == [(False, []), (False, [])]
        assert data["handover"] is None
        gone = f"{home}/recordings/phone-recording-1/video"
        problem(await platform.get(gone), "recording-unknown", 404)
        frame = next(e["data"]["frame_id"] for e in data["log"] if e["kind"] == "frame.frozen")
        desk = f"/v1/operator/inspections/{case}"
        problem(await operator.get(f"{desk}/frames/{frame}"), "frame-unknown", 404)
        assert (await operator.get(desk)).status_code == 200
        assert (await operator.get(f"{desk}/replay")).status_code == 200


async def test_a_cancelled_case_without_photos_is_erased_with_its_pictures(tmp_path: Path) -> None:
    """Nobody sealed anything; what was frozen and recorded goes all the same, and asking again changes nothing."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        seller, operator = await service.seller(ordered), await service.operator()
        desk = f"/v1/operator/inspections/{ordered['id']}"
        await consent(seller, live_level="steer", recording=True)
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator)
        frozen = await seller.post("/v1/seller/frames", content=picture(1), headers=JPEG)
        keep = f"{desk}/frames/{frozen.json()['frame_id']}/keep"
        assert (await operator.post(keep, json={"strokes": [], "text": "note-ibex"})).is_success
        await record(seller, "/v1/seller/recordings", VIDEO, "bytes-markhor", ends=False)
        home = f"/v1/inspections/{ordered['id']}"
        assert (await platform.post(f"{home}/cancel")).status_code == 200
        for _ in range(2):
            answer = await platform.post(f"{home}/erasure", json={"photos": True})
            assert answer.json() == {"correction": None}, answer.text
        after = left_in(tmp_path / "instance")
        assert not [name for name in after if name.startswith("objects/")]
        for word in (b"note-ibex", b"bytes-markhor"):
            assert not [name for name, content in after.items() if word in content]
        events = (await platform.get(f"{home}/events")).json()["items"]
        assert [e["data"]["what"] for e in events if e["kind"] == "data.erased"] == ["photos", "seller"]
