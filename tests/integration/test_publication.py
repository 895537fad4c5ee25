"""A report made public: prepared, looked at, approved, verified by a stranger, withdrawn, erased."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from c2pa import Context, Reader
from c2pa import Settings as ReaderSettings

from inspection_service.inspections.records import CaptureId, InspectionId
from inspection_service.reports.addenda import read_correction, sign_correction
from inspection_service.reports.chain import Trust, load_roots
from inspection_service.reports.credentials import ASSERTION
from inspection_service.reports.verify import Beside, verify_files
from inspection_service.reports.verify_assess import Asked
from inspection_service.reports.verify_photos import hash_photos
from inspection_service.vision.decode import decode
from tests.integration.service import Service, open_test_service, picture, problem
from tests.integration.test_api_proof import PERSONAL, sealed

pytestmark = pytest.mark.integration
C2PA_TS = Path(__file__).parents[1] / "c2pa"
_LIES: tuple[dict[str, Any], ...] = ({"sha256": "0" * 64}, {"original_sha256": "0" * 64})


async def prepared(service: Service, platform: httpx.AsyncClient, **more: Any) -> tuple[str, dict[str, Any]]:
    """Seal a report and prepare it for the public; returns the address of the publication and the set."""
    case, _ = await sealed(service, platform)
    answer = await platform.post(f"{case}/publication", json={"action": "prepare", **more})
    assert answer.status_code == 200, answer.text
    return f"{case}/publication", answer.json()["prepared"]


async def approved(
    platform: httpx.AsyncClient, address: str, prepared_set: Mapping[str, Any]
) -> dict[str, Any]:
    """Approve a set as somebody who has looked at every copy; returns what stands."""
    seen = [photo["capture_id"] for photo in prepared_set["photos"]]
    body = {"action": "approve", "set_sha256": prepared_set["set_sha256"], "seen": seen}
    answer = await platform.post(address, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def public_path(standing: Mapping[str, Any]) -> str:
    """Return where the public JSON is."""
    return "/v1/public/" + str(standing["public_url"]).rsplit("/", 1)[1]


def trust(service: Service, folder: Path) -> Asked:
    """Trust the service's root."""
    (folder / "root.pem").write_bytes(service.running.services.root_pem)
    return Asked(Trust(tuple(load_roots([folder / "root.pem"]))), datetime.now(UTC))


def credentials_state(jpeg: bytes, root_pem: bytes) -> tuple[str, dict[str, Any]]:
    """Read Content Credentials with our root as the anchor; returns the state and our own assertion."""
    settings = {"verify": {"verify_trust": True}, "trust": {"trust_anchors": root_pem.decode()}}
    with Context(ReaderSettings.from_dict(settings)) as context:
        reader = Reader("image/jpeg", io.BytesIO(jpeg), context=context)
        told = json.loads(reader.json())
        manifest = told["manifests"][told["active_manifest"]]
        own = next(a["data"] for a in manifest["assertions"] if a["label"] == ASSERTION)
        return str(reader.get_validation_state()), own


def phone_tags(folder: Path) -> list[dict[str, Any]]:
    """Ask exiftool for everything a phone writes about person, place and time; nothing but file names is left."""
    kinds = ("-EXIF:all", "-GPS:all", "-XMP:all", "-MakerNotes:all", "-ThumbnailImage")
    said = subprocess.run(["exiftool", "-j", "-G1", *kinds, folder], check=True, capture_output=True)
    found: list[dict[str, Any]] = json.loads(said.stdout)
    return found


def independently_valid(*files: Path) -> list[bool]:
    """Ask a reader of Content Credentials that shares no code with ours."""
    said = subprocess.run(
        ["node", "check.mjs", *files], cwd=C2PA_TS, check=True, capture_output=True, text=True
    )
    return [json.loads(line)["valid"] for line in said.stdout.splitlines()]


