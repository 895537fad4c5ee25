"""Links, sessions, takeovers and codes: one browser inside, nobody else without a code."""

import asyncio

import pytest

from inspection_service.errors import Conflict, InspectionServiceError
from inspection_service.identity.errors import (
    CodeNeeded,
    CodeWrong,
    LinkExpired,
    LinkUnknown,
    LinkUsedElsewhere,
    MessengerFailed,
    NoContact,
    SessionMissing,
    SessionTakenOver,
    TooManyTries,
)
from inspection_service.identity.records import Seller
from inspection_service.identity.secrets import sha256
from inspection_service.identity.service import Identity
from inspection_service.inspections.records import Contact
from inspection_service.settings import LinkSettings
from inspection_service.testing import Backend

pytestmark = pytest.mark.unit


async def _factor(backend: Backend, seller: Seller, code: str | None) -> str:
    async with backend.identity.second_factor(seller, code) as (factor, _):
        return factor


async def test_a_preview_spends_nothing(backend: Backend) -> None:
    """A messenger that opens the link to show a picture leaves it ready."""
    _, token = await backend.ordered()
    for _ in range(3):
        preview = await backend.identity.preview(token)
        assert (preview.status, preview.code_sent_to) == ("ready", "s…@example.com")
    seller, signed_in = await backend.identity.spend(token)
    assert signed_in is not None
    assert await backend.identity.seller(signed_in.token) == seller
    assert (await backend.identity.preview(token, signed_in.token)).status == "yours"
    assert (await backend.identity.preview(token)).status == "in_use"
    assert (await backend.inspections.get(seller.inspection_id)).state == "in_progress"


async def test_the_same_browser_comes_back_with_the_same_session(backend: Backend) -> None:
    """Nothing new is made, nothing is lost."""
    _, token = await backend.ordered()
    seller, signed_in = await backend.identity.spend(token)
    assert signed_in is not None
    assert await backend.identity.spend(token, session_token=signed_in.token) == (seller, None)


BROWSER = "a-browser-made-this-up-0"


async def test_an_answer_that_was_lost_is_given_again(backend: Backend) -> None:
    """The service died after it had let the browser in: the same page gets in, another one does not."""
    _, token = await backend.ordered()
    lost = await backend.identity.spend(token, browser=BROWSER)
    assert await backend.identity.spend(token, browser=BROWSER) == lost
    for other in (BROWSER[::-1], None):
        with pytest.raises(LinkUsedElsewhere):
            await backend.identity.spend(token, browser=other)


async def test_who_was_taken_over_does_not_come_back_by_asking_again(backend: Backend) -> None:
    """Neither by the first answer; a takeover whose answer was lost is given again, too."""
    _, token = await backend.ordered()
    await backend.identity.spend(token, browser=BROWSER)
    await backend.identity.ask_takeover(token)
    code = backend.messenger.last_code
    taken = await backend.identity.spend(token, code=code, browser=BROWSER[::-1])
    assert await backend.identity.spend(token, code=code, browser=BROWSER[::-1]) == taken
    with pytest.raises(LinkUsedElsewhere):
        await backend.identity.spend(token, browser=BROWSER)


async def test_one_browser_that_asks_twice_at_once_gets_in_once(backend: Backend) -> None:
    """Its first try was not lost but slow."""
    _, token = await backend.ordered()
    answers = await asyncio.gather(*(backend.identity.spend(token, browser=BROWSER) for _ in range(4)))
    assert len(set(answers)) == 1


async def test_of_two_browsers_at_once_one_gets_in(backend: Backend) -> None:
    """Both tap Start in the same moment."""
    _, token = await backend.ordered()
    outcomes = await asyncio.gather(
        *(backend.identity.spend(token) for _ in range(5)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, LinkUsedElsewhere)]
    assert len(refused) == 4
    assert all(error.attributes["can_send_code"] for error in refused)


