"""Messages to the seller through the doors: invited, reminded, stopped, and never told to whom."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.service import CONTACT, ORIGIN, open_test_service, problem

pytestmark = pytest.mark.integration


async def test_a_seller_is_invited_reminded_and_stops_it(tmp_path: Path) -> None:
    """From `send_link` to the page that says: no more; looking at that page alone stops nothing."""
    async with open_test_service(tmp_path, messages={"quiet_from_h": 0, "quiet_until_h": 0}) as service:
        platform = await service.platform()
        refused = await platform.post("/v1/inspections", json={"checklist": "listing-12", "send_link": True})
        problem(refused, "validation", 422)
        ordered = await service.order(platform, contact=CONTACT, send_link=True)
        await service.work()
        (invitation,) = service.mailbox.messages
        token = invitation.text.split(f"{ORIGIN}/s#", 1)[1].split()[0]
        opened = await service.browser().post("/v1/seller/session", json={"token": token})
        assert opened.status_code == 200

        url = f"/v1/inspections/{ordered['id']}/reminders"
        asked = await platform.post(url)
        assert asked.status_code == 202, asked.text
        assert (asked.json()["kind"], asked.json()["outcome"]) == ("asked", None)
        await service.work()
        reminder = service.mailbox.messages[-1]
        listed = (await platform.get(url)).json()["items"]
        assert [(each["kind"], each["outcome"]) for each in listed] == [
            ("invitation", "sent"),
            ("asked", "sent"),
        ]
        assert CONTACT["email"] not in (await platform.get(url)).text
        problem(await (await service.platform("Other")).get(url), "inspection-unknown", 404)

        found = re.search(re.escape(ORIGIN) + r"(\S+stop\S+)", reminder.text)
        assert found is not None
        stop = found[1]
        mail_program = service.browser()
        page = await mail_program.get(stop)
        assert page.status_code == 200
        assert '<form method="post">' in page.text
        assert (await platform.post(url)).status_code == 202
        await service.work()
        assert len(service.mailbox.messages) == 3
        done = await mail_program.post(stop, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert "no more reminders" in done.text
        problem(await platform.post(url), "reminders-stopped", 409)
        wrong = urlsplit(stop)
        guess = f"{wrong.path}?case={ordered['id']}&token={'A' * 22}"
        problem(await mail_program.post(guess), "link-unknown", 404)
        problem(
            await platform.post(f"/v1/inspections/{(await service.order(platform))['id']}/reminders"),
            "no-address",
            409,
        )
