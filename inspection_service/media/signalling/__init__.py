"""The signalling protocol of one inspection, without any socket: message in, effects out.

A seller's page and operators' pages are joined by the service. It decides who may ring, look on, speak and steer,
relays session descriptions between browsers (W3C WebRTC: offer, answer, candidate), numbers every command and sees to
it that each gets an answer, even when the phone gives none.

``messages`` what is said · ``room`` who is there and what they may · ``call`` from ring to end · ``viewers`` who looks
on · ``commands`` what is asked of the phone · ``protocol`` the whole.
"""

from inspection_service.media.signalling.call import (
    HANDED_OVER_LASTS_S,
    HELP_LASTS_S,
    OPERATOR_ABSENCE_S,
    RINGING_TIMEOUT_S,
    SELLER_ABSENCE_S,
    CallState,
    EndReason,
    OngoingCall,
)
from inspection_service.media.signalling.commands import (
    COMMAND_TIMEOUT_S,
    COMMANDS,
    MAX_PENDING_COMMANDS,
    SELLER_ASKED_S,
    CommandRefusal,
    SentCommand,
)
from inspection_service.media.signalling.messages import (
    MAX_MESSAGE_BYTES,
    AnalysisCandidate,
    AnalysisFrame,
    AnalysisOffer,
    Close,
    Effect,
    IceWanted,
    Log,
    Participant,
    Role,
    Say,
    Send,
    WatchStep,
    problem,
)
from inspection_service.media.signalling.protocol import (
    CLOSE_BINARY,
    CLOSE_FLOOD,
    CLOSE_REPLACED,
    MAX_CHAT_CHARACTERS,
    MAX_JPEG_BYTES,
    MAX_PHONE_BYTES,
    Signalling,
)
from inspection_service.media.signalling.room import BURST_MESSAGES
from inspection_service.media.signalling.viewers import MAX_VIEWERS

__all__ = [
    "BURST_MESSAGES",
    "CLOSE_BINARY",
    "CLOSE_FLOOD",
    "CLOSE_REPLACED",
    "COMMANDS",
    "COMMAND_TIMEOUT_S",
    "HANDED_OVER_LASTS_S",
    "HELP_LASTS_S",
    "MAX_CHAT_CHARACTERS",
    "MAX_JPEG_BYTES",
    "MAX_MESSAGE_BYTES",
    "MAX_PENDING_COMMANDS",
    "MAX_PHONE_BYTES",
    "MAX_VIEWERS",
    "OPERATOR_ABSENCE_S",
    "RINGING_TIMEOUT_S",
    "SELLER_ABSENCE_S",
    "SELLER_ASKED_S",
    "AnalysisCandidate",
    "AnalysisFrame",
    "AnalysisOffer",
    "CallState",
    "Close",
    "CommandRefusal",
    "Effect",
    "EndReason",
    "IceWanted",
    "Log",
    "OngoingCall",
    "Participant",
    "Role",
    "Say",
    "Send",
    "SentCommand",
    "Signalling",
    "WatchStep",
    "problem",
]
