"""From an order to the link for its seller, on both databases, with the work of the service going on beside."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.bench.http_load import ms, one_after_another, request_of
from tests.bench.instances import Instance, on_postgres, on_sqlite
from tests.bench.rows import Row, row

ORDERS: Final = 200
_BODY: Final = b'{"checklist": "listing-12", "language": "en", "vehicle": {"plate": "AB-123-CD"}}'


def rows() -> list[Row]:
    """Measure."""
    with on_postgres() as instance:
        found = [_ordering(instance)]
    with on_sqlite() as instance:
        return [*found, _ordering(instance)]


def _ordering(instance: Instance) -> Row:
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    request = request_of("POST", "/v1/inspections", headers, _BODY)
    took = asyncio.run(one_after_another(instance.node.port, [request] * ORDERS))
    return row(f"platform.order_to_link_p95_{instance.name}", ms(took, 95), "ms", at_most=30.0)
