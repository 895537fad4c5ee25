"""Every route, asked by everybody, about what is theirs, somebody else's and nobody's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, get_args

import httpx
import pytest

from inspection_service.identity.keys import NewKey
from inspection_service.identity.records import KeyScope, Role
from inspection_service.inspections.records import TenantId
from tests.integration.role_table import LINES, Line
from tests.integration.routes import MISSING, call, mounted
from tests.integration.service import PASSWORD, Service, open_test_service, picture, problem, upload

pytestmark = pytest.mark.integration
ROLES: Final[tuple[Role, ...]] = ("operator", "supervisor", "admin")
ENOUGH: Final = {"operator": ROLES, "supervisor": ROLES[1:], "admin": ROLES[2:]}
UNLIMITED: Final = {
    f"{name}_per_minute": 10_000_000 for name in ("key", "guesses", "logins", "links", "codes", "log")
}
OF_TEAM: Final = frozenset({"operator_id", "invitation_id", "session_id"})
"""Objects of an operator's own organisation, not of a case."""


@dataclass
class World:
    """Two platforms with an inspection each, their sellers, and the operators of two organisations."""

    service: Service
    owner: httpx.AsyncClient
    stranger: httpx.AsyncClient
    keys: Mapping[str, httpx.AsyncClient]
    """Keys of the owner that have every scope but the one they are under."""
    seller: httpx.AsyncClient
    other_seller: httpx.AsyncClient
    operators: Mapping[str, httpx.AsyncClient]
    outsiders: Mapping[str, httpx.AsyncClient]
    """Of an organisation nobody lets in."""
    own: Mapping[str, str]
    """Fills the places of an address with what is the owner's."""

    async def log(self) -> Any:
        """Return what happened to the owner's inspection."""
        url = f"/v1/inspections/{self.own['inspection_id']}/events"
        return (await self.owner.get(url, params={"limit": 500})).json()


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Open a service with everybody in it."""
    async with open_test_service(folder, limits=UNLIMITED) as service:
        service.judge.detections["front"] = [{"kind": "dent", "box": [1, 1, 9, 9], "score": 0.9}]
        owner, stranger = await service.platform("Owner"), await service.platform("Stranger")
        ordered = await service.order(owner)
        seller = await service.seller(ordered)
        await upload(seller, picture(), "front")
        await service.work()
        other_seller = await service.seller(await service.order(stranger, vehicle={"plate": "ZZ-999-ZZ"}))
        case = f"/v1/inspections/{ordered['id']}"
        (capture,) = (await owner.get(f"{case}/captures")).json()["items"]
        (finding,) = (await owner.get(f"{case}/findings")).json()["items"]
        asked = (await owner.post(f"{case}/photo-requests", json={"text": "One more."})).json()
        key = (await owner.post("/v1/keys", json={"label": "spare"})).json()
        identity = service.running.services.identity
        tenant = TenantId((await identity.platform(key["secret"])).tenant_id)
        elsewhere = (await identity.create_organisation("Elsewhere")).id
        yield World(
            service=service,
            owner=owner,
            stranger=stranger,
            keys={scope: await _without(service, tenant, scope) for scope in get_args(KeyScope)},
            seller=seller,
            other_seller=other_seller,
            operators={role: await _operator(service, role) for role in ROLES},
            outsiders={role: await _operator(service, role, elsewhere) for role in ROLES},
            own=MISSING
            | {
                "inspection_id": ordered["id"],
                "capture_id": capture["id"],
                "finding_id": finding["id"],
                "request_id": asked["photo_requests"][0]["id"],
                "key_id": key["id"],
            },
        )


async def _without(service: Service, tenant: TenantId, scope: str) -> httpx.AsyncClient:
    rest = frozenset(cast("KeyScope", each) for each in get_args(KeyScope) if each != scope)
    issued = await service.running.services.identity.make_key(tenant, NewKey(f"without {scope}", rest))
    return service.browser(Authorization=f"Bearer {issued.secret}")


async def _operator(service: Service, role: Role, organisation_id: str = "org_house") -> httpx.AsyncClient:
    email = f"{role}-{organisation_id}@example.com"
    await service.running.services.identity.create_operator(
        email, role.title(), PASSWORD, role, organisation_id=organisation_id
    )
    client = service.browser()
    answer = await client.post("/v1/operator/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


def lines(*who: str) -> Iterator[Line]:
    """Return the lines of the table for some."""
    yield from (line for line in LINES if line.who in who)


def cell(answer: httpx.Response) -> tuple[int, str]:
    """Return what an answer says, without what names the request."""
    slug = answer.json()["type"].rsplit(":", 1)[1] if answer.status_code >= 400 and answer.content else ""
    return answer.status_code, slug


async def test_every_route_has_a_line(tmp_path: Path) -> None:
    """A route that is added has to say here who may use it; a line without a route is a mistake."""
    async with open_test_service(tmp_path) as service:
        listed = [line.route for line in LINES]
        assert sorted(listed) == sorted(set(listed))
        assert set(listed) == mounted(service.app)


async def test_the_table_is_what_the_document_says(tmp_path: Path) -> None:
    """Who may use a route stands in the OpenAPI document as it stands in the table."""
    async with open_test_service(tmp_path) as service:
        document = service.app.openapi()["paths"]
        for line in LINES:
            if line.who in ("page", "socket"):
                assert line.method.lower() not in document.get(line.path, {})
                continue
            ways = document[line.path][line.method.lower()].get("security", [])
            scheme = {"platform": "apiKey", "seller": "sellerSession", "open": None}
            expected = scheme.get(line.who, "operatorSession")
            assert ways == ([] if expected is None else [{expected: [line.scope] if line.scope else []}]), (
                line
            )


async def test_who_may_not_is_told_so_and_changes_nothing(tmp_path: Path) -> None:
    """Nobody, the wrong kind of caller, a key without the scope, a role too low.

    They are refused alike for what is there and what is not, before anything else is said.
    """
    async with world(tmp_path) as all_:
        before = await all_.log()
        nobody = all_.service.browser()
        for values in (all_.own, MISSING):
            for line in lines("platform", "seller", *ROLES):
                expected = "key-unknown" if line.who == "platform" else "session-missing"
                wrong = [nobody]
                if line.who != "platform":
                    wrong.append(all_.keys["keys:manage"])
                if line.who != "seller":
                    wrong.append(all_.seller)
                if line.who not in ROLES:
                    wrong.append(all_.operators["admin"])
                for client in wrong:
                    answer = await call(client, line.method, line.path, values)
                    assert answer.status_code == 401, (line.route, answer.text)
                    assert line.method == "HEAD" or cell(answer) == (401, expected), line.route
            for line in lines("platform"):
                assert line.scope is not None
                answer = await call(all_.keys[line.scope], line.method, line.path, values)
                assert problem(answer, "scope-missing", 403)["scope"] == line.scope, line.route
            for line in lines(*ROLES):
                for role in set(ROLES) - set(ENOUGH[line.who]):
                    answer = await call(all_.operators[role], line.method, line.path, values)
                    # A role is asked for before or after the case is looked for; either way nothing is told.
                    assert cell(answer) in ((403, "role-needed"), (404, "inspection-unknown")), line.route
        assert await all_.log() == before


async def test_what_is_somebody_elses_does_not_exist(tmp_path: Path) -> None:
    """The answer about another's object is, word for word, the answer about one that never was."""
    async with world(tmp_path) as all_:
        before = await all_.log()
        asked = 0
        for line in LINES:
            if "{" not in line.path or line.method == "HEAD":
                continue
            if line.who == "platform":
                strangers = [all_.stranger]
            elif line.who == "seller":
                strangers = [all_.other_seller]
            elif line.who in ROLES and not any(f"{{{name}}}" in line.path for name in OF_TEAM):
                strangers = [all_.outsiders[role] for role in ENOUGH[line.who]]
            else:
                continue
            for stranger in strangers:
                theirs = await call(stranger, line.method, line.path, all_.own)
                never = await call(stranger, line.method, line.path, MISSING)
                assert theirs.status_code != 401, line.route
                assert cell(theirs) == cell(never), (line.route, theirs.text, never.text)
                assert "AB-123-CD" not in theirs.text
                if "{inspection_id}" in line.path:
                    assert theirs.status_code == 404, (line.route, theirs.text)
                asked += 1
        assert asked > 80
        assert await all_.log() == before


