"""Calls libraries that have only coroutines from code that has none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Finish a coroutine of a library that has no plain form, also where a loop already runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    results: list[T] = []
    failures: list[BaseException] = []

    def finish() -> None:
        try:
            results.append(asyncio.run(coroutine))
        except BaseException as failure:  # brought over to the thread that asked
            failures.append(failure)

    thread = threading.Thread(target=finish)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
