"""``kill -9`` at moments drawn by a seed: not by the clock but by how far the work has come, on any machine."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Final

from tests.integration.servers import Server

_LATER_S: Final = 0.4
"""At most so long after the act that was drawn: in the middle of whatever it has set going."""
_DOWN_S: Final = (0.0, 1.5)
_STARTS: Final = 5


class Killer:
    """Kills one part after another, each of them equally often, and starts it again."""

    def __init__(self, parts: Mapping[str, Server], seed: int, *, kills: int, acts: int) -> None:
        """Draw when what dies.

        Args:
            parts: By name.
            seed: The same draws the same.
            kills: How often.
            acts: About how many acts there will be.
        """
        self._parts = parts
        self._chosen = random.Random(seed)
        self._moments = sorted(self._chosen.randrange(1, acts) for _ in range(kills))
        self._order: list[str] = []
        while len(self._order) < kills:
            self._order += self._chosen.sample(sorted(parts), len(parts))
        self._acts = 0
        self._is_enough = False
        self._more = asyncio.Event()
        self.killed: Counter[str] = Counter()

    def acted(self) -> None:
        """Somebody has begun to do something."""
        self._acts += 1
        self._more.set()

    def enough(self) -> None:
        """Kill nothing more: ``run`` ends as soon as everything runs."""
        self._is_enough = True
        self._more.set()

    async def run(self) -> None:
        """Kill until all that was drawn has died, or it is enough, or this is cancelled; then everything runs."""
        for moment, name in zip(self._moments, self._order, strict=False):
            while self._acts < moment and not self._is_enough:
                self._more.clear()
                await self._more.wait()
            if self._is_enough:
                return
            await asyncio.sleep(self._chosen.uniform(0, _LATER_S))
            # Shielded and waited for: whoever stops this may not leave a part dead, nor start it after the end.
            dying = asyncio.ensure_future(self._kill(name))
            try:
                await asyncio.shield(dying)
            except asyncio.CancelledError:
                await dying
                raise

    async def _kill(self, name: str) -> None:
        part = self._parts[name]
        await asyncio.to_thread(part.kill)
        self.killed[name] += 1
        await asyncio.sleep(self._chosen.uniform(*_DOWN_S))
        for left in reversed(range(_STARTS)):
            try:
                await asyncio.to_thread(part.start)
                return
            except AssertionError:  # a child of what was killed still holds its port or its memory
                if not left:
                    raise
                await asyncio.to_thread(part.kill)
                await asyncio.sleep(1)
