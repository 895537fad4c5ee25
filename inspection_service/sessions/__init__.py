"""One live session: the only place where live frames, judgements and the inspection meet."""

from inspection_service.sessions.connection import Connection, Farewell
from inspection_service.sessions.facts import SessionFacts, facts_of
from inspection_service.sessions.guidance import Guide, Hint, SteadyHint
from inspection_service.sessions.live import LiveSession, SessionRecord
from inspection_service.sessions.opening import join_nodes
from inspection_service.sessions.record import InspectionRecord
from inspection_service.sessions.registry import Desk, LiveSessions
from inspection_service.sessions.sessions import Hears, Sessions

__all__ = [
    "Connection",
    "Desk",
    "Farewell",
    "Guide",
    "Hears",
    "Hint",
    "InspectionRecord",
    "LiveSession",
    "LiveSessions",
    "SessionFacts",
    "SessionRecord",
    "Sessions",
    "SteadyHint",
    "facts_of",
    "join_nodes",
]
