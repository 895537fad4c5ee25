"""One run: inspections carried out by simulated sellers while the service dies again and again; then the audit."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inspection_service.app import open_directory
from tests.chaos.audit import Check, Heard, Tenant, are_all_told, audit
from tests.chaos.killing import Killer
from tests.chaos.patient import Patient
from tests.chaos.sellers import Carried, World, carry_out
from tests.chaos.setups import Kind, Setup, open_setup
from tests.integration.webhook_receiver import NO_CONTENT, Answers, Arrived, open_receiver

ACTS: Final = 70
"""Of one inspection, at least: requests that change something, and messages to its platform."""
_TELLING_S: Final = 900.0
_FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_FAILS: Final = 0.02
"""Share of messages a platform's endpoint answers with 500, each of them once."""


@dataclass(frozen=True)
class Plan:
    """How much of it."""

    kind: Kind
    inspections: int
    seed: int
    at_once: int
    kills: int
    minutes: float | None = None
    """After so many no further inspection begins, and of the kills those come that belong to what was begun."""


@dataclass(frozen=True)
class Told:
    """What came of a run."""

    checks: list[Check]
    carried: int
    """How many inspections there were."""
    killed: Counter[str]
    heard: Counter[str]
    """What clients met on the way instead of an answer."""
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled or shown."""
        return all(check.holds for check in self.checks)


async def run(plan: Plan, folder: Path) -> Told:
    """Carry the plan out in an empty folder; the same seed kills in the same order.

    Raises:
        Unexpected: A client got an answer it must not get, or waited for ever.
    """
    began = time.monotonic()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with open_setup(plan.kind, folder) as setup, AsyncExitStack() as stack:
        killer = Killer(setup.parts, plan.seed, kills=plan.kills, acts=plan.inspections * ACTS)
        world = World(setup.origin, killer.acted, Counter())
        tenants = [await _admitted(setup, name) for name in ("One", "Two")]
        platforms, heard = [], {tenant.id: Heard() for tenant in tenants}
        for number, tenant in enumerate(tenants):
            receiver = await stack.enter_async_context(open_receiver())
            receiver.answer = _moody(heard[tenant.id], random.Random(plan.seed + number), killer.acted)
            platform = Patient(setup.origin, killer.acted, world.heard, Authorization=f"Bearer {tenant.key}")
            platforms.append(await stack.enter_async_context(platform))
            await platform.ask("POST", "/v1/webhooks", 201, json={"url": receiver.url})
        killing = asyncio.create_task(killer.run())
        try:
            carried = await _carried(plan, world, tenants, platforms, killing)
            if len(carried) < plan.inspections:
                killer.enough()
            await _until_told(setup, killing)
        finally:
            killing.cancel()
            with suppress(asyncio.CancelledError):
                await killing
        checks = await audit(setup.origin, setup.settings, carried, tenants, heard)
    died = sum(killer.killed.values())
    drawn = plan.kills if len(carried) == plan.inspections else died
    return Told(
        [Check("kills", drawn, died), *checks],
        len(carried),
        killer.killed,
        world.heard,
        time.monotonic() - began,
    )


async def _admitted(setup: Setup, name: str) -> Tenant:
    async with open_directory(setup.settings) as identity:
        tenant_id = (await identity.create_tenant(name)).id
        return Tenant(tenant_id, await identity.issue_key(tenant_id))


def _moody(heard: Heard, chosen: random.Random, acted: Callable[[], None]) -> Answers:
    """Answer as an endpoint does that fails now and then, but never twice for one message."""
    refused: set[str] = set()

    async def answer(arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        acted()
        name = arrived.headers["webhook-id"]
        heard.arrived.append(arrived)
        if name not in refused and name not in heard.taken and chosen.random() < _FAILS:
            refused.add(name)
            writer.write(_FAILED)
            return
        heard.taken.add(name)
        writer.write(NO_CONTENT)

    return answer


async def _carried(
    plan: Plan, world: World, tenants: list[Tenant], platforms: list[Patient], killing: asyncio.Task[None]
) -> list[Carried]:
    """Carry all inspections out, some at once; a killer that fails ends it."""
    gate = asyncio.Semaphore(plan.at_once)
    began = time.monotonic()

    async def one(number: int) -> Carried | None:
        async with gate:
            if plan.minutes is not None and time.monotonic() - began > plan.minutes * 60:
                return None
            whose = number % len(tenants)
            return await carry_out(world, platforms[whose], tenants[whose].id, number, plan.seed)

    everybody: asyncio.Future[list[Carried | None]] = asyncio.gather(
        *(one(number) for number in range(plan.inspections))
    )
    try:
        both: set[asyncio.Future[Any]] = {everybody, killing}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not everybody.done():
            killing.result()  # raises, or all that was to be killed has been
        return [each for each in await everybody if each is not None]
    finally:
        everybody.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await everybody


async def _until_told(setup: Setup, killing: asyncio.Task[None]) -> None:
    """Return when every message has arrived and everything runs."""
    deadline = time.monotonic() + _TELLING_S
    while True:
        with suppress(Exception):  # the database may be down at this moment
            if await are_all_told(setup.settings):
                break
        if time.monotonic() > deadline:
            return  # the audit says what is missing
        await asyncio.sleep(0.5)
    await asyncio.wait({killing}, timeout=deadline - time.monotonic())
