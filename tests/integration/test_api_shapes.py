"""Every door answers every refusal in one shape, and tells one caller nothing about another's cases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspection_service.errors import InspectionServiceError
from tests.integration.routes import MISSING, call, documented
from tests.integration.service import (
    CONTACT,
    ORIGIN,
    Service,
    open_test_service,
    picture,
    problem,
    tus_headers,
    upload,
)

pytestmark = pytest.mark.integration

_CASE = ("inspection_id", "capture_id", "finding_id", "step_id", "upload_id", "control_point", "checklist_id")
_RECORDED = {name: value for name, value in MISSING.items() if name not in _CASE}
"""Fills in the places of what a call leaves, and of what follows a report."""
_SUPERVISORS = ("/corrections", "/legal-hold")
"""Acts of supervisors, whoever holds the case."""


def routes(service: Service) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every documented route."""
    yield from documented(service.app)


def scheme(operation: dict[str, Any]) -> str | None:
    """Return the security scheme of a route."""
    return next((name for entry in operation.get("security", []) for name in entry), None)


async def test_every_route_says_who_may_use_it(tmp_path: Path) -> None:
    """Without key or cookie every protected route is 401 in the problem shape; the open ones are known by name."""
    async with open_test_service(tmp_path) as service:
        nobody = service.browser()
        open_doors = set()
        values = dict.fromkeys(
            ("inspection_id", "capture_id", "finding_id", "step_id", "upload_id", "frame_id", "recording_id"),
            "made-up",
        )
        values |= {"control_point": "made-up", "checklist_id": "listing-12"} | _RECORDED
        for method, path, operation in routes(service):
            if scheme(operation) is None:
                open_doors.add(f"{method} {path}")
                continue
            answer = await call(nobody, method, path, values)
            assert answer.status_code == 401, (method, path, answer.text)
            if method != "HEAD":
                slug = "key-unknown" if scheme(operation) == "apiKey" else "session-missing"
                problem(answer, slug, 401)
        assert open_doors == {
            "POST /v1/seller/preview",
            "POST /v1/seller/session",
            "POST /v1/seller/takeover",
            "POST /v1/operator/login",
            "POST /v1/operator/logout",
            "POST /v1/operator/join",
            "POST /v1/operator/join/preview",
            "OPTIONS /v1/uploads",
            "PUT /v1/direct-uploads/{ticket}",
            "GET /healthz",
            "GET /readyz",
            "GET /metrics",
            "GET /.well-known/inspection-root.pem",
            "GET /.well-known/inspection.crl",
            "GET /.well-known/jwks.json",
            "GET /v1/log/head",
            "GET /v1/log/heads",
            "GET /v1/log/proof",
            "GET /v1/log/consistency",
            "GET /v1/log/leaves",
            "GET /v1/log/status",
            "GET /v1/public/{public_id}",
            "GET /v1/public/{public_id}/{name}",
            "GET /v1/public/{public_id}/photos/{capture_id}.jpg",
        }


async def test_every_route_against_another_tenants_key(tmp_path: Path) -> None:
    """For another platform, an inspection, its photos and its report do not exist; lists are empty; nothing changes."""
    async with open_test_service(tmp_path) as service:
        owner, stranger = await service.platform("Owner"), await service.platform("Stranger")
        ordered = await service.order(owner)
        seller = await service.seller(ordered)
        await upload(seller, picture(), "front")
        (capture,) = (await owner.get(f"/v1/inspections/{ordered['id']}/captures")).json()["items"]
        before = (await owner.get(f"/v1/inspections/{ordered['id']}/events", params={"limit": 500})).json()
        values = {"inspection_id": ordered["id"], "capture_id": capture["id"], "checklist_id": "listing-12"}
        values["upload_id"] = "upl_none"
        values |= _RECORDED
        called = 0
        for method, path, operation in routes(service):
            if scheme(operation) != "apiKey" or "{inspection_id}" not in path:
                continue
            answer = await call(stranger, method, path, values)
            problem(answer, "inspection-unknown", 404)
            assert "AB-123-CD" not in answer.text
            called += 1
        assert called >= 11
        assert (await stranger.get("/v1/inspections")).json() == {"items": [], "next_cursor": None}
        after = (await owner.get(f"/v1/inspections/{ordered['id']}/events", params={"limit": 500})).json()
        assert after == before


