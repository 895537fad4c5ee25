"""Messages to sellers: due by the records, sent once, never at night, never to who said no."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inspection_service.errors import Closed
from inspection_service.identity.errors import LinkUnknown, MessageRefused
from inspection_service.identity.messages import Matter, day_and_hour, message_of
from inspection_service.identity.messenger import Message
from inspection_service.inspections.errors import NoAddress, QuotaExceeded, RemindersStopped
from inspection_service.inspections.records import Actor, Contact, InspectionId, Vehicle
from inspection_service.inspections.reminding import GIVE_UP_AFTER, LEASE, by_day
from inspection_service.inspections.requests import Order
from inspection_service.settings import MessageSettings
from inspection_service.testing import Backend
from inspection_service.work.reminding import Reminders

pytestmark = pytest.mark.unit
SETTINGS = MessageSettings()
ALWAYS = MessageSettings(quiet_from_h=0, quiet_until_h=0)
BASE = "https://inspect.example"


def reminders(backend: Backend, settings: MessageSettings = SETTINGS, messenger: Any = None) -> Reminders:
    """The sender as the service makes it."""
    return Reminders(backend.inspections, backend.identity, messenger or backend.messenger, settings, BASE)


async def look(backend: Backend, settings: MessageSettings = SETTINGS, messenger: Any = None) -> None:
    """One look of the reconciler."""
    for work in reminders(backend, settings, messenger).works():
        for ids in await work.find():
            await work.do(*ids)


async def kinds(backend: Backend, inspection_id: InspectionId) -> list[tuple[str, str | None]]:
    """What became of each message."""
    return [(r.kind, r.outcome) for r in await backend.inspections.reminders(inspection_id)]


async def test_an_invitation_carries_a_link_that_opens_beside_the_first(backend: Backend) -> None:
    """Both links lead in; the message says who asks, and how long it takes."""
    order = Order(
        Vehicle(),
        "listing-12",
        "fr",
        contact=Contact(email="s@example.com"),
        send_link=True,
    )
    placed, first = await backend.identity.order(backend.platform, order)
    await look(backend)
    (sent,) = backend.messenger.sent
    assert sent.to == "s@example.com"
    assert "Autoscope" in sent.text
    assert "8 minutes" in sent.text
    token = sent.text.split(f"{BASE}/s#", 1)[1].split()[0]
    for each in (token, first.token):
        assert (await backend.identity.preview(each)).inspection_id == placed.inspection.id
    assert await kinds(backend, placed.inspection.id) == [("invitation", "sent")]
    events = await backend.inspections.events(placed.inspection.id)
    (told,) = [event for event in events if event.kind == "reminder.sent"]
    assert "s@example.com" not in str(told.data)
    assert token not in str(told.data)
    await backend.identity.open_link(
        placed.inspection.tenant_id, placed.inspection.id, by=backend.platform.actor
    )
    with pytest.raises(LinkUnknown):
        await backend.identity.preview(token)


async def test_a_seller_who_has_not_begun_is_reminded_once_after_a_day(backend: Backend) -> None:
    inspection, _ = await backend.ordered()
    await look(backend)
    backend.clock.advance(hours=23)
    await look(backend)
    assert backend.messenger.sent == []
    backend.clock.advance(hours=1)
    for _ in range(3):
        await look(backend)
    assert len(backend.messenger.sent) == 1
    assert backend.messenger.sent[0].subject == "Rappel : les photos de votre voiture"
    backend.clock.advance(days=3)
    await look(backend)
    assert await kinds(backend, inspection.id) == [("start", "sent")]


async def test_who_began_or_has_no_address_or_a_cancelled_order_hears_nothing(backend: Backend) -> None:
    await backend.joined()
    await backend.ordered(contact=Contact(name="Nobody"))
    cancelled, _ = await backend.ordered()
    await backend.inspections.cancel(cancelled.id, by=backend.platform.actor)
    backend.clock.advance(hours=25)
    await look(backend)
    assert backend.messenger.sent == []


async def test_a_deadline_is_told_a_day_before_in_the_sellers_own_time(backend: Backend) -> None:
    """Also to a seller who is on the way; one message at a time."""
    deadline = backend.clock.now() + timedelta(days=4, hours=2)
    seller = await backend.joined(deadline_at=deadline)
    backend.clock.advance(days=3, hours=1)
    await look(backend)
    assert backend.messenger.sent == []
    backend.clock.advance(hours=2)
    await look(backend)
    await look(backend)
    (sent,) = backend.messenger.sent
    assert "26 novembre à 15:00" in sent.text  # 14:00 UTC
    assert await kinds(backend, seller.inspection_id) == [("deadline", "sent")]


async def test_nobody_is_woken(backend: Backend) -> None:
    """What falls due at night goes in the morning, by the clock of the sellers' country."""
    await backend.ordered()
    backend.clock.advance(hours=33)  # 21:00 UTC, 22:00 in Paris
    await look(backend)
    assert backend.messenger.sent == []
    backend.clock.advance(hours=10)  # 07:00 UTC, 08:00 in Paris
    await look(backend)
    assert len(backend.messenger.sent) == 1


