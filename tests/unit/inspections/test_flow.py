"""One inspection from order to seal, and what each party may not do on the way."""

from datetime import timedelta

import pytest

from inspection_service.errors import Closed, Conflict
from inspection_service.identity.records import Seller
from inspection_service.inspections import views
from inspection_service.inspections.errors import (
    CannotKeep,
    CannotOpen,
    CaseClaimed,
    ClaimNeeded,
    ConsentMissing,
    DecisionTooEarly,
    DrawingInvalid,
    NotTakingPhotos,
    ReadingInvalid,
    ReasonNeeded,
    ReasonUnknown,
    ReviewChanged,
    StepsMissing,
    StepUnknown,
    StillJudging,
    TextInvalid,
)
from inspection_service.inspections.queueing import QueueEntry
from inspection_service.inspections.records import Actor, Contact, StepId
from inspection_service.inspections.requests import NewFinding, SellerMark, Verdict
from inspection_service.testing import Backend, judgement
from inspection_service.work.errors import UnusablePhoto, VisionFailed

pytestmark = pytest.mark.unit

DRAWING = "M 10 10 L 20 20 L 30 15.5"
DENT = {"kind": "dent", "box": [10.0, 20.0, 110.0, 220.0], "score": 0.81}


async def signed(backend: Backend) -> Seller:
    seller = await backend.joined()
    await backend.complete(seller)
    await sign(backend, seller)
    return seller


async def sign(backend: Backend, seller: Seller) -> None:
    shown = views.review_sha256(await backend.dossier(seller.inspection_id))
    mark = SellerMark("Sophie Martin", DRAWING, shown, "email")
    await backend.inspections.sign_as_seller(seller.inspection_id, mark, by=seller.actor)


async def test_an_inspection_goes_from_order_to_seal(backend: Backend) -> None:
    """Every step answered, signed twice, sealed by the worker; each move stands in the log."""
    seller = await backend.joined()
    await backend.complete(seller)
    await sign(backend, seller)
    operator = backend.operator.actor
    await backend.inspections.claim(seller.inspection_id, by=operator)
    await backend.inspections.sign_off(seller.inspection_id, "All seen.", by=operator)
    done = await backend.reconciler.run_once()
    dossier = await backend.dossier(seller.inspection_id)

    assert done.sealed == 1
    assert dossier.inspection.state == "sealed"
    assert dossier.report is not None
    assert await backend.store.get(dossier.report.pdf_key)
    assert set(backend.sealer.photos) == {capture.id for capture in dossier.captures}
    assert [event.seq for event in dossier.events] == list(range(1, len(dossier.events) + 1))
    kinds = [event.kind for event in dossier.events]
    for kind in (
        "inspection.ordered",
        "inspection.invited",
        "seller.joined",
        "consent.given",
        "capture.received",
    ):
        assert kind in kinds
    assert kinds[-4:] == ["seller.signed", "operator.claimed", "operator.signed_off", "report.sealed"]
    assert dossier.claimed_by_name == "Alex"
    assert [signature.role for signature in dossier.signatures] == ["seller", "operator"]


async def test_without_sign_off_the_seller_signature_is_enough(backend: Backend) -> None:
    """An order that asks for no operator is sealed after the seller signed."""
    seller = await backend.joined(sign_off="none", contact=Contact())
    await backend.complete(seller)
    await sign(backend, seller)
    assert (await backend.reconciler.run_once()).sealed == 1


async def test_events_hold_nothing_personal(backend: Backend) -> None:
    """Names, addresses and the plate are in the record, never in the log."""
    seller = await backend.joined()
    await backend.complete(seller)
    await sign(backend, seller)
    dossier = await backend.dossier(seller.inspection_id)
    log = repr([(event.kind, event.data) for event in dossier.events])
    for private in ("Sophie", "example.com", "AB-123-CD", "Martin"):
        assert private not in log


async def test_submitting_names_the_steps_without_an_answer(backend: Backend) -> None:
    """Missing steps and photos still being judged are told apart."""
    seller = await backend.joined()
    await backend.judged(seller, "front")
    await backend.photographed(seller, "rear")
    with pytest.raises(StepsMissing) as refused:
        await backend.inspections.submit(seller.inspection_id, by=seller.actor)
    assert refused.value.attributes["pending"] == ["rear"]
    assert "front_left" in refused.value.attributes["steps"]
    assert not {"front", "rear"} & set(refused.value.attributes["steps"])
    assert (await backend.inspections.get(seller.inspection_id)).state == "in_progress"


