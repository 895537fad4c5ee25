"""Passwords, codes of an authenticator app, and what a stranger learns by guessing: nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from inspection_service.errors import InvalidInput
from inspection_service.identity.errors import (
    CodeWrong,
    LoginFailed,
    PasswordWrong,
    PendingExpired,
    SecondFactorNeeded,
    SecondFactorRequired,
    SessionMissing,
    TooManyTries,
)
from inspection_service.identity.operator_sessions import device_name
from inspection_service.identity.passwords import check_password
from inspection_service.identity.records import Operator
from inspection_service.identity.records_team import OperatorPolicy
from inspection_service.identity.service import Identity
from inspection_service.identity.totp import matching_step, new_recovery_codes
from inspection_service.identity.wrapping import unwrap, wrap
from inspection_service.storage import tables as t
from inspection_service.testing import NOON, PASSWORD, Backend

pytestmark = pytest.mark.unit
ALEX = "alex@example.com"


def strict(backend: Backend) -> Identity:
    """Return the identity of a service that asks a second factor of everybody."""
    return Identity(
        backend.database,
        backend.inspections,
        backend.clock,
        backend.messenger,
        links=backend.identity._links,
        pepper=b"\x00" * 32,
        policy=OperatorPolicy("required"),
    )


def code_of(backend: Backend, secret: str) -> str:
    """Return what the app shows now."""
    return pyotp.TOTP(secret).at(backend.clock.now())


async def enrolled(backend: Backend) -> tuple[str, list[str]]:
    """Set up a second factor for Alex; returns its secret and the recovery codes."""
    begun = backend.identity.begin_second_factor(backend.operator)
    codes = await backend.identity.confirm_second_factor(
        backend.operator, begun.pending, code_of(backend, begun.secret)
    )
    backend.clock.advance(seconds=60)
    return begun.secret, codes


@asynccontextmanager
async def refused(*errors: type[Exception]) -> AsyncIterator[None]:
    """Expect a refusal."""
    with pytest.raises(errors):
        yield


async def test_a_second_factor_is_asked_for_once_it_is_confirmed(backend: Backend) -> None:
    """RFC 6238: six digits of the app; what was only begun changes nothing."""
    begun = backend.identity.begin_second_factor(backend.operator)
    assert begun.uri.startswith("otpauth://totp/Inspections:alex%40example.com?secret=")
    await backend.identity.login(ALEX, PASSWORD)
    with pytest.raises(CodeWrong):
        await backend.identity.confirm_second_factor(backend.operator, begun.pending, "000000")
    codes = await backend.identity.confirm_second_factor(
        backend.operator, begun.pending, code_of(backend, begun.secret)
    )
    assert len(set(codes)) == 10
    state = await backend.identity.second_factor_of(backend.operator)
    assert (state.is_on, state.recovery_codes_left) == (True, 10)
    with pytest.raises(SecondFactorNeeded):
        await backend.identity.login(ALEX, PASSWORD)
    backend.clock.advance(seconds=60)
    operator, _ = await backend.identity.login(ALEX, PASSWORD, code_of(backend, begun.secret))
    assert operator == backend.operator


async def test_a_code_works_once_and_for_one_step_either_way(backend: Backend) -> None:
    """RFC 6238 section 5.2: the same time step is not taken twice, an older one neither."""
    secret, _ = await enrolled(backend)
    app = pyotp.TOTP(secret)
    now = backend.clock.now()
    early, late = app.at(now - timedelta(seconds=90)), app.at(now + timedelta(seconds=90))
    for far in (early, late):
        with pytest.raises(LoginFailed):
            await backend.identity.login(ALEX, PASSWORD, far)
    spaced = app.at(now + timedelta(seconds=30))
    await backend.identity.login(ALEX, PASSWORD, f"{spaced[:3]} {spaced[3:]}")
    for spent in (spaced, app.at(now)):
        with pytest.raises(LoginFailed):
            await backend.identity.login(ALEX, PASSWORD, spent)


async def test_a_recovery_code_works_once(backend: Backend) -> None:
    """As printed or as typed; only keyed hashes rest in the database."""
    _, codes = await enrolled(backend)
    async with backend.database.read() as transaction:
        kept = (await transaction.connection.execute(select(t.operators.c.recovery_sha256))).scalar_one()
    assert len(kept) == 10
    assert not any(code in str(kept) for code in codes)
    await backend.identity.login(ALEX, PASSWORD, codes[3].upper().replace("-", " "))
    with pytest.raises(LoginFailed):
        await backend.identity.login(ALEX, PASSWORD, codes[3])
    renewed = await backend.identity.renew_recovery_codes(backend.operator)
    with pytest.raises(LoginFailed):
        await backend.identity.login(ALEX, PASSWORD, codes[4])
    await backend.identity.login(ALEX, PASSWORD, renewed[0])
    assert (await backend.identity.second_factor_of(backend.operator)).recovery_codes_left == 9


async def test_nothing_tells_which_part_was_wrong(backend: Backend) -> None:
    """With a second factor, right and wrong passwords are answered alike in both steps, and counted alike."""
    secret, _ = await enrolled(backend)
    for password in (PASSWORD, "wrong password"):
        with pytest.raises(SecondFactorNeeded):
            await backend.identity.login(ALEX, password)
    messages = set()
    for password, code in ((PASSWORD, "123456"), ("wrong password", code_of(backend, secret))):
        with pytest.raises(LoginFailed) as failed:
            await backend.identity.login(ALEX, password, code)
        messages.add(failed.value.message)
    assert len(messages) == 1
    for _ in range(6):
        with pytest.raises(SecondFactorNeeded):
            await backend.identity.login(ALEX, PASSWORD)
    with pytest.raises(TooManyTries):  # ten times asked and never answered, whatever the password was
        await backend.identity.login(ALEX, PASSWORD, code_of(backend, secret))


async def test_where_everybody_needs_one_an_unknown_address_is_asked_too(backend: Backend) -> None:
    """An account without one goes in to set it up; nothing else tells it from nobody."""
    identity = strict(backend)
    for email in ("nobody@example.com", ALEX):
        with pytest.raises(SecondFactorNeeded):
            await identity.login(email, "wrong password")
        with pytest.raises(LoginFailed):
            await identity.login(email, "wrong password", "123456")
    operator, _ = await identity.login(ALEX, PASSWORD)
    assert operator.must_enrol
    with pytest.raises(SecondFactorRequired):
        await identity.remove_second_factor(operator)
    begun = identity.begin_second_factor(operator)
    await identity.confirm_second_factor(operator, begun.pending, code_of(backend, begun.secret))
    backend.clock.advance(seconds=30)
    operator, _ = await identity.login(ALEX, PASSWORD, code_of(backend, begun.secret))
    assert not operator.must_enrol


async def test_an_unfinished_enrolment_belongs_to_one_account_for_ten_minutes(backend: Backend) -> None:
    """What comes back is sealed: neither another account nor the database's reader can use it."""
    other = await backend.identity.create_operator("bo@example.com", "Bo", PASSWORD)
    begun = backend.identity.begin_second_factor(backend.operator)
    assert begun.secret not in begun.pending
    for person, pending in ((other, begun.pending), (backend.operator, "x"), (backend.operator, "é")):
        with pytest.raises(PendingExpired):
            await backend.identity.confirm_second_factor(person, pending, code_of(backend, begun.secret))
    backend.clock.advance(minutes=11)
    with pytest.raises(PendingExpired):
        await backend.identity.confirm_second_factor(
            backend.operator, begun.pending, code_of(backend, begun.secret)
        )