async def test_every_route_against_another_sellers_session(tmp_path: Path) -> None:
    """A seller of the same platform sees nothing of another's photos, findings and uploads."""
    async with open_test_service(tmp_path) as service:
        service.judge.detections["front"] = [{"kind": "dent", "box": [1, 1, 9, 9], "score": 0.9}]
        platform = await service.platform()
        victim = await service.seller(await service.order(platform))
        eve = await service.seller(await service.order(platform))
        await upload(victim, picture(), "front")
        await service.work()
        view = (await victim.get("/v1/seller/inspection")).json()
        created = await victim.post("/v1/uploads", headers=tus_headers(picture(2), "rear"))
        values = {
            "capture_id": view["steps"][0]["capture"]["id"],
            "finding_id": view["findings"][0]["id"],
            "upload_id": created.headers["location"].rsplit("/", 1)[1],
            "step_id": "front",
        }
        called = 0
        for method, path, operation in routes(service):
            names = set(re.findall(r"\{(\w+)\}", path)) & {"capture_id", "finding_id", "upload_id"}
            if scheme(operation) != "sellerSession" or not (names or path.endswith("/damages")):
                continue
            answer = await call(eve, method, path, values)
            assert answer.status_code == 404, (method, path, answer.text)
            called += 1
        assert called >= 7
        assert (await victim.get("/v1/seller/inspection")).json()["findings"] == view["findings"]


async def test_every_writing_route_against_another_operators_claim(tmp_path: Path) -> None:
    """While one operator holds a case, another one's writes are refused by the holder's name, and change nothing."""
    async with open_test_service(tmp_path) as service:
        service.judge.detections["front"] = [{"kind": "dent", "box": [1, 1, 9, 9], "score": 0.9}]
        ordered = await service.order(await service.platform(), contact=CONTACT)
        seller = await service.seller(ordered)
        await service.photograph_all(seller)
        await service.sign(seller)
        desk = f"/v1/operator/inspections/{ordered['id']}"
        holder = await service.operator("holder@example.com", "Hanna")
        other = await service.operator("other@example.com", "Otto")
        view = (await holder.post(f"{desk}/claim")).json()
        values = {
            "inspection_id": ordered["id"],
            "capture_id": view["steps"][0]["capture"]["id"],
            "finding_id": view["findings"][0]["id"],
            "control_point": view["control_points"][0]["id"],
        } | _RECORDED
        called = 0
        for method, path, operation in routes(service):
            is_write = method in ("POST", "PUT") and "{inspection_id}" in path
            if scheme(operation) != "operatorSession" or not is_write or path.endswith("/release"):
                continue
            if path.endswith(_SUPERVISORS):
                problem(await call(other, method, path, values), "role-needed", 403)
                continue
            if "/publication" in path:
                continue  # follows the seal, when nobody holds a case any more
            if "{recording_id}" in path:
                continue  # belongs to the device that records, whoever holds the case
            answer = await call(other, method, path, values)
            if answer.status_code == 409 and answer.json()["type"].endswith(":conflict"):
                continue  # the seller has signed: photos take no decisions, whoever asks
            refused = problem(answer, "case-claimed", 409)
            assert refused["claimed_by"]["name"] == "Hanna"
            called += 1
        assert called >= 5
        events = (await holder.get(desk)).json()["events"]
        assert events == view["events"]


