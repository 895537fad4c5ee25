"""Photos arrive whole, once, and in their place, or the answer says why not."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.service import (
    open_test_service,
    picture,
    piece_headers,
    problem,
    token_of,
    tus_headers,
    upload,
)

pytestmark = pytest.mark.integration
TUS = {"Tus-Resumable": "1.0.0"}


async def test_the_protocol_is_described(tmp_path: Path) -> None:
    """OPTIONS says what is spoken, without a session (tus 1.0, "Server Responses")."""
    async with open_test_service(tmp_path) as service:
        answer = await service.browser().options("/v1/uploads")
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-max-size"] == str(40 * 1024 * 1024)
        assert set(answer.headers["tus-extension"].split(",")) >= {
            "creation",
            "checksum",
            "expiration",
            "termination",
        }
        assert answer.headers["tus-checksum-algorithm"] == "sha256"


async def test_upload_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A page that comes back announces the same photo, learns how much is there, and sends the rest."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data, capture_id = picture(), str(uuid.uuid4())
        first = await seller.post("/v1/uploads", headers=tus_headers(data, "front", capture_id))
        assert first.headers["upload-offset"] == "0"
        assert first.headers["upload-expires"].endswith("GMT")
        where = first.headers["location"]
        assert (await seller.patch(where, headers=piece_headers(0), content=data[:1000])).headers[
            "upload-offset"
        ] == "1000"

        again = await seller.post("/v1/uploads", headers=tus_headers(data, "front", capture_id))
        assert (again.status_code, again.headers["location"]) == (201, where)
        head = await seller.head(where, headers=TUS)
        assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("1000", str(len(data)))
        assert head.headers["cache-control"] == "no-store"
        behind = problem(
            await seller.patch(where, headers=piece_headers(0), content=data), "offset-mismatch", 409
        )
        assert behind["expected_offset"] == 1000
        rest = await seller.patch(where, headers=piece_headers(1000), content=data[1000:])
        assert (rest.status_code, rest.headers["upload-offset"]) == (204, str(len(data)))
        step = (await seller.get("/v1/seller/inspection")).json()["steps"][0]
        assert (step["status"], step["capture"]["id"]) == ("sent", capture_id)

        done = await seller.post("/v1/uploads", headers=tus_headers(data, "front", capture_id))
        assert (done.status_code, done.headers["upload-offset"]) == (201, str(len(data)))
        assert len((await seller.get("/v1/seller/inspection")).json()["steps"][0]["capture"]["id"]) == 36


async def test_body_in_many_chunks_is_kept_piece_by_piece(tmp_path: Path) -> None:
    """A large photo in one request is stored as it arrives."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data = picture() + bytes(3 * 1024 * 1024)

        async def body() -> AsyncIterator[bytes]:
            for start in range(0, len(data), 100_000):
                yield data[start : start + 100_000]

        created = await seller.post("/v1/uploads", headers=tus_headers(data, "front"))
        answer = await seller.patch(created.headers["location"], headers=piece_headers(0), content=body())
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))
        original = await service.running.services.store.list("inspections/")
        assert len(original) == 1
        assert await service.running.services.store.get(original[0]) == data


async def test_piece_with_a_wrong_checksum_is_not_taken(tmp_path: Path) -> None:
    """The offset stays, and the piece may be sent again (tus 1.0, checksum: 460)."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data = picture()
        where = (await seller.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        wrong = "sha256 " + base64.b64encode(bytes(32)).decode()
        answer = await seller.patch(
            where, headers=piece_headers(0) | {"Upload-Checksum": wrong}, content=data
        )
        problem(answer, "checksum-mismatch", 460)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert (await seller.head(where, headers=TUS)).headers["upload-offset"] == "0"
        right = "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()
        answer = await seller.patch(
            where, headers=piece_headers(0) | {"Upload-Checksum": right}, content=data
        )
        assert answer.status_code == 204


async def test_photo_that_is_not_the_one_announced_starts_again(tmp_path: Path) -> None:
    """The bytes are hashed at the end; a mismatch throws the upload away, and announcing it anew works."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data, capture_id = picture(), str(uuid.uuid4())
        headers = tus_headers(data, "front", capture_id)
        where = (await seller.post("/v1/uploads", headers=headers)).headers["location"]
        broken = bytes([data[0] ^ 1]) + data[1:]
        problem(await seller.patch(where, headers=piece_headers(0), content=broken), "checksum-mismatch", 460)
        assert (await seller.head(where, headers=TUS)).status_code == 404
        assert (await upload(seller, data, "front", capture_id)).status_code == 204


async def test_what_cannot_be_taken_is_refused_at_creation(tmp_path: Path) -> None:
    """Too large, unknown step, no consent, wrong protocol, unreadable headers: each by its own name."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        seller = await service.seller(ordered, consents=False)
        data = picture()
        good = tus_headers(data, "front")
        problem(await seller.post("/v1/uploads", headers=good), "consent-missing", 403)
        agreed = {"photos": True, "live_video": False, "location": False, "recording": False}
        await seller.put("/v1/seller/consents", json=agreed)
        too_large = good | {"Upload-Length": str(40 * 1024 * 1024 + 1)}
        problem(await seller.post("/v1/uploads", headers=too_large), "upload-too-large", 413)
        problem(await seller.post("/v1/uploads", headers=tus_headers(data, "roof")), "step-unknown", 422)
        old = await seller.post("/v1/uploads", headers=good | {"Tus-Resumable": "0.2.2"})
        problem(old, "tus-version-unsupported", 412)
        assert old.headers["tus-version"] == "1.0.0"
        problem(
            await seller.post("/v1/uploads", headers=good | {"Upload-Length": "x"}),
            "upload-header-invalid",
            400,
        )
        assert (await seller.get("/v1/seller/inspection")).json()["steps"][0]["status"] == "open"


async def test_more_than_one_inspection_may_send_is_refused_by_name(tmp_path: Path) -> None:
    """The ninth photo under way gets a conflict that names the quota."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        for seed in range(8):
            headers = tus_headers(picture(seed), "front")
            assert (await seller.post("/v1/uploads", headers=headers)).status_code == 201
        answer = await seller.post("/v1/uploads", headers=tus_headers(picture(8), "front"))
        refused = problem(answer, "quota-exceeded", 409)
        assert (refused["quota"], refused["limit"]) == ("open_uploads", 8)