async def test_nothing_is_public_before_a_person_has_looked_and_approved(tmp_path: Path) -> None:
    """The set must be the one looked at, every copy must have been seen, and its address opens only then."""
    async with open_test_service(tmp_path) as service:
        platform, stranger = await service.platform(), await service.platform("Stranger")
        address, draft = await prepared(service, platform)
        nobody = service.browser()
        public = service.running.services.public
        case = InspectionId(address.split("/")[3])
        unapproved = await public.publications.prepared(case)
        assert unapproved is not None
        problem(await nobody.get(f"/v1/public/{unapproved.public_id}"), "publication-unknown", 404)
        assert (await nobody.get(f"/p/{unapproved.public_id}")).status_code == 404
        problem(await nobody.get("/v1/public/" + "a" * 32), "publication-unknown", 404)
        for method in ("GET", "POST"):
            body = {"action": "withdraw"} if method == "POST" else None
            problem(await stranger.request(method, address, json=body), "inspection-unknown", 404)

        unseen = {"action": "approve", "set_sha256": draft["set_sha256"]}
        refused = problem(await platform.post(address, json=unseen), "publication-unchecked", 409)
        assert set(refused["captures"]) == {photo["capture_id"] for photo in draft["photos"]}
        problem(await platform.post(address, json={"action": "approve"}), "publication-changed", 409)

        standing = await approved(platform, address, draft)
        path = public_path(standing)
        shown = (await nobody.get(path)).json()
        assert len(shown["photos"]) == len(draft["photos"])
        page = await nobody.get(standing["public_url"] + "?lang=fr")
        assert page.status_code == 200
        assert "Ce qui n’a pas été vu" in page.text
        assert "script" not in page.text
        assert "http" not in page.text.replace("http://testserver/p/", "")
        statement = (await nobody.get(f"{path}/statement.json")).content
        for word in PERSONAL:
            for text in (page.text, json.dumps(shown), statement.decode()):
                assert word not in text

        assert (await platform.post(address, json={"action": "withdraw"})).status_code == 200
        for place in ("", "/report.pdf", "/statement.json", f"/photos/{shown['photos'][0]['id']}.jpg"):
            problem(await nobody.get(path + place), "publication-withdrawn", 410)
        gone = await nobody.get(standing["public_url"], headers={"Accept-Language": "en"})
        assert (gone.status_code, "no longer public" in gone.text) == (410, True)
        assert await service.running.services.store.list(f"inspections/{case}/public/") == ()


async def test_pixels_are_gone_and_operators_hide_more_or_less(tmp_path: Path) -> None:
    """What is hidden cannot be had back; a change takes the check back, is logged, and spoils an older approval."""
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        address, draft = await prepared(service, platform)
        desk = address.replace("/v1/", "/v1/operator/")
        photo = draft["photos"][0]
        region = next(r for r in photo["hidden"] if r["kind"] == "plate")
        original = await service.running.services.inspections.capture(
            InspectionId(address.split("/")[3]), CaptureId(photo["capture_id"])
        )
        before = decode(await service.running.services.store.get(original.object_key)).astype(np.float32)
        copy_url = f"{desk}/photos/{photo['capture_id']}"
        after = decode((await operator.get(copy_url)).content).astype(np.float32)
        x1, y1, x2, y2 = region["box"]
        assert x1 < 260
        assert y1 < 300
        assert x2 > 380
        assert y2 > 330
        hidden, was = after[y1 + 8 : y2 - 8, x1 + 8 : x2 - 8], before[y1 + 8 : y2 - 8, x1 + 8 : x2 - 8]
        assert was.std(axis=(0, 1)).max() > 5
        assert hidden.std(axis=(0, 1)).max() < 2
        sharpened = hidden + 8 * (hidden - cv2.GaussianBlur(hidden, (0, 0), 3))
        correlation = np.corrcoef(sharpened.ravel() - sharpened.mean(), was.ravel() - was.mean())[0, 1]
        per_channel = [np.corrcoef(hidden[..., c].ravel(), was[..., c].ravel())[0, 1] for c in range(3)]
        assert all(not np.isfinite(r) or abs(r) < 0.2 for r in per_channel), (correlation, per_channel)
        outside = np.abs(after - before)[:40, :40]
        assert outside.mean() < 6, "what is not hidden stays"

        def changed(**body: Any) -> Any:
            return operator.put(f"{desk}/photos/{photo['capture_id']}", json=body)

        checked = (await changed(is_checked=True)).json()["prepared"]["photos"][0]
        assert (checked["is_checked"], checked["checked_by"]) == (True, "operator")
        more = {"add": [{"kind": "person", "box": [5, 5, 90, 200]}]}
        now = (await changed(**more)).json()["prepared"]
        assert not now["photos"][0]["is_checked"]
        assert now["set_sha256"] != draft["set_sha256"]
        seen = [p["capture_id"] for p in now["photos"]]
        stale = {"action": "approve", "set_sha256": draft["set_sha256"], "seen": seen}
        problem(await platform.post(address, json=stale), "publication-changed", 409)
        problem(await changed(remove=[{"kind": "vin", "box": [1, 1, 2, 2]}]), "region-invalid", 422)
        problem(
            await changed(add=[{"kind": "plate", "box": [9000, 9000, 9100, 9100]}]), "region-invalid", 422
        )
        less = {"remove": [{"kind": "plate", "box": region["box"]}]}
        now = (await changed(**less)).json()["prepared"]
        events = (
            await platform.get(address.replace("/publication", "/events"), params={"limit": 500})
        ).json()
        edits = [e for e in events["items"] if e["kind"] == "publication.edited"]
        assert edits[-1]["data"]["removed"] == [region]
        await approved(platform, address, now)
        stands = (await operator.get(desk)).json()["approved"]
        assert [r["kind"] for r in stands["photos"][0]["hidden"]] == ["person"]


