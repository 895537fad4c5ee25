"""A seller's link opens one inspection, for one browser at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from inspection_service.api.dependencies import OPERATOR_COOKIE, SELLER_COOKIE
from inspection_service.app import create_app
from inspection_service.settings import Settings
from tests.integration.service import (
    CONTACT,
    ORIGIN,
    PASSWORD,
    Mailbox,
    ScriptedJudge,
    Service,
    manifests,
    open_test_service,
    problem,
    token_of,
)

pytestmark = pytest.mark.integration


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


async def test_looking_at_a_link_does_not_spend_it(tmp_path: Path) -> None:
    """The preview says who asks, for which car, how long it takes, and may be asked again and again."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform("Autos & Fils")
        ordered = await service.order(platform, contact=CONTACT, language="fr")
        browser = service.browser()
        for _ in range(3):
            answer = await browser.post("/v1/seller/preview", json={"token": token_of(ordered)})
            assert answer.status_code == 200
        seen = answer.json()
        assert seen["platform_name"] == "Autos & Fils"
        assert seen["vehicle"] == {"plate": "AB-123-CD", "make": None, "model": None}
        assert (seen["link"], seen["steps_total"], seen["language"]) == ("ready", 12, "fr")
        assert (seen["steps_left"], seen["minutes_left"]) == (12, seen["minutes"])
        assert seen["code_sent_to"] == "c…@example.com"
        assert SELLER_COOKIE not in browser.cookies


async def test_link_used_twice_needs_a_code(tmp_path: Path) -> None:
    """The same browser may come back; another one needs the code sent to the contact, and then the first is out."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform(), contact=CONTACT)
        token = token_of(ordered)
        first = await service.seller(ordered)
        assert (await first.post("/v1/seller/session", json={"token": token})).status_code == 200
        assert (await first.post("/v1/seller/preview", json={"token": token})).json()["link"] == "yours"

        second = service.browser()
        assert (await second.post("/v1/seller/preview", json={"token": token})).json()["link"] == "in_use"
        refused = problem(
            await second.post("/v1/seller/session", json={"token": token}), "link-used-elsewhere", 409
        )
        assert refused["can_send_code"] is True
        sent = await second.post("/v1/seller/takeover", json={"token": token})
        assert (sent.status_code, sent.json()) == (202, {"sent_to": "c…@example.com"})
        code = service.mailbox.code()
        assert code not in sent.text
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        problem(
            await second.post("/v1/seller/session", json={"token": token, "code": wrong}), "code-wrong", 403
        )
        assert (
            await second.post("/v1/seller/session", json={"token": token, "code": code})
        ).status_code == 200
        problem(await first.get("/v1/seller/inspection"), "session-taken-over", 401)


async def test_link_used_twice_without_a_contact_says_that_no_code_can_be_sent(tmp_path: Path) -> None:
    """Then only the platform can help, with a new link."""
    async with open_test_service(tmp_path) as service:
        ordered = await service.order(await service.platform())
        await service.seller(ordered)
        other = service.browser()
        token = {"token": token_of(ordered)}
        assert (
            problem(await other.post("/v1/seller/session", json=token), "link-used-elsewhere", 409)[
                "can_send_code"
            ]
            is False
        )
        problem(await other.post("/v1/seller/takeover", json=token), "no-contact", 409)


async def test_new_link_ends_the_old_one(tmp_path: Path) -> None:
    """What was sent to the wrong person stops working."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        fresh = await platform.post(f"/v1/inspections/{ordered['id']}/links")
        assert fresh.status_code == 201
        browser = service.browser()
        old = await browser.post("/v1/seller/session", json={"token": token_of(ordered)})
        problem(old, "link-unknown", 404)
        new = await browser.post("/v1/seller/session", json={"token": token_of(fresh.json())})
        assert new.status_code == 200


async def test_link_expires(tmp_path: Path) -> None:
    """After its time a link nobody used is 410, for looking and for opening."""
    clock = SetClock()
    settings = Settings(
        data_dir=tmp_path / "instance",
        public_url=ORIGIN,
        vision={"models_dir": manifests(tmp_path / "models")},
        work={"enabled": False},
    )
    judge, mailbox = ScriptedJudge(), Mailbox()
    app = create_app(settings, clock=clock, judge=judge, messenger=mailbox)
    async with app.router.lifespan_context(app):
        service = Service(app, judge, mailbox)
        ordered = await service.order(await service.platform())
        clock.moment += timedelta(seconds=settings.links.valid_s + 1)
        browser = service.browser()
        problem(
            await browser.post("/v1/seller/preview", json={"token": token_of(ordered)}), "link-expired", 410
        )
        problem(
            await browser.post("/v1/seller/session", json={"token": token_of(ordered)}), "link-expired", 410
        )


