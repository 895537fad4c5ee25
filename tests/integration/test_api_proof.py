"""What proves, corrects, holds and erases a sealed report, through the doors."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc8785

from inspection_service import merkle
from inspection_service.ledger.log import payload_of
from inspection_service.reports.chain import Trust, load_roots
from inspection_service.reports.verify import verify_files
from inspection_service.reports.verify_assess import Asked
from tests.integration.service import CONTACT, PASSWORD, Service, open_test_service, problem

pytestmark = pytest.mark.integration

PLATE = "AB-123-CD"
VIN = "VF3CCHNZ6GT012345"
PERSONAL = (
    PLATE,
    VIN,
    "Camille Martin",
    "camille@example.com",
    "LOT-77",
    "It was there before.",
)
"""Words that must be nowhere once a person's data has been erased."""


async def sealed(service: Service, platform: httpx.AsyncClient) -> tuple[str, httpx.AsyncClient]:
    """Bring an inspection from the order to its seal; returns its address and the seller's browser."""
    service.judge.detections["left_side"] = [{"kind": "dent", "box": [10, 10, 90, 60], "score": 0.8}]
    vehicle = {"plate": PLATE, "vin": VIN, "declared_mileage_km": 127500}
    ordered = await service.order(
        platform, contact=CONTACT, sign_off="none", vehicle=vehicle, reference="LOT-77"
    )
    seller = await service.seller(ordered)
    await service.photograph_all(seller)
    view = (await seller.get("/v1/seller/inspection")).json()
    words = {"text": "It was there before."}
    finding = view["findings"][0]["id"]
    assert (await seller.post(f"/v1/seller/findings/{finding}/dispute", json=words)).status_code == 200
    await service.sign(seller)
    await service.work()
    return f"/v1/inspections/{ordered['id']}", seller


async def supervisor(service: Service) -> httpx.AsyncClient:
    """Sign in somebody who may correct and hold."""
    identity = service.running.services.identity
    await identity.create_operator("boss@example.com", "Bea", PASSWORD, "supervisor")
    client = service.browser()
    login = {"email": "boss@example.com", "password": PASSWORD}
    assert (await client.post("/v1/operator/login", json=login)).status_code == 200
    return client


