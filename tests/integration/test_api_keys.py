"""A platform looks after its own keys: what each may do, until when, and what replaces it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from inspection_service.identity.keys import NewKey
from inspection_service.identity.records import KeyScope
from inspection_service.inspections.records import TenantId
from tests.integration.service import Service, open_test_service, problem

pytestmark = pytest.mark.integration


def with_key(service: Service, secret: str) -> httpx.AsyncClient:
    """Open a client with a key."""
    client = service.browser(Authorization=f"Bearer {secret}")
    del client.headers["Origin"]
    return client


async def tenant_of(service: Service, name: str = "Platform") -> TenantId:
    """Admit a platform."""
    return (await service.running.services.identity.create_tenant(name)).id


async def client_with(service: Service, tenant: TenantId, *scopes: KeyScope) -> httpx.AsyncClient:
    """Return a client whose key has only these scopes."""
    issued = await service.running.services.identity.make_key(tenant, NewKey("test", frozenset(scopes)))
    return with_key(service, issued.secret)


async def test_a_key_is_made_shown_once_used_and_revoked(tmp_path: Path) -> None:
    """Its secret is in one answer; lists show how it begins and when it was used; revoked, it opens nothing."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        made = await platform.post("/v1/keys", json={"label": "export", "scopes": ["inspections:read"]})
        assert made.status_code == 201
        key: dict[str, Any] = made.json()
        assert key["secret"].startswith("isk_")
        assert key["prefix"] == key["secret"][:8] + "…"
        export = with_key(service, key["secret"])
        assert (await export.get("/v1/inspections")).status_code == 200
        listed = await platform.get("/v1/keys")
        assert key["secret"] not in listed.text
        (shown,) = [item for item in listed.json()["items"] if item["id"] == key["id"]]
        assert shown["last_used_at"] is not None
        assert (shown["state"], shown["label"], shown["scopes"]) == ("active", "export", ["inspections:read"])
        assert (await platform.delete(f"/v1/keys/{key['id']}")).status_code == 204
        assert (await platform.delete(f"/v1/keys/{key['id']}")).status_code == 204
        problem(await export.get("/v1/inspections"), "key-unknown", 401)


async def test_what_a_key_lacks_is_named(tmp_path: Path) -> None:
    """403 names the missing scope, before anything is said about the inspection."""
    async with open_test_service(tmp_path) as service:
        reader = await client_with(service, await tenant_of(service), "inspections:read")
        assert (await reader.get("/v1/inspections")).status_code == 200
        for path, scope in (
            ("report.json", "reports:read"),
            ("captures/x/photo", "photos:read"),
            ("personal-data", "privacy:manage"),
        ):
            refused = problem(await reader.get(f"/v1/inspections/ins_none/{path}"), "scope-missing", 403)
            assert refused["scope"] == scope
        refused = problem(await reader.post("/v1/inspections/ins_none/cancel"), "scope-missing", 403)
        assert refused["scope"] == "inspections:write"
        reports = await client_with(service, await tenant_of(service, "Other"), "reports:read")
        answer = await reports.get("/v1/inspections/ins_none/report.zip", params={"photos": "true"})
        assert problem(answer, "scope-missing", 403)["scope"] == "photos:read"


async def test_a_key_cannot_give_what_it_has_not(tmp_path: Path) -> None:
    """Neither to a new key, nor by exchanging a stronger one for a key whose secret it would learn."""
    async with open_test_service(tmp_path) as service:
        identity = service.running.services.identity
        tenant = await tenant_of(service)
        manager = await client_with(service, tenant, "keys:manage", "reports:read")
        refused = await manager.post(
            "/v1/keys", json={"label": "x", "scopes": ["reports:read", "photos:read"]}
        )
        assert problem(refused, "scope-not-held", 403)["scopes"] == ["photos:read"]
        problem(await manager.post("/v1/keys", json={"label": "x"}), "scope-not-held", 403)
        strong = await identity.make_key(tenant, NewKey("all"))
        problem(await manager.post(f"/v1/keys/{strong.key.id}/rotate"), "scope-not-held", 403)
        assert (await with_key(service, strong.secret).get("/v1/keys")).status_code == 200
        made = await manager.post("/v1/keys", json={"label": "x", "scopes": ["reports:read"]})
        assert made.status_code == 201


async def test_another_platforms_keys_do_not_exist(tmp_path: Path) -> None:
    """They are not listed, exchanged or revoked; the answer is that of a key that never was."""
    async with open_test_service(tmp_path) as service:
        owner, stranger = await service.platform("Owner"), await service.platform("Stranger")
        mine = (await owner.get("/v1/keys")).json()["items"][0]["id"]
        assert mine not in (await stranger.get("/v1/keys")).text
        for key_id in (mine, "key_none"):
            problem(await stranger.delete(f"/v1/keys/{key_id}"), "api-key-unknown", 404)
            problem(await stranger.post(f"/v1/keys/{key_id}/rotate"), "api-key-unknown", 404)
        assert (await owner.get("/v1/keys")).status_code == 200


