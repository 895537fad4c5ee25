"""Platforms are told what happens: in order, at least once, for a day, by any number of senders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from inspection_service.testing import Backend
from tests.unit.platforms.webhook_rules import RULES

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_rule(rule: Callable[[Backend], Awaitable[None]], backend: Backend) -> None:
    """See ``webhook_rules``; ``tests/integration/test_postgres.py`` holds PostgreSQL to the same."""
    await rule(backend)