async def test_a_photo_that_changed_since_is_not_published(tmp_path: Path) -> None:
    """Approving a set whose photos were erased meanwhile is refused."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        address, draft = await prepared(service, platform)
        store = service.running.services.store
        case = InspectionId(address.split("/")[3])
        capture = await service.running.services.inspections.capture(
            case, CaptureId(draft["photos"][0]["capture_id"])
        )
        await store.delete(capture.object_key)
        await store.put(capture.object_key, b"another picture")
        seen = [p["capture_id"] for p in draft["photos"]]
        body = {"action": "approve", "set_sha256": draft["set_sha256"], "seen": seen}
        refused = problem(await platform.post(address, json=body), "publication-changed", 409)
        assert refused["captures"] == [capture.id]


async def test_where_no_plate_was_found_the_machine_hides_by_rule_and_says_so(tmp_path: Path) -> None:
    """A front without a plate gets a large box and a doubt; so does a missing car; surroundings go on request."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        service.finder.objects = tuple(o for o in service.finder.objects if o.kind == "car")
        address, draft = await prepared(service, platform, surroundings=True)
        titles = {p["title"]: p for p in draft["photos"]}
        front = next(
            p for title, p in titles.items() if title.startswith("Front") and "plate_not_found" in p["doubts"]
        )
        assert {r["kind"]: r["by"] for r in front["hidden"]} == {"plate": "rule", "surroundings": "model"}
        assert not draft["is_complete"]
        data = (await platform.get(front["copy_url"])).content
        shown = decode(data)
        assert shown.shape[:2] == (front["height"], front["width"])
        service.finder.objects = ()
        again = await platform.post(address, json={"action": "prepare"})
        doubts = {d for p in again.json()["prepared"]["photos"] for d in p["doubts"]}
        assert {"car_not_found", "plate_not_found"} <= doubts


