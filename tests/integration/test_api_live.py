"""The live session over HTTP: consent levels, help, frames, recordings, the queue, hand-overs, the flight recorder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from inspection_service.inspections.records import Actor, InspectionId
from tests.integration.service import (
    CONTACT,
    PASSWORD,
    Service,
    open_test_service,
    picture,
    problem,
    upload,
)

pytestmark = pytest.mark.integration

JPEG = {"Content-Type": "image/jpeg"}
VIDEO = {"kind": "video", "media_type": "video/webm;codecs=vp8,opus", "recording_id": "phone-recording-1"}


async def supervisor(service: Service, name: str = "Sami") -> httpx.AsyncClient:
    """Return a signed-in supervisor."""
    email = f"{name.lower()}@example.com"
    await service.running.services.identity.create_operator(email, name, PASSWORD, "supervisor")
    client = service.browser()
    answer = await client.post("/v1/operator/login", json={"email": email, "password": PASSWORD})
    assert answer.json()["operator"]["role"] == "supervisor"
    return client


async def consent(seller: httpx.AsyncClient, **more: Any) -> httpx.Response:
    """Agree to photos and what else is named."""
    body = {"photos": True, "live_video": False, "location": False, "recording": False} | more
    return await seller.put("/v1/seller/consents", json=body)


async def call(
    service: Service, inspection_id: str, operator: httpx.AsyncClient, *, record: bool = True
) -> None:
    """Write into the log what the session would: the operator called, the seller accepted, recording was asked for."""
    inspections, case = service.running.services.inspections, InspectionId(inspection_id)
    me = (await operator.get("/v1/operator/me")).json()["operator"]
    desk, phone = Actor("operator", me["id"], me["name"]), Actor("seller", inspection_id)
    await inspections.note(case, "call.opened", {"call_id": "c1"}, by=desk)
    await inspections.note(case, "call.accepted", {"call_id": "c1"}, by=phone)
    if record:
        command = {"id": "k1", "no": 1, "name": "record", "args": {"on": True}}
        await inspections.note(case, "command.sent", command, by=desk)


def digest(data: bytes) -> dict[str, str]:
    """Return the header that goes with a chunk."""
    return {"Digest-SHA256": hashlib.sha256(data).hexdigest()}


async def test_levels_of_consent_are_one_answer(tmp_path: Path) -> None:
    """The page sends a level; both sides read it beside the booleans; a page that knows none goes on as before."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        seller, operator = await service.seller(ordered), await service.operator()
        view = (await consent(seller, live_level="steer")).json()
        assert view["consents"] == {
            "photos": True,
            "live_video": True,
            "live_level": "steer",
            "location": False,
            "recording": False,
        }
        seen = (await operator.get(f"/v1/operator/inspections/{ordered['id']}")).json()
        assert seen["consents"] == view["consents"]
        assert (await consent(seller, live_video=True)).json()["consents"]["live_level"] == "steer"
        assert (await consent(seller, live_video=False)).json()["consents"]["live_level"] == "off"
        assert (await consent(seller, live_video=True)).json()["consents"]["live_level"] == "watch"
        problem(await consent(seller, live_level="everything"), "validation", 422)


