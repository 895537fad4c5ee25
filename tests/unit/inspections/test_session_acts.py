"""Levels of consent, calls read from the log, words, help, and who holds a case."""

import pytest

from inspection_service.errors import Closed, Conflict
from inspection_service.identity.records import Operator, Seller
from inspection_service.inspections import views
from inspection_service.inspections.changes import EVENTS_MAX
from inspection_service.inspections.errors import (
    CaseClaimed,
    ClaimNeeded,
    InspectionUnknown,
    OperatorUnknown,
    PhoneInvalid,
    QuotaExceeded,
    TextInvalid,
)
from inspection_service.inspections.needs import Need
from inspection_service.inspections.records import (
    SERVICE,
    Event,
    InspectionId,
    LiveLevel,
    OperatorId,
    StepId,
    TenantId,
)
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.scope import AllTenants
from inspection_service.testing import PASSWORD, Backend, judgement
from tests.unit.inspections.queue_rules import check_queue

pytestmark = pytest.mark.unit


async def colleague(backend: Backend, name: str = "Robin") -> Operator:
    return await backend.identity.create_operator(f"{name.lower()}@example.com", name, PASSWORD)


async def kinds(backend: Backend, seller: Seller) -> list[str]:
    return [event.kind for event in (await backend.dossier(seller.inspection_id)).events]


async def level(backend: Backend, seller: Seller) -> LiveLevel:
    return views.live_level(await backend.dossier(seller.inspection_id))


async def test_a_level_includes_those_below_and_goes_with_those_it_stands_on(backend: Backend) -> None:
    """Steer gives watch and point; taking back watching takes back all; a bare yes to video raises nothing."""
    seller = await backend.joined()
    case, by, agree = seller.inspection_id, seller.actor, backend.inspections.give_consents
    assert await level(backend, seller) == "off"
    await agree(case, {"live_video": True}, by=by)
    assert await level(backend, seller) == "watch"
    await agree(case, {}, by=by, live_level="steer")
    assert await level(backend, seller) == "steer"
    await agree(case, {"live_video": True, "location": True}, by=by)
    assert await level(backend, seller) == "steer"
    await agree(case, {}, by=by, live_level="point")
    assert await level(backend, seller) == "point"
    await agree(case, {"live_video": False}, by=by)
    assert await level(backend, seller) == "off"
    told = [
        (event.kind.removeprefix("consent."), event.data["purpose"])
        for event in (await backend.dossier(case)).events
        if event.kind.startswith("consent.") and event.data["purpose"] not in ("photos", "location")
    ]
    assert told == [
        ("given", "live_video"),
        ("given", "pointing"),
        ("given", "steering"),
        ("withdrawn", "steering"),
        ("withdrawn", "live_video"),
        ("withdrawn", "pointing"),
    ]


async def test_a_call_is_read_from_the_log(backend: Backend) -> None:
    """Accepted and not ended: with its operator, whether it is paused, and who looks on; also after a restart."""
    seller = await backend.joined()
    case, operator = seller.inspection_id, backend.operator.actor
    robin = (await colleague(backend)).actor
    note, call = backend.inspections.note, {"call_id": "c1"}
    assert await backend.inspections.ongoing_call(case) is None
    await note(case, "call.opened", call, by=operator)
    assert await backend.inspections.ongoing_call(case) is None
    await note(case, "call.accepted", call, by=seller.actor)
    await note(case, "call.paused", call, by=seller.actor)
    await note(case, "viewer.joined", {"viewer_id": "v1"}, by=robin)
    await note(case, "viewer.joined", {"viewer_id": "v2"}, by=robin)
    await note(case, "viewer.left", {"viewer_id": "v1"}, by=robin)
    going = await backend.inspections.ongoing_call(case)
    assert going is not None
    assert (going.call_id, going.operator_id, going.operator_name) == ("c1", operator.id, "Alex")
    assert going.is_paused
    assert [(viewer.viewer_id, viewer.name) for viewer in going.viewers] == [("v2", "Robin")]
    await note(case, "call.resumed", call, by=seller.actor)
    await note(case, "call.ended", {"call_id": "another"}, by=operator)
    going = await backend.inspections.ongoing_call(case)
    assert going is not None
    assert not going.is_paused
    await note(case, "call.ended", call, by=operator)
    assert await backend.inspections.ongoing_call(case) is None
    await note(case, "call.opened", {"call_id": "c2"}, by=operator)
    await note(case, "call.declined", {"call_id": "c2"}, by=seller.actor)
    assert await backend.inspections.ongoing_call(case) is None


