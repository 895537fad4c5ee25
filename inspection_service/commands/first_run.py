"""``first-run``: an instance one can try at once, with random secrets of its own.

Makes the folder, the schema and development keys, admits a demo platform and a demo operator, orders one inspection,
and prints how to get in. What it printed is kept in ``first-run.json``, readable by its owner only: a convenience for
development, and the only place where an API key or a password is ever written down. A second start keeps everything and
prints the same again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import segno
import uvicorn

from inspection_service.app import create_app, open_directory, open_signer
from inspection_service.clock import Clock, SystemClock
from inspection_service.commands.keys import new_password
from inspection_service.commands.serve import serve, server_config
from inspection_service.commands.terminal import out, read_settings, waiting, write_json
from inspection_service.identity.errors import LinkExpired, LinkUnknown
from inspection_service.identity.records import Platform
from inspection_service.identity.service import Identity
from inspection_service.inspections.records import Contact, Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.lan import LanFiles, lan_address, prepare, trust_page
from inspection_service.settings import Settings
from inspection_service.telemetry.logs import configure_logs

FILE_NAME: Final = "first-run.json"
_OPERATOR_EMAIL: Final = "operator@example.com"
_OPERATOR_NAME: Final = "Demo operator"
_VEHICLE: Final = Vehicle(plate="DEMO 123", make="Demo", model="Hatchback", declared_mileage_km=127_000)
_CONTACT: Final = Contact(name="Demo seller", email="seller@example.com")


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What ``first-run.json`` holds."""

    tenant_id: str
    api_key: str
    operator_email: str
    operator_password: str
    seller_token: str
    inspection_id: str
    sandbox_key: str = ""
    """Of a platform whose inspections are carried out by a simulated seller; an older first run made none."""


def run(arguments: argparse.Namespace) -> int:
    """Prepare the instance, print how to get in, and serve it when asked to."""
    clock = SystemClock()
    settings, lan = _settings(arguments, clock)
    configure_logs(settings.log_format)
    with waiting("Preparing the instance ..."):
        open_signer(settings, clock)
        prepared = asyncio.run(prepare_instance(settings))
    if arguments.json:
        write_json(_addresses(settings, prepared))
    else:
        _print(settings, prepared, lan)
    return _serve(settings, lan, prepared) if arguments.serve else 0


async def prepare_instance(settings: Settings) -> FirstRun:
    """Make what is missing; what an earlier start made and still works stays as it is."""
    path = settings.data_dir / FILE_NAME
    earlier = read_first_run(path)
    async with open_directory(settings) as identity:
        platform = await _platform(identity, earlier)
        email, password = await _operator(identity, earlier)
        token, inspection_id = await _inspection(identity, platform[0], earlier)
        sandbox_key = await _sandbox(identity, earlier)
    prepared = FirstRun(
        platform[0].tenant_id, platform[1], email, password, token, inspection_id, sandbox_key
    )
    if prepared != earlier:
        _write(path, prepared)
    return prepared


async def _platform(identity: Identity, earlier: FirstRun | None) -> tuple[Platform, str]:
    if earlier is not None:
        return await identity.platform(earlier.api_key), earlier.api_key
    tenant = await identity.create_tenant("Demo platform")
    key = await identity.issue_key(tenant.id, "demo")
    return await identity.platform(key), key


async def _sandbox(identity: Identity, earlier: FirstRun | None) -> str:
    if earlier is not None and earlier.sandbox_key:
        return earlier.sandbox_key
    tenant = await identity.create_tenant("Demo platform (sandbox)", kind="sandbox", organisation_id=None)
    return await identity.issue_key(tenant.id, "sandbox")


async def _operator(identity: Identity, earlier: FirstRun | None) -> tuple[str, str]:
    if earlier is not None:
        return earlier.operator_email, earlier.operator_password
    password = new_password()
    await identity.create_operator(_OPERATOR_EMAIL, _OPERATOR_NAME, password, "admin")
    return _OPERATOR_EMAIL, password


async def _inspection(identity: Identity, platform: Platform, earlier: FirstRun | None) -> tuple[str, str]:
    if earlier is not None:
        try:
            await identity.preview(earlier.seller_token)
        except (LinkExpired, LinkUnknown):
            pass
        else:
            return earlier.seller_token, earlier.inspection_id
    order = Order(vehicle=_VEHICLE, checklist="listing-12", language="en", contact=_CONTACT, reference="demo")
    placed, link = await identity.order(platform, order)
    return link.token, placed.inspection.id