async def test_a_rotated_key_works_for_the_overlap(tmp_path: Path) -> None:
    """Both work; the old one has an end; without overlap it ends at once, and cannot be exchanged again."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        made = (await platform.post("/v1/keys", json={"label": "shop"})).json()
        old = with_key(service, made["secret"])
        answer = await old.post(f"/v1/keys/{made['id']}/rotate", json={"overlap_s": 3600})
        assert answer.status_code == 201
        new = with_key(service, answer.json()["secret"])
        assert (await old.get("/v1/keys")).status_code == (await new.get("/v1/keys")).status_code == 200
        (ending,) = [k for k in (await new.get("/v1/keys")).json()["items"] if k["id"] == made["id"]]
        assert ending["expires_at"] is not None
        assert answer.json()["label"] == "shop"
        assert (await new.post(f"/v1/keys/{made['id']}/rotate")).status_code == 201
        problem(await old.get("/v1/keys"), "key-unknown", 401)
        problem(await new.post(f"/v1/keys/{made['id']}/rotate"), "api-key-unknown", 404)
        too_long = await new.post(f"/v1/keys/{answer.json()['id']}/rotate", json={"overlap_s": 8 * 86400})
        problem(too_long, "validation", 422)


async def test_an_expired_key_opens_nothing(tmp_path: Path) -> None:
    """Its end is part of the key; one that would be over from the beginning is refused."""
    async with open_test_service(tmp_path) as service:
        identity, clock = service.running.services.identity, service.running.services.clock
        platform = await service.platform()
        past = await platform.post("/v1/keys", json={"label": "x", "expires_at": "2020-01-01T00:00:00Z"})
        problem(past, "invalid-input", 422)
        tenant = await tenant_of(service, "Short")
        issued = await identity.make_key(
            tenant, NewKey("short", expires_at=clock.now() + timedelta(seconds=1))
        )
        rotated = await identity.rotate_key(tenant, issued.key.id, overlap_s=0)
        problem(await with_key(service, issued.secret).get("/v1/keys"), "key-unknown", 401)
        assert rotated.key.expires_at == issued.key.expires_at


async def test_keys_of_a_sandbox_say_so(tmp_path: Path) -> None:
    """``isk_test_``, so that nobody takes one for the other."""
    async with open_test_service(tmp_path) as service:
        identity = service.running.services.identity
        sandbox = await identity.create_tenant("Sandbox", kind="sandbox")
        key = await identity.issue_key(sandbox.id)
        assert key.startswith("isk_test_")
        assert (await identity.platform(key)).kind == "sandbox"


async def test_limits_are_told_on_every_answer_and_end_in_429(tmp_path: Path) -> None:
    """What is left goes down with each call; then the answer says when to come back; another key is not concerned."""
    async with open_test_service(tmp_path, limits={"key_per_minute": 3}) as service:
        platform, other = await service.platform("One"), await service.platform("Other")
        answers = [await platform.get("/v1/checklists") for _ in range(3)]
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60'
        refused = await platform.get("/v1/checklists")
        if refused.status_code == 200:  # the minute turned over in between
            refused = [await platform.get("/v1/checklists") for _ in range(3)][-1]
        problem(refused, "rate-limited", 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
        assert (await other.get("/v1/checklists")).status_code == 200


async def test_guessing_keys_is_slowed_down(tmp_path: Path) -> None:
    """From one address only so many keys are tried; who has a key is not concerned."""
    async with open_test_service(tmp_path, limits={"guesses_per_minute": 5}) as service:
        platform = await service.platform()
        guesses = [await with_key(service, f"isk_{n}").get("/v1/checklists") for n in range(12)]
        statuses = [answer.status_code for answer in guesses]
        assert statuses[:5] == [401] * 5
        assert statuses[-1] == 429
        assert (await platform.get("/v1/checklists")).status_code == 200


async def test_every_route_of_a_platform_names_one_scope(tmp_path: Path) -> None:
    """Generated from the document: no route is open to every key by oversight."""
    async with open_test_service(tmp_path) as service:
        named: dict[str, list[str]] = {}
        for path, operations in service.app.openapi()["paths"].items():
            for method, operation in operations.items():
                for way in operation.get("security", ()):
                    if "apiKey" in way:
                        named[f"{method} {path}"] = way["apiKey"]
        assert len(named) > 25
        assert {route for route, scopes in named.items() if len(scopes) != 1} == set()
