"""What the pages of accounts and teams send and receive."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import Input, Moment, View
from inspection_service.api.dto.operator import OperatorMe
from inspection_service.identity.records import Role
from inspection_service.inspections.records import Language

Email = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024, strip_whitespace=False)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class OrganisationView(View):
    """An operating organisation."""

    id: str
    name: str


class SignedInOperator(View):
    """Who is signed in."""

    operator: OperatorMe
    organisation: OrganisationView
    must_enrol: bool = Field(description="A second factor has to be set up before anything else.")


class LoginInput(Input):
    """Address and password; in the second step the same again with a code."""

    email: Email
    password: Password
    code: Code | None = Field(
        default=None, description="Of the authenticator app, or a recovery code; when asked for."
    )


class PasswordInput(Input):
    """The password again, before what changes the account."""

    password: Password


class NewPasswordInput(Input):
    """A new password, of at least 12 characters."""

    password: Password = Field(description="The present one.")
    new_password: Password


class QrCode(View):
    """A QR code as one path, a unit a module, the quiet zone included."""

    size: int
    path: str = Field(description="SVG path data; fill it with black on white.")


class EnrolmentView(View):
    """A second factor about to be set up."""

    secret: str = Field(description="Base32, for who cannot scan.")
    uri: str = Field(description="What the QR code says.")
    qr: QrCode
    pending: str = Field(description="Send it back with the first code, within ten minutes.")


class ConfirmInput(Input):
    """The first code of the app."""

    pending: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    code: Code


class RecoveryCodes(View):
    """Ten codes for the day the phone is gone; each works once, and they are shown once."""

    codes: list[str]


class SecondFactorView(View):
    """How the second factor stands."""

    is_on: bool
    since: Moment | None
    recovery_codes_left: int
    is_required: bool


class SessionView(View):
    """One browser in which one is signed in."""

    id: str
    device: str | None = Field(examples=["Firefox, Linux"])
    created_at: Moment
    expires_at: Moment
    is_this: bool


class AccountView(View):
    """One's own account."""

    operator: OperatorMe
    organisation: OrganisationView
    email: str
    second_factor: SecondFactorView
    sessions: list[SessionView]


class InviteInput(Input):
    """Whom to invite, and as what."""

    email: Email
    name: Name
    role: Role = "operator"
    language: Language = Field(default="en", description="Of the message.")


class InvitationView(View):
    """Somebody who may join."""

    id: str
    email: str
    name: str
    role: Role
    created_at: Moment
    expires_at: Moment


class InvitationMade(InvitationView):
    """An invitation just made; its link is shown this once."""

    link: str = Field(description="For this person only; works once, until `expires_at`.")
    is_sent: bool = Field(description="Whether a message with the link is on its way; else hand it over.")


class MemberView(OperatorMe):
    """Somebody of the team."""

    email: str
    has_second_factor: bool
    signed_in_at: Moment | None
    locked_until: Moment | None = Field(description="After too many wrong tries.")
    disabled_at: Moment | None
    is_me: bool


class TeamView(View):
    """Everybody of the team, and who may join."""

    organisation: OrganisationView
    is_second_factor_required: bool
    members: list[MemberView]
    invitations: list[InvitationView]


class RoleInput(Input):
    """What somebody may do from now on."""

    role: Role


class TokenInput(Input):
    """The token of an invitation, from the fragment of its link."""

    token: Token


class JoinPreview(View):
    """What a link invites to."""

    organisation: str
    email: str
    name: str
    role: Role
    expires_at: Moment
    is_second_factor_required: bool


class JoinInput(TokenInput):
    """Name and password of the new account."""

    name: Name
    password: Password
