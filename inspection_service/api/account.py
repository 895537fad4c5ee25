"""Signing in and out, and one's own account: password, second factor, browsers."""

from __future__ import annotations

from typing import Final

import segno
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.dependencies import (
    OPERATOR_COOKIE,
    OnAccount,
    Opened,
    OperatorDoor,
    caller_of,
    clear_session,
    own_page_only,
    set_session,
)
from inspection_service.api.dto.operator import OperatorMe
from inspection_service.api.dto.team import (
    AccountView,
    ConfirmInput,
    EnrolmentView,
    JoinInput,
    JoinPreview,
    LoginInput,
    NewPasswordInput,
    OrganisationView,
    PasswordInput,
    QrCode,
    RecoveryCodes,
    SecondFactorView,
    SessionView,
    SignedInOperator,
    TokenInput,
)
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.records import Operator

router = APIRouter(prefix="/v1/operator", tags=["operator"])
OwnPage = Depends(own_page_only)
_WRITE: Final = problems(401, 403, 409, 422, 429, 503)
_QUIET_ZONE: Final = 4


@router.post("/login", dependencies=[OwnPage], responses=problems(401, 403, 422, 429, 503))
async def login(body: LoginInput, request: Request, response: Response, services: Opened) -> SignedInOperator:
    """Sign in; sets the cookie. `second-factor-needed` asks for the same again with a code.

    It is asked for before anything is said about the password, so nothing tells which part was wrong.
    """
    await services.limits.logins.hit(caller_of(request))
    operator, signed_in = await services.identity.login(
        body.email,
        body.password,
        body.code,
        address=caller_of(request),
        user_agent=request.headers.get("user-agent"),
    )
    set_session(response, request, OPERATOR_COOKIE, signed_in.token, signed_in.expires_at)
    return await _signed_in(services, operator)


@router.post("/logout", status_code=204, dependencies=[OwnPage], responses=problems(403, 503))
async def logout(request: Request, response: Response, services: Opened) -> None:
    """Sign out; fine when nobody is signed in."""
    token = request.cookies.get(OPERATOR_COOKIE)
    if token:
        await services.identity.logout(token)
    clear_session(response, request, OPERATOR_COOKIE)


@router.get("/me", responses=problems(401, 503))
async def me(door: OnAccount, services: Opened) -> SignedInOperator:
    """Who is signed in."""
    return await _signed_in(services, door.operator)


@router.post("/join/preview", dependencies=[OwnPage], responses=problems(403, 404, 410, 422, 429, 503))
async def preview_join(body: TokenInput, request: Request, services: Opened) -> JoinPreview:
    """Say what a link invites to, without using it."""
    await services.limits.links.hit(caller_of(request))
    invitation = await services.identity.invitation(body.token)
    return JoinPreview(
        organisation=invitation.organisation.name,
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        expires_at=invitation.expires_at,
        is_second_factor_required=services.settings.second_factor == "required",
    )


@router.post(
    "/join", status_code=201, dependencies=[OwnPage], responses=problems(403, 404, 409, 410, 422, 429, 503)
)
async def join(body: JoinInput, request: Request, response: Response, services: Opened) -> SignedInOperator:
    """Make the account one was invited to, and sign in; the link works this once."""
    await services.limits.links.hit(caller_of(request))
    operator, signed_in = await services.identity.join(
        body.token, body.name, body.password, user_agent=request.headers.get("user-agent")
    )
    set_session(response, request, OPERATOR_COOKIE, signed_in.token, signed_in.expires_at)
    return await _signed_in(services, operator)


@router.get("/account", responses=problems(401, 503))
async def get_account(door: OnAccount, services: Opened) -> AccountView:
    """Look at one's own account."""
    return await _account(services, door)


@router.put("/account/password", responses=_WRITE)
async def change_password(body: NewPasswordInput, door: OnAccount, services: Opened) -> AccountView:
    """Choose another password; every other browser is signed out."""
    await services.identity.change_password(door.operator, body.password, body.new_password)
    return await _account(services, door)


