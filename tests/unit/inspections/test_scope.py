"""Tenants never meet, writers never lose each other's changes, lists have an end."""

import asyncio
from typing import Any

import pytest

from inspection_service.errors import InvalidInput
from inspection_service.inspections.errors import IdempotencyKeyReused, InspectionUnknown, VersionConflict
from inspection_service.inspections.records import CaptureId, FindingId, StepId, TenantId, Vehicle
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.requests import (
    IdempotencyKey,
    NewCapture,
    NewFinding,
    NewUpload,
    Order,
    Verdict,
)
from inspection_service.inspections.scope import AllTenants, TenantScope
from inspection_service.testing import Backend

pytestmark = pytest.mark.unit

ORDER = Order(vehicle=Vehicle(plate="AB-123-CD"), checklist="listing-12", language="fr")


async def test_nothing_of_another_tenant_exists(backend: Backend) -> None:
    """Every act and every question, asked within another tenant's scope, finds no such inspection."""
    seller = await backend.joined()
    capture = await backend.judged(seller, "front")
    case, by = seller.inspection_id, backend.operator.actor
    other = await backend.identity.create_tenant("Other")
    theirs = backend.inspections.of(other.id)
    new = NewCapture(CaptureId("x"), StepId("front"), b"x")
    finding = NewFinding(capture.id, "dent", None, None, None)
    attempts: list[Any] = [
        theirs.get(case),
        theirs.dossier(case),
        theirs.summary(case),
        theirs.events(case),
        theirs.capture(case, capture.id),
        theirs.photo(case, capture.id),
        theirs.report_files(case),
        theirs.invite(case, by=by),
        theirs.cancel(case, by=by),
        theirs.expire(case),
        theirs.join(case, by=by),
        theirs.give_consents(case, {"photos": True}, by=by),
        theirs.enter_step(case, StepId("front"), by=by),
        theirs.create_upload(case, NewUpload(CaptureId("x"), None, 1, None), by=by),
        theirs.upload(case, "upl"),
        theirs.append(case, "upl", 0, b"x"),
        theirs.finish(case, "upl"),
        theirs.drop(case, "upl"),
        theirs.receive_capture(case, new, by=by),
        theirs.keep(case, capture.id, "x", by=by),
        theirs.skip(case, StepId("front"), "x", by=by),
        theirs.declare_damage(case, "c", "x", [], by=by),
        theirs.dispute(case, FindingId("f"), "x", by=by),
        theirs.ask_help(case, by=by),
        theirs.submit(case, by=by),
        theirs.reopen(case, by=by),
        theirs.claim(case, by=by),
        theirs.release(case, by=by),
        theirs.accept(case, capture.id, by=by),
        theirs.ask_retake(case, capture.id, "blur", by=by),
        theirs.override(case, capture.id, "x", by=by),
        theirs.edit_odometer(case, "1", "km", by=by),
        theirs.make_statement(case, "bonnet", "ok", by=by),
        theirs.add_finding(case, finding, by=by),
        theirs.judge_finding(case, FindingId("f"), Verdict(None), by=by),
        theirs.sign_off(case, by=by),
        theirs.record_unreadable(case, capture.id, "x"),
        theirs.note(case, "call.opened", {}, by=by),
    ]
    before = await backend.dossier(case)
    for attempt in attempts:
        with pytest.raises(InspectionUnknown):
            await attempt
    assert await backend.dossier(case) == before
    assert (await theirs.page()).items == ()
    assert (await theirs.queue()).items == ()
    for work in (theirs.to_judge, theirs.to_seal, theirs.to_expire, theirs.to_finish, theirs.to_drop):
        assert await work() == []


async def test_an_inspection_cannot_be_put_into_another_tenant(backend: Backend) -> None:
    """The scope also holds for what is added."""
    inspection, _ = await backend.ordered()
    async with backend.database.write() as transaction:
        repository = Repository(transaction.connection, TenantScope(TenantId("ten_other")))
        with pytest.raises(InspectionUnknown):
            await repository.insert(inspection)