async def test_words_are_kept_beside_the_log(backend: Backend) -> None:
    """Both sides write; an operator needs the claim; a message sent twice is one; the log names it and no more."""
    seller = await backend.joined()
    case, operator = seller.inspection_id, backend.operator.actor
    asked = await backend.inspections.say(case, seller.actor, " Where is the odometer? ", client_id="m1")
    with pytest.raises(ClaimNeeded):
        await backend.inspections.say(case, operator, "Behind the wheel.")
    await backend.inspections.claim(case, by=operator)
    answered = await backend.inspections.say(
        case, operator, "Behind the wheel.", read_aloud=True, client_id="m1"
    )
    again = await backend.inspections.say(case, seller.actor, "Where is the odometer?", client_id="m1")
    assert again == asked
    assert await backend.inspections.messages(case) == (asked, answered)
    assert (asked.text, asked.read_aloud, answered.read_aloud) == ("Where is the odometer?", False, True)
    events = (await backend.dossier(case)).events
    assert [e.data for e in events if e.kind == "chat.said"] == [
        {"message_id": asked.id},
        {"message_id": answered.id},
    ]
    assert "odometer" not in repr(events)
    robin = (await colleague(backend)).actor
    with pytest.raises(CaseClaimed) as refused:
        await backend.inspections.say(case, robin, "Hello")
    assert refused.value.attributes["claimed_by"]["name"] == "Alex"
    for wrong in ("", " \x00 ", "x" * 501):
        with pytest.raises(TextInvalid):
            await backend.inspections.say(case, seller.actor, wrong)
    with pytest.raises(TextInvalid):
        await backend.inspections.say(case, seller.actor, "x", client_id="not an id")
    await backend.inspections.cancel(case, by=backend.platform.actor)
    with pytest.raises(Closed):
        await backend.inspections.say(case, seller.actor, "Hello?")


async def test_who_waits_learns_the_place_and_the_wait(backend: Backend) -> None:
    """Ahead are those who asked before; the wait is the median of the last ones, for each place; unknown is unknown."""
    first, second, third = [await backend.joined() for _ in range(3)]
    inspections = backend.inspections
    for seller in (first, second, third):
        await inspections.ask_help(seller.inspection_id, by=seller.actor)
        backend.clock.advance(seconds=10)
    line = await inspections.help_line(third.inspection_id)
    assert line is not None
    assert (line.ahead, line.wait_s) == (2, None)
    await inspections.claim(first.inspection_id, by=backend.operator.actor)  # waited for 30 s
    assert await inspections.help_line(first.inspection_id) is None
    line = await inspections.help_line(third.inspection_id)
    assert line is not None
    assert (line.ahead, line.wait_s) == (1, 60)
    backend.clock.advance(seconds=30)
    await inspections.claim(second.inspection_id, by=backend.operator.actor)  # waited for 50 s
    line = await inspections.help_line(third.inspection_id)
    assert line is not None
    assert (line.ahead, line.wait_s) == (0, 40)


async def test_asking_again_keeps_the_place_and_may_add_a_number(backend: Backend) -> None:
    """The number is kept in the record, never in the log; going on alone forgets it."""
    seller = await backend.joined()
    case, by, inspections = seller.inspection_id, seller.actor, backend.inspections
    await inspections.ask_help(case, by=by)
    asked = (await backend.dossier(case)).help
    backend.clock.advance(minutes=2)
    for wrong in ("call me", "+33", "0" * 16, "06 12\x0034", "1" * 41):
        with pytest.raises(PhoneInvalid):
            await inspections.ask_help(case, by=by, phone=wrong)
    await inspections.ask_help(case, by=by, phone="+33 (0)6-12.34 56/78")
    await inspections.ask_help(case, by=by)
    dossier = await backend.dossier(case)
    assert asked is not None
    assert dossier.help is not None
    assert (dossier.help.asked_at, dossier.help.phone) == (asked.asked_at, "+330612345678")
    assert [e.data["call_back"] for e in dossier.events if e.kind == "help.asked"] == [False, True]
    assert "12345678" not in repr(dossier.events)
    await inspections.withdraw_help(case, by=by)
    await inspections.withdraw_help(case, by=by)
    dossier = await backend.dossier(case)
    assert dossier.help is not None
    assert (dossier.help.phone, dossier.help.is_open) == (None, False)
    assert [e.kind for e in dossier.events].count("help.withdrawn") == 1
    assert not await inspections.help_waiting(case)


