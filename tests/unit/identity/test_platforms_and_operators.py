"""Keys, passwords and sessions."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inspection_service.app import create_app
from inspection_service.errors import InvalidInput
from inspection_service.identity.errors import (
    ApiKeyUnknown,
    EmailTaken,
    KeyUnknown,
    LoginFailed,
    PepperDamaged,
    SessionMissing,
    TooManyTries,
)
from inspection_service.identity.messenger import ConsoleMessenger, code_message
from inspection_service.identity.secrets import load_pepper, masked
from inspection_service.settings import Settings
from inspection_service.testing import PASSWORD, Backend

pytestmark = pytest.mark.unit


async def test_a_key_names_its_platform_until_it_is_revoked(backend: Backend) -> None:
    """Only the whole key, only of its own tenant."""
    platform = await backend.identity.platform(backend.api_key)
    assert (platform.name, platform.tenant_id) == ("Autoscope", backend.platform.tenant_id)
    for wrong in (
        "",
        "isk_",
        backend.api_key[:-1],
        backend.api_key + "x",
        backend.api_key.removeprefix("isk_"),
    ):
        with pytest.raises(KeyUnknown):
            await backend.identity.platform(wrong)
    other = await backend.identity.create_tenant("Other")
    with pytest.raises(ApiKeyUnknown):
        await backend.identity.revoke_key(other.id, platform.key_id)
    await backend.identity.platform(backend.api_key)
    await backend.identity.revoke_key(platform.tenant_id, platform.key_id)
    with pytest.raises(KeyUnknown):
        await backend.identity.platform(backend.api_key)


async def test_an_operator_signs_in_and_out(backend: Backend) -> None:
    """The session ends by signing out, and by itself after a shift."""
    operator, first = await backend.identity.login(" Alex@Example.com ", PASSWORD)
    assert operator == backend.operator
    assert await backend.identity.operator(first.token) == operator
    await backend.identity.logout(first.token)
    await backend.identity.logout("never was")
    with pytest.raises(SessionMissing):
        await backend.identity.operator(first.token)
    _, second = await backend.identity.login("alex@example.com", PASSWORD)
    backend.clock.advance(hours=13)
    with pytest.raises(SessionMissing):
        await backend.identity.operator(second.token)


async def test_guessing_passwords_is_slowed_down(backend: Backend) -> None:
    """Ten failures, then even the right password waits; an unknown e-mail answers the same."""
    for _ in range(10):
        with pytest.raises(LoginFailed):
            await backend.identity.login("alex@example.com", "wrong")
    with pytest.raises(TooManyTries) as refused:
        await backend.identity.login("alex@example.com", PASSWORD)
    assert 0 < refused.value.attributes["retry_after_s"] <= 901
    with pytest.raises(LoginFailed):
        await backend.identity.login("nobody@example.com", "wrong")
    backend.clock.advance(minutes=16)
    await backend.identity.login("alex@example.com", PASSWORD)


async def test_accounts_are_made_once_and_with_a_real_password(backend: Backend) -> None:
    """Same e-mail, other case: taken."""
    with pytest.raises(EmailTaken):
        await backend.identity.create_operator("ALEX@example.com", "Alex", "long enough password")
    for email, password in (("x@example.com", "short"), ("nobody", "long enough password")):
        with pytest.raises(InvalidInput):
            await backend.identity.create_operator(email, "X", password)
    names = await backend.identity.operator_names(frozenset({backend.operator.id}))
    assert names == {backend.operator.id: "Alex"}


def test_the_pepper_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """32 bytes, for the owner only, the same at every start; a damaged file is refused."""
    path = tmp_path / "new" / "pepper"
    first = load_pepper(path)
    assert len(first) == 32
    assert load_pepper(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    for damaged in (b"", b"short"):
        path.write_bytes(damaged)
        with pytest.raises(PepperDamaged, match="32 bytes"):
            load_pepper(path)


def test_processes_that_start_together_have_the_same_pepper(tmp_path: Path) -> None:
    """Nobody reads a file that is only half there."""
    path = tmp_path / "pepper"
    with ThreadPoolExecutor(8) as pool:
        peppers = set(pool.map(load_pepper, [path] * 32))
    assert len(peppers) == 1
    assert list(tmp_path.iterdir()) == [path]


async def test_the_service_does_not_start_with_a_damaged_pepper(tmp_path: Path) -> None:
    """An empty file would make codes and tokens that anybody can compute."""
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "pepper").touch()
    app = create_app(Settings(data_dir=folder, work={"enabled": False}))
    with pytest.raises(PepperDamaged):
        async with app.router.lifespan_context(app):
            pass


async def test_the_console_messenger_prints_for_the_developer(capsys: pytest.CaptureFixture[str]) -> None:
    """On the terminal of the service, in the seller's language."""
    message = code_message("email", "s@example.com", "fr", purpose="signature", code="042042", good_for_s=600)
    await ConsoleMessenger().send(message)
    printed = capsys.readouterr().err
    assert "042042 est votre code" in printed
    assert "10 minutes" in printed


@pytest.mark.parametrize(
    ("contact", "shown"),
    [("sophie@example.com", "s…@example.com"), ("+33600000042", "…42"), ("é@x.fr", "é…@x.fr")],
)
def test_a_masked_contact_says_enough_for_its_owner(contact: str, shown: str) -> None:
    """And no more."""
    assert masked(contact) == shown
