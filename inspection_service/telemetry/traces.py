"""Spans of requests and pieces of work, for whoever runs the service under OpenTelemetry; else they cost nothing.

Named by routes and kinds, never by ids or values: what is not in the log is not in a trace either. The interface that
is always there does nothing by itself; ``opentelemetry-instrument`` of the extra ``otel`` sets up what receives spans.

Source: https://opentelemetry.io/docs/specs/otel/trace/api/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Span(Protocol):
    """What may be said of a span while it lasts."""

    def update_name(self, name: str) -> None:
        """Name it anew: a request's route is known when it has been found."""
        ...

    def set_attribute(self, key: str, value: Any) -> None:
        """Say one more thing."""
        ...


class _Nothing:
    def update_name(self, name: str) -> None:
        """Do nothing."""

    def set_attribute(self, key: str, value: Any) -> None:
        """Do nothing."""


def tracer() -> Any:
    """Return what makes spans; ``None`` where OpenTelemetry is not installed, or nothing is set up to receive them."""
    try:
        from opentelemetry import trace  # a library of libraries: it may come with one, and may not
    except ImportError:
        return None
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    return trace.get_tracer("inspection_service")


@contextmanager
def span(name: str, **attributes: str) -> Iterator[Span]:
    """Mark the length of the block."""
    maker = tracer()
    if maker is None:
        yield _Nothing()
        return
    # The text of an error may repeat what was sent: what happened stands in the log, without it.
    with maker.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        yield made
