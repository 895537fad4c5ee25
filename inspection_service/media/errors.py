"""What can be wrong with a message on the signalling channel.

InspectionServiceError
├── InvalidInput
│   ├── MalformedMessage
│   ├── UnusableDescription
│   └── TooManyMessages
├── NotAllowed
│   ├── WrongRole
│   ├── ClaimNeeded
│   ├── ConsentMissing
│   └── SupervisorNeeded
├── Conflict
│   ├── NoCall
│   ├── SellerAbsent
│   └── ViewersFull
└── Unavailable
    └── RelaySecretUnusable
"""

from __future__ import annotations

from inspection_service.errors import Conflict, InvalidInput, NotAllowed, Unavailable


class MalformedMessage(InvalidInput):
    """The message is not one this service knows."""

    slug = "malformed-message"


class UnusableDescription(InvalidInput):
    """The session description or candidate cannot be used."""

    slug = "unusable-description"


class TooManyMessages(InvalidInput):
    """Too many messages in too short a time; the connection is closed."""

    slug = "too-many-messages"
    retryable = True


class WrongRole(NotAllowed):
    """This message is not for your side of the session to send."""

    slug = "wrong-role"


class ClaimNeeded(NotAllowed):
    """Claim the inspection first: only the operator who holds it steers the phone."""

    slug = "claim-needed"


class ConsentMissing(NotAllowed):
    """The seller has not agreed to live video."""

    slug = "consent-missing"


class NoCall(Conflict):
    """There is no call in which this could be done."""

    slug = "no-call"


class SellerAbsent(Conflict):
    """The seller's page is not open at the moment."""

    slug = "seller-absent"


class SupervisorNeeded(NotAllowed):
    """Only a supervisor looks on at a colleague's call."""

    slug = "supervisor-needed"


class ViewersFull(Conflict):
    """As many people look on as the seller's phone can serve."""

    slug = "viewers-full"


class RelaySecretUnusable(Unavailable):
    """The file with the relay's shared secret cannot be read or is empty."""

    slug = "relay-secret-unusable"
