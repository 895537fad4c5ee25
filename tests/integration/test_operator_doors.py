"""The desk's doors: an organisation sees what it was let in to, a role does what it may, every look is written down."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from inspection_service.inspections.records import InspectionId
from inspection_service.storage.tables import HOUSE
from tests.integration.live_pages import open_live_service, page, session_page
from tests.integration.service import ORIGIN, PASSWORD, Service, open_test_service, picture, problem, upload

pytestmark = pytest.mark.integration


async def admin_elsewhere(service: Service) -> httpx.AsyncClient:
    """Sign in the admin of an organisation that nobody let in."""
    made = await service.running.services.identity.create_organisation("Nord")
    return await service.operator("nord@example.com", "Nora", "admin", made.id)


async def test_a_foreign_organisations_admin_finds_no_case(tmp_path: Path) -> None:
    """Every route of a case is 404 for them, the lists are empty; once granted it opens, once revoked it closes."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        await upload(await service.seller(ordered), picture(), "front")
        nora = await admin_elsewhere(service)
        (capture,) = (await platform.get(f"/v1/inspections/{ordered['id']}/captures")).json()["items"]
        desk = f"/v1/operator/inspections/{ordered['id']}"
        values = {"inspection_id": ordered["id"], "capture_id": capture["id"], "kind": "video"}
        called = 0
        for path, operations in service.app.openapi()["paths"].items():
            if not path.startswith("/v1/operator/inspections/{inspection_id}") or "get" not in operations:
                continue
            url = re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], "made-up"), path)
            problem(await nora.get(url), "inspection-unknown", 404)
            called += 1
        assert called >= 10
        for act in ("claim", "release", "sign-off"):
            problem(await nora.post(f"{desk}/{act}", json={}), "inspection-unknown", 404)
        problem(
            await nora.post(f"{desk}/corrections", json={"kind": "addendum", "text": "More."}),
            "inspection-unknown",
            404,
        )
        assert (await nora.get("/v1/operator/inspections?scope=all")).json()["items"] == []
        assert (await nora.get(f"/v1/operator/inspections?ids={ordered['id']}")).json()["items"] == []
        assert (await nora.get("/v1/operator/colleagues")).json() == []
        own = (await nora.get("/v1/operator/account")).json()["organisation"]["id"]
        assert (await platform.put(f"/v1/grants/{own}")).json()["revoked_at"] is None
        assert (await nora.get(desk)).status_code == 200
        assert (await nora.get(f"{desk}/captures/{capture['id']}/photo")).status_code == 200
        assert (await platform.delete(f"/v1/grants/{own}")).status_code == 204
        problem(await nora.get(desk), "inspection-unknown", 404)
        grants = (await platform.get("/v1/grants")).json()["items"]
        assert [(one["organisation"]["id"], one["revoked_at"] is None) for one in grants] == [
            (HOUSE, True),
            (own, False),
        ]
        problem(await platform.put("/v1/grants/org_none"), "organisation-unknown", 404)


