"""Reads bodies, never more of them than a route takes."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection_service.inspections.errors import UploadTooLarge

JSON_MAX_BYTES: Final = 1024 * 1024
"""Longest body of a route that takes JSON: ten times the longest drawing."""
_TAKES_BYTES: Final = re.compile(
    r"/v1/uploads/[^/]+|/v1/direct-uploads/[^/]+|/v1/seller/frames|.*/recordings/[^/]+/\w+/chunks/[^/]+"
)
"""Routes whose bodies are photos and films: each bounds its own."""


class Bounded:
    """Ends a request whose body is longer than any route takes, before more of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or _TAKES_BYTES.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        left = JSON_MAX_BYTES if not announced.isdecimal() or int(announced) <= JSON_MAX_BYTES else -1

        async def bounded() -> Message:
            nonlocal left
            message = await receive() if left >= 0 else {}
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, bounded, send)


def takes_bytes(path: str) -> bool:
    """Whether a route bounds its own body."""
    return _TAKES_BYTES.fullmatch(path) is not None


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives a body once more that was read already."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def read_bytes(request: Request, at_most: int) -> bytes:
    """Return the whole body.

    Raises:
        UploadTooLarge: It is longer; reading stopped there.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > at_most:
        raise UploadTooLarge(max_bytes=at_most)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > at_most:
            raise UploadTooLarge(max_bytes=at_most)
    return bytes(body)


def body_of(*media_types: str) -> dict[str, Any]:
    """Declare a body of bytes, for ``openapi_extra=``."""
    content = {name: {"schema": {"type": "string", "format": "binary"}} for name in media_types}
    return {"requestBody": {"required": True, "content": content}}
