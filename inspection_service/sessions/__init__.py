"""One live session: the only place where live frames, judgements and the inspection meet."""

from inspection_service.sessions.guidance import Guide, Hint, SteadyHint
from inspection_service.sessions.live import (
    Connection,
    EventLog,
    Farewell,
    LiveSession,
    LiveSessions,
    SessionFacts,
)

__all__ = [
    "Connection",
    "EventLog",
    "Farewell",
    "Guide",
    "Hint",
    "LiveSession",
    "LiveSessions",
    "SessionFacts",
    "SteadyHint",
]