async def test_another_browser_takes_over_with_a_code(backend: Backend) -> None:
    """The code goes to the contact; the old tab is told; the code is good once."""
    inspection, token = await backend.ordered()
    _, old = await backend.identity.spend(token)
    assert old is not None
    with pytest.raises(LinkUsedElsewhere):
        await backend.identity.spend(token)
    sent = await backend.identity.ask_takeover(token)
    assert (sent.sent_to, sent.channel) == ("s…@example.com", "email")
    assert backend.messenger.sent[-1].to == "sophie@example.com"
    code = backend.messenger.last_code
    with pytest.raises(CodeWrong) as wrong:
        await backend.identity.spend(token, code="000000" if code != "000000" else "111111")
    assert wrong.value.attributes["tries_left"] == 4
    _, new = await backend.identity.spend(token, code=code)
    assert new is not None
    assert (await backend.identity.seller(new.token)).inspection_id == inspection.id
    with pytest.raises(SessionTakenOver):
        await backend.identity.seller(old.token)
    with pytest.raises(LinkUsedElsewhere):
        await backend.identity.spend(token, session_token=old.token)
    with pytest.raises(CodeWrong):
        await backend.identity.spend(token, code=code)
    kinds = [event.kind for event in await backend.inspections.events(inspection.id)]
    assert kinds[-2:] == ["code.sent", "seller.taken_over"]


async def test_five_wrong_tries_end_a_code(backend: Backend) -> None:
    """The right one comes too late then; and a code dies of age."""
    seller = await backend.joined()
    await backend.identity.send_code(seller)
    code = backend.messenger.last_code
    wrong = "000000" if code != "000000" else "111111"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as refused:
            await _factor(backend, seller, wrong)
        assert refused.value.attributes["tries_left"] == left
    with pytest.raises(CodeWrong):
        await _factor(backend, seller, code)
    backend.clock.advance(minutes=1)
    await backend.identity.send_code(seller)
    backend.clock.advance(minutes=11)
    with pytest.raises(CodeWrong):
        await _factor(backend, seller, backend.messenger.last_code)


async def test_the_second_factor_says_how_the_seller_was_reached(backend: Backend) -> None:
    """E-mail, phone, or honestly none."""
    seller = await backend.joined(contact=Contact(phone="+33600000042"))
    with pytest.raises(CodeNeeded):
        await _factor(backend, seller, None)
    assert (await backend.identity.send_code(seller)).sent_to == "…42"
    assert await _factor(backend, seller, f" {backend.messenger.last_code} ") == "phone"
    nobody = await backend.joined(contact=Contact(name="Sophie"))
    assert await _factor(backend, nobody, None) == "none"
    with pytest.raises(NoContact):
        await backend.identity.send_code(nobody)


async def test_codes_for_one_purpose_do_not_serve_another(backend: Backend) -> None:
    """A takeover code signs nothing."""
    _, token = await backend.ordered()
    seller, _ = await backend.identity.spend(token)
    await backend.identity.ask_takeover(token)
    with pytest.raises(CodeWrong):
        await _factor(backend, seller, backend.messenger.last_code)


async def test_codes_cannot_be_asked_for_without_end(backend: Backend) -> None:
    """A pause between two, six an hour; a refusal sends nothing and writes no event."""
    seller = await backend.joined()
    await backend.identity.send_code(seller)
    before = await backend.dossier(seller.inspection_id)
    with pytest.raises(TooManyTries) as refused:
        await backend.identity.send_code(seller)
    assert 0 < refused.value.attributes["retry_after_s"] <= 20
    assert await backend.dossier(seller.inspection_id) == before
    for _ in range(5):
        backend.clock.advance(seconds=30)
        await backend.identity.send_code(seller)
    backend.clock.advance(seconds=30)
    with pytest.raises(TooManyTries) as refused:
        await backend.identity.send_code(seller)
    assert refused.value.attributes["retry_after_s"] > 3000
    assert len(backend.messenger.sent) == 6


async def test_codes_to_take_over_do_not_use_up_those_to_sign(backend: Backend) -> None:
    """Whoever holds the link may ask for takeover codes; the seller inside still gets theirs."""
    _, token = await backend.ordered()
    seller, _ = await backend.identity.spend(token)
    for _ in range(6):
        await backend.identity.ask_takeover(token)
        backend.clock.advance(seconds=30)
    with pytest.raises(TooManyTries):
        await backend.identity.ask_takeover(token)
    await backend.identity.send_code(seller)
    assert await _factor(backend, seller, backend.messenger.last_code) == "email"


async def test_an_act_that_is_refused_leaves_the_code_good(backend: Backend) -> None:
    """The code is spent together with what it was given for, or not at all."""
    seller = await backend.joined()
    await backend.identity.send_code(seller)
    code = backend.messenger.last_code
    with pytest.raises(Conflict):
        async with backend.identity.second_factor(seller, code):
            raise Conflict
    assert await _factor(backend, seller, code) == "email"
    with pytest.raises(CodeWrong):
        await _factor(backend, seller, code)