@router.post("/account/second-factor", responses=_WRITE)
async def begin_second_factor(
    body: PasswordInput, door: OnAccount, services: Opened, response: Response
) -> EnrolmentView:
    """Begin to set up a second factor; nothing changes before it is confirmed."""
    await services.identity.check_own_password(door.operator, body.password)
    begun = services.identity.begin_second_factor(door.operator)
    response.headers["Cache-Control"] = "no-store"
    return EnrolmentView(secret=begun.secret, uri=begun.uri, qr=_qr(begun.uri), pending=begun.pending)


@router.put("/account/second-factor", responses=_WRITE)
async def confirm_second_factor(
    body: ConfirmInput, door: OnAccount, services: Opened, response: Response
) -> RecoveryCodes:
    """Turn the second factor on with the first code of the app, in place of an earlier one; others are signed out."""
    codes = await services.identity.confirm_second_factor(door.operator, body.pending, body.code)
    await services.identity.end_sessions(door.operator, but=door.operator.session_id)
    response.headers["Cache-Control"] = "no-store"
    return RecoveryCodes(codes=codes)


@router.post("/account/second-factor/remove", responses=_WRITE)
async def remove_second_factor(body: PasswordInput, door: OnAccount, services: Opened) -> AccountView:
    """Turn the second factor off, where this service allows it."""
    await services.identity.check_own_password(door.operator, body.password)
    await services.identity.remove_second_factor(door.operator)
    return await _account(services, door)


@router.post("/account/recovery-codes", responses=_WRITE)
async def renew_recovery_codes(
    body: PasswordInput, door: OnAccount, services: Opened, response: Response
) -> RecoveryCodes:
    """Make ten new recovery codes; those before are worth nothing."""
    await services.identity.check_own_password(door.operator, body.password)
    codes = await services.identity.renew_recovery_codes(door.operator)
    response.headers["Cache-Control"] = "no-store"
    return RecoveryCodes(codes=codes)


@router.delete("/account/sessions/{session_id}", responses=problems(401, 403, 503))
async def end_session(session_id: str, door: OnAccount, services: Opened) -> AccountView:
    """Sign out in one other browser."""
    await services.identity.end_session(door.operator, session_id)
    return await _account(services, door)


@router.delete("/account/sessions", status_code=204, responses=problems(401, 403, 503))
async def end_sessions(request: Request, response: Response, door: OnAccount, services: Opened) -> None:
    """Sign out everywhere, here too."""
    await services.identity.end_sessions(door.operator)
    clear_session(response, request, OPERATOR_COOKIE)


async def _signed_in(services: Services, operator: Operator) -> SignedInOperator:
    organisation = await services.identity.organisation(operator.organisation_id)
    return SignedInOperator(
        operator=_me(operator),
        organisation=OrganisationView(id=organisation.id, name=organisation.name),
        must_enrol=operator.must_enrol,
    )


async def _account(services: Services, door: OperatorDoor) -> AccountView:
    operator, identity = door.operator, services.identity
    organisation = await identity.organisation(operator.organisation_id)
    sessions = await identity.sessions_of(operator)
    return AccountView(
        operator=_me(operator),
        organisation=OrganisationView(id=organisation.id, name=organisation.name),
        email=operator.email,
        second_factor=SecondFactorView.model_validate(await identity.second_factor_of(operator)),
        sessions=[
            SessionView(
                id=one.id,
                device=one.device,
                created_at=one.created_at,
                expires_at=one.expires_at,
                is_this=one.id == operator.session_id,
            )
            for one in sessions
        ],
    )


def _me(operator: Operator) -> OperatorMe:
    return OperatorMe(id=operator.id, name=operator.name, role=operator.role)


def _qr(uri: str) -> QrCode:
    """Draw a QR code as one path, so that a page needs neither a picture nor foreign markup."""
    made = segno.make(uri, error="m", micro=False, boost_error=False)
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(made.matrix_iter(border=_QUIET_ZONE))
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return QrCode(size=made.symbol_size(border=_QUIET_ZONE)[0], path=path)