async def needs_of(backend: Backend, case: InspectionId) -> tuple[Need, ...]:
    """Return why somebody should look at a case now."""
    (entry,) = await backend.inspections.queued([case])
    return entry.needs


async def test_a_claim_answers_the_queue_and_a_call_or_a_word_the_seller(backend: Backend) -> None:
    """Until the holder calls or writes the seller still waits, and waits again in the old place when let go."""
    seller = await backend.joined()
    case, operator, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    assert not await inspections.help_waiting(case)
    await inspections.ask_help(case, by=seller.actor)
    asked_at = backend.clock.now()
    backend.clock.advance(minutes=1)
    await inspections.claim(case, by=operator)
    assert "help" not in await needs_of(backend, case)
    assert await inspections.help_waiting(case)
    await inspections.release(case, by=operator)
    assert (await inspections.queued([case]))[0].need_since == asked_at
    await inspections.claim(case, by=operator)
    await inspections.note(case, "call.opened", {"call_id": "c1"}, by=operator)
    assert not await inspections.help_waiting(case)
    await inspections.release(case, by=operator)
    assert await needs_of(backend, case) == ()
    answers = [e.data["how"] for e in (await backend.dossier(case)).events if e.kind == "help.answered"]
    assert answers == ["claim", "claim"]
    await inspections.claim(case, by=operator)
    await inspections.ask_help(case, by=seller.actor)
    assert await inspections.help_waiting(case)
    await inspections.say(case, operator, "I am here.")
    assert not await inspections.help_waiting(case)
    assert (await backend.dossier(case)).events[-1].data == {"how": "chat"}


async def test_an_old_claim_does_not_stand_for_a_waiting_seller(backend: Backend) -> None:
    """Half an hour after the case was taken a call rings again, and letting the case go wakes no old call for help."""
    seller = await backend.joined()
    case, inspections = seller.inspection_id, backend.inspections
    await inspections.ask_help(case, by=seller.actor)
    await inspections.claim(case, by=backend.operator.actor)
    backend.clock.advance(minutes=31)
    assert not await inspections.help_waiting(case)
    await inspections.release(case, by=backend.operator.actor)
    assert "help" not in await needs_of(backend, case)


async def test_help_works_wherever_the_seller_is(backend: Backend) -> None:
    """In review, and after signing; not before they came in, and not when it is over."""
    seller = await backend.joined()
    case, inspections = seller.inspection_id, backend.inspections
    await backend.complete(seller)
    await inspections.ask_help(case, by=seller.actor)
    assert "help" in await needs_of(backend, case)
    ordered, _ = await backend.ordered()
    with pytest.raises(Conflict):
        await inspections.ask_help(ordered.id, by=seller.actor)
    await inspections.cancel(case, by=backend.platform.actor)
    with pytest.raises(Closed):
        await inspections.ask_help(case, by=seller.actor)
    assert not await inspections.help_waiting(case)


async def test_a_case_is_handed_to_a_colleague_with_words(backend: Backend) -> None:
    """Only by its holder, only to somebody who is there; the words are for the colleague and not in the log."""
    seller = await backend.joined()
    case, alex, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    robin = await colleague(backend)
    with pytest.raises(ClaimNeeded):
        await inspections.hand_over(case, robin.id, by=alex)
    await inspections.claim(case, by=alex)
    for nobody in (OperatorId("opr_nobody"), OperatorId(alex.id)):
        with pytest.raises(OperatorUnknown):
            await inspections.hand_over(case, nobody, by=alex)
    await inspections.hand_over(case, robin.id, "Speaks no French.", by=alex)
    dossier = await backend.dossier(case)
    assert dossier.claimed_by_name == "Robin"
    assert dossier.inspection.handover is not None
    assert (dossier.inspection.handover.by.name, dossier.inspection.handover.note) == (
        "Alex",
        "Speaks no French.",
    )
    assert "French" not in repr(dossier.events)
    assert dossier.events[-1].kind == "operator.handed_over"
    with pytest.raises(CaseClaimed):
        await inspections.say(case, alex, "Still here")
    assert await inspections.cases_held() == {robin.id: 1}
    await inspections.release(case, by=robin.actor)
    assert (await inspections.get(case)).handover is None


async def test_a_case_can_be_taken_by_force_and_the_log_says_so(backend: Backend) -> None:
    """Who may is the door's to check; a free case is simply claimed."""
    seller = await backend.joined()
    case, alex, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    robin = (await colleague(backend)).actor
    await inspections.claim(case, by=alex, force=True)
    assert "operator.took_over" not in await kinds(backend, seller)
    with pytest.raises(CaseClaimed):
        await inspections.claim(case, by=robin)
    await inspections.claim(case, by=robin, force=True)
    assert (await inspections.get(case)).claimed_by == robin.id
    assert (await kinds(backend, seller))[-2:] == ["operator.took_over", "operator.claimed"]


