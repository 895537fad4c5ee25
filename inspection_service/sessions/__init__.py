"""One live session: the only place where live frames, judgements and the inspection meet."""

from inspection_service.sessions.connection import Connection, Farewell
from inspection_service.sessions.facts import SessionFacts, facts_of
from inspection_service.sessions.guidance import Guide, Hint, SteadyHint
from inspection_service.sessions.live import LiveSession, SessionRecord
from inspection_service.sessions.registry import Desk, LiveSessions

__all__ = [
    "Connection",
    "Desk",
    "Farewell",
    "Guide",
    "Hint",
    "LiveSession",
    "LiveSessions",
    "SessionFacts",
    "SessionRecord",
    "SteadyHint",
    "facts_of",
]