async def test_a_reminder_that_was_held_up_does_not_come_at_night(backend: Backend) -> None:
    """A mail server that comes back in the evening; an invitation, which somebody just ordered, does not wait."""
    inspection, _ = await backend.ordered()
    await backend.inspections.ask_reminder(inspection.id, SETTINGS, by=backend.platform.actor)
    backend.messenger.is_broken = True
    await look(backend)
    backend.messenger.is_broken = False
    backend.clock.advance(hours=10)
    await look(backend)
    assert backend.messenger.sent == []
    await backend.inspections.plan_reminder(inspection.id, "invitation", 1)
    await look(backend)
    assert len(backend.messenger.sent) == 1
    backend.clock.advance(hours=10)
    await look(backend)
    assert len(backend.messenger.sent) == 2


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 11, 22, 12, tzinfo=UTC), None),
        (datetime(2026, 11, 22, 20, 30, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)),
        (datetime(2026, 11, 22, 5, tzinfo=UTC), datetime(2026, 11, 22, 7, tzinfo=UTC)),
        # The night in which summer time begins: 8:00 is 6:00 UTC.
        (datetime(2027, 3, 27, 22, tzinfo=UTC), datetime(2027, 3, 28, 6, tzinfo=UTC)),
    ],
)
def test_a_night_ends_in_the_morning_of_the_sellers_country(at: datetime, until: datetime | None) -> None:
    assert by_day(at, SETTINGS) == (until or at)
    assert by_day(at, MessageSettings(quiet_from_h=8, quiet_until_h=8)) == at


async def test_a_platform_may_ask_for_some_and_no_more(backend: Backend) -> None:
    """Twice before it went is one; at night it waits; enough is enough; a closed case has nobody to remind."""
    inspection, _ = await backend.ordered()
    room, by = backend.inspections, backend.platform.actor
    settings = MessageSettings(max_reminders=2)
    backend.clock.advance(hours=10)  # 23:00 in Paris
    first = await room.ask_reminder(inspection.id, settings, by=by)
    assert (await room.ask_reminder(inspection.id, settings, by=by)).id == first.id
    assert first.due_at == datetime(2026, 11, 23, 7, tzinfo=UTC)
    await look(backend, settings)
    assert backend.messenger.sent == []
    backend.clock.advance(hours=9, minutes=30)
    await look(backend, settings)
    assert len(backend.messenger.sent) == 1
    await room.ask_reminder(inspection.id, settings, by=by)
    await look(backend, settings)
    with pytest.raises(QuotaExceeded):
        await room.ask_reminder(inspection.id, settings, by=by)
    nobody, _ = await backend.ordered(contact=Contact())
    with pytest.raises(NoAddress):
        await room.ask_reminder(nobody.id, settings, by=by)
    await room.cancel(inspection.id, by=by)
    with pytest.raises(Closed):
        await room.ask_reminder(inspection.id, settings, by=by)


async def test_who_says_no_more_gets_no_more(backend: Backend) -> None:
    """Also what was planned already; a foreign token stops nothing."""
    inspection, _ = await backend.ordered()
    await backend.inspections.ask_reminder(inspection.id, SETTINGS, by=backend.platform.actor)
    identity = backend.identity
    with pytest.raises(LinkUnknown):
        identity.check_stop_token(inspection.id, identity.stop_token(InspectionId("ins_other")))
    identity.check_stop_token(inspection.id, identity.stop_token(inspection.id))
    for _ in range(2):
        await backend.inspections.stop_reminders(inspection.id, by=Actor("seller", inspection.id))
    backend.clock.advance(hours=25)
    await look(backend)
    assert backend.messenger.sent == []
    assert await kinds(backend, inspection.id) == [("asked", "not_needed")]
    with pytest.raises(RemindersStopped):
        await backend.inspections.ask_reminder(inspection.id, SETTINGS, by=backend.platform.actor)


