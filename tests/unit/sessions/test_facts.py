"""What a session must know of the record is read out of it, so that a restart of the service is a pause and no end."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection_service.inspections.records import InspectionId
from inspection_service.sessions import SessionFacts, facts_of
from inspection_service.testing import Backend, open_backend

pytestmark = pytest.mark.unit


async def facts(backend: Backend, inspection_id: InspectionId) -> SessionFacts:
    dossier = await backend.dossier(inspection_id)
    is_waiting = await backend.inspections.help_waiting(inspection_id)
    return facts_of(dossier, backend.clock.now(), help_waiting=is_waiting)


async def test_consents_claim_and_step_are_the_records(tmp_path: Path) -> None:
    """Nothing is allowed before the seller allows it; recording is a consent of its own."""
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        inspection_id = seller.inspection_id
        before = await facts(backend, inspection_id)
        assert (before.live_level, before.claimed_by) == ("off", None)
        await backend.inspections.give_consents(
            inspection_id, {"recording": True}, live_level="point", by=seller.actor
        )
        await backend.inspections.claim(inspection_id, by=backend.operator.actor)
        after = await facts(backend, inspection_id)
        assert (after.live_level, after.claimed_by) == ("point", backend.operator.id)
        assert after.views["front"] == "front"


async def test_a_call_in_the_log_goes_on_with_its_numbers_and_open_commands(tmp_path: Path) -> None:
    """The next command gets the next number, and the one without an answer still waits for it."""
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        inspection_id, ada = seller.inspection_id, backend.operator.actor
        note = backend.inspections.note
        await note(inspection_id, "call.opened", {"call_id": "c-1"}, by=ada)
        await note(inspection_id, "call.accepted", {"call_id": "c-1"}, by=seller.actor)
        await note(inspection_id, "call.paused", {"call_id": "c-1"}, by=seller.actor)
        for number, name in ((1, "torch"), (2, "take_photo")):
            data = {"id": f"k{number}", "no": number, "name": name, "args": {}}
            await note(inspection_id, "command.sent", data, by=ada)
        answer = {"id": "k1", "no": 1, "name": "torch", "ok": True, "effect": {"torch": True}, "error": None}
        await note(inspection_id, "command.acknowledged", answer, by=seller.actor)
        backend.clock.advance(seconds=90)
        found = await facts(backend, inspection_id)
        assert found.call is not None
        assert (found.call.call_id, found.call.operator_name, found.call.is_paused) == ("c-1", "Alex", True)
        assert (found.idle_s, found.commands_sent) == (90.0, 2)
        (waiting,) = found.unanswered
        assert (waiting.id, waiting.no, waiting.name) == ("k2", 2, "take_photo")
        assert waiting.operator.actor_id == backend.operator.id


async def test_how_long_a_seller_has_waited_for_help(tmp_path: Path) -> None:
    """From the request until somebody turns to them; a claim alone is nobody's voice."""
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        inspection_id, ada = seller.inspection_id, backend.operator.actor
        assert (await facts(backend, inspection_id)).help_waited_s is None
        await backend.inspections.ask_help(inspection_id, by=seller.actor)
        backend.clock.advance(seconds=40)
        await backend.inspections.claim(inspection_id, by=ada)
        assert (await facts(backend, inspection_id)).help_waited_s == 40.0
        await backend.inspections.say(inspection_id, ada, "I am on my way")
        assert (await facts(backend, inspection_id)).help_waited_s is None