async def test_a_stranger_verifies_the_copies_and_any_change_is_noticed(tmp_path: Path) -> None:
    """Statement, document, photos and credentials fit each other; a changed hash, photo or statement does not."""
    async with open_test_service(tmp_path) as service:
        platform, nobody = await service.platform(), service.browser()
        address, draft = await prepared(service, platform)
        path = public_path(await approved(platform, address, draft))
        shown = (await nobody.get(path)).json()
        folder = tmp_path / "public"
        (folder / "photos").mkdir(parents=True)
        names = ("report.pdf", "report.json", "report.jws", "statement.json", "statement.jws")
        for name in names:
            (folder / name).write_bytes((await nobody.get(f"{path}/{name}")).content)
        root = service.running.services.root_pem
        for photo in shown["photos"]:
            answer = await nobody.get(photo["url"])
            assert answer.headers["Content-Credentials-Status"] == "present"
            assert hashlib.sha256(answer.content).hexdigest() == photo["sha256"]
            (folder / "photos" / f"{photo['id']}.jpg").write_bytes(answer.content)
        asked = trust(service, folder)
        beside = Beside(hash_photos(folder / "photos"), None, None, folder / "statement.json")

        def said(files: list[str], beside: Beside) -> dict[str, str]:
            answers = verify_files([folder / name for name in files], asked, beside)[0].answers.to_json("en")
            return {question: answer["code"] for question, answer in answers.items()}

        for files in (["report.pdf"], ["report.json", "report.jws"]):
            assert {"intact": "yes", "signer": "trusted", "redacted": "derived"}.items() <= said(
                files, beside
            ).items()

        # an original beside its own statement still fits; a foreign photo does not
        first = shown["photos"][0]
        foreign = dict(beside.photos or {}) | {f"{first['id']}.jpg": "0" * 64}
        assert said(["report.json", "report.jws"], replace(beside, photos=foreign))["redacted"] == "no"
        swapped = dict(beside.photos or {})
        other = shown["photos"][1]["id"]
        swapped[f"{first['id']}.jpg"] = swapped[f"{other}.jpg"]
        assert said(["report.json", "report.jws"], replace(beside, photos=swapped))["redacted"] == "no"

        statement = (folder / "statement.json").read_bytes()
        entry = read_correction(statement)
        (folder / "bad.json").write_bytes(statement.replace(first["sha256"].encode(), b"0" * 64))
        (folder / "bad.jws").write_bytes((folder / "statement.jws").read_bytes())
        answers = said(["report.pdf"], replace(beside, redaction=folder / "bad.json"))
        assert (answers["intact"], answers["redacted"]) == ("yes", "no")
        for lie_about in _LIES:  # signed anew by the same key, so that only the content is wrong
            lie = replace(entry, copies=(replace(entry.copies[0], **lie_about), *entry.copies[1:]))
            signed = sign_correction(lie, service.running.services.proof.signer)
            (folder / "bad.json").write_bytes(signed.json_bytes)
            (folder / "bad.jws").write_text(signed.jws)
            assert (
                said(["report.json", "report.jws"], replace(beside, redaction=folder / "bad.json"))[
                    "redacted"
                ]
                == "no"
            )

        jpeg = (folder / "photos" / f"{first['id']}.jpg").read_bytes()
        state, own = credentials_state(jpeg, root)
        assert state == "Trusted"
        assert (own["capture_id"], own["original_sha256"]) == (first["id"], first["original_sha256"])
        assert {region["kind"] for region in own["hidden"]} == set(first["hidden"])
        broken = bytearray(jpeg)
        broken[-len(jpeg) // 3] ^= 1
        assert credentials_state(bytes(broken), root)[0] == "Invalid"
        (folder / "broken.jpg").write_bytes(broken)
        assert all(set(one) == {"SourceFile"} for one in phone_tags(folder / "photos"))
        pair = (folder / "photos" / f"{first['id']}.jpg", folder / "broken.jpg")
        assert independently_valid(*pair) == [True, False]


def test_the_photos_of_these_tests_say_where_they_were_taken(tmp_path: Path) -> None:
    """Otherwise it would prove nothing that the copies do not."""
    (tmp_path / "photo.jpg").write_bytes(picture())
    assert "GPS:GPSLatitude" in phone_tags(tmp_path)[0]


async def test_platforms_take_photos_with_credentials_and_pages_without(tmp_path: Path) -> None:
    """The copy at full size says where it comes from and what it hashes to; the second request gives the same bytes."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        case, _ = await sealed(service, platform)
        capture = (await platform.get(f"{case}/captures")).json()["items"][0]
        url = f"{case}/captures/{capture['id']}/photo"
        answer = await platform.get(url)
        assert answer.headers["Content-Credentials-Status"] == "present"
        state, own = credentials_state(answer.content, service.running.services.root_pem)
        assert (state, own["hidden"], own["capture_id"]) == ("Trusted", [], capture["id"])
        assert (await platform.get(url)).content == answer.content
        (tmp_path / "handed_out").mkdir()
        (tmp_path / "handed_out" / "full.jpg").write_bytes(answer.content)
        (tmp_path / "handed_out" / "thumb.jpg").write_bytes((await platform.get(f"{url}?size=thumb")).content)
        assert [set(one) for one in phone_tags(tmp_path / "handed_out")] == [{"SourceFile"}] * 2
        assert "Content-Credentials-Status" not in (await platform.get(f"{url}?size=thumb")).headers


async def test_an_erasure_shows_no_plate_in_the_new_document_and_ends_what_is_public(tmp_path: Path) -> None:
    """Photos that stay are the copies a person looked at; with the photos erased nothing public is left."""
    async with open_test_service(tmp_path) as service:
        platform, nobody = await service.platform(), service.browser()
        address, draft = await prepared(service, platform)
        path = public_path(await approved(platform, address, draft))
        case = address.removesuffix("/publication")
        assert (await platform.post(f"{case}/erasure", json={"photos": False})).status_code == 200
        entry = read_correction((await platform.get(f"{case}/corrections/2.json")).content)
        assert {c.capture_id: c.original_sha256 for c in entry.copies} == {
            p["capture_id"]: p["original_sha256"] for p in draft["photos"]
        }
        assert {c.checked_by for c in entry.copies} == {"platform"}
        assert all(any(r["kind"] == "plate" for r in c.hidden) for c in entry.copies)
        folder = tmp_path / "after"
        folder.mkdir()
        (folder / "report.zip").write_bytes((await platform.get(f"{case}/report.zip")).content)
        answers = verify_files([folder / "report.zip"], trust(service, folder))[0].answers.to_json("en")
        assert (answers["intact"]["code"], answers["redacted"]["code"]) == ("yes", "derived")
        assert (await nobody.get(path)).status_code == 200
        assert (await platform.post(f"{case}/erasure", json={"photos": True})).status_code == 200
        problem(await nobody.get(path), "publication-withdrawn", 410)
        stored = await service.running.services.store.list(f"inspections/{case.rsplit('/', 1)[1]}/public/")
        assert stored == ()