async def test_a_spent_link_whose_session_has_ended_asks_for_a_code(backend: Backend) -> None:
    """Where sessions are shorter than links, a link found later is no way in; without a contact there is none."""
    identity = Identity(
        backend.database,
        backend.inspections,
        backend.clock,
        backend.messenger,
        links=LinkSettings(session_s=3600),
        pepper=b"\x00" * 32,
    )
    for contact in (Contact(email="sophie@example.com"), Contact(name="Sophie")):
        _, token = await backend.ordered(contact=contact)
        _, first = await identity.spend(token)
        assert first is not None
        backend.clock.advance(hours=2)
        with pytest.raises(SessionMissing):
            await identity.seller(first.token)
        assert (await identity.preview(token, first.token)).status == "in_use"
        with pytest.raises(LinkUsedElsewhere) as refused:
            await identity.spend(token, session_token=first.token)
        assert refused.value.attributes["can_send_code"] is contact.is_reachable
        if contact.is_reachable:
            await identity.ask_takeover(token)
            _, again = await identity.spend(token, code=backend.messenger.last_code)
            assert again is not None
        backend.clock.advance(days=15)
        with pytest.raises(LinkExpired):
            await identity.spend(token)


async def test_a_code_that_could_not_be_sent_does_not_block_the_next(backend: Backend) -> None:
    """The messenger was down; asking again at once is fine."""
    seller = await backend.joined()
    backend.messenger.is_broken = True
    with pytest.raises(MessengerFailed):
        await backend.identity.send_code(seller)
    backend.messenger.is_broken = False
    await backend.identity.send_code(seller)
    assert await _factor(backend, seller, backend.messenger.last_code) == "email"


async def test_links_die_of_age_and_of_a_newer_one(backend: Backend) -> None:
    """Unknown and expired are told apart; a browser inside stays inside."""
    inspection, token = await backend.ordered()
    with pytest.raises(LinkUnknown):
        await backend.identity.preview("guess")
    by = backend.platform.actor
    newer = await backend.identity.open_link(backend.platform.tenant_id, inspection.id, by=by)
    for act in (
        backend.identity.preview(token),
        backend.identity.spend(token),
        backend.identity.ask_takeover(token),
    ):
        with pytest.raises(LinkUnknown):
            await act
    _, signed_in = await backend.identity.spend(newer.token)
    assert signed_in is not None
    third = await backend.identity.open_link(backend.platform.tenant_id, inspection.id, by=by)
    await backend.identity.seller(signed_in.token)
    backend.clock.advance(days=15)
    assert (await backend.identity.preview(third.token, signed_in.token)).status == "yours"
    _, unused = await backend.ordered()
    backend.clock.advance(days=15)
    for late in (backend.identity.preview(unused), backend.identity.spend(unused)):
        with pytest.raises(LinkExpired):
            await late
    backend.clock.advance(days=60)
    with pytest.raises(SessionMissing):
        await backend.identity.seller(signed_in.token)


async def test_a_link_of_another_tenant_cannot_be_made(backend: Backend) -> None:
    """The scope holds for links too."""
    inspection, _ = await backend.ordered()
    other = await backend.identity.create_tenant("Other")
    with pytest.raises(InspectionServiceError) as refused:
        await backend.identity.open_link(other.id, inspection.id, by=backend.platform.actor)
    assert refused.value.slug == "inspection-unknown"


async def test_no_secret_rests_in_the_database(backend: Backend) -> None:
    """Tokens, keys, codes and passwords are only there as hashes."""
    from inspection_service.testing import PASSWORD

    _, token = await backend.ordered()
    seller, signed_in = await backend.identity.spend(token)
    assert signed_in is not None
    await backend.identity.send_code(seller)
    _, operator_session = await backend.identity.login("alex@example.com", PASSWORD)
    await backend.database.close()
    path = backend.database.url.removeprefix("sqlite+aiosqlite:///")
    with open(path, "rb") as file:  # noqa: ASYNC230, PTH123 - a small file, at the end of a test
        bytes_on_disk = file.read()
    for secret in (token, signed_in.token, backend.api_key, operator_session.token, PASSWORD):
        assert secret.encode() not in bytes_on_disk
    assert sha256(token).encode() in bytes_on_disk, "the search would have found it"
    assert backend.messenger.last_code.encode() + b'"' not in bytes_on_disk