async def test_more_bytes_than_announced_are_refused(tmp_path: Path) -> None:
    """Nothing beyond the announced length is stored."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data = picture()
        where = (await seller.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        answer = await seller.patch(where, headers=piece_headers(0), content=data + b"more")
        problem(answer, "upload-too-large", 413)


async def test_piece_needs_its_content_type(tmp_path: Path) -> None:
    """A piece is application/offset+octet-stream (tus 1.0, PATCH: 415)."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data = picture()
        where = (await seller.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        headers = piece_headers(0) | {"Content-Type": "image/jpeg"}
        problem(await seller.patch(where, headers=headers, content=data), "upload-type-invalid", 415)


async def test_same_photo_twice_is_refused_by_the_first_ones_name(tmp_path: Path) -> None:
    """A second capture of the very same bytes is a duplicate; the answer names the step that has it."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        assert (await upload(seller, picture(), "front")).status_code == 204
        twice = problem(await upload(seller, picture(), "rear"), "duplicate-photo", 409)
        assert twice["step_id"] == "front"


async def test_upload_given_up_is_gone(tmp_path: Path) -> None:
    """DELETE throws the pieces away (tus 1.0, termination)."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        data = picture()
        where = (await seller.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        await seller.patch(where, headers=piece_headers(0), content=data[:1000])
        assert (await seller.delete(where, headers=TUS)).status_code == 204
        problem(
            await seller.patch(where, headers=piece_headers(1000), content=data[1000:]), "upload-unknown", 404
        )
        assert await service.running.services.store.list("uploads/") == ()


async def test_photo_for_a_cancelled_inspection_is_refused(tmp_path: Path) -> None:
    """A platform that cancels closes the case for the phone, also in the middle of an upload."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        seller = await service.seller(ordered)
        data = picture()
        where = (await seller.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        cancelled = await platform.post(f"/v1/inspections/{ordered['id']}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        problem(await seller.patch(where, headers=piece_headers(0), content=data), "inspection-closed", 409)
        problem(await upload(seller, picture(1), "front"), "inspection-closed", 409)


async def test_file_that_is_no_photo_is_kept_and_explained(tmp_path: Path) -> None:
    """What was sent is stored; the page says in words what is wrong, and the thumbnail is a problem, not a crash."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        assert (await upload(seller, b"this is no photo at all", "front")).status_code == 204
        await service.work()
        step = (await seller.get("/v1/seller/inspection")).json()["steps"][0]
        assert step["status"] == "retake"
        assert step["advice"]["sentence"] == "This file is not a photo: take it again."
        problem(await seller.get(step["capture"]["thumb_url"]), "not-an-image", 422)


async def test_copies_for_pages_carry_no_metadata(tmp_path: Path) -> None:
    """A thumbnail is at most 480 px, upright, a JPEG without EXIF; the original stays as it came."""
    import io

    from PIL import Image

    plain = Image.effect_noise((800, 600), 40).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "Camille's driveway"
    buffer = io.BytesIO()
    plain.save(buffer, "JPEG", exif=exif)
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        assert (await upload(seller, buffer.getvalue(), "front")).status_code == 204
        capture = (await seller.get("/v1/seller/inspection")).json()["steps"][0]["capture"]
        for url, size in ((capture["thumb_url"], (360, 480)), (capture["photo_url"], (600, 800))):
            answer = await seller.get(url)
            assert answer.headers["content-type"] == "image/jpeg"
            copy = Image.open(io.BytesIO(answer.content))
            assert copy.size == size
            assert not copy.getexif()
            assert b"driveway" not in answer.content
            unchanged = await seller.get(url, headers={"If-None-Match": answer.headers["etag"]})
            assert unchanged.status_code == 304
        (key,) = await service.running.services.store.list("inspections/")
        assert await service.running.services.store.get(key) == buffer.getvalue()


async def test_upload_of_another_seller_is_unknown(tmp_path: Path) -> None:
    """Two sellers of one platform do not see each other's uploads."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        one, other = [await service.seller(await service.order(platform)) for _ in range(2)]
        data = picture()
        where = (await one.post("/v1/uploads", headers=tus_headers(data, "front"))).headers["location"]
        assert (await other.head(where, headers=TUS)).status_code == 404
        problem(await other.patch(where, headers=piece_headers(0), content=data), "upload-unknown", 404)
        problem(await other.delete(where, headers=TUS), "upload-unknown", 404)


async def test_link_of_a_taken_over_browser_cannot_upload(tmp_path: Path) -> None:
    """The old tab is told that the inspection goes on elsewhere."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform, contact={"email": "camille@example.com"})
        old = await service.seller(ordered)
        new = service.browser()
        await new.post("/v1/seller/takeover", json={"token": token_of(ordered)})
        taken = await new.post(
            "/v1/seller/session", json={"token": token_of(ordered), "code": service.mailbox.code()}
        )
        assert taken.status_code == 200
        problem(await upload(old, picture(), "front"), "session-taken-over", 401)
        assert (await upload(new, picture(), "front")).status_code == 204
