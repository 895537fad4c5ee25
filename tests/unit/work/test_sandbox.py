"""The simulated seller: each story ends as its name says, from records alone, and never touches a real case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from inspection_service.errors import Conflict, InvalidInput
from inspection_service.inspections.records import Actor, Contact, InspectionId, Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.inspections.sandbox import STORIES, story_of
from inspection_service.testing import Backend, judgement, shipped_shelf
from inspection_service.work.sandbox import Sandbox, picture_of, pictures_dir

pytestmark = pytest.mark.unit


@pytest.fixture
def ordered(backend: Backend) -> Callable[..., Awaitable[InspectionId]]:
    """Orders of a sandbox."""

    async def order(reference: str | None = None, **more: Any) -> InspectionId:
        tenant = await backend.identity.create_tenant("Sandbox", kind="sandbox")
        platform = await backend.identity.platform(await backend.identity.issue_key(tenant.id))
        wanted = Order(
            Vehicle(), "listing-12", "en", reference=reference, contact=Contact(email="s@x.fr"), **more
        )
        placed, _ = await backend.identity.order(platform, wanted)
        return placed.inspection.id

    return order


async def play(backend: Backend, *, most: int = 80) -> None:
    """Look and work until there is nothing left to do."""
    (work,) = Sandbox(backend.inspections, backend.identity, backend.clock).works()
    for _ in range(most):
        found = await work.find()
        for ids in found:
            await work.do(*ids)
        done = await backend.reconciler.run_once()
        if not found and not done.total:
            return
    raise AssertionError("the story does not end")


async def kinds(backend: Backend, case: InspectionId) -> list[str]:
    return [event.kind for event in await backend.inspections.events(case)]


Ordered = Callable[..., Awaitable[InspectionId]]


async def test_all_goes_well(backend: Backend, ordered: Ordered) -> None:
    """Sealed, by a seller and an operator who say that they are simulated, with pictures that say so too."""
    case = await ordered("advert-1")
    await play(backend)
    dossier = await backend.dossier(case)
    assert dossier.inspection.state == "sealed"
    assert dossier.is_sandbox
    assert {capture.method for capture in dossier.captures} == {"demo"}
    assert [(s.role, s.name, s.second_factor) for s in dossier.signatures] == [
        ("seller", "Simulated seller", "none"),
        ("operator", "Simulated operator", "none"),
    ]
    assert backend.messenger.sent == []


@pytest.mark.parametrize(
    ("reference", "state", "saw"),
    [
        ("sandbox:seller-never-comes", "invited", set()),
        ("sandbox:by-hand/mine", "invited", set()),
        ("sandbox:refuses-consent", "in_progress", {"seller.joined"}),
        ("sandbox:stops-halfway", "in_progress", {"consent.given", "capture.accepted"}),
        ("sandbox:asks-for-help", "sealed", {"help.asked", "help.answered"}),
    ],
)
async def test_each_story_ends_as_its_name_says(
    backend: Backend, ordered: Ordered, reference: str, state: str, saw: set[str]
) -> None:
    case = await ordered(reference)
    await play(backend)
    assert (await backend.inspections.get(case)).state == state
    assert saw <= set(await kinds(backend, case))


async def test_a_photo_that_is_refused_is_taken_again_and_at_last_skipped(
    backend: Backend, ordered: Ordered
) -> None:
    """A model that changes its mind about the demonstration car stops no integrator."""
    spoilt = picture_of(pictures_dir(), "front", 0, is_spoilt=True)
    assert spoilt is not None
    backend.judge.script[spoilt] = judgement("front", accepted=False, reasons=["dark"])
    for attempt in range(3):
        data = picture_of(pictures_dir(), "wheel", attempt, is_spoilt=False)
        assert data is not None
        backend.judge.script[data] = judgement("wheel", accepted=False, reasons=["blur"])
    case = await ordered("sandbox:retake")
    await play(backend)
    dossier = await backend.dossier(case)
    assert dossier.inspection.state == "sealed"
    assert [each.step_id for each in dossier.skipped] == ["wheel"]
    asked = [event.data["reasons"] for event in dossier.events if event.kind == "capture.retake_asked"]
    assert asked == [["dark"], ["blur"], ["blur"], ["blur"]]


async def test_a_worker_killed_after_any_act_is_followed_by_one_that_goes_on(
    backend: Backend, ordered: Ordered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every act is the last of its worker: each next one starts from the records, and no photo comes twice."""
    monkeypatch.setattr("inspection_service.work.sandbox._MOST_ACTS", 1)
    case = await ordered("sandbox:damage")
    await play(backend, most=300)
    dossier = await backend.dossier(case)
    assert dossier.inspection.state == "sealed"
    assert [finding.source for finding in dossier.findings] == ["seller", "operator"]
    assert len(dossier.captures) == 13
    assert all(capture.attempt == 1 for capture in dossier.captures)


async def test_two_workers_at_once_make_one_inspection(backend: Backend, ordered: Ordered) -> None:
    case = await ordered()
    one, two = (Sandbox(backend.inspections, backend.identity, backend.clock) for _ in range(2))
    for _ in range(40):
        outcomes = await asyncio.gather(one.carry_on(case), two.carry_on(case), return_exceptions=True)
        assert all(outcome is None or isinstance(outcome, Conflict) for outcome in outcomes)
        await backend.reconciler.run_once()
        if (await backend.inspections.get(case)).state == "sealed":
            break
    assert len((await backend.dossier(case)).captures) == 12
    assert (await backend.inspections.get(case)).state == "sealed"


async def test_a_real_case_is_never_touched(backend: Backend) -> None:
    """Not even when it is named."""
    inspection, _ = await backend.ordered()
    sandbox = Sandbox(backend.inspections, backend.identity, backend.clock)
    (work,) = sandbox.works()
    assert list(await work.find()) == []
    await sandbox.carry_on(inspection.id)
    assert (await backend.inspections.get(inspection.id)).state == "invited"


async def test_what_a_person_began_is_theirs(backend: Backend, ordered: Ordered) -> None:
    """A developer who opens the link goes on alone; only the operator's part is simulated."""
    case = await ordered("sandbox:by-hand")
    await backend.inspections.join(case, by=Actor("seller", case))
    await play(backend)
    assert (await backend.inspections.get(case)).state == "in_progress"


async def test_a_story_that_does_not_exist_is_refused_when_it_is_ordered(ordered: Ordered) -> None:
    """A typing error is no silent success; with a live key the same words mean nothing."""
    with pytest.raises(InvalidInput):
        await ordered("sandbox:damge")
    assert {story_of(f"sandbox:{story}") for story in STORIES} == set(STORIES)
    assert story_of("advert-1") == story_of(None) == "all-well"


async def test_the_simulated_operator_cannot_sign_in(backend: Backend) -> None:
    operator = await backend.identity.simulated_operator()
    assert operator == await backend.identity.simulated_operator()
    for password in ("", "!", operator.name):
        with pytest.raises(Exception, match="wrong"):
            await backend.identity.login(operator.email, password)


def test_the_pictures_ship_with_the_package() -> None:
    """One for every step, and a close-up; another attempt has other bytes."""
    folder: Path = pictures_dir()
    for step in [*shipped_shelf().get("listing-12").step_ids, "damage"]:
        first = picture_of(folder, step, 0, is_spoilt=False)
        assert first is not None
        assert first != picture_of(folder, step, 1, is_spoilt=False)
    assert picture_of(folder, "under_the_car", 0, is_spoilt=False) is None