async def test_a_skipped_step_is_an_answer_until_a_photo_comes(backend: Backend) -> None:
    """The reason stands; a later photo takes its place."""
    seller = await backend.joined()
    await backend.inspections.skip(seller.inspection_id, StepId("wheel"), " In a ditch ", by=seller.actor)
    wheel = next(s for s in views.steps(await backend.dossier(seller.inspection_id)) if s.id == "wheel")
    assert (wheel.status, wheel.skip_reason) == ("skipped", "In a ditch")
    await backend.judged(seller, "wheel")
    wheel = next(s for s in views.steps(await backend.dossier(seller.inspection_id)) if s.id == "wheel")
    assert (wheel.status, wheel.skip_reason) == ("done", None)


async def test_a_photo_may_be_kept_only_after_two_failed_tries(backend: Backend) -> None:
    """One failure is not enough; the second photo, the newest, can be kept with a reason."""
    seller = await backend.joined()
    blurred = judgement(accepted=False, reasons=["blur"])
    first = await backend.judged(seller, "front", blurred)
    with pytest.raises(CannotKeep) as refused:
        await backend.inspections.keep(seller.inspection_id, first.id, "Rain", by=seller.actor)
    assert refused.value.attributes["failed_attempts"] == 1
    second = await backend.judged(
        seller, "front", judgement(accepted=False, reasons=["dark"], detections=[DENT])
    )
    front = views.steps(await backend.dossier(seller.inspection_id))[0]
    assert (front.status, front.failed_attempts, front.can_keep, front.advice_code) == (
        "retake",
        2,
        True,
        "dark",
    )
    with pytest.raises(CannotKeep):
        await backend.inspections.keep(seller.inspection_id, first.id, "Rain", by=seller.actor)
    with pytest.raises(TextInvalid):
        await backend.inspections.keep(seller.inspection_id, second.id, "  ", by=seller.actor)
    kept = await backend.inspections.keep(seller.inspection_id, second.id, "Rain", by=seller.actor)
    again = await backend.inspections.keep(seller.inspection_id, second.id, "Rain", by=seller.actor)
    assert kept == again
    assert (kept.state, kept.decision_reason) == ("overridden", "Rain")
    dossier = await backend.dossier(seller.inspection_id)
    assert [f.kind for f in views.visible_findings(dossier)] == ["dent"], "a kept photo's damage is reported"


@pytest.mark.parametrize("failure", [UnusablePhoto(cause="truncated"), VisionFailed(cause="crash")])
async def test_a_photo_that_cannot_be_judged_asks_for_another(backend: Backend, failure: Exception) -> None:
    """Never stuck: the seller is told at once; nobody can keep what cannot be opened."""
    seller = await backend.joined()
    await backend.judged(seller, "front", failure)
    capture = await backend.judged(seller, "front", failure)
    assert (capture.state, capture.decision_reason, capture.judgement) == ("retake", "not_readable", None)
    with pytest.raises(CannotKeep):
        await backend.inspections.keep(seller.inspection_id, capture.id, "It is fine", by=seller.actor)
    await backend.inspections.claim(seller.inspection_id, by=backend.operator.actor)
    with pytest.raises(CannotOpen):
        await backend.inspections.override(seller.inspection_id, capture.id, "ok", by=backend.operator.actor)


async def test_detections_and_readings_become_the_voice_of_the_model(backend: Backend) -> None:
    """Damage on an accepted photo is a finding, a reading is a statement; other steps' readings are not."""
    seller = await backend.joined()
    await backend.judged(seller, "front", judgement(detections=[DENT, DENT]))
    reading = {"reading": "127506", "confidence": 0.97, "unit": "km", "box": None, "why_not": None}
    capture = await backend.judged(seller, "odometer", judgement("odometer", odometer=reading))
    await backend.judged(seller, "dashboard", judgement("dashboard", odometer=reading | {"reading": "1"}))
    dossier = await backend.dossier(seller.inspection_id)
    findings = views.visible_findings(dossier)
    assert [(f.source, f.kind, f.box, f.model_score) for f in findings] == [
        ("model", "dent", (10.0, 20.0, 110.0, 220.0), 0.81)
    ] * 2
    statement = views.odometer(dossier)["model"]
    assert (statement.value["reading"], statement.value["unit"]) == ("127506", "km")
    assert statement.evidence == (capture.id,)
    assert [s.voice for s in dossier.statements] == ["model"]