def answers(service: Service, folder: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Ask the verifier what files prove, as a reader would who trusts the service's root."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "root.pem").write_bytes(service.running.services.root_pem)
    asked = Asked(Trust(tuple(load_roots([folder / "root.pem"]))), datetime.now(UTC))
    verdict = verify_files([folder / name for name in files], asked)[0]
    said: dict[str, Any] = verdict.answers.to_json("en")
    return said


def members(data: bytes) -> dict[str, bytes]:
    """Unfold a bundle."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


async def test_a_bundle_carries_every_proof_and_the_log_holds_the_report(tmp_path: Path) -> None:
    """Platform, operator and seller take it; originals go only to platform and seller; the proof leads to the head."""
    async with open_test_service(tmp_path) as service:
        platform, operator = await service.platform(), await service.operator()
        case, seller = await sealed(service, platform)
        report = (await platform.get(case)).json()["report"]
        plain = await platform.get(f"{case}/report.zip")
        assert plain.headers["content-type"] == "application/zip"
        found = members(plain.content)
        assert list(found)[:1] == ["report.pdf"]
        assert set(found) == {
            "report.pdf",
            "report.json",
            "report.jws",
            "disclosures.json",
            "log.json",
            "bundle.json",
            "bundle.jws",
        }
        listed = {m["name"]: m["sha256"] for m in json.loads(found["bundle.json"])["members"]}
        assert listed == {
            name: hashlib.sha256(data).hexdigest()
            for name, data in found.items()
            if not name.startswith("bundle.")
        }
        desk = case.replace("/v1/", "/v1/operator/")
        assert set(members((await operator.get(f"{desk}/report.zip?photos=true")).content)) == set(found)
        for client, address in ((platform, f"{case}/report.zip"), (seller, "/v1/seller/report.zip")):
            full = members((await client.get(f"{address}?photos=1")).content)
            photos = {name: data for name, data in full.items() if name.startswith("photos/")}
            known = {c["id"]: c["sha256"] for c in json.loads(full["report.json"])["captures"]}
            assert {Path(n).stem: hashlib.sha256(d).hexdigest() for n, d in photos.items()} == known
        whole = (await platform.get(f"{case}/report.zip?photos=1")).content
        assert answers(service, tmp_path / "whole", {"report.zip": whole})["photos"]["code"] == "match"

        proof = json.loads(found["log.json"])
        assert proof["leaf"]["json_sha256"] == report["json_sha256"]
        leaf = merkle.leaf_hash(rfc8785.dumps(proof["leaf"]))
        path = [bytes.fromhex(value) for value in proof["path"]]
        root = merkle.root_from_inclusion(leaf, proof["seq"], proof["tree_size"], path)
        assert payload_of(proof["head_jws"])["root"] == root.hex()
        said = answers(service, tmp_path / "bundle", {"report.zip": plain.content})
        assert (said["intact"]["code"], said["signer"]["code"], said["log"]["code"]) == (
            "yes",
            "trusted",
            "included",
        )

        stranger = service.browser()
        online = (await stranger.get(f"/v1/log/proof?leaf_hash={leaf.hex()}")).json()
        assert online == proof
        assert "ins_" not in (await stranger.get("/v1/log/leaves")).text, "nobody learns of which inspection"
        status = await stranger.get(f"/v1/log/status?json_sha256={report['json_sha256']}")
        assert status.json() == {"known": True, "newer": []}
        assert status.headers["access-control-allow-origin"] == "*"


async def test_the_log_refuses_what_it_never_was(tmp_path: Path) -> None:
    """Unknown leaves, sizes beyond the log, sizes the wrong way round, words instead of hashes."""
    async with open_test_service(tmp_path) as service:
        stranger = service.browser()
        assert (await stranger.get("/v1/log/head")).json()["tree_size"] == 0
        await service.work()
        heads = (await stranger.get("/v1/log/heads")).json()["items"]
        assert [head["tree_size"] for head in heads] == [0, 0], "the first one, and the one of the day"
        unknown = "0" * 64
        problem(await stranger.get(f"/v1/log/proof?leaf_hash={unknown}"), "leaf-unknown", 404)
        problem(
            await stranger.get(f"/v1/log/proof?leaf_hash={unknown}&tree_size=1"), "tree-size-invalid", 422
        )
        problem(await stranger.get("/v1/log/proof?leaf_hash=x"), "validation", 422)
        problem(await stranger.get("/v1/log/consistency?first=0&second=0"), "tree-size-invalid", 422)
        problem(await stranger.get("/v1/log/consistency?first=1&second=2"), "tree-size-invalid", 422)
        assert (await stranger.get(f"/v1/log/status?json_sha256={unknown}")).json()["known"] is False
        assert (await stranger.get("/v1/log/leaves?after=5")).json() == {"items": []}


async def test_corrections_are_added_and_never_edit(tmp_path: Path) -> None:
    """A platform adds, a supervisor withdraws; both are signed, linked, logged, listed, and told to everybody."""
    async with open_test_service(tmp_path) as service:
        platform, operator, boss = (
            await service.platform(),
            await service.operator(),
            await supervisor(service),
        )
        open_case = f"/v1/inspections/{(await service.order(platform))['id']}"
        case, seller = await sealed(service, platform)
        desk = case.replace("/v1/", "/v1/operator/")
        before = (await platform.get(f"{case}/report.json")).content
        words = {"kind": "addendum", "reason": "new_information", "text": "The mirror was replaced."}
        problem(await platform.post(f"{open_case}/corrections", json=words), "not-sealed", 409)
        foreign = await service.platform("Other")
        problem(await foreign.post(f"{case}/corrections", json=words), "inspection-unknown", 404)
        problem(await operator.post(f"{desk}/corrections", json=words), "role-needed", 403)
        redaction = words | {"kind": "redaction"}
        problem(await platform.post(f"{case}/corrections", json=redaction), "validation", 422)

        added = await platform.post(f"{case}/corrections", json=words)
        assert added.status_code == 201, added.text
        withdrawn = await boss.post(
            f"{desk}/corrections",
            json={"kind": "withdrawal", "reason": "wrong_vehicle", "text": "Another car."},
        )
        assert withdrawn.json()["no"] == 2
        report = (await platform.get(case)).json()["report"]
        assert [(c["no"], c["kind"]) for c in report["corrections"]] == [(1, "addendum"), (2, "withdrawal")]
        for client, address in (
            (platform, f"{case}/corrections"),
            (operator, f"{desk}/corrections"),
            (seller, "/v1/seller/corrections"),
        ):
            assert (await client.get(address)).json()["items"] == report["corrections"]
        for client, address in ((operator, desk), (seller, "/v1/seller/inspection")):
            assert (await client.get(address)).json()["corrections"] == report["corrections"]
        assert (await platform.get(f"{case}/report.json")).content == before
        status = (await service.browser().get(f"/v1/log/status?json_sha256={report['json_sha256']}")).json()
        assert [n["json_sha256"] for n in status["newer"]] == [
            c["json_sha256"] for c in report["corrections"]
        ]
        events = (await platform.get(f"{case}/events")).json()["items"]
        assert [e["data"]["no"] for e in events if e["kind"] == "report.corrected"] == [1, 2]

        found = members((await platform.get(f"{case}/report.zip")).content)
        first, second = (json.loads(found[f"corrections/00{no}.json"]) for no in (1, 2))
        assert first["previous"] == first["corrects"] == report["json_sha256"]
        assert second["previous"] == hashlib.sha256(found["corrections/001.json"]).hexdigest()
        assert (await platform.get(f"{case}/corrections/1.jws")).content == found["corrections/001.jws"]
        problem(await platform.get(f"{case}/corrections/3.json"), "correction-unknown", 404)


async def test_erasure_leaves_a_report_that_still_proves_itself(tmp_path: Path) -> None:
    """Every personal word is gone from records, files and exports; the record verifies; what is gone is named."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        case, _ = await sealed(service, platform)
        record = (await platform.get(f"{case}/report.json")).content
        old_pdf = (await platform.get(f"{case}/report.pdf")).content
        exported = members((await platform.get(f"{case}/personal-data")).content)
        held = exported["data.json"].decode()
        assert all(word in held for word in PERSONAL)
        assert sum(name.startswith("photos/") for name in exported) == 12

        foreign = await service.platform("Other")
        problem(await foreign.post(f"{case}/erasure"), "inspection-unknown", 404)
        answer = await platform.post(f"{case}/erasure", json={"photos": True})
        assert answer.status_code == 200, answer.text
        redaction = answer.json()["correction"]
        assert (redaction["kind"], redaction["reason"]) == ("redaction", "erasure_request")
        assert (await platform.post(f"{case}/erasure", json={"photos": True})).json() == {"correction": None}

        assert (await platform.get(f"{case}/report.json")).content == record
        new_pdf = (await platform.get(f"{case}/report.pdf")).content
        assert hashlib.sha256(new_pdf).hexdigest() == redaction["pdf_sha256"]
        shown = json.dumps((await platform.get(case)).json()) + record.decode()
        bundle = (await platform.get(f"{case}/report.zip?photos=1")).content
        found = members(bundle)
        assert not any(name.startswith("photos/") for name in found)
        entry = json.loads(found["corrections/001.json"])
        assert "/vehicle/vin/value" in entry["erased"]
        assert len(entry["erased_photos"]) == 12
        exported = members((await platform.get(f"{case}/personal-data")).content)
        assert set(exported) == {"data.json"}
        everything = shown + exported["data.json"].decode() + found["disclosures.json"].decode()
        stored = tmp_path / "instance" / "objects"
        files = [path.read_bytes() for path in stored.rglob("*") if path.is_file()]
        for word in PERSONAL:
            assert word not in everything, word
            assert not any(word.encode() in data for data in files), word
        assert old_pdf not in files
        for name in ("inspection.db", "inspection.db-wal"):
            database = (tmp_path / "instance" / name).read_bytes()
            assert not [word for word in PERSONAL if word.encode() in database], (
                "deleted rows are overwritten"
            )

        said = answers(service, tmp_path / "json", {"report.json": record, "report.jws": found["report.jws"]})
        assert said["intact"]["code"] == "yes"
        said = answers(service, tmp_path / "pdf", {"report.pdf": new_pdf})
        assert said["intact"]["code"] == "yes"
        said = answers(service, tmp_path / "zip", {"report.zip": bundle})
        assert said["intact"]["code"] == "yes", said["intact"]
        assert (said["log"]["code"], said["redacted"]["code"]) == ("included", "derived"), said
        capture = json.loads(record)["captures"][0]["id"]
        problem(await platform.get(f"{case}/captures/{capture}/photo?size=thumb"), "object-missing", 404)


async def test_a_hold_keeps_everything(tmp_path: Path) -> None:
    """Nothing is erased under it, by nobody; a platform or a supervisor lifts it; each act is in the log."""
    async with open_test_service(tmp_path) as service:
        platform, operator, boss = (
            await service.platform(),
            await service.operator(),
            await supervisor(service),
        )
        ordered = await service.order(platform, contact=CONTACT)
        case = f"/v1/inspections/{ordered['id']}"
        desk = case.replace("/v1/", "/v1/operator/")
        problem(await platform.post(f"{case}/erasure"), "still-open", 409)
        assert (await platform.post(f"{case}/cancel")).status_code == 200
        problem(await platform.put(f"{case}/legal-hold", json={"is_held": True}), "text-invalid", 422)
        hold = {"is_held": True, "reason": "Claim 4711"}
        problem(await operator.put(f"{desk}/legal-hold", json=hold), "role-needed", 403)
        assert (await boss.put(f"{desk}/legal-hold", json=hold)).json()["reason"] == "Claim 4711"
        assert (await platform.put(f"{case}/legal-hold", json=hold | {"reason": "Mine"})).json()["by"] == {
            "kind": "operator",
            "name": "Bea",
        }
        problem(await platform.post(f"{case}/erasure"), "legal-hold", 409)
        assert (await platform.get(f"{case}/legal-hold")).json()["is_held"] is True
        assert (await platform.put(f"{case}/legal-hold", json={"is_held": False})).json()["is_held"] is False
        assert (await platform.post(f"{case}/erasure")).json() == {"correction": None}
        exported = members((await platform.get(f"{case}/personal-data")).content)
        assert b"camille@example.com" not in exported["data.json"]
        kinds = [e["kind"] for e in (await platform.get(f"{case}/events")).json()["items"]]
        assert kinds[-3:] == ["hold.placed", "hold.lifted", "data.erased"]
