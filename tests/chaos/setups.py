"""The two ways the service is run, as processes that can be killed: all in one, and all apart.

In both the photos are decoded for real and judged by a script: what is tried here is that nothing is lost or done
twice, which does not depend on what the models see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from inspection_service.settings import Settings
from tests.integration.cluster import Cluster
from tests.integration.node_process import Node
from tests.integration.servers import Server

Kind = Literal["embedded", "distributed"]
SETTINGS: Final = {
    "INSPECTION_WEBHOOKS__ALLOW_PRIVATE": "true",  # the receiver is on this machine
    "INSPECTION_WEBHOOKS__TIMEOUT_S": "2",
    "INSPECTION_WEBHOOKS__POLL_S": "1",
    "INSPECTION_WORK__POLL_S": "2",
    "INSPECTION_LIMITS__LINKS_PER_MINUTE": "1000000",  # all sellers come from one address
    "INSPECTION_LIMITS__CODES_PER_MINUTE": "1000000",
    "INSPECTION_LIMITS__KEY_PER_MINUTE": "1000000",
}


@dataclass(frozen=True)
class Setup:
    """A running service."""

    origin: str
    settings: Settings
    """To look at its records from here."""
    parts: Mapping[str, Server]
    """What may be killed, by name."""


@asynccontextmanager
async def open_setup(kind: Kind, folder: Path) -> AsyncIterator[Setup]:
    """Run the service until the block is left; everything is up."""
    if kind == "distributed":
        async with Cluster(folder, **cast(Any, SETTINGS)) as cluster:
            yield Setup(cluster.origin, cluster.settings, cluster.parts)
        return
    node = Node(folder / "node", folder / "shared", INSPECTION_WORK__ENABLED="true", **SETTINGS)
    await asyncio.to_thread(node.start)
    try:
        settings = Settings(data_dir=folder / "shared", public_url=cast(Any, node.origin))
        yield Setup(node.origin, settings, {"service": node})
    finally:
        await asyncio.to_thread(node.kill)