def test_a_sealed_secret_opens_for_its_account_only() -> None:
    """AES-GCM with the account as associated data; another pepper, purpose or account opens nothing."""
    sealed = wrap(b"p" * 32, "totp", "opr_1", b"secret")
    assert unwrap(b"p" * 32, "totp", "opr_1", sealed) == b"secret"
    assert unwrap(b"q" * 32, "totp", "opr_1", sealed) is None
    assert unwrap(b"p" * 32, "other", "opr_1", sealed) is None
    assert unwrap(b"p" * 32, "totp", "opr_2", sealed) is None
    assert unwrap(b"p" * 32, "totp", "opr_1", b"short") is None


def test_the_published_examples_of_the_standard_are_right() -> None:
    """RFC 6238 appendix B, SHA-1, the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    at_59 = NOON.fromtimestamp(59, NOON.tzinfo)
    assert matching_step(secret, "287082", at_59, last_step=None) == 1
    assert matching_step(secret, "287082", at_59, last_step=1) is None
    assert matching_step(secret, "28708", at_59, last_step=None) is None
    assert len(set(new_recovery_codes())) == 10


async def test_the_wait_grows_and_an_admin_ends_it(backend: Backend) -> None:
    """A minute after ten failures, then two, then four; the refusal says until when."""
    for _ in range(10):
        async with refused(LoginFailed):
            await backend.identity.login(ALEX, "wrong", address="203.0.113.7")
    waits = []
    for _ in range(3):
        with pytest.raises(TooManyTries) as locked:
            await backend.identity.login(ALEX, PASSWORD, address="203.0.113.7")
        waits.append(locked.value.attributes["retry_after_s"])
        assert "UTC" in locked.value.message
        assert locked.value.attributes["until"].endswith("Z")
        backend.clock.advance(seconds=waits[-1])
        async with refused(LoginFailed):
            await backend.identity.login(ALEX, "wrong", address="203.0.113.7")
    assert [round(wait, -1) for wait in waits] == [60, 120, 240]
    (member,) = await backend.identity.members(t.HOUSE)
    assert member.locked_until is not None
    await backend.identity.unlock_member(t.HOUSE, backend.operator.id)
    await backend.identity.login(ALEX, PASSWORD, address="203.0.113.7")


async def test_an_address_that_guesses_many_accounts_waits_too(backend: Backend) -> None:
    """Fifty failures from one address lock it, whatever accounts it tried; others come in. No address is kept."""
    for number in range(50):
        async with refused(LoginFailed):
            await backend.identity.login(f"p{number}@example.com", "wrong", address="203.0.113.7")
    with pytest.raises(TooManyTries):
        await backend.identity.login(ALEX, PASSWORD, address="203.0.113.7")
    await backend.identity.login(ALEX, PASSWORD, address="203.0.113.8")
    async with backend.database.read() as transaction:
        kept = (await transaction.connection.execute(select(t.login_failures.c.subject))).scalars().all()
    assert not any("203.0.113.7" in subject or "@" in subject for subject in kept)


async def test_another_password_ends_the_other_browsers(backend: Backend) -> None:
    """The present one is asked for; this browser stays."""
    here, this = await backend.identity.login(
        ALEX, PASSWORD, user_agent="Mozilla/5.0 (X11; Linux) Firefox/130"
    )
    _, there = await backend.identity.login(ALEX, PASSWORD)
    assert [one.device for one in await backend.identity.sessions_of(here)].count("Firefox, Linux") == 1
    with pytest.raises(PasswordWrong):
        await backend.identity.change_password(here, "wrong", "a much better password")
    with pytest.raises(InvalidInput):
        await backend.identity.change_password(here, PASSWORD, "alex@example.com")
    await backend.identity.change_password(here, PASSWORD, "a much better one 42")
    assert await backend.identity.operator(this.token) == here
    with pytest.raises(SessionMissing):
        await backend.identity.operator(there.token)
    with pytest.raises(LoginFailed):
        await backend.identity.login(ALEX, PASSWORD)
    await backend.identity.end_sessions(here)
    with pytest.raises(SessionMissing):
        await backend.identity.operator(this.token)


async def test_a_session_is_ended_by_its_owner_only(backend: Backend) -> None:
    """By the id in one's own list; another person's id does nothing."""
    _, mine = await backend.identity.login(ALEX, PASSWORD)
    bo: Operator = await backend.identity.create_operator("bo@example.com", "Bo", PASSWORD)
    (session,) = await backend.identity.sessions_of(backend.operator)
    await backend.identity.end_session(bo, session.id)
    await backend.identity.operator(mine.token)
    await backend.identity.end_session(backend.operator, session.id)
    with pytest.raises(SessionMissing):
        await backend.identity.operator(mine.token)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "password1234",
        "P@ssw0rd2026!!",
        "motdepasse2026",
        "azertyuiop12",
        "admin-password",
        "aaaaaaaaaaaa",
        "123456789012",
        "abcdefghijkl",
        "202620262026",
        "Jean Dupont 26",
        "jean.dupont@example.com",
        "x" * 1025,
    ],
)
def test_obvious_passwords_are_refused(password: str) -> None:
    """Short ones, runs, names, and words everybody tries with digits around them."""
    with pytest.raises(InvalidInput):
        check_password(password, "Jean Dupont", "jean.dupont@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "пароль на двенадцать",
        "kT9-vQ2-hM7-xx",
        "the admin drinks tea",
        "été à la plage 7",
    ],
)
def test_long_passwords_of_any_language_are_taken(password: str) -> None:
    """Length counts, not the kinds of signs."""
    check_password(password, "Jean Dupont", "jean.dupont@example.com")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (None, None),
        ("curl/8", None),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/130 Safari/537 Edg/130", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604", "Safari, iOS"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537", "Chrome, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit HeadlessChrome/130 Safari/537", "Chrome, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) CriOS/130 Mobile Safari/604", "Chrome, iOS"),
    ],
)
def test_a_browser_is_named_coarsely(user_agent: str | None, name: str | None) -> None:
    """Enough for its owner to know it again, not enough to follow anybody."""
    assert device_name(user_agent) == name
