"""A look that began before the seller paused ends in no hint: what the camera showed is not talked about any more."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.inspections.records import Actor
from inspection_service.media.turn import Relays
from inspection_service.sessions import Connection, Hint, LiveSession
from inspection_service.settings import MediaSettings
from inspection_service.telemetry.metrics import Metrics
from inspection_service.testing import FakeClock
from tests.integration.test_live_session import (
    FACTS,
    INSPECTION,
    OPERATOR,
    PATIENCE_S,
    SELLER,
    Record,
    counted,
    heard,
    jpeg,
    reached,
)

pytestmark = pytest.mark.integration


class SlowGuide:
    """Looks until it is let go."""

    def __init__(self) -> None:
        self.looks = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)
        self.seen = 0

    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        self.seen += 1
        self.looks.release()
        assert self.let_go.acquire(timeout=PATIENCE_S)
        return Hint("too_bright", False, asked_view)


class Room:
    """A session with a seller and an operator in a call, and a guide that looks slowly."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.guide, self.metrics = SlowGuide(), Metrics()
        self.session = LiveSession(
            INSPECTION,
            FACTS,
            record=Record(),
            guide=self.guide,
            executor=executor,
            relays=Relays(MediaSettings(), FakeClock()),
            metrics=self.metrics,
        )
        self.seller, self.operator = Connection(SELLER), Connection(OPERATOR)

    async def begin(self) -> None:
        for page in (self.seller, self.operator):
            await self.session.join(page)
        await self.say(self.operator, "call.open")
        await self.say(self.seller, "call.accept")
        while (await heard(self.operator, "call"))["state"] != "accepted":
            pass

    async def say(self, page: Connection, kind: str) -> None:
        await self.session.receive(page, json.dumps({"type": kind}))

    async def frame_in_hand(self) -> None:
        """Send a frame and return while the guide looks at it."""
        await self.session.receive(self.seller, jpeg())
        assert await asyncio.to_thread(self.guide.looks.acquire, timeout=PATIENCE_S)

    async def looked_at(self, frames: int) -> None:
        await reached(lambda: counted(self.metrics, "inspection_frame_age_seconds_count") >= frames)

    def hints(self) -> int:
        """How many hints wait in the outboxes."""
        pages = (self.seller.outbox, self.operator.outbox)
        items = [outbox.get_nowait() for outbox in pages for _ in range(outbox.qsize())]
        return sum(isinstance(item, dict) and item["type"] == "hint" for item in items)


@pytest.mark.parametrize("how", ["pause", "withdrawal"])
async def test_a_hint_that_was_under_way_is_shown_to_nobody(how: str) -> None:
    with ThreadPoolExecutor(1) as executor:
        room = Room(executor)
        running = asyncio.create_task(room.session.run())
        try:
            await room.begin()
            await room.frame_in_hand()
            if how == "pause":
                await room.say(room.seller, "call.pause")
            else:
                seller = Actor("seller", "ins_1", "seller")
                await room.session.note("consent.withdrawn", seller, {"purpose": "live_video"})
            room.guide.let_go.release()
            await room.looked_at(1)
            assert room.hints() == 0
        finally:
            room.guide.let_go.release(8)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def test_a_frame_sent_in_a_pause_is_not_looked_at_and_hints_come_again_after_it() -> None:
    with ThreadPoolExecutor(1) as executor:
        room = Room(executor)
        running = asyncio.create_task(room.session.run())
        try:
            await room.begin()
            await room.say(room.seller, "call.pause")
            await room.session.receive(room.seller, jpeg())
            await room.looked_at(1)
            assert room.guide.seen == 0
            await room.say(room.seller, "call.resume")
            await room.frame_in_hand()
            room.guide.let_go.release()
            assert (await heard(room.operator, "hint"))["code"] == "too_bright"
        finally:
            room.guide.let_go.release(8)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