async def test_a_judgement_is_written_once_per_model_set(backend: Backend) -> None:
    """Doing the work twice changes nothing; another model set adds a line and decides nothing."""
    seller = await backend.joined()
    capture = await backend.photographed(seller, "front")
    once = judgement(detections=[DENT])
    await backend.inspections.record_judgement(seller.inspection_id, capture.id, once)
    before = await backend.dossier(seller.inspection_id)
    await backend.inspections.record_judgement(seller.inspection_id, capture.id, once)
    other = judgement(accepted=False, reasons=["blur"], model_set="b" * 64)
    await backend.inspections.record_judgement(seller.inspection_id, capture.id, other)
    await backend.inspections.record_unreadable(seller.inspection_id, capture.id, "vision_failed")
    assert await backend.dossier(seller.inspection_id) == before


async def test_an_operator_needs_the_claim_and_two_cannot_have_it(backend: Backend) -> None:
    """The second operator is told who works on the case; an idle claim lapses after half an hour."""
    seller = await backend.joined()
    capture = await backend.judged(seller, "front")
    alex = backend.operator.actor
    bo = (await backend.identity.create_operator("bo@example.com", "Bo", "another long password")).actor
    with pytest.raises(ClaimNeeded):
        await backend.inspections.accept(seller.inspection_id, capture.id, by=alex)
    await backend.inspections.claim(seller.inspection_id, by=alex)
    await backend.inspections.claim(seller.inspection_id, by=alex)
    for act in (
        backend.inspections.claim(seller.inspection_id, by=bo),
        backend.inspections.accept(seller.inspection_id, capture.id, by=bo),
    ):
        with pytest.raises(CaseClaimed) as refused:
            await act
        assert refused.value.attributes["claimed_by"] == {"id": alex.id, "name": "Alex"}
    await backend.inspections.release(seller.inspection_id, by=bo)
    assert (await backend.inspections.get(seller.inspection_id)).claimed_by == alex.id
    backend.clock.advance(minutes=31)
    await backend.inspections.claim(seller.inspection_id, by=bo)
    with pytest.raises(CaseClaimed):
        await backend.inspections.accept(seller.inspection_id, capture.id, by=alex)


async def test_a_seller_cannot_act_as_operator(backend: Backend) -> None:
    """Whoever is not an operator has no claim, and cannot get one."""
    seller = await backend.joined()
    with pytest.raises(ClaimNeeded):
        await backend.inspections.claim(seller.inspection_id, by=seller.actor)
    with pytest.raises(ClaimNeeded):
        await backend.inspections.sign_off(seller.inspection_id, by=seller.actor)


async def test_a_retake_asked_by_the_operator_reopens_step_and_inspection(backend: Backend) -> None:
    """Also after the seller signed: the signature is void, the step open, the words are the operator's."""
    seller = await signed(backend)
    operator = backend.operator.actor
    await backend.inspections.claim(seller.inspection_id, by=operator)
    capture = views.evidence(await backend.dossier(seller.inspection_id))[StepId("rear")]
    with pytest.raises(ReasonUnknown):
        await backend.inspections.ask_retake(seller.inspection_id, capture.id, "ugly", by=operator)
    await backend.inspections.ask_retake(
        seller.inspection_id, capture.id, "other", "Show the plate please", by=operator
    )
    dossier = await backend.dossier(seller.inspection_id)
    rear = next(step for step in views.steps(dossier) if step.id == "rear")
    assert (dossier.inspection.state, dossier.inspection.current_step) == ("in_progress", "rear")
    assert (rear.status, rear.advice_code, rear.advice_text) == ("retake", "other", "Show the plate please")
    assert rear.can_keep is False
    assert dossier.signatures == ()
    assert (
        await backend.inspections.accept(seller.inspection_id, capture.id, by=operator)
    ).state == "accepted"


async def test_what_the_model_refused_needs_a_reason(backend: Backend) -> None:
    """Accepting is not enough; overriding asks why, and what was not judged cannot be decided."""
    seller = await backend.joined()
    operator = backend.operator.actor
    await backend.inspections.claim(seller.inspection_id, by=operator)
    waiting = await backend.photographed(seller, "rear")
    with pytest.raises(DecisionTooEarly):
        await backend.inspections.accept(seller.inspection_id, waiting.id, by=operator)
    refused = await backend.judged(seller, "front", judgement(accepted=False, reasons=["glare"]))
    with pytest.raises(ReasonNeeded):
        await backend.inspections.accept(seller.inspection_id, refused.id, by=operator)
    kept = await backend.inspections.override(seller.inspection_id, refused.id, "Good enough", by=operator)
    assert kept.is_evidence
    assert kept.decided_by == operator