async def test_only_supervisors_publish_and_only_admins_rule_the_team(tmp_path: Path) -> None:
    """An operator prepares and withdraws; approving is refused before anything is looked at."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        olga = await service.operator("olga@example.com", "Olga")
        sam = await service.operator("sam@example.com", "Sam", "supervisor")
        path = f"/v1/operator/inspections/{ordered['id']}"
        approve = {"action": "approve", "set_sha256": "0" * 64, "seen": ["cap_1"]}
        refused = problem(await olga.post(f"{path}/publication", json=approve), "role-needed", 403)
        assert refused["roles"] == ["admin", "supervisor"]
        unknown = await sam.post(f"{path}/publication", json=approve)
        problem(unknown, "publication-unknown", 404)  # allowed, and nothing is there yet
        for action in ("prepare", "withdraw"):
            answer = await olga.post(f"{path}/publication", json={"action": action})
            assert answer.status_code != 403, answer.text
        problem(await olga.get(f"{path}/accesses"), "role-needed", 403)
        for client in (olga, sam):
            problem(await client.get("/v1/operator/team"), "role-needed", 403)
            body = {"email": "x@example.com", "name": "X", "role": "admin"}
            problem(await client.post("/v1/operator/team/invitations", json=body), "role-needed", 403)


async def test_every_look_is_written_and_read_by_its_tenant(tmp_path: Path) -> None:
    """Case, photo and report by a person, JSON and the export by a key; twice the same is once, and nobody else's."""
    async with open_test_service(tmp_path) as service:
        platform, stranger = await service.platform("Ours"), await service.platform("Theirs")
        ordered = await service.order(platform)
        await upload(await service.seller(ordered), picture(), "front")
        assert (await platform.get(f"/v1/inspections/{ordered['id']}/nothing")).status_code == 404
        for who in (platform, stranger):
            for path in (
                "",
                f"/{ordered['id']}",
                f"/{ordered['id']}/captures",
                f"/{ordered['id']}/events",
            ) * 2:
                await who.get(f"/v1/inspections{path}")
        (capture,) = (await platform.get(f"/v1/inspections/{ordered['id']}/captures")).json()["items"]
        sam = await service.operator("sam@example.com", "Sam", "supervisor")
        desk = f"/v1/operator/inspections/{ordered['id']}"
        for _ in range(2):
            await sam.get(desk)
            await sam.get(f"{desk}/captures/{capture['id']}/photo", params={"size": "thumb"})
            assert (await sam.get(f"{desk}/captures/{capture['id']}/photo")).status_code == 200
        problem(await sam.get(f"{desk}/captures/none/photo"), "capture-unknown", 404)
        assert (await platform.get(f"/v1/inspections/{ordered['id']}/personal-data")).status_code == 200
        mine = {"inspection_id": ordered["id"]}
        read = [
            one
            for one in (await platform.get("/v1/accesses")).json()["items"]
            if one["who"]["kind"] == "platform" and one["what"] == "case"
        ]
        assert [(one["inspection_id"], one["detail"]["part"]) for one in read] == [
            (ordered["id"], "events"),
            (ordered["id"], "captures"),
            (ordered["id"], "inspection"),
            (None, "list"),
        ]
        assert all(one["detail"]["key"].startswith("key_") for one in read)
        page = (await platform.get("/v1/accesses", params={"limit": 2})).json()
        rest = (await platform.get("/v1/accesses", params={"cursor": page["next_cursor"]})).json()
        lines = [
            (one["who"]["kind"], one["who"]["name"], one["who"]["organisation"], one["what"])
            for one in page["items"] + rest["items"]
            if one not in read
        ]
        assert lines == [
            ("platform", "Ours", None, "export"),
            ("operator", "Sam", "Operators", "photo"),
            ("operator", "Sam", "Operators", "case"),
        ]
        assert "127.0.0.1" not in str(page) + str(rest)
        assert len((await platform.get("/v1/accesses", params=mine)).json()["items"]) == 6
        assert [one["detail"]["part"] for one in (await stranger.get("/v1/accesses")).json()["items"]] == [
            "list"
        ]
        problem(await stranger.get("/v1/accesses", params=mine), "inspection-unknown", 404)
        problem(await platform.get("/v1/accesses", params={"cursor": "x"}), "invalid-input", 422)
        on_desk = (await sam.get(f"{desk}/accesses")).json()["items"]
        by_people = [one["what"] for one in on_desk if "part" not in (one["detail"] or {})]
        assert by_people == ["export", "photo", "case"]


async def test_an_account_without_its_second_factor_may_only_set_it_up(tmp_path: Path) -> None:
    """From the invitation to the desk, where everybody needs one."""
    async with open_test_service(tmp_path, operators={"totp": "required"}) as service:
        invited, token = await service.running.services.identity.invite(
            HOUSE, "ada@example.com", "Ada", "admin"
        )
        ada = service.browser()
        shown = (await ada.post("/v1/operator/join/preview", json={"token": token})).json()
        assert (shown["email"], shown["is_second_factor_required"]) == ("ada@example.com", True)
        joined = await ada.post(
            "/v1/operator/join", json={"token": token, "name": "Ada", "password": PASSWORD}
        )
        assert (joined.status_code, joined.json()["must_enrol"]) == (201, True)
        again = {"token": token, "name": "Eve", "password": PASSWORD}
        problem(await service.browser().post("/v1/operator/join", json=again), "invitation-unknown", 404)
        for path in ("inspections", "colleagues", "team"):
            problem(await ada.get(f"/v1/operator/{path}"), "second-factor-missing", 403)
        wrong = await ada.post("/v1/operator/account/second-factor", json={"password": "no"})
        problem(wrong, "password-wrong", 403)
        begun = (await ada.post("/v1/operator/account/second-factor", json={"password": PASSWORD})).json()
        assert begun["qr"]["path"].startswith("M")
        body = {"pending": begun["pending"], "code": pyotp.TOTP(begun["secret"]).now()}
        codes = (await ada.put("/v1/operator/account/second-factor", json=body)).json()["codes"]
        team = (await ada.get("/v1/operator/team")).json()
        assert [(one["email"], one["has_second_factor"]) for one in team["members"]] == [
            (invited.email, True)
        ]
        desk = service.browser()
        step: dict[str, Any] = {"email": "ada@example.com", "password": "wrong"}
        for email in ("ada@example.com", "nobody@example.com"):
            answer = await desk.post("/v1/operator/login", json=step | {"email": email})
            problem(answer, "second-factor-needed", 401)
        step |= {"password": PASSWORD, "code": codes[0]}
        assert (await desk.post("/v1/operator/login", json=step)).json()["must_enrol"] is False
        problem(await desk.post("/v1/operator/login", json=step), "login-failed", 401)