async def test_a_seller_who_asks_for_help_learns_what_happens_next(tmp_path: Path) -> None:
    """Place, wait, who is there, where one would be called back; the number is whole only for who holds the case."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        seller, operator = await service.seller(ordered), await service.operator()
        desk = f"/v1/operator/inspections/{ordered['id']}"
        view = (await seller.post("/v1/seller/help")).json()
        assert {k: v for k, v in view["help"].items() if k != "asked_at"} == {
            "ahead": 0,
            "wait_s": None,
            "operators_online": 0,
            "call_back": None,
        }
        problem(await seller.post("/v1/seller/help", json={"phone": "tomorrow"}), "phone-invalid", 422)
        view = (await seller.post("/v1/seller/help", json={"phone": "+33 6 12 34 56 42"})).json()
        assert view["help"]["call_back"] == "…42"
        (row,) = (await operator.get("/v1/operator/inspections")).json()["items"]
        assert (row["needs"], row["need_since"]) == (["help"], view["help"]["asked_at"])
        assert (await operator.get(desk)).json()["help"]["call_back"] == "…42"
        held = (await operator.post(f"{desk}/claim")).json()
        assert held["help"]["call_back"] == "+33612345642"
        other = await supervisor(service)
        assert (await other.get(desk)).json()["help"]["call_back"] == "…42"
        assert (await seller.get("/v1/seller/inspection")).json()["help"] is None
        events = await platform.get(f"/v1/inspections/{ordered['id']}/events", params={"limit": 500})
        assert "3612345642" not in events.text
        assert (await seller.post("/v1/seller/help", json={})).json()["help"] is not None
        assert (await seller.delete("/v1/seller/help")).json()["help"] is None
        assert (await seller.delete("/v1/seller/help")).status_code == 200


async def test_a_frame_goes_from_the_phone_to_the_evidence(tmp_path: Path) -> None:
    """Sent within a call, seen by both without metadata, drawn upon, kept with a finding, told to the seller."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        seller, operator = await service.seller(ordered), await service.operator()
        desk = f"/v1/operator/inspections/{ordered['id']}"
        shot = picture(1, width=1280, height=960)
        problem(await seller.post("/v1/seller/frames", content=shot, headers=JPEG), "no-call", 409)
        await consent(seller, live_level="watch")
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator)
        refused = await seller.post("/v1/seller/frames", content=shot, headers=JPEG)
        assert problem(refused, "level-needed", 403)["level"] == "point"
        await consent(seller, live_level="point")
        taken = await seller.post("/v1/seller/frames", content=shot, headers=JPEG)
        assert taken.status_code == 201
        frame = taken.json()
        assert (frame["width"], frame["height"]) == (1280, 960)
        is_ok, png = cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))
        assert is_ok
        answer = await seller.post(
            "/v1/seller/frames", content=png.tobytes(), headers={"Content-Type": "image/png"}
        )
        assert answer.status_code == 201
        for body, headers, slug, status in (
            (b"not a picture", JPEG, "not-an-image", 422),
            (shot[:2000], JPEG, "image-truncated", 422),
            (bytes(12 * 1024 * 1024 + 1), JPEG, "upload-too-large", 413),
            (shot, {"Content-Type": "text/html"}, "upload-type-invalid", 415),
        ):
            problem(await seller.post("/v1/seller/frames", content=body, headers=headers), slug, status)

        for client, url in (
            (seller, f"/v1/seller/frames/{frame['frame_id']}"),
            (operator, f"{desk}/frames/{frame['frame_id']}"),
        ):
            shown = await client.get(url)
            assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
            assert shown.headers["cache-control"].startswith("private")
            again = await client.get(url, headers={"If-None-Match": shown.headers["etag"]})
            assert again.status_code == 304
        stranger = await service.seller(await service.order(await service.platform("Other")))
        problem(await stranger.get(f"/v1/seller/frames/{frame['frame_id']}"), "frame-unknown", 404)

        keep = f"{desk}/frames/{frame['frame_id']}/keep"
        line = {"points": [[0.1, 0.1], [0.9, 0.5]], "width": 0.004}
        for wrong in (
            {"strokes": [{"points": [[0.1, 1.1]], "width": 0.01}]},
            {"strokes": [{"points": [], "width": 0.01}]},
            {"strokes": [{"points": [[0.1, 0.1]], "width": 9}]},
            {"strokes": [line] * 201},
            {"strokes": [{"points": [[0.5, 0.5]] * 5001, "width": 0.01}]},
            {"finding": {"kind": "rust", "severity": "minor"}},
        ):
            problem(await operator.post(keep, json=wrong), "validation", 422)
        many = {"strokes": [{"points": [[0.5, 0.5]] * 3000, "width": 0.01}] * 2}
        problem(await operator.post(keep, json=many), "drawing-too-large", 422)
        kept = await operator.post(
            keep, json={"strokes": [line], "text": "Here", "finding": {"kind": "dent", "severity": "major"}}
        )
        assert kept.status_code == 201
        assert kept.json()["strokes"] == [line]
        mine = (await seller.get("/v1/seller/inspection")).json()
        assert mine["annotations"] == [kept.json()]
        assert [(f["kind"], f["annotation_id"]) for f in mine["findings"]] == [("dent", kept.json()["id"])]
        assert (await operator.get(desk)).json()["annotations"] == [kept.json()]
        robin = await supervisor(service)
        problem(await robin.post(keep, json={}), "case-claimed", 409)