async def test_operators_speak_beside_the_model(backend: Backend) -> None:
    """Odometer, control points, findings and verdicts: each voice keeps its own words."""
    seller = await backend.joined()
    operator = backend.operator.actor
    await backend.inspections.claim(seller.inspection_id, by=operator)
    capture = await backend.judged(seller, "front", judgement(detections=[DENT]))
    with pytest.raises(ReadingInvalid):
        await backend.inspections.edit_odometer(seller.inspection_id, "12 750", "km", by=operator)
    await backend.inspections.edit_odometer(seller.inspection_id, "127506", "km", "read aloud", by=operator)
    await backend.inspections.make_statement(seller.inspection_id, "bonnet", "ok", by=operator)
    await backend.inspections.make_statement(
        seller.inspection_id, "bonnet", "minor", "stone chips", by=operator
    )
    new = NewFinding(capture.id, "scratch", (1, 2, 3, 4), "minor", "faint")
    own = await backend.inspections.add_finding(seller.inspection_id, new, by=operator)
    found = (await backend.dossier(seller.inspection_id)).findings[0]
    await backend.inspections.judge_finding(
        seller.inspection_id, found.id, Verdict("rejected", note="a reflection"), by=operator
    )
    await backend.inspections.dispute(seller.inspection_id, own.id, "That is dirt", by=seller.actor)
    dossier = await backend.dossier(seller.inspection_id)
    model, added = dossier.findings
    assert (model.verdict, model.verdict_note, model.verdict_by) == ("rejected", "a reflection", operator)
    assert (added.source, added.verdict, added.dispute) == ("operator", "confirmed", "That is dirt")
    assert [s.value["answer"] for s in views.statements_now(dossier)] == ["minor"]
    assert len(dossier.statements) == 3, "earlier words stay"
    assert views.odometer(dossier)["operator"].value["reading"] == "127506"


async def test_declared_damage_is_taken_once_and_shows_its_photos(backend: Backend) -> None:
    """The same client id again is the same finding; photos of no step may come during review too."""
    seller = await backend.joined()
    await backend.complete(seller)
    photo = await backend.judged(seller, None, judgement(accepted=False, reasons=["no_car"]))
    assert photo.state == "accepted"
    with pytest.raises(NotTakingPhotos):
        await backend.photographed(seller, "front")
    acts = backend.inspections
    first = await acts.declare_damage(seller.inspection_id, "c1", "Dent", [photo.id], by=seller.actor)
    second = await acts.declare_damage(seller.inspection_id, "c1", "Dent", [photo.id], by=seller.actor)
    assert first == second
    assert views.declared_damage(await backend.dossier(seller.inspection_id)) == (first,)


async def test_the_seller_signs_what_was_shown(backend: Backend) -> None:
    """A change between showing and signing is refused, and so is a mark that is not plain lines."""
    seller = await backend.joined()
    await backend.complete(seller)
    shown = views.review_sha256(await backend.dossier(seller.inspection_id))
    await backend.inspections.declare_damage(seller.inspection_id, "c1", "A scratch", [], by=seller.actor)
    with pytest.raises(ReviewChanged) as refused:
        mark = SellerMark("Sophie", DRAWING, shown, "none")
        await backend.inspections.sign_as_seller(seller.inspection_id, mark, by=seller.actor)
    now = views.review_sha256(await backend.dossier(seller.inspection_id))
    assert refused.value.attributes["review_sha256"] == now
    for drawing in ("", "M 0 0", 'M 0 0 L 1 1 L 2 2"/><script>', "M 0 0 C 1 1 2 2 3 3 L 1 1 L 2 2"):
        with pytest.raises(DrawingInvalid):
            mark = SellerMark("Sophie", drawing, now, "none")
            await backend.inspections.sign_as_seller(seller.inspection_id, mark, by=seller.actor)
    await backend.photographed(seller, None)
    with pytest.raises(StillJudging):
        await backend.inspections.sign_as_seller(
            seller.inspection_id, SellerMark("Sophie", DRAWING, now, "none"), by=seller.actor
        )


async def test_reopening_voids_the_signature(backend: Backend) -> None:
    """What was signed is about to change."""
    seller = await signed(backend)
    await backend.inspections.reopen(seller.inspection_id, by=seller.actor)
    dossier = await backend.dossier(seller.inspection_id)
    assert (dossier.inspection.state, dossier.signatures) == ("in_progress", ())


async def test_a_signature_waits_since_it_was_given(backend: Backend) -> None:
    """Whatever is done with the case meanwhile; what is opened again waits for no sign-off until it is signed anew."""
    seller, given_at = await signed(backend), backend.clock.now()
    backend.clock.advance(minutes=5)
    await backend.inspections.claim(seller.inspection_id, by=backend.operator.actor)
    for listed in ((await backend.inspections.queue()).items, await _line(backend, seller)):
        assert [(entry.needs, entry.need_since) for entry in listed] == [(("sign_off",), given_at)]
    await backend.inspections.reopen(seller.inspection_id, by=seller.actor)
    assert [entry.outline.signed_at for entry in await _line(backend, seller)] == [None]