async def test_a_mail_server_that_is_away_is_tried_ever_more_rarely_and_not_for_ever(
    backend: Backend,
) -> None:
    inspection, _ = await backend.ordered()
    await backend.inspections.ask_reminder(inspection.id, ALWAYS, by=backend.platform.actor)
    backend.messenger.is_broken = True
    tries = 0
    pauses_s = []
    while (waiting := (await backend.inspections.reminders(inspection.id))[0]).sent_at is None:
        pauses_s.append((waiting.due_at - backend.clock.now()).total_seconds())
        backend.clock.advance(seconds=pauses_s[-1])
        tries += len(await backend.inspections.to_send(ALWAYS))
        await look(backend, ALWAYS)
    assert tries == GIVE_UP_AFTER
    assert pauses_s == [0, *(60 * 2**n for n in range(GIVE_UP_AFTER - 1))]
    assert ("asked", "failed") in await kinds(backend, inspection.id)


async def test_an_address_that_refuses_is_asked_once(backend: Backend) -> None:
    class Refusing:
        async def send(self, _message: Message) -> None:
            raise MessageRefused

    inspection, _ = await backend.ordered()
    await backend.inspections.ask_reminder(inspection.id, SETTINGS, by=backend.platform.actor)
    for _ in range(3):
        await look(backend, messenger=Refusing())
        backend.clock.advance(minutes=5)
    assert await kinds(backend, inspection.id) == [("asked", "refused")]
    events = await backend.inspections.events(inspection.id)
    assert [e.data["reason"] for e in events if e.kind == "reminder.failed"] == ["refused"]


async def test_of_two_workers_one_sends_and_a_dead_one_is_followed(backend: Backend) -> None:
    """A message in hand is nobody else's until its worker has been silent for some minutes; then the same link goes."""
    inspection, _ = await backend.ordered()
    await backend.inspections.ask_reminder(inspection.id, SETTINGS, by=backend.platform.actor)
    (planned,) = await backend.inspections.to_send(ALWAYS)
    taken = await asyncio.gather(*(backend.inspections.begin_reminder(planned) for _ in range(4)))
    assert sorted(taken) == [False, False, False, True]
    await look(backend)  # the one that took it died
    assert backend.messenger.sent == []
    backend.clock.advance(seconds=LEASE.total_seconds() + 1)
    await look(backend)
    assert len(backend.messenger.sent) == 1
    links = [
        (await backend.identity.link_of_message(planned.tenant_id, inspection.id, planned.id)).token
        for _ in range(2)
    ]
    assert links[0] == links[1]
    assert links[0] in backend.messenger.sent[0].text


async def test_more_photos_are_one_message_for_all_that_was_asked_in_a_row(backend: Backend) -> None:
    seller = await backend.joined()
    by = backend.platform.actor
    for text in ("Le carnet, page 3.", "Le pneu."):
        await backend.inspections.ask_photo(seller.inspection_id, text, by=by)
        backend.clock.advance(seconds=20)
    await look(backend)
    assert backend.messenger.sent == []
    backend.clock.advance(minutes=1)
    await look(backend)
    await look(backend)
    (sent,) = backend.messenger.sent
    assert sent.subject == "Encore quelques photos de votre voiture"
    await backend.inspections.ask_photo(seller.inspection_id, "Le moteur.", by=by)
    backend.clock.advance(minutes=2)
    await look(backend)
    assert len(backend.messenger.sent) == 2


async def test_nothing_leaves_a_sandbox(backend: Backend) -> None:
    """Its addresses may be anybody's; its log says what would have been sent."""
    tenant = await backend.identity.create_tenant("Sandbox", kind="sandbox")
    platform = await backend.identity.platform(await backend.identity.issue_key(tenant.id))
    order = Order(
        Vehicle(),
        "listing-12",
        "en",
        contact=Contact(email="s@example.com"),
        send_link=True,
        reference="sandbox:seller-never-comes",
    )
    placed, _ = await backend.identity.order(platform, order)
    backend.clock.advance(hours=25)
    await look(backend)
    assert backend.messenger.sent == []
    assert await kinds(backend, placed.inspection.id) == [("invitation", "sandbox")]


@pytest.mark.parametrize("channel", ["email", "phone"])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("about", ["invitation", "start", "deadline", "photos", "asked"])
def test_every_message_is_short_and_says_who_and_where(channel: Any, language: Any, about: Any) -> None:
    """Also for a platform whose name would break out of a subject."""
    deadline = datetime(2026, 11, 26, 15, 5, tzinfo=UTC)
    matter = Matter(about, "Evil\r\nBcc: x {0} " + "n" * 200, 8, f"{BASE}/s#token", f"{BASE}/stop", deadline)
    message = message_of(channel, "to", language, matter)
    assert "\n" not in message.subject
    assert len(message.subject) < 130
    assert f"{BASE}/s#token" in message.text
    assert message.stop_url == f"{BASE}/stop"
    assert len(message.text) < 420
    if about == "deadline":
        assert day_and_hour(deadline, language) in message.text
