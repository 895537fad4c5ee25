"""Who is at the door: a platform by its key, a seller or an operator by the cookie of one of our pages.

A platform's route names the scope its key needs (``Annotated[PlatformDoor, needs("reports:read")]``). What a platform
or a seller is given holds inspections that are already confined to the caller's tenant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPBearer, SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from inspection_service.api.errors import RoleNeeded
from inspection_service.api.origin import SAFE_METHODS, require_own_origin
from inspection_service.api.services import Services
from inspection_service.identity.accesses import Deed, Look
from inspection_service.identity.errors import KeyUnknown, ScopeMissing, SecondFactorMissing, SessionMissing
from inspection_service.identity.records import KeyScope, Operator, Platform, Seller
from inspection_service.identity.rights import RIGHTS, Act, may
from inspection_service.inspections.records import InspectionId, Language
from inspection_service.inspections.service import Inspections

SELLER_COOKIE: Final = "seller_session"
OPERATOR_COOKIE: Final = "operator_session"

_seller_cookie = APIKeyCookie(
    name=SELLER_COOKIE,
    auto_error=False,
    scheme_name="sellerSession",
    description="Set by POST /v1/seller/session. Requests that change something need our own Origin.",
)
_operator_cookie = APIKeyCookie(
    name=OPERATOR_COOKIE,
    auto_error=False,
    scheme_name="operatorSession",
    description="Set by POST /v1/operator/login. Requests that change something need our own Origin.",
)


@dataclass(frozen=True, slots=True)
class PlatformDoor:
    """A platform that has shown its key."""

    platform: Platform
    inspections: Inspections


@dataclass(frozen=True, slots=True)
class SellerDoor:
    """The browser that holds the link of one inspection."""

    seller: Seller
    inspections: Inspections
    language: Language | None = None
    """In which the page is read, when it is not the order's."""

    @property
    def inspection_id(self) -> InspectionId:
        """The one inspection this browser may see."""
        return self.seller.inspection_id


@dataclass(frozen=True, slots=True)
class OperatorDoor:
    """A signed-in operator, and the inspections their organisation was let in to."""

    operator: Operator
    inspections: Inspections


def services_of(connection: HTTPConnection) -> Services:
    """Return the opened service, from a request or a WebSocket."""
    services: Services = connection.app.state.services
    return services


async def _opened(connection: HTTPConnection) -> Services:
    """Not a plain function: the framework would run that in a thread, with each request."""
    return services_of(connection)


Opened = Annotated[Services, Depends(_opened)]


class PlatformKey(SecurityBase):
    """Lets a platform in by its API key; taken by ``needs``, which names the scope.

    The scheme and the door are one dependency and not three: every call of a platform goes through it.
    """

    def __init__(self) -> None:
        """Say how a key is sent."""
        self._bearer = HTTPBearer(
            auto_error=False,
            scheme_name="apiKey",
            description="The platform's API key, `isk_...`.",
            bearerFormat="isk_...",
        )
        self.model, self.scheme_name = self._bearer.model, self._bearer.scheme_name

    async def __call__(self, request: Request, scopes: SecurityScopes) -> PlatformDoor:
        """Let a platform in.

        Raises:
            KeyUnknown: There is no key, or it is not valid.
            ScopeMissing: It may not do this; ``scope`` names what it lacks.
            RateLimited: It came too often.
        """
        credentials = await self._bearer(request)
        if credentials is None:
            raise KeyUnknown("Send your API key: Authorization: Bearer isk_...")
        services = services_of(request)
        platform = await admitted(request, services, credentials.credentials)
        for scope in cast("list[KeyScope]", scopes.scopes):
            if not platform.may(scope):
                raise ScopeMissing(f"This key lacks the scope {scope}.", scope=scope)
        return PlatformDoor(platform, services.inspections.of(platform.tenant_id))


_platform_key = PlatformKey()


def needs(scope: KeyScope) -> Any:
    """Return the dependency of a route that a platform's key needs a scope for.

    ``door: Annotated[PlatformDoor, needs("photos:read")]``; the OpenAPI document then names the scope.
    """
    return Security(_platform_key, scopes=[scope])


async def admitted(request: Request, services: Services, key: str) -> Platform:
    """Return whose key this is, and count the call; once for each request, however often it is asked.

    Raises:
        KeyUnknown: It is nobody's.
        RateLimited: It came too often, or this caller guesses.
    """
    known: Platform | None = getattr(request.state, "platform", None)
    if known is not None:
        return known
    try:
        platform = await services.identity.platform(key)
    except KeyUnknown:
        await services.limits.guesses.hit(caller_of(request))
        raise
    request.state.rate_limit = await services.limits.keys.hit(platform.key_id)
    request.state.platform = platform
    return platform


async def seller_door(
    request: Request,
    services: Opened,
    lang: Language | None = None,
    _: Annotated[str | None, Security(_seller_cookie)] = None,
) -> SellerDoor:
    """Let a seller in by the cookie; a request that changes something must come from our own page.

    Raises:
        OriginRefused, SessionMissing, SessionTakenOver: They may not come in.
    """
    own_page_only(request, services)
    return replace(await seller_from_cookies(request, services), language=lang)


