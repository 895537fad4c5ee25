"""An unsafe request that comes twice under one key happens once, whatever happens in between."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from inspection_service.identity.replays import CLAIM_LAPSES, KEPT, Claim, KeptAnswer
from inspection_service.identity.service import Identity
from inspection_service.inspections.errors import IdempotencyKeyReused
from inspection_service.inspections.records import TenantId
from inspection_service.storage import tables as t
from inspection_service.storage.errors import DatabaseUnavailable
from inspection_service.testing import Backend
from tests.integration.service import open_test_service, problem

pytestmark = pytest.mark.integration
ORDER = {"checklist": "listing-12", "vehicle": {"plate": "AB-123-CD"}}
ONCE = {"Idempotency-Key": "once-1"}
SHA = hashlib.sha256(b"request").hexdigest()


async def test_every_unsafe_route_takes_a_key(tmp_path: Path) -> None:
    """A new link, repeated, is the same link; without the key it is another one. The document says so of each route."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        url = f"/v1/inspections/{(await service.order(platform))['id']}/links"
        first = await platform.post(url, headers=ONCE)
        again = await platform.post(url, headers=ONCE)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert again.headers["ratelimit"]
        assert (await platform.post(url)).json() != first.json()
        for path, operations in service.app.openapi()["paths"].items():
            for method, operation in operations.items():
                is_platforms = any("apiKey" in way for way in operation.get("security", ()))
                if is_platforms and method in ("post", "put", "patch", "delete"):
                    names = [parameter["name"] for parameter in operation.get("parameters", ())]
                    assert names.count("Idempotency-Key") == 1, (method, path)


async def test_a_key_is_for_one_request(tmp_path: Path) -> None:
    """On another address or with another body it is refused; members in another order are the same body."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        first = await platform.post("/v1/inspections", json=ORDER, headers=ONCE)
        again = await platform.post("/v1/inspections", json=dict(reversed(ORDER.items())), headers=ONCE)
        assert again.content == first.content
        other = await platform.post("/v1/keys", json={"label": "x"}, headers=ONCE)
        problem(other, "idempotency-key-reused", 422)
        unprintable = await platform.post("/v1/inspections", json=ORDER, headers={"Idempotency-Key": "a b"})
        problem(unprintable, "invalid-input", 422)


async def test_a_refusal_leaves_the_key_free(tmp_path: Path) -> None:
    """Nothing happened, so the mended request may come under the same key."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        wrong = await platform.post("/v1/inspections", json=ORDER | {"checklist": "none"}, headers=ONCE)
        problem(wrong, "checklist-unknown", 404)
        assert (await platform.post("/v1/inspections", json=ORDER, headers=ONCE)).status_code == 201


async def test_a_database_that_is_away_is_told_and_the_key_stays_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies before the platform is known: 503 and come back, not a fault; found by ``make chaos``."""

    async def away(*_: object) -> None:
        raise DatabaseUnavailable

    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        with monkeypatch.context() as patched:
            patched.setattr(Identity, "platform", away)
            problem(
                await platform.post("/v1/inspections", json=ORDER, headers=ONCE), "database-unavailable", 503
            )
        assert (await platform.post("/v1/inspections", json=ORDER, headers=ONCE)).status_code == 201


async def test_requests_at_one_moment_are_one_request(tmp_path: Path) -> None:
    """Five at once: one key is made, all are told of the same."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        answers = await asyncio.gather(
            *(platform.post("/v1/keys", json={"label": "x"}, headers=ONCE) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["secret"] for answer in answers}) == 1
        listed = (await platform.get("/v1/keys")).json()["items"]
        assert len([key for key in listed if key["label"] == "x"]) == 1


async def test_a_secret_answer_does_not_rest_in_the_clear(tmp_path: Path) -> None:
    """What is kept of an answer with a key's secret in it says nothing without the pepper."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        secret = (await platform.post("/v1/keys", json={"label": "x"}, headers=ONCE)).json()["secret"]
        files = list((tmp_path / "instance").glob("inspection.db*"))
        assert files
        assert all(secret.encode() not in file.read_bytes() for file in files)


async def test_a_process_that_died_before_it_kept_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act was done and its answer lost: the next try, once the claim lapsed, finds what the first one made."""

    async def lost(*_: object) -> None:
        raise asyncio.CancelledError

    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        with monkeypatch.context() as patch:
            patch.setattr(Identity, "keep_answer", lost)
            for path, body in (("/v1/inspections", ORDER), ("/v1/keys", {"label": "x"})):
                with pytest.raises(asyncio.CancelledError):
                    await platform.post(path, json=body, headers={"Idempotency-Key": path})
        ordered = (await platform.get("/v1/inspections")).json()["items"]
        keys = (await platform.get("/v1/keys")).json()["items"]
        database = service.running.services.identity._database
        async with database.write() as transaction:  # two minutes later
            long_ago = service.running.services.clock.now() - 2 * CLAIM_LAPSES
            await transaction.connection.execute(t.idempotent_answers.update().values(created_at=long_ago))
        order = await platform.post(
            "/v1/inspections", json=ORDER, headers={"Idempotency-Key": "/v1/inspections"}
        )
        key = await platform.post("/v1/keys", json={"label": "x"}, headers={"Idempotency-Key": "/v1/keys"})
        assert (order.status_code, key.status_code) == (201, 201)
        assert [order.json()["id"]] == [item["id"] for item in ordered]
        assert key.json()["id"] in [item["id"] for item in keys]
        assert len((await platform.get("/v1/keys")).json()["items"]) == len(keys)
        assert order.json()["seller_link"].count("#") == 1


