"""Bodies nobody means well with: each ends in a problem, and none is held in memory whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspection_service.api.bodies import JSON_MAX_BYTES, takes_bytes
from tests.integration.routes import MISSING, address, documented
from tests.integration.service import open_test_service, problem

pytestmark = pytest.mark.integration
JSON = {"Content-Type": "application/json"}


async def test_a_body_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    """A hundred megabytes, announced or not, with a key or without: 413, and the rest is never asked for."""
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(100):
            given += 1024 * 1024
            yield b" " * 1024 * 1024

    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        for headers in (JSON, JSON | {"Idempotency-Key": "k"}):
            given = 0
            answer = await platform.post("/v1/inspections", content=endless(), headers=headers)
            problem(answer, "content-too-large", 413)
            assert given <= JSON_MAX_BYTES + 2 * 1024 * 1024
        announced = JSON | {"Content-Length": str(100 * 1024 * 1024)}
        answer = await platform.post("/v1/inspections", content=endless(), headers=announced)
        problem(answer, "content-too-large", 413)


async def test_json_ten_thousand_deep_is_refused(tmp_path: Path) -> None:
    """Arrays and objects, alone and inside a member, with a key and without: refused, and the service goes on."""
    deep = (b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000)
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        for number, body in enumerate(deep):
            for content in (body, b'{"checklist": ' + body + b"}"):
                for headers in (JSON, JSON | {"Idempotency-Key": f"deep-{number}"}):
                    answer = await platform.post("/v1/inspections", content=content, headers=headers)
                    assert answer.status_code in (400, 422), answer.text[:300]
                    assert answer.headers["content-type"] == "application/problem+json"
        assert (await platform.get("/v1/inspections")).status_code == 200


async def test_text_no_database_takes_is_refused(tmp_path: Path) -> None:
    """NUL and half a character, in a body, an address and a query."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        for body in (b'{"checklist": "listing-12", "reference": "a\\u0000b"}', b'{"checklist": "\\ud800"}'):
            answer = await platform.post("/v1/inspections", content=body, headers=JSON)
            assert answer.status_code in (201, 404, 422), answer.text
        for url in (
            "/v1/inspections/%00",
            "/v1/inspections?reference=%00",
            "/v1/inspections?plate=%ED%A0%80",
        ):
            assert (await platform.get(url)).status_code in (200, 404, 422), url


async def test_every_route_for_photos_and_films_bounds_its_own_body(tmp_path: Path) -> None:
    """The list of routes that are not cut off at the length of JSON is that of the document."""
    async with open_test_service(tmp_path) as service:
        for method, path, operation in documented(service.app):
            content = operation.get("requestBody", {}).get("content", {})
            is_bytes = bool(content) and "application/json" not in content
            if method in ("PUT", "PATCH", "POST") and content:
                assert takes_bytes(address(path, MISSING)) == is_bytes, (method, path)