async def account_door(
    request: Request, services: Opened, _: Annotated[str | None, Security(_operator_cookie)] = None
) -> OperatorDoor:
    """Let a signed-in person in to their own account, also one that must set up a second factor first.

    Raises:
        OriginRefused, SessionMissing: They may not come in.
    """
    own_page_only(request, services)
    return await _signed_in(request, services)


async def operator_door(door: Annotated[OperatorDoor, Depends(account_door)]) -> OperatorDoor:
    """Let an operator in by the cookie; a request that changes something must come from our own page.

    Raises:
        OriginRefused, SessionMissing, SecondFactorMissing: They may not come in.
    """
    return _enrolled(door)


@dataclass(frozen=True, slots=True)
class MayDo:
    """Asks the table of rights (``identity.rights``) before a route runs: ``dependencies=[Depends(MayDo("correct"))]``.

    Which acts a route needs can so be read off its declaration.
    """

    act: Act

    async def __call__(self, door: Annotated[OperatorDoor, Depends(operator_door)]) -> None:
        """Let only those through who may. Raises ``RoleNeeded``."""
        need_right(door.operator, self.act)


async def note_platform(
    services: Services, door: PlatformDoor, what: Look | Deed, inspection_id: InspectionId, **detail: str
) -> None:
    """Write into the log of accesses what a platform is about to be given; by which key stands in the detail."""
    about = {"key": door.platform.key_id, **detail}
    await services.accesses.note(door.platform.actor, what, inspection_id, detail=about)


def need_right(operator: Operator, act: Act) -> None:
    """Refuse an act that a role is not enough for; where what is asked for stands in the body of a request.

    Raises:
        RoleNeeded: ``roles`` are enough.
    """
    if not may(operator.role, act):
        raise RoleNeeded(roles=sorted(RIGHTS[act]))


def own_page_only(request: Request, services: Opened) -> None:
    """Refuse a request that changes something and comes from a foreign page. Raises ``OriginRefused``."""
    if request.method not in SAFE_METHODS:
        require_own_origin(request, services.settings.base_url)


async def seller_from_cookies(connection: HTTPConnection, services: Services) -> SellerDoor:
    """Recognise a seller's browser, also on a WebSocket upgrade (whose Origin is the caller's to check).

    Raises:
        SessionMissing, SessionTakenOver: It is none, or no longer.
    """
    token = connection.cookies.get(SELLER_COOKIE)
    if not token:
        raise SessionMissing
    seller = await services.identity.seller(token)
    return SellerDoor(seller, services.inspections.of(seller.tenant_id))


async def operator_from_cookies(connection: HTTPConnection, services: Services) -> OperatorDoor:
    """Recognise a signed-in operator, also on a WebSocket upgrade (whose Origin is the caller's to check).

    Raises:
        SessionMissing, SecondFactorMissing: There is no session, or none that may do more than set up a second factor.
    """
    return _enrolled(await _signed_in(connection, services))


async def _signed_in(connection: HTTPConnection, services: Services) -> OperatorDoor:
    token = connection.cookies.get(OPERATOR_COOKIE)
    if not token:
        raise SessionMissing
    operator = await services.identity.operator(token)
    return OperatorDoor(operator, services.inspections.seen_by(operator.organisation_id))


def _enrolled(door: OperatorDoor) -> OperatorDoor:
    if door.operator.must_enrol:
        raise SecondFactorMissing
    return door


def set_session(response: Response, request: Request, name: str, token: str, expires_at: datetime) -> None:
    """Put a session into a cookie that no script and no foreign page can use."""
    response.set_cookie(
        name,
        token,
        expires=expires_at,
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_https(request),
    )


def clear_session(response: Response, request: Request, name: str) -> None:
    """Take the cookie back."""
    response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=is_https(request))


def is_https(request: Request) -> bool:
    """Whether the person's browser speaks HTTPS, as far as we can know behind a proxy."""
    services = services_of(request)
    return request.url.scheme == "https" or services.settings.base_url.startswith("https://")


def caller_of(request: Request) -> str:
    """Name the caller for a rate limit: an address, or the network of one that has billions of them (IPv6, /64)."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return host


ByPlatform = Annotated[PlatformDoor, Security(_platform_key)]
"""Any key; for what no scope is needed for."""
ByReader = Annotated[PlatformDoor, needs("inspections:read")]
ByWriter = Annotated[PlatformDoor, needs("inspections:write")]
ByReportReader = Annotated[PlatformDoor, needs("reports:read")]
ByPhotoReader = Annotated[PlatformDoor, needs("photos:read")]
ByKeyManager = Annotated[PlatformDoor, needs("keys:manage")]
ByPrivacyManager = Annotated[PlatformDoor, needs("privacy:manage")]
BySeller = Annotated[SellerDoor, Depends(seller_door)]
ByOperator = Annotated[OperatorDoor, Depends(operator_door)]
OnAccount = Annotated[OperatorDoor, Depends(account_door)]
"""A signed-in person before their own account; all of it they may see before a second factor is set up."""