async def test_a_recording_goes_in_by_chunks_and_comes_out_whole(tmp_path: Path) -> None:
    """The phone's chunks are chained; operator and platform fetch them joined, or a range of them."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        seller, operator = await service.seller(ordered), await service.operator()
        desk, mine = f"/v1/operator/inspections/{ordered['id']}", "/v1/seller/recordings"
        await consent(seller, live_level="watch")
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator, record=False)
        problem(await seller.post(mine, json=VIDEO), "consent-missing", 403)
        await consent(seller, live_level="watch", recording=True)
        problem(await seller.post(mine, json=VIDEO), "recording-not-asked", 409)
        await call(service, ordered["id"], operator)
        assert (await seller.post(mine, json=VIDEO)).json() == {"recording_id": "phone-recording-1"}
        chunks = [b"\x1aE\xdf\xa3 first", b"second", b"third"]
        put = f"{mine}/phone-recording-1/video/chunks"
        chain = bytes(32)
        for n, data in enumerate(chunks):
            chain = hashlib.sha256(chain + hashlib.sha256(data).digest()).digest()
            for _ in range(2):
                answer = await seller.put(f"{put}/{n}", content=data, headers=digest(data))
                assert answer.json() == {"n": n, "chain": chain.hex()}
        gap = await seller.put(f"{put}/7", content=b"x", headers=digest(b"x"))
        assert problem(gap, "chunk-gap", 409)["expected"] == 3
        problem(await seller.put(f"{put}/0", content=b"x", headers=digest(b"x")), "chunk-reused", 409)
        problem(await seller.put(f"{put}/3", content=b"x", headers=digest(b"y")), "checksum-mismatch", 460)
        problem(await seller.put(f"{put}/3", content=b"x"), "validation", 422)
        large = bytes(4 * 1024 * 1024 + 1)
        problem(await seller.put(f"{put}/3", content=large, headers=digest(large)), "upload-too-large", 413)
        eve = await service.seller(await service.order(platform))
        problem(await eve.put(f"{put}/3", content=b"x", headers=digest(b"x")), "recording-unknown", 404)

        incomplete = await seller.post(f"{mine}/phone-recording-1/finish", json={"chunks": {"video": 4}})
        assert problem(incomplete, "recording-incomplete", 409)["have"] == {"video": 3}
        done = await seller.post(f"{mine}/phone-recording-1/finish", json={"chunks": {"video": 3}})
        assert done.json()["parts"]["video"]["chain_sha256"] == chain.hex()

        whole = b"".join(chunks)
        theirs = f"/v1/inspections/{ordered['id']}/recordings"
        assert (await platform.get(theirs)).json()["items"] == [done.json()]
        for client, url in (
            (operator, f"{desk}/recordings/phone-recording-1/video"),
            (platform, f"{theirs}/phone-recording-1/video"),
        ):
            answer = await client.get(url, headers={"Accept-Encoding": "gzip"})
            assert (answer.content, answer.headers["content-type"]) == (whole, VIDEO["media_type"])
            for asked, status, expected in (
                ("bytes=0-3", 206, whole[:4]),
                ("bytes=5-14", 206, whole[5:15]),
                ("bytes=12-", 206, whole[12:]),
                ("bytes=-5", 206, whole[-5:]),
                ("bytes=0-9999", 200, whole),
                ("lines=1-2", 200, whole),
            ):
                part = await client.get(url, headers={"Range": asked})
                assert (part.status_code, part.content) == (status, expected), asked
            beyond = await client.get(url, headers={"Range": "bytes=9999-"})
            assert problem(beyond, "range-unsatisfiable", 416)["total_bytes"] == len(whole)
            problem(await client.get(url.replace("video", "mirror")), "recording-unknown", 404)
        stranger = await service.platform("Stranger")
        problem(await stranger.get(f"{theirs}/phone-recording-1/video"), "inspection-unknown", 404)


async def test_an_operator_records_too_until_the_seller_says_no(tmp_path: Path) -> None:
    """On their own device without a command; the seller's consent taken back stops that as well."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        seller, operator = await service.seller(ordered), await service.operator()
        desk = f"/v1/operator/inspections/{ordered['id']}"
        await consent(seller, live_level="watch", recording=True)
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator, record=False)
        own = {"kind": "video", "media_type": "video/webm"}
        started = (await operator.post(f"{desk}/recordings", json=own)).json()["recording_id"]
        url = f"{desk}/recordings/{started}/video/chunks"
        assert (await operator.put(f"{url}/0", content=b"desk", headers=digest(b"desk"))).status_code == 200
        await consent(seller, live_level="watch", recording=False)
        ended = await operator.put(f"{url}/1", content=b"more", headers=digest(b"more"))
        assert problem(ended, "recording-ended", 409)["end"] == "consent-withdrawn"
        again = await operator.post(f"{desk}/recordings/{started}/finish", json={"chunks": {"video": 1}})
        problem(again, "recording-ended", 409)


