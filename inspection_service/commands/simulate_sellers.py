"""``simulate-sellers``: load on a running service, as phones make it: real signalling, real WebRTC, no browser.

Bounded, and only against this machine unless told otherwise: it orders inspections, and cancels them when it is done.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import numpy as np

from inspection_service.commands.first_run import FILE_NAME, read_first_run
from inspection_service.commands.simulated_seller import Sighting, SimulatedSeller
from inspection_service.commands.terminal import out, read_settings, waiting, write_json
from inspection_service.errors import InvalidInput

_ORDERS_AT_ONCE: Final = 8


def run(arguments: argparse.Namespace) -> int:
    """Simulate the sellers and print what they lived through; 1 when one of them failed."""
    url = str(arguments.url).rstrip("/")
    if not arguments.remote and not _is_this_machine(url):
        raise InvalidInput(f"{url} is not this machine; --remote loads it all the same.", field="url")
    key = arguments.api_key or _first_run_key(arguments.data_dir)
    with waiting(f"{arguments.count} sellers, {arguments.seconds:g} s ..."):
        seen = asyncio.run(simulate(url, key, arguments.count, arguments.seconds))
    summary = summarise(seen)
    if arguments.json:
        write_json(summary)
    else:
        _print(summary)
    return 1 if summary["errors"] else 0


async def simulate(url: str, api_key: str, count: int, seconds: float) -> list[Sighting]:
    """Let ``count`` sellers send their cameras for ``seconds``, all at once.

    Args:
        url: Address of the service, without a trailing slash.
        api_key: Of the platform the inspections are ordered for.
        count: How many sellers.
        seconds: How long each sends after its connection stands.

    Returns:
        What each of them lived through.

    Raises:
        InvalidInput: The service cannot be reached, or refuses the key or the orders.
    """
    headers = {"Authorization": f"Bearer {api_key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as platform:
        gate = asyncio.Semaphore(_ORDERS_AT_ONCE)
        ordered = await asyncio.gather(*(_order(platform, gate) for _ in range(count)))
        sellers = [SimulatedSeller(url, each["seller_link"], number=n) for n, each in enumerate(ordered)]
        try:
            await asyncio.gather(*(seller.run(seconds) for seller in sellers))
        finally:
            await asyncio.gather(*(platform.post(f"/v1/inspections/{each['id']}/cancel") for each in ordered))
    return [seller.seen for seller in sellers]


def summarise(seen: list[Sighting]) -> dict[str, Any]:
    """Count, and give the middle and the slow end of both times; ``null`` where nothing was measured."""
    failed = [each.error for each in seen if each.error is not None]
    return {
        "sessions": len(seen),
        "connected": sum(each.connect_ms is not None for each in seen),
        "frames_sent": sum(each.frames_sent for each in seen),
        "hints": sum(each.hints for each in seen),
        "connect_ms": _quantiles([each.connect_ms for each in seen if each.connect_ms is not None]),
        "frame_to_hint_ms": _quantiles([ms for each in seen for ms in each.frame_to_hint_ms]),
        "errors": len(failed),
        "first_error": failed[0] if failed else None,
    }


def _quantiles(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None}
    middle, slow = np.percentile(values, [50, 95])
    return {"p50": round(float(middle), 1), "p95": round(float(slow), 1)}


def _print(summary: dict[str, Any]) -> None:
    console = out()
    console.print(
        f"{summary['connected']} of {summary['sessions']} sellers connected, {summary['errors']} failed"
    )
    console.print(f"{summary['frames_sent']} frames sent, {summary['hints']} hints heard")
    for name, what in (("connect_ms", "offer to connection"), ("frame_to_hint_ms", "frame to hint")):
        each = summary[name]
        if each["p50"] is not None:
            console.print(f"{what}: half within {each['p50']:g} ms, 95 % within {each['p95']:g} ms")
    if summary["first_error"]:
        console.print(f"First failure: {summary['first_error']}", markup=False)


async def _order(platform: httpx.AsyncClient, gate: asyncio.Semaphore) -> dict[str, Any]:
    body = {"checklist": "listing-12", "language": "en", "vehicle": {}, "reference": "simulated"}
    try:
        async with gate:
            answer = await platform.post("/v1/inspections", json=body)
    except httpx.TransportError as error:
        raise InvalidInput(f"{platform.base_url} cannot be reached: {error}", field="url") from error
    if answer.is_error:
        raise InvalidInput(f"The service refused the order: {answer.text[:200]}", status=answer.status_code)
    ordered: dict[str, Any] = answer.json()
    return ordered


def _first_run_key(data_dir: Path | None) -> str:
    """Return the key of the demo platform of the instance in the data folder."""
    settings = read_settings(data_dir=data_dir)
    prepared = read_first_run(settings.data_dir / FILE_NAME)
    if prepared is None:
        raise InvalidInput(
            f"Say --api-key KEY, or --data-dir of an instance that first-run made ({settings.data_dir} is none).",
            field="api_key",
        )
    return prepared.api_key


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname
    if host is None:
        raise InvalidInput("This is not an address of a service.", field="url")
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise InvalidInput(f"{host} is not known: {error.strerror}.", field="url") from error
    return all(ipaddress.ip_address(each[4][0]).is_loopback for each in found)
