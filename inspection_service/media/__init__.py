"""From session descriptions to frames: the signalling protocol and the analysis peer of a live session."""

from inspection_service.media.frames import LatestFrame
from inspection_service.media.peer import AnalysisPeer
from inspection_service.media.signalling import Participant, Signalling

__all__ = ["AnalysisPeer", "LatestFrame", "Participant", "Signalling"]