async def test_the_queue_says_what_went_wrong_and_who_waits(tmp_path: Path) -> None:
    """Failures in words, the order by need, single rows by id, pages that join without gaps."""
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        service.judge.reasons["front"] = ["too_small"]
        calm = await service.order(platform)
        stuck = await service.order(platform)
        seller = await service.seller(stuck)
        for seed in (1, 2):
            await upload(seller, picture(seed), "front")
            await service.work()
        waiting = await service.order(platform)
        await (await service.seller(waiting)).post("/v1/seller/help", json={})
        path = "/v1/operator/inspections"
        rows = (await operator.get(path, params={"lang": "en"})).json()["items"]
        assert [row["id"] for row in rows] == [waiting["id"], stuck["id"], calm["id"]]
        assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)
        assert rows[1]["needs"] == ["failed_twice"]
        failure = rows[1]["failure"]
        assert (failure["step_id"], failure["code"]) == ("front", "too_small")
        assert failure["sentence"]
        assert rows[1]["need_since"] == failure["at"]
        assert (rows[2]["failure"], rows[2]["need_since"], rows[2]["call"]) == (None, None, None)
        single = await operator.get(path, params={"ids": [stuck["id"], "ins_none"], "lang": "en"})
        assert single.json() == {"items": [rows[1]], "next_cursor": None}
        first = (await operator.get(path, params={"limit": 2, "lang": "en"})).json()
        rest = (
            await operator.get(path, params={"limit": 2, "lang": "en", "cursor": first["next_cursor"]})
        ).json()
        assert [row["id"] for row in first["items"] + rest["items"]] == [row["id"] for row in rows]
        assert rest["next_cursor"] is None
        for wrong in ("nonsense", "MTIz", "OTo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA=="):
            problem(await operator.get(path, params={"cursor": wrong}), "invalid-input", 422)