def _settings(arguments: argparse.Namespace, clock: Clock) -> tuple[Settings, LanFiles | None]:
    if not arguments.lan:
        over = {"data_dir": arguments.data_dir, "http__host": arguments.host, "http__port": arguments.port}
        return read_settings(**over), None
    settings = read_settings(data_dir=arguments.data_dir)
    lan = prepare(settings.data_dir / "lan", arguments.host or lan_address(), clock)
    return (
        read_settings(
            data_dir=arguments.data_dir,
            http__host=lan.address,
            http__port=arguments.port,
            http__certfile=lan.certfile,
            http__keyfile=lan.keyfile,
        ),
        lan,
    )


def read_first_run(path: Path) -> FirstRun | None:
    """Read what an earlier first run kept; ``None`` when there was none."""
    try:
        return FirstRun(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _write(path: Path, prepared: FirstRun) -> None:
    """Write the file whole or not at all, for nobody else to read."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(prepared), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _addresses(settings: Settings, prepared: FirstRun) -> dict[str, str]:
    base = settings.base_url
    return {
        "seller_link": f"{base}/s#{prepared.seller_token}",
        "operator_address": f"{base}/operator",
        "operator_email": prepared.operator_email,
        "operator_password": prepared.operator_password,
        "api_address": f"{base}/v1/inspections",
        "api_key": prepared.api_key,
        "sandbox_key": prepared.sandbox_key,
        "inspection_id": prepared.inspection_id,
    }


def _print(settings: Settings, prepared: FirstRun, lan: LanFiles | None) -> None:
    shown = _addresses(settings, prepared)
    console = out()
    console.print(
        "\nThe seller photographs the car here (open it on a phone; there is a button to try without a car):"
    )
    console.print(f"  {shown['seller_link']}\n", markup=False)
    segno.make(shown["seller_link"], micro=False).terminal(compact=True, border=2)
    if lan is not None:
        console.print("\nFirst time on this phone? Let it trust this machine:")
        console.print(f"  {_trust_address(settings)}", markup=False)
    else:
        console.print("\nThis address works on this machine only. For a phone: make run HTTPS=1")
    console.print("\nThe operator helps and signs off here:")
    console.print(f"  {shown['operator_address']}", markup=False)
    console.print(f"  {shown['operator_email']}  {shown['operator_password']}", markup=False)
    console.print("\nThe platform orders here:")
    order = '{"checklist": "listing-12", "language": "en", "vehicle": {"plate": "AB-123-CD"}}'
    insecure = " -k" if lan is not None else ""
    console.print(
        f"  curl{insecure} {shown['api_address']} -H 'Authorization: Bearer {shown['api_key']}' "
        f"-H 'Content-Type: application/json' -d '{order}'",
        markup=False,
    )
    console.print("\nWith this key a simulated seller carries it out within a minute (docs/api.md):")
    console.print(f"  {shown['sandbox_key']}", markup=False)
    console.print(
        f"\nEverything is in {settings.data_dir.absolute()}. Secrets are random; one-time codes appear here.\n",
        markup=False,
    )


def _trust_address(settings: Settings) -> str:
    return f"http://{settings.http.host}:{settings.http.port + 1}/"


def _serve(settings: Settings, lan: LanFiles | None, prepared: FirstRun) -> int:
    if lan is None:
        return serve(settings)
    server = uvicorn.Server(server_config(settings, create_app(settings)))

    async def both() -> None:
        async with _trusting(settings, lan, f"{settings.base_url}/s#{prepared.seller_token}"):
            await server.serve()

    with suppress(KeyboardInterrupt):  # raised anew by the server after it has closed everything
        asyncio.run(both())
    return 0 if server.started else 1


class _Beside(uvicorn.Server):
    """A second server in this process: the main one listens to signals, and takes this one along when it ends."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _trusting(settings: Settings, lan: LanFiles, seller_link: str) -> AsyncIterator[None]:
    """Serve, beside the service, the plain page on which a phone learns to trust this machine."""
    page = _Beside(
        uvicorn.Config(
            trust_page(lan, seller_link),
            host=settings.http.host,
            port=settings.http.port + 1,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
    )
    serving = asyncio.create_task(page.serve(), name="trust-page")
    try:
        yield
    finally:
        page.should_exit = True
        await serving
