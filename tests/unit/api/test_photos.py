"""Copies of photos are made few at a time, and a waiting request holds nothing large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Any

import pytest

from inspection_service.api.photos import PhotoCopies
from inspection_service.inspections.records import Capture, CaptureId, InspectionId, StepId
from inspection_service.reports.credentials import CredentialedPhoto, Source
from inspection_service.testing import MemoryStore

pytestmark = pytest.mark.unit


class HeldExecutor(Executor):
    """Keeps what it is given until the test lets it go on."""

    def __init__(self) -> None:
        self.held: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run nothing yet."""
        self.held.append(Future())
        return self.held[-1]


class CountingStore(MemoryStore):
    """Counts the originals that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.originals_read = 0

    async def get(self, key: str) -> bytes:
        """Read, and count what is no copy."""
        self.originals_read += not key.startswith("derived/")
        return await super().get(key)


def capture(sha256: str) -> Capture:
    return Capture(
        id=CaptureId(sha256),
        inspection_id=InspectionId("i"),
        step_id=StepId("front"),
        attempt=1,
        state="received",
        sha256=sha256,
        size_bytes=1,
        media_type="image/jpeg",
        object_key=f"original/{sha256}",
        method="file",
        taken_at=None,
        received_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


class NoCredentials:
    """Hands copies out as they are."""

    def put_on(self, jpeg: bytes, source: Source) -> CredentialedPhoto:
        return CredentialedPhoto(jpeg, "signing_failed")


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_waiting_request_has_not_read_its_original() -> None:
    """Two are under way; the third is read only when one of them is done."""
    store, executor = CountingStore(), HeldExecutor()
    for name in "abc":
        await store.put(f"original/{name}", b"photo")
    copies = PhotoCopies(store, executor, NoCredentials())
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(copies.get(capture(name), "thumb")) for name in "abc"]
        await settle()
        assert (len(executor.held), store.originals_read) == (2, 2)
        executor.held[0].set_result(b"copy")
        await asked[0]
        await settle()
        assert (len(executor.held), store.originals_read) == (3, 3)
        for future in executor.held[1:]:
            future.set_result(b"copy")
    assert [task.result() for task in asked] == [b"copy"] * 3


async def test_a_copy_many_wait_for_is_made_once_more_at_most() -> None:
    """Whoever comes to its turn after the copy exists takes it."""
    store, executor = CountingStore(), HeldExecutor()
    await store.put("original/a", b"photo")
    copies = PhotoCopies(store, executor, NoCredentials())
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(copies.get(capture("a"), "thumb")) for _ in range(6)]
        await settle()
        for future in executor.held:
            future.set_result(b"copy")
    assert [task.result() for task in asked] == [b"copy"] * 6
    assert store.originals_read == 2