async def test_every_body_is_checked_with_pointers(tmp_path: Path) -> None:
    """A body that does not fit is 422 with a JSON pointer to each fault (RFC 6901), on every route that takes one."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform(), contact=CONTACT)
        seller, operator, platform = (
            await service.seller(ordered),
            await service.operator(role="admin"),
            await service.platform(),
        )
        clients = {
            "sellerSession": seller,
            "operatorSession": operator,
            "apiKey": platform,
            None: service.browser(),
        }
        values = dict.fromkeys(_CASE, "x")
        values |= _RECORDED
        checked = 0
        for method, path, operation in routes(service):
            if "application/json" not in operation.get("requestBody", {}).get("content", {}):
                continue
            url = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)
            answer = await clients[scheme(operation)].request(method, url, json={"surprise/~": 1})
            document = problem(answer, "validation", 422)
            assert {
                "in": "body",
                "pointer": "/surprise~1~0",
                "detail": "Extra inputs are not permitted",
            } in document["errors"], (method, path)
            checked += 1
        assert checked >= 15
        wrong = {"checklist": "listing-12", "vehicle": {"vin": "SHORT"}}
        fault = problem(await platform.post("/v1/inspections", json=wrong), "validation", 422)["errors"][0]
        assert fault["pointer"] == "/vehicle/vin"
        broken = await platform.post(
            "/v1/inspections", content=b"{", headers={"Content-Type": "application/json"}
        )
        assert problem(broken, "validation", 422)["errors"][0]["pointer"] == ""
        query = problem(await platform.get("/v1/inspections", params={"limit": "0"}), "validation", 422)[
            "errors"
        ][0]
        assert (query["in"], query["pointer"]) == ("query", "/limit")


async def test_405_names_every_method_of_an_address(tmp_path: Path) -> None:
    """Allow lists all methods, also where they are of several routes (RFC 9110, 15.5.6)."""
    async with open_test_service(tmp_path) as service:
        by_path: dict[str, set[str]] = {}
        for method, path, _ in routes(service):
            by_path.setdefault(path, set()).add(method)
        for path, methods in by_path.items():
            answer = await service.browser().request("TRACE", re.sub(r"\{\w+\}", "x", path))
            problem(answer, "method-not-allowed", 405)
            allowed = set(answer.headers["allow"].split(", "))
            assert methods <= allowed, path


async def test_unknown_address_is_a_problem(tmp_path: Path) -> None:
    """404 has the shape of all others."""
    async with open_test_service(tmp_path) as service:
        problem(await service.browser().get("/v1/nothing"), "not-found", 404)
        problem(await service.browser().get("/static/nothing.js"), "not-found", 404)


async def test_fault_says_nothing_but_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 500 tells the caller only which line of the log is theirs."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()

        def broken(_: object) -> object:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(service.running.services.shelf, "get", broken, raising=True)
        answer = await platform.get("/v1/checklists/listing-12")
        document = problem(answer, "internal", 500)
        assert "secret" not in answer.text
        assert set(document) == {"type", "title", "status", "detail", "instance"}


def _error_classes(
    kind: type[InspectionServiceError] = InspectionServiceError,
) -> Iterator[type[InspectionServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _error_classes(child)


def _name_of(kind: type[InspectionServiceError]) -> str:
    return f"{kind.__module__}.{kind.__name__}"


@pytest.mark.parametrize("kind", list(dict.fromkeys(_error_classes())), ids=_name_of)
def test_every_error_has_a_slug_a_sentence_and_a_status(kind: type[InspectionServiceError]) -> None:
    """Each class of the tree can be shown: a slug, a sentence for a person, a status along its MRO."""
    from inspection_service.api.problems import problem_of

    document = problem_of(kind(), "urn:inspection:request:req_1")
    assert re.fullmatch(r"urn:inspection:problem:[a-z0-9-]+", document["type"])
    assert document["detail"].endswith((".", "...`", "`."))
    assert 400 <= document["status"] <= 599


async def test_pages_are_served_under_a_strict_policy(tmp_path: Path) -> None:
    """No foreign script, frame or form; drawings of the checklist are there; nothing else of the disk is."""
    async with open_test_service(tmp_path) as service:
        browser = service.browser()
        answer = await browser.get("/v1/checklist-assets/listing-12/front.svg")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("listing-12/..%2Flisting-12.yaml", "listing-12/none.svg", "..%2F/front.svg"):
            assert (await browser.get(f"/v1/checklist-assets/{path}")).status_code == 404
        ready = await browser.get("/readyz")
        assert ready.json()["resources"] == {"database": True, "store": True}
        assert (await browser.get("/healthz")).json() == {"status": "ok"}
        assert "inspection_uploads" in (await browser.get("/metrics")).text


async def test_openapi_is_complete(tmp_path: Path) -> None:
    """Version 3.1; every operation documents its success, its refusals in the problem shape, and its words."""
    async with open_test_service(tmp_path) as service:
        document = (await service.browser().get("/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        assert set(document["components"]["securitySchemes"]) == {
            "apiKey",
            "sellerSession",
            "operatorSession",
        }
        assert "HTTPValidationError" not in document["components"]["schemas"]
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                assert operation["summary"], (method, path)
                assert operation["description"], (method, path)
                statuses = set(operation["responses"])
                assert any(status.startswith("2") for status in statuses), (method, path)
                for status in statuses - {s for s in statuses if s[0] in "23"}:
                    content = operation["responses"][status]["content"]
                    assert list(content) == ["application/problem+json"], (method, path, status)
        assert ORIGIN not in str(document)
