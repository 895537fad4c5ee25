"""From session descriptions to frames: the signalling protocol and the analysis peer of a live session."""

from inspection_service.media.frames import LatestFrame
from inspection_service.media.peer import AnalysisPeer
from inspection_service.media.signalling import Participant, Signalling
from inspection_service.media.turn import IceServers, Relays

__all__ = ["AnalysisPeer", "IceServers", "LatestFrame", "Participant", "Relays", "Signalling"]