async def _line(backend: Backend, seller: Seller) -> tuple[QueueEntry, ...]:
    return await backend.inspections.queued([seller.inspection_id])


async def test_a_closed_inspection_takes_nothing(backend: Backend) -> None:
    """Cancelled: every act says so, cancelling again is fine, and nothing is left to judge."""
    seller = await backend.joined()
    capture = await backend.photographed(seller, "front")
    platform, acts, case = backend.platform.actor, backend.inspections, seller.inspection_id
    await acts.cancel(case, by=platform)
    await acts.cancel(case, by=platform)
    for act in (
        acts.enter_step(case, StepId("rear"), by=seller.actor),
        acts.skip(case, StepId("rear"), "no", by=seller.actor),
        acts.submit(case, by=seller.actor),
        acts.reopen(case, by=seller.actor),
        acts.keep(case, capture.id, "x", by=seller.actor),
        acts.claim(case, by=backend.operator.actor),
        acts.note(case, "call.opened", {}, by=backend.operator.actor),
        backend.photographed(seller, "rear"),
    ):
        with pytest.raises(Closed):
            await act
    assert (await backend.reconciler.run_once()).judged == 0


async def test_photos_need_consent_and_a_known_step(backend: Backend) -> None:
    """No consent, no photo; taking it back stops the next one."""
    seller = await backend.joined()
    with pytest.raises(StepUnknown):
        await backend.photographed(seller, "roof_box")
    await backend.inspections.give_consents(seller.inspection_id, {"photos": False}, by=seller.actor)
    with pytest.raises(ConsentMissing):
        await backend.photographed(seller, "front")
    dossier = await backend.dossier(seller.inspection_id)
    assert [consent.is_given for consent in dossier.consents] == [True, False]


async def test_an_overdue_inspection_expires(backend: Backend) -> None:
    """At its deadline, not before."""
    deadline = backend.clock.now() + timedelta(hours=1)
    inspection, _ = await backend.ordered(deadline_at=deadline)
    assert (await backend.reconciler.run_once()).expired == 0
    backend.clock.advance(hours=1, seconds=1)
    assert (await backend.reconciler.run_once()).expired == 1
    assert (await backend.inspections.get(inspection.id)).state == "expired"


async def test_needs_say_why_an_operator_should_look(backend: Backend) -> None:
    """Help first, then two failures, then a signature waiting; a claim answers the queue."""
    calm = await backend.joined()
    stuck = await backend.joined()
    asking = await backend.joined()
    for _ in range(2):
        await backend.judged(stuck, "front", judgement(accepted=False, reasons=["blur"]))
    await backend.inspections.ask_help(asking.inspection_id, by=asking.actor)
    await signed(backend)
    listed = await backend.inspections.queue()
    assert [entry.needs for entry in listed.items] == [
        ("help",),
        ("failed_twice",),
        ("sign_off",),
        (),
    ]
    assert listed.items[-1].outline.inspection.id == calm.inspection_id
    await backend.inspections.claim(asking.inspection_id, by=backend.operator.actor)
    assert [entry.needs for entry in await backend.inspections.queued([asking.inspection_id])] == [()]
    backend.clock.advance(minutes=11)
    assert [entry.needs for entry in await backend.inspections.queued([calm.inspection_id])] == [("stalled",)]


async def test_signing_off_needs_the_seller_first(backend: Backend) -> None:
    """The operator cannot close a case the seller has not signed."""
    seller = await backend.joined()
    await backend.inspections.claim(seller.inspection_id, by=backend.operator.actor)
    with pytest.raises(Conflict):
        await backend.inspections.sign_off(seller.inspection_id, by=backend.operator.actor)


async def test_names_come_from_the_directory_not_from_the_log(backend: Backend) -> None:
    """Events carry ids; the reader puts the present name beside them."""
    seller = await backend.joined()
    await backend.inspections.claim(seller.inspection_id, by=backend.operator.actor)
    events = await backend.inspections.events(seller.inspection_id)
    assert events[-1].actor == Actor("operator", backend.operator.id, "Alex")
    assert events[0].actor == Actor("platform", backend.platform.tenant_id, "Autoscope")
    assert [e.seq for e in await backend.inspections.events(seller.inspection_id, after=2, limit=1)] == [3]
