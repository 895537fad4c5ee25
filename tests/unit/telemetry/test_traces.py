"""Spans say what kind of thing was done, never to whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inspection_service.telemetry import traces
from inspection_service.testing import Backend
from tests.integration.service import open_test_service

pytestmark = pytest.mark.unit


class Recorder:
    """Keeps what a tracer is told."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []

    @contextmanager
    def start_as_current_span(
        self, name: str, *, attributes: dict[str, Any], **_: Any
    ) -> Iterator["Recorder"]:
        self.spans.append({"name": name} | attributes)
        yield self

    def update_name(self, name: str) -> None:
        self.spans[-1]["name"] = name

    def set_attribute(self, key: str, value: Any) -> None:
        self.spans[-1][key] = value


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(traces, "tracer", lambda: made)
    return made


async def test_a_piece_of_work_is_a_span(backend: Backend, recorder: Recorder) -> None:
    """By its kind and queue."""
    await backend.judged(await backend.joined(), "front")
    assert {"name": "work judge", "queue": "vision"} in recorder.spans


async def test_a_request_is_a_span_named_by_its_route(tmp_path: Path, recorder: Recorder) -> None:
    """Not by its path, which holds ids."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        await platform.get(f"/v1/inspections/{ordered['id']}")
    names = [each["name"] for each in recorder.spans]
    assert "GET /v1/inspections/{inspection_id}" in names
    assert ordered["id"] not in str(recorder.spans)


async def test_without_opentelemetry_nothing_is_needed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is missing."""
    monkeypatch.setattr(traces, "tracer", lambda: None)
    with traces.span("work", kind="judge") as span:
        span.update_name("other")
        span.set_attribute("status", 200)