async def test_a_case_changes_hands_by_role(tmp_path: Path) -> None:
    """A supervisor may take it, an operator may not; the holder hands it on with words that only the desk reads."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        seller = await service.seller(ordered)
        olivia, sami = await service.operator(), await supervisor(service)
        desk = f"/v1/operator/inspections/{ordered['id']}"
        assert (await sami.post(f"{desk}/claim")).status_code == 200
        problem(await olivia.post(f"{desk}/claim"), "case-claimed", 409)
        problem(await olivia.post(f"{desk}/claim", json={"force": True}), "role-needed", 403)
        (colleague,) = (await sami.get("/v1/operator/colleagues")).json()
        assert (colleague["name"], colleague["role"], colleague["online"], colleague["cases"]) == (
            "Olivia",
            "operator",
            False,
            0,
        )
        problem(
            await sami.post(f"{desk}/handover", json={"operator_id": "opr_none"}), "operator-unknown", 422
        )
        given = await sami.post(
            f"{desk}/handover", json={"operator_id": colleague["id"], "note": "Speaks German"}
        )
        assert given.status_code == 200
        seen = (await olivia.get(desk)).json()["inspection"]
        assert seen["claimed_by"]["name"] == "Olivia"
        assert (seen["handover"]["by"]["name"], seen["handover"]["note"]) == ("Sami", "Speaks German")
        assert "German" not in (await seller.get("/v1/seller/inspection")).text
        assert (await sami.post(f"{desk}/claim", json={"force": True})).status_code == 200
        assert (await olivia.get("/v1/operator/colleagues")).json()[0]["cases"] == 1
        shown = (await olivia.get(f"{desk}/replay")).json()
        names = {one["id"]: one["name"] for one in shown["operators"]}
        receivers = [e["data"]["operator_id"] for e in shown["events"] if e["kind"] == "operator.handed_over"]
        assert receivers
        assert all(names[each] in ("Sami", "Robin", "Olivia") for each in receivers)


async def test_the_flight_recorder_has_everything(tmp_path: Path) -> None:
    """The whole log, photos, drawings, recordings, words and frames; words are read by both sides; then it is over."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform(), contact=CONTACT)
        seller, operator = await service.seller(ordered), await service.operator()
        desk, case = f"/v1/operator/inspections/{ordered['id']}", InspectionId(ordered["id"])
        await consent(seller, live_level="point", recording=True)
        await operator.post(f"{desk}/claim")
        await call(service, ordered["id"], operator)
        inspections = service.running.services.inspections
        await inspections.say(case, Actor("seller", ordered["id"]), "Where?")
        me = (await operator.get("/v1/operator/me")).json()["operator"]
        await inspections.say(case, Actor("operator", me["id"], me["name"]), "At the front.", read_aloud=True)
        frame = (await seller.post("/v1/seller/frames", content=picture(99), headers=JPEG)).json()
        await seller.post("/v1/seller/recordings", json=VIDEO)
        await service.photograph_all(seller)
        shown = (await operator.get(f"{desk}/replay", params={"lang": "en"})).json()
        assert [(m["from"], m["name"], m["text"], m["read_aloud"]) for m in shown["chat"]] == [
            ("seller", "Camille", "Where?", False),
            ("operator", "Olivia", "At the front.", True),
        ]
        for url, client in (("/v1/seller/chat", seller), (f"{desk}/chat", operator)):
            assert (await client.get(url)).json()["items"] == shown["chat"]
        assert [f["frame_id"] for f in shown["frames"]] == [frame["frame_id"]]
        assert [r["id"] for r in shown["recordings"]] == ["phone-recording-1"]
        assert len(shown["captures"]) == len(shown["steps"]) == 12
        kinds = [event["kind"] for event in shown["events"]]
        assert {"call.accepted", "command.sent", "chat.said", "frame.frozen", "capture.judged"} <= set(kinds)
        assert [event["seq"] for event in shown["events"]] == list(range(1, len(kinds) + 1))
        assert shown["ended_at"] is None
        await service.sign(seller)
        assert (await operator.post(f"{desk}/sign-off", json={})).status_code == 200
        await service.work()
        shown = (await operator.get(f"{desk}/replay")).json()
        sealed = next(event for event in shown["events"] if event["kind"] == "report.sealed")
        assert shown["ended_at"] == sealed["at"]
        assert shown["recordings"][0]["end"] == "signed-off"
        refused = await seller.post("/v1/seller/frames", content=picture(98), headers=JPEG)
        problem(refused, "inspection-closed", 409)
        late = await seller.put(
            "/v1/seller/recordings/phone-recording-1/video/chunks/0", content=b"x", headers=digest(b"x")
        )
        problem(late, "recording-ended", 409)