async def test_nothing_of_a_session_is_found_in_another_tenant(backend: Backend) -> None:
    """Every new act and question, asked within another tenant's scope, finds no such inspection."""
    seller = await backend.joined()
    case, by = seller.inspection_id, seller.actor
    theirs = backend.inspections.of(TenantId("ten_other"))
    attempts = [
        theirs.say(case, by, "x"),
        theirs.messages(case),
        theirs.ongoing_call(case),
        theirs.help_waiting(case),
        theirs.help_line(case),
        theirs.withdraw_help(case, by=by),
        theirs.hand_over(case, OperatorId("o"), by=by),
        theirs.frames(case),
        theirs.recordings(case),
    ]
    for attempt in attempts:
        with pytest.raises(InspectionUnknown):
            await attempt
    assert await theirs.queued([case]) == ()
    assert await theirs.cases_held() == {}
    assert (await backend.inspections.queued([case, InspectionId("ins_none")]))[
        0
    ].outline.inspection.id == case


async def test_the_queue_is_in_one_order_over_all_its_pages(backend: Backend) -> None:
    """Help before failures before silence before signatures, the oldest first; then the newest; then what is over."""
    inspections, clock = backend.inspections, backend.clock
    silent = await backend.joined()
    clock.advance(minutes=9)
    over = await backend.joined()
    await inspections.cancel(over.inspection_id, by=backend.platform.actor)
    calm_old, calm_new = await backend.joined(), await backend.joined()
    helped_late, helped_first, stuck, skipped = [await backend.joined() for _ in range(4)]
    await inspections.ask_help(helped_first.inspection_id, by=helped_first.actor)
    clock.advance(seconds=5)
    await inspections.ask_help(helped_late.inspection_id, by=helped_late.actor)
    for seller in (stuck, skipped, helped_late):
        for _ in range(2):
            await backend.judged(seller, "front", judgement(accepted=False, reasons=["blur"]))
    await inspections.skip(skipped.inspection_id, StepId("front"), "A wall", by=skipped.actor)
    clock.advance(minutes=2)
    await inspections.enter_step(calm_old.inspection_id, StepId("rear"), by=calm_old.actor)

    seen, ranks, cursor = [], [], None
    while True:
        page = await inspections.queue(only_open=False, cursor=cursor, limit=2)
        seen += [entry.outline.inspection.id for entry in page.items]
        ranks += [entry.rank for entry in page.items]
        for entry in page.items:
            assert entry.needs == await needs_of(backend, entry.outline.inspection.id)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen[:4] == [
        helped_first.inspection_id,
        helped_late.inspection_id,
        stuck.inspection_id,
        silent.inspection_id,
    ]
    assert set(seen[4:7]) == {calm_old.inspection_id, calm_new.inspection_id, skipped.inspection_id}
    assert seen[7:] == [over.inspection_id]
    assert ranks == sorted(ranks)
    single = await inspections.queued([InspectionId(one) for one in reversed(seen)])
    assert [entry.rank for entry in single] == ranks
    assert len((await inspections.queue()).items) == 7


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_queue_is_the_order_of_its_rule(backend: Backend, seed: int) -> None:
    """Whatever states, moments and needs meet."""
    await check_queue(backend, seed)


async def test_a_sellers_page_that_never_stops_fills_no_log_and_can_still_withdraw_everything(
    backend: Backend,
) -> None:
    """Consent is withdrawn however long the log is, and the operator can still work."""
    seller = await backend.joined()
    case, inspections = seller.inspection_id, backend.inspections
    await inspections.give_consents(case, {}, by=seller.actor, live_level="steer")
    async with backend.database.write() as transaction:
        full = await Repository(transaction.connection, AllTenants()).case(case, lock=True)
        await full.append(
            Event(EVENTS_MAX, backend.clock.now(), "step.entered", SERVICE, {"step_id": "front"})
        )
    with pytest.raises(QuotaExceeded) as refused:
        await inspections.ask_help(case, by=seller.actor)
    assert refused.value.attributes == {"quota": "events", "limit": EVENTS_MAX}
    await inspections.give_consents(case, {"photos": False}, by=seller.actor, live_level="off")
    assert await level(backend, seller) == "off"
    assert (await inspections.claim(case, by=backend.operator.actor)).claimed_by == backend.operator.id