async def test_unknown_link_and_no_session(tmp_path: Path) -> None:
    """Neither a made-up token nor a made-up cookie opens anything."""
    async with open_test_service(tmp_path) as service:
        browser = service.browser()
        problem(await browser.post("/v1/seller/preview", json={"token": "made-up"}), "link-unknown", 404)
        problem(await browser.get("/v1/seller/inspection"), "session-missing", 401)
        browser.cookies.set(SELLER_COOKIE, "made-up")
        problem(await browser.get("/v1/seller/inspection"), "session-missing", 401)


async def test_cookie_of_one_inspection_does_not_open_another(tmp_path: Path) -> None:
    """With a session of their own, a seller still needs the other link's own right."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        one, other = await service.order(platform), await service.order(platform)
        seller = await service.seller(one)
        await service.seller(other)
        refused = await seller.post("/v1/seller/session", json={"token": token_of(other)})
        problem(refused, "link-used-elsewhere", 409)
        assert (await seller.get("/v1/seller/inspection")).json()["inspection"]["id"] == one["id"]


async def test_session_cookies_are_out_of_reach_for_scripts_and_foreign_pages(tmp_path: Path) -> None:
    """HttpOnly, SameSite=Strict, and Secure as soon as people come by HTTPS."""
    async with open_test_service(tmp_path, public_url="https://inspect.example") as service:
        ordered = await service.order(await service.platform())
        browser = service.browser()
        browser.headers["Origin"] = "https://inspect.example"
        answer = await browser.post("/v1/seller/session", json={"token": token_of(ordered)})
        cookie = answer.headers["set-cookie"]
        for part in (f"{SELLER_COOKIE}=", "HttpOnly", "SameSite=strict", "Secure", "Path=/"):
            assert part in cookie
        await service.running.services.identity.create_operator("op@example.com", "Olivia", PASSWORD)
        answer = await browser.post(
            "/v1/operator/login", json={"email": "op@example.com", "password": PASSWORD}
        )
        for part in (f"{OPERATOR_COOKIE}=", "HttpOnly", "SameSite=strict", "Secure"):
            assert part in answer.headers["set-cookie"]


async def test_foreign_page_cannot_act_with_our_cookie(tmp_path: Path) -> None:
    """A request that changes something needs our own Origin, and one without any is refused too."""
    async with open_test_service(tmp_path) as service:
        seller = await service.seller(await service.order(await service.platform()))
        operator = await service.operator()
        for client, path in ((seller, "/v1/seller/help"), (operator, "/v1/operator/logout")):
            for origin in ("https://evil.example", "null", ""):
                client.headers["Origin"] = origin
                problem(await client.post(path), "origin-refused", 403)
            client.headers["Origin"] = ORIGIN
        assert (await seller.post("/v1/seller/help")).status_code == 200


async def test_operator_signs_out(tmp_path: Path) -> None:
    """After signing out the cookie opens nothing, also when it was copied."""
    async with open_test_service(tmp_path) as service:
        operator = await service.operator()
        copied = dict(operator.cookies)
        assert (await operator.get("/v1/operator/me")).json()["operator"]["name"] == "Olivia"
        assert (await operator.post("/v1/operator/logout")).status_code == 204
        thief = service.browser()
        thief.cookies.update(copied)
        problem(await thief.get("/v1/operator/me"), "session-missing", 401)


async def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    """After a score of tries from one place, the door says when to come back."""
    async with open_test_service(tmp_path) as service:
        browser = service.browser()
        answers: list[httpx.Response] = []
        while not answers or answers[-1].status_code != 429:
            answers.append(await browser.post("/v1/seller/takeover", json={"token": f"guess-{len(answers)}"}))
            assert len(answers) < 50
        assert problem(answers[-1], "rate-limited", 429)["retry_after_s"] > 0
        assert int(answers[-1].headers["retry-after"]) > 0
        assert {answer.status_code for answer in answers[:-1]} == {404}
