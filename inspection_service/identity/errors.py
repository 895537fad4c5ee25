"""What identity refuses.

InspectionServiceError
├── NotAllowed
│   ├── NotAuthenticated       nobody we know
│   │   ├── KeyUnknown         the API key is wrong or revoked
│   │   ├── LoginFailed        e-mail, password or code is wrong
│   │   ├── SecondFactorNeeded the code of an authenticator app comes next
│   │   ├── SessionMissing     no session, or it has ended
│   │   └── SessionTakenOver   the seller continued in another browser
│   ├── CodeWrong              ``tries_left`` says how often one may still try
│   ├── CodeNeeded             this act needs a one-time code first
│   ├── PasswordWrong          the password again, for what changes the account
│   ├── SecondFactorMissing    the account must set one up before anything else
│   ├── ScopeMissing           the key may not do this; ``scope`` names what it lacks
│   ├── TicketInvalid          an address for photos that is not ours, or whose hour is over
│   ├── ScopeNotHeld           a key cannot give what it has not
│   └── TooManyTries           ``retry_after_s`` says when to come back
├── NotFound
│   ├── LinkUnknown
│   ├── InvitationUnknown      used, withdrawn or never made
│   ├── MemberUnknown          nobody of this organisation
│   ├── OrganisationUnknown
│   └── ApiKeyUnknown          this platform has no such key
├── Conflict
│   ├── LinkUsedElsewhere      ``can_send_code`` says whether a takeover code can be sent
│   ├── NoContact              there is no address to send a code to
│   ├── TooManyKeys            as many keys as a platform may have
│   ├── EmailTaken             an operator with this e-mail exists
│   ├── LastAdmin              an organisation keeps one admin
│   ├── PendingExpired         what was begun was not confirmed in time
│   ├── SecondFactorRequired   it cannot be turned off here
│   └── Closed
│       ├── LinkExpired
│       └── InvitationExpired
├── Unavailable
│   └── MessengerFailed        a message could not be sent
│       └── MessageRefused     and never will be: the address or the message is refused
└── PepperDamaged              the instance's secret is not what it must be; the service does not start
"""

from __future__ import annotations

from inspection_service.errors import (
    Closed,
    Conflict,
    InspectionServiceError,
    NotAllowed,
    NotFound,
    Unavailable,
)


class NotAuthenticated(NotAllowed):
    """Please sign in first."""

    slug = "not-authenticated"


class KeyUnknown(NotAuthenticated):
    """This API key is not known, or no longer valid."""

    slug = "key-unknown"


class ScopeMissing(NotAllowed):
    """This key may not do that; use one that has the scope."""

    slug = "scope-missing"


class TicketInvalid(NotAllowed):
    """This address takes no photo, or no longer; announce the photo again."""

    slug = "upload-ticket-invalid"


class ScopeNotHeld(NotAllowed):
    """A key cannot give another key what it may not do itself."""

    slug = "scope-not-held"


class ApiKeyUnknown(NotFound):
    """There is no such key."""

    slug = "api-key-unknown"


class TooManyKeys(Conflict):
    """There are as many keys as a platform may have; revoke one first."""

    slug = "too-many-keys"


class LoginFailed(NotAuthenticated):
    """E-mail, password or code is wrong."""

    slug = "login-failed"


class SecondFactorNeeded(NotAuthenticated):
    """Enter the code of your authenticator app, or a recovery code."""

    slug = "second-factor-needed"


class PasswordWrong(NotAllowed):
    """This is not your password."""

    slug = "password-wrong"


class SecondFactorMissing(NotAllowed):
    """Set up a second factor first: this service asks one of everybody."""

    slug = "second-factor-missing"


class SessionMissing(NotAuthenticated):
    """There is no session in this browser, or it has ended."""

    slug = "session-missing"


class SessionTakenOver(NotAuthenticated):
    """This inspection goes on in another browser."""

    slug = "session-taken-over"


class CodeWrong(NotAllowed):
    """This code is wrong or too old."""

    slug = "code-wrong"


class CodeNeeded(NotAllowed):
    """Please enter the code that was sent to you."""

    slug = "code-needed"


class TooManyTries(NotAllowed):
    """Too many tries; please wait a little."""

    slug = "too-many-tries"


class LinkUnknown(NotFound):
    """This link is not known; please ask for a new one."""

    slug = "link-unknown"


class InvitationUnknown(NotFound):
    """This invitation is not known, or was used already; please ask for a new one."""

    slug = "invitation-unknown"


class InvitationExpired(Closed):
    """This invitation has expired; please ask for a new one."""

    slug = "invitation-expired"


class MemberUnknown(NotFound):
    """There is no such person in your team."""

    slug = "member-unknown"


class OrganisationUnknown(NotFound):
    """There is no such organisation."""

    slug = "organisation-unknown"


class LastAdmin(Conflict):
    """A team keeps at least one admin who can sign in."""

    slug = "last-admin"


class PendingExpired(Conflict):
    """This took too long; please begin again."""

    slug = "pending-expired"


class SecondFactorRequired(Conflict):
    """This service asks a second factor of everybody."""

    slug = "second-factor-required"


class LinkExpired(Closed):
    """This link has expired; please ask for a new one."""

    slug = "link-expired"


class LinkUsedElsewhere(Conflict):
    """This link is already in use in another browser."""

    slug = "link-used-elsewhere"


class NoContact(Conflict):
    """There is no address to send a code to."""

    slug = "no-contact"


class EmailTaken(Conflict):
    """There already is an operator with this e-mail address."""

    slug = "email-taken"


class MessengerFailed(Unavailable):
    """The message could not be sent; please try again."""

    slug = "messenger-failed"


class MessageRefused(MessengerFailed):
    """This address takes no messages."""

    retryable = False


class PepperDamaged(InspectionServiceError):
    """The pepper file does not hold what it must."""

    slug = "pepper-damaged"