async def test_erasing_an_inspection_erases_what_was_answered_about_it(tmp_path: Path) -> None:
    """Not in two days but now; its keys stay used, so that nothing happens again; other answers stay."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        about = {"vehicle": {"plate": "AB-123-CD"}, "contact": {"email": "camille@example.com"}}
        wanted = ORDER | about
        ordered = (await platform.post("/v1/inspections", json=wanted, headers=ONCE)).json()
        url = f"/v1/inspections/{ordered['id']}"
        cancel = {"Idempotency-Key": "cancel-1"}
        assert (await platform.post(f"{url}/cancel", headers=cancel)).status_code == 200
        other = {"Idempotency-Key": "other-1"}
        kept = await platform.post("/v1/inspections", json=ORDER, headers=other)
        assert (await platform.post(f"{url}/erasure", json={"photos": True})).status_code == 200
        async with service.running.services.identity._database.read() as transaction:
            rows = (await transaction.connection.execute(t.idempotent_answers.select())).all()
        assert {row.key: (row.body is None, row.request_sha256 == "") for row in rows} == {
            "once-1": (True, True),
            "cancel-1": (True, True),
            "other-1": (False, False),
        }
        problem(
            await platform.post("/v1/inspections", json=wanted, headers=ONCE), "idempotency-key-reused", 422
        )
        problem(await platform.post(f"{url}/cancel", headers=cancel), "idempotency-key-reused", 422)
        again = await platform.post("/v1/inspections", json=ORDER, headers=other)
        assert again.content == kept.content
        assert len((await platform.get("/v1/inspections")).json()["items"]) == 2


async def test_a_claim_is_one_process_until_it_lapses(backend: Backend) -> None:
    """While a request runs, nobody else may; when its process is silent for minutes, one other may."""
    tenant = backend.platform.tenant_id
    first = await backend.identity.claim(tenant, "k", SHA)
    assert isinstance(first, Claim)
    assert await backend.identity.claim(tenant, "k", SHA) is None
    backend.clock.advance(seconds=CLAIM_LAPSES.total_seconds() + 1)
    second = await backend.identity.claim(tenant, "k", SHA)
    assert isinstance(second, Claim)
    assert second.seed == first.seed
    # The first one wakes up: its answer is not the one that is kept.
    await backend.identity.keep_answer(first, KeptAnswer(500, {}, b"late"))
    await backend.identity.free_claim(first)
    assert await backend.identity.claim(tenant, "k", SHA) is None
    await backend.identity.keep_answer(second, KeptAnswer(201, {"location": "/x"}, b"made"))
    assert await backend.identity.claim(tenant, "k", SHA) == KeptAnswer(201, {"location": "/x"}, b"made")


async def test_answers_are_kept_for_two_days_and_for_their_platform(backend: Backend) -> None:
    """Another platform's same key is another key; after the time of keeping it may stand for something new."""
    tenant = backend.platform.tenant_id
    other = TenantId((await backend.identity.create_tenant("Other")).id)
    claim = await backend.identity.claim(tenant, "k", SHA)
    assert isinstance(claim, Claim)
    await backend.identity.keep_answer(claim, KeptAnswer(201, {}, b"made"))
    assert isinstance(await backend.identity.claim(other, "k", SHA), Claim)
    with pytest.raises(IdempotencyKeyReused):
        await backend.identity.claim(tenant, "k", "0" * 64)
    backend.clock.advance(seconds=(KEPT - timedelta(seconds=1)).total_seconds())
    assert isinstance(await backend.identity.claim(tenant, "k", SHA), KeptAnswer)
    backend.clock.advance(seconds=2)
    assert isinstance(await backend.identity.claim(tenant, "k", "0" * 64), Claim)
    assert isinstance(await backend.identity.claim(tenant, "another", SHA), Claim)
    async with backend.database.read() as transaction:
        kept = (await transaction.connection.execute(t.idempotent_answers.select())).all()
    assert {row.key for row in kept} == {"k", "another"}