async def test_sixty_writers_at_once_lose_nothing(backend: Backend) -> None:
    """Every event has its own number and the version counts every write."""
    seller = await backend.joined()
    before = await backend.dossier(seller.inspection_id)
    acts = (
        backend.inspections.note(seller.inspection_id, "command.sent", {"id": n}, by=backend.operator.actor)
        for n in range(60)
    )
    await asyncio.gather(*acts)
    after = await backend.dossier(seller.inspection_id)
    written = after.events[len(before.events) :]
    assert sorted(event.data["id"] for event in written) == list(range(60))
    assert [event.seq for event in after.events] == list(range(1, len(after.events) + 1))
    assert after.inspection.version == before.inspection.version + 60


async def test_a_stale_copy_is_not_written(backend: Backend) -> None:
    """Compare and set: the version must be the one that was read."""
    inspection, _ = await backend.ordered()
    async with backend.database.write() as transaction:
        repository = Repository(transaction.connection, AllTenants())
        first, second = await repository.case(inspection.id), await repository.case(inspection.id)
        await first.save(first.inspection)
        with pytest.raises(VersionConflict):
            await second.save(second.inspection)


async def test_an_order_happens_once_for_one_key(backend: Backend) -> None:
    """Sent five times at once, then again after the inspection moved on: one inspection, one link, one answer."""
    key = IdempotencyKey("order-1", "b" * 64)
    orders = [backend.identity.order(backend.platform, ORDER, key=key) for _ in range(5)]
    answers = await asyncio.gather(*orders)
    first, link = answers[0]
    await backend.identity.spend(link.token)
    answers.append(await backend.identity.order(backend.platform, ORDER, key=key))
    assert {answer[0].inspection.id for answer in answers} == {first.inspection.id}
    assert {answer[1] for answer in answers} == {link}
    assert all(answer[0].inspection == first.inspection for answer in answers)
    assert sum(not answer[0].is_replay for answer in answers) == 1
    assert len((await backend.inspections.page()).items) == 1
    with pytest.raises(IdempotencyKeyReused):
        await backend.identity.order(backend.platform, ORDER, key=IdempotencyKey("order-1", "c" * 64))
    with pytest.raises(InvalidInput):
        await backend.identity.order(backend.platform, ORDER, key=IdempotencyKey("", "c" * 64))


async def test_pages_show_each_inspection_once(backend: Backend) -> None:
    """Newest first, also when all were ordered in the same moment."""
    ids = []
    for number in range(7):
        if number % 3 == 0:
            backend.clock.advance(seconds=1)
        ids.append((await backend.ordered())[0].id)
    seen: list[str] = []
    cursor = None
    while True:
        page = await backend.inspections.page(cursor=cursor, limit=2)
        seen += [dossier.inspection.id for dossier in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids)
    assert seen[0] == ids[-1]
    for wrong in ("nonsense", "Zm9v", "MjAyNi0xMS0yMiBpbnM="):
        with pytest.raises(InvalidInput):
            await backend.inspections.page(cursor=wrong)


async def test_a_dossier_is_one_moment(backend: Backend) -> None:
    """Readers during many writes always see events that match the inspection they came with."""
    seller = await backend.joined()
    base = await backend.dossier(seller.inspection_id)
    offset = base.inspection.version - base.event_seq

    async def write() -> None:
        for number in range(20):
            await backend.inspections.note(
                seller.inspection_id, "command.sent", {"id": number}, by=backend.operator.actor
            )

    async def read() -> None:
        for _ in range(20):
            dossier = await backend.dossier(seller.inspection_id)
            assert dossier.inspection.version - dossier.event_seq == offset

    await asyncio.gather(write(), read(), read())


async def test_listeners_hear_after_the_commit_only(backend: Backend) -> None:
    """What a listener is told of can be read; what was refused is never told."""
    seller = await backend.joined()
    async with backend.bus.subscribe(seller.inspection_id) as mine, backend.bus.subscribe() as everything:
        with pytest.raises(InvalidInput):
            await backend.inspections.skip(seller.inspection_id, StepId("front"), " ", by=seller.actor)
        await backend.inspections.ask_help(seller.inspection_id, by=seller.actor)
        await backend.ordered()
        heard = await mine.next(1)
        assert heard is not None
        assert heard.event.kind == "help.asked"
        assert heard.event in await backend.inspections.events(seller.inspection_id)
        assert await mine.next(0.001) is None
        kinds = [told.event.kind for told in [await everything.next(1) for _ in range(3)] if told]
        assert kinds == ["help.asked", "inspection.ordered", "inspection.invited"]