async def test_who_may_gets_an_answer(tmp_path: Path) -> None:
    """The right caller is let in everywhere.

    What comes is an answer or a refusal of the case, never of the caller, and never a fault.
    """
    async with world(tmp_path) as all_:
        last = ("erasure", "cancel", "sign-off", "submit", "signature", "logout", "sessions", "disable")
        ordered = sorted(LINES, key=lambda line: (line.method == "DELETE", line.path.endswith(last)))
        own_keys = dict(all_.own)
        for line in ordered:
            if line.who in ("page", "socket"):
                continue
            client = {
                "platform": all_.owner,
                "seller": all_.seller,
                "open": all_.service.browser(),
            }.get(line.who) or all_.operators[line.who]
            answer = await call(client, line.method, line.path, own_keys)
            assert answer.status_code < 500 or line.path == "/readyz", (line.route, answer.text)
            refused = {"scope-missing", "role-needed", "session-missing", "key-unknown", "inspection-unknown"}
            if line.who != "open":
                assert cell(answer)[1] not in refused, (line.route, answer.text)
            assert answer.status_code != 405, line.route
            if "inspection_id" in line.path and line.method == "GET":
                missing = await call(client, line.method, line.path, MISSING)
                assert cell(missing) == (404, "inspection-unknown"), line.route
