"""Who is at the door: a platform by its key, a seller or an operator by the cookie of one of our pages.

A route that takes ``ByPlatform`` or ``BySeller`` holds inspections that are already confined to the caller's tenant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from inspection_service.api.origin import SAFE_METHODS, require_own_origin
from inspection_service.api.services import Services
from inspection_service.identity.errors import KeyUnknown, SessionMissing
from inspection_service.identity.records import Operator, Platform, Seller
from inspection_service.inspections.records import InspectionId, Language
from inspection_service.inspections.service import Inspections

SELLER_COOKIE: Final = "seller_session"
OPERATOR_COOKIE: Final = "operator_session"

_api_key = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="The platform's API key, `isk_...`.",
    bearerFormat="isk_...",
)
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
    """A signed-in operator."""

    operator: Operator
    inspections: Inspections


def services_of(connection: HTTPConnection) -> Services:
    """Return the opened service, from a request or a WebSocket."""
    services: Services = connection.app.state.services
    return services


Opened = Annotated[Services, Depends(services_of)]


async def platform_door(
    services: Opened, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_api_key)]
) -> PlatformDoor:
    """Let a platform in by its API key.

    Raises:
        KeyUnknown: There is none, or it is not valid.
    """
    if credentials is None:
        raise KeyUnknown("Send your API key: Authorization: Bearer isk_...")
    platform = await services.identity.platform(credentials.credentials)
    return PlatformDoor(platform, services.inspections.of(platform.tenant_id))


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


async def operator_door(
    request: Request, services: Opened, _: Annotated[str | None, Security(_operator_cookie)] = None
) -> OperatorDoor:
    """Let an operator in by the cookie; a request that changes something must come from our own page.

    Raises:
        OriginRefused, SessionMissing: They may not come in.
    """
    own_page_only(request, services)
    return await operator_from_cookies(request, services)


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
        SessionMissing: There is no session.
    """
    token = connection.cookies.get(OPERATOR_COOKIE)
    if not token:
        raise SessionMissing
    return OperatorDoor(await services.identity.operator(token), services.inspections)


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
    """Name the caller for a rate limit."""
    return request.client.host if request.client else "unknown"


ByPlatform = Annotated[PlatformDoor, Depends(platform_door)]
BySeller = Annotated[SellerDoor, Depends(seller_door)]
ByOperator = Annotated[OperatorDoor, Depends(operator_door)]