async def test_who_mistypes_too_often_is_told_until_when(tmp_path: Path) -> None:
    """429 with Retry-After and the moment; an admin ends it."""
    async with open_test_service(tmp_path) as service:
        boss = await service.operator("boss@example.com", "Bea", "admin")
        await service.operator()
        browser = service.browser()
        wrong = {"email": "op@example.com", "password": "wrong"}
        for _ in range(10):
            problem(await browser.post("/v1/operator/login", json=wrong), "login-failed", 401)
        locked = await browser.post("/v1/operator/login", json=wrong | {"password": PASSWORD})
        assert problem(locked, "too-many-tries", 429)["until"].endswith("Z")
        assert 0 < int(locked.headers["retry-after"]) <= 61
        members = (await boss.get("/v1/operator/team")).json()["members"]
        (olivia,) = [one for one in members if one["locked_until"]]
        team = (await boss.post(f"/v1/operator/team/{olivia['id']}/unlock")).json()
        assert all(one["locked_until"] is None for one in team["members"])
        signed_in = await browser.post("/v1/operator/login", json=wrong | {"password": PASSWORD})
        assert signed_in.status_code == 200


async def test_an_invitation_of_the_team_page_has_a_link_and_a_message(tmp_path: Path) -> None:
    """The token sits behind `#`; the last admin stays; a closed account is out at once."""
    async with open_test_service(tmp_path) as service:
        boss = await service.operator("boss@example.com", "Bea", "admin")
        olga = await service.operator("olga@example.com", "Olga")
        body = {"email": "new@example.com", "name": "Nils", "role": "supervisor", "language": "fr"}
        made = (await boss.post("/v1/operator/team/invitations", json=body)).json()
        assert made["link"].startswith(f"{ORIGIN}/operator/join#")
        assert made["is_sent"]
        assert made["link"] in service.mailbox.messages[-1].text
        team = (await boss.get("/v1/operator/team")).json()
        assert [one["email"] for one in team["invitations"]] == ["new@example.com"]
        assert made["link"].split("#")[1] not in str(team)
        gone = await boss.delete(f"/v1/operator/team/invitations/{made['id']}")
        assert gone.json()["invitations"] == []
        ids = {one["name"]: one["id"] for one in team["members"]}
        problem(await boss.post(f"/v1/operator/team/{ids['Bea']}/disable"), "last-admin", 409)
        assert (await boss.post(f"/v1/operator/team/{ids['Olga']}/disable")).status_code == 200
        problem(await olga.get("/v1/operator/me"), "session-missing", 401)


async def test_a_revoked_grant_closes_the_desk_within_a_heartbeat(tmp_path: Path) -> None:
    """Both lines of an open desk: the case's is gone for good, the list's is told to look anew and finds nothing."""
    async with open_live_service(tmp_path, heartbeat_s=2.0) as live:
        case, _ = await live.seller()
        desk = await live.operator()
        identity = live.service.running.services.identity
        tenant = (await live.service.running.services.inspections.get(InspectionId(case))).tenant_id
        async with (
            session_page(live, desk, case, "operator") as line,
            page(live, desk, "/v1/operator/feed") as feed,
        ):
            await feed.hear("welcome")
            await identity.revoke_grant(tenant, HOUSE)
            assert await line.closed() == 4404
            assert await feed.closed() == 4403
            async with page(live, desk, "/v1/operator/feed") as again:
                await again.hear("welcome")
        assert (await desk.get("/v1/operator/inspections")).json()["items"] == []


async def test_the_feed_tells_of_granted_cases_only(tmp_path: Path) -> None:
    """What happens at a platform that let nobody in reaches no list."""
    async with open_live_service(tmp_path) as live:
        case, _ = await live.seller()
        services = live.service.running.services
        foreign = await services.identity.create_tenant("Elsewhere", organisation_id=None)
        key = await services.identity.issue_key(foreign.id)
        desk = await live.operator()
        async with page(live, desk, "/v1/operator/feed") as feed:
            await feed.hear("welcome")
            ordered = await live.browser().post(
                "/v1/inspections",
                json={"checklist": "listing-12", "language": "en"},
                headers={"Authorization": f"Bearer {key}"},
            )
            assert ordered.status_code == 201
            assert (await desk.post(f"/v1/operator/inspections/{case}/claim", json={})).status_code == 200
            told = await feed.hear("changed")
            assert told["inspection_id"] == case
