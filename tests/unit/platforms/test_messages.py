"""What a message says, when it is tried again, and who may send how much at once."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from inspection_service.errors import InvalidInput
from inspection_service.inspections.records import Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.inspections.scrubbing import scrub
from inspection_service.platforms.errors import PingedTooOften
from inspection_service.platforms.kinds import KINDS, PING, TOLD_EVENTS, kind_of, message_id
from inspection_service.platforms.lanes import SLOW_S, Lanes
from inspection_service.platforms.pauses import PATIENCE, PAUSES_S, pause_after
from inspection_service.testing import Backend
from tests.unit.platforms.receivers import desk_of

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[3]


def test_every_kind_comes_from_an_event_we_write_and_is_documented() -> None:
    """No promise without an event behind it, none without a word in docs/webhooks.md."""
    assert sorted({kind_of(event) or "" for event in TOLD_EVENTS}) == sorted(KINDS)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "inspection_service/inspections").glob("*.py")
    )
    for event in TOLD_EVENTS - {"publication.approved", "publication.withdrawn"}:
        assert f'"{event}"' in written, event
    assert 'f"publication.{act}"' in written
    documented = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    for kind in (*KINDS, PING):
        assert f"| `{kind}` |" in documented, kind


async def test_a_message_says_ids_and_states_and_nothing_personal(backend: Backend) -> None:
    """The platform's own reference is added when it is sent and rests nowhere beside the inspection."""
    desk = desk_of(backend)
    await desk.endpoint()
    seller = await backend.joined()
    await backend.complete(seller)
    await desk.delivering.run_once()
    kinds = [sent.message["type"] for sent in desk.poster.sent]
    assert kinds[:3] == ["inspection.ordered", "inspection.invited", "inspection.started"]
    assert {"capture.received", "capture.judged", "capture.accepted", "inspection.submitted"} < set(kinds)
    assert [sent.message["data"]["state"] for sent in desk.poster.sent][-1] == "review"
    text = "".join(sent.body for sent in desk.poster.sent)
    for personal in ("Sophie", "sophie@example.com", "AB-123-CD", "Clio"):
        assert personal not in text
    for sent in desk.poster.sent:
        assert list(sent.message) == ["type", "timestamp", "data"]
        assert list(sent.message["data"])[:4] == ["inspection_id", "reference", "state", "seq"]
        assert "\n" not in sent.body


async def test_an_erased_reference_is_not_sent(backend: Backend) -> None:
    """What was not delivered yet is delivered without it."""
    desk = desk_of(backend)
    await desk.endpoint(kinds=["inspection.ordered"])
    order = Order(vehicle=Vehicle(), checklist="listing-12", language="en", reference="Mr Martin's Clio")
    (kept, _), (erased, _) = [
        await backend.identity.order(backend.platform, replace(order, purpose=purpose))
        for purpose in ("listing", "return")
    ]
    async with backend.database.write() as transaction:
        await scrub(transaction.connection, erased.inspection.id)
    assert all("Martin" not in each.payload for each in await desk.all())
    await desk.delivering.run_once()
    told = {sent.message["data"]["inspection_id"]: sent.message["data"] for sent in desk.poster.sent}
    assert told[kept.inspection.id]["reference"] == "Mr Martin's Clio"
    assert told[erased.inspection.id]["reference"] is None


def test_a_name_is_the_events_everywhere() -> None:
    """No full stop in it: it stands in front of one in what is signed."""
    assert message_id("ins_a1", 7, "del_1") == message_id("ins_a1", 7, "del_2") == "msg_a1_7"
    assert re.fullmatch(r"[a-z0-9_]+", message_id(None, None, "del_b2"))


def test_pauses_grow_and_end_within_a_day() -> None:
    """Each is at least the one before; more is waited when the endpoint asks for it, but not for ever."""
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert 23 * 3600 < sum(PAUSES_S) < PATIENCE.total_seconds()
    pauses = [pause_after(n, chance=1.0) for n in range(1, len(PAUSES_S) + 2)]
    assert pauses[-1] is None
    assert [pause.total_seconds() for pause in pauses if pause] == [s * 1.2 for s in PAUSES_S]
    busy = pause_after(1, retry_after_s=600, chance=0.0)
    assert busy is not None
    assert busy.total_seconds() == 600
    endless = pause_after(1, retry_after_s=10**9, chance=0.0)
    assert endless is not None
    assert endless.total_seconds() == 7200


def test_endpoints_that_fail_have_a_narrow_lane_of_their_own() -> None:
    """However many there are and however much waits for them, those that answer well keep all of theirs."""
    lanes = Lanes(at_once=8, at_once_each=4)
    assert lanes.free("good") == 4
    for number in range(100):
        lanes.learn(f"dead-{number}", is_good=False, seconds=10)
    begun = 0
    for number in range(100):
        if lanes.free(f"dead-{number}"):
            lanes.begin(f"dead-{number}")
            begun += 1
            assert lanes.free(f"dead-{number}") == 0
    assert begun == 4
    lanes.learn("slow", is_good=True, seconds=SLOW_S + 1)
    assert lanes.free("slow") == 0
    assert lanes.free("good") == 4
    held = [lanes.begin("good") for _ in range(4)]
    assert (lanes.free("good"), lanes.free("other"), lanes.under_way) == (0, 4, 8)
    for lane in held:
        lanes.end("good", lane)
    lanes.end("dead-0", "other")
    lanes.learn("dead-0", is_good=True, seconds=0.1)
    assert lanes.free("dead-0") == 4
    assert lanes.free("slow") == 1


async def test_a_test_message_is_sent_at_once_and_never_again(backend: Backend) -> None:
    """Also to an endpoint out of use; its answer is kept; ten a minute and no more."""
    desk = desk_of(backend)
    tenant_id = backend.platform.tenant_id
    endpoint = await desk.endpoint()
    await desk.endpoints.change(tenant_id, endpoint.id, enabled=False)
    good = await desk.deliveries.ping(tenant_id, endpoint.id)
    assert (good.state, good.kind, good.tries[0].status) == ("delivered", PING, 204)
    assert json.loads(desk.poster.sent[0].body)["data"] == {"webhook_id": endpoint.id}
    desk.poster.says = 500
    bad = await desk.deliveries.ping(tenant_id, endpoint.id)
    assert (bad.state, bad.tries[0].fault) == ("failed", "status")
    assert await desk.delivering.run_once() == 0
    with pytest.raises(InvalidInput):
        await desk.deliveries.replay(tenant_id, bad.id)
    for _ in range(8):
        await desk.deliveries.ping(tenant_id, endpoint.id)
    with pytest.raises(PingedTooOften):
        await desk.deliveries.ping(tenant_id, endpoint.id)
    backend.clock.advance(minutes=1)
    await desk.deliveries.ping(tenant_id, endpoint.id)
