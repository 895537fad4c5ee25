"""Spares a platform what it has already, and its changes each other: ``ETag``, ``If-None-Match``, ``If-Match``.

Source: RFC 9110 sections 8.8.3 (ETag), 13.1.1 (If-Match), 13.1.2 (If-None-Match).
"""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "Unchanged since that ETag."}}
_MAX_BYTES: Final = 4 * 1024 * 1024
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=r'^(\*|"[0-9]{1,9}")$',
        description="The ETag of the inspection as you know it; 412 when it has changed since.",
    ),
]


def is_known(request: Request, etag: str) -> bool:
    """Whether the caller has this already: weak comparison, as ``If-None-Match`` asks for."""
    asked = request.headers.get("if-none-match", "")
    mine = _TAG.fullmatch(etag)
    assert mine is not None
    return asked.strip() == "*" or any(found[2] == mine[2] for found in _TAG.finditer(asked))


def version_of(if_match: str | None) -> int | None:
    """Return the version a change is meant for; ``None``: whatever there is."""
    return None if if_match is None or if_match == "*" else int(if_match.strip('"'))


class Fresh:
    """Gives JSON that a platform reads a weak ETag of its content, where the route gave none, and answers 304."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []
        size = 0
        is_passing = False

        async def take(message: Message) -> None:
            nonlocal size, is_passing
            if is_passing:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.start":
                is_passing = not _is_taggable(scope, message)
            else:
                size += len(message.get("body", b""))
                is_passing = size > _MAX_BYTES
            is_whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_whole and not is_passing:
                _tag(Request(scope), held)
                is_passing = True
            if is_passing:
                for waiting in held:
                    await send(waiting)

        await self._app(scope, receive, take)


def _is_taggable(scope: Scope, start: Message) -> bool:
    headers = Headers(raw=list(start.get("headers", ())))
    return (
        start["status"] == HTTPStatus.OK
        and scope.get("state", {}).get("platform") is not None
        and headers.get("content-type", "").startswith("application/json")
        and "etag" not in headers
    )


def _tag(request: Request, held: list[Message]) -> None:
    body = b"".join(message.get("body", b"") for message in held[1:])
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    start = held[0]
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["ETag"] = etag
    headers["Cache-Control"] = "private, no-cache"
    if is_known(request, etag):
        start["status"] = HTTPStatus.NOT_MODIFIED
        del headers["content-length"], headers["content-type"]
        held[1:] = [{"type": "http.response.body", "body": b""}]
    start["headers"] = headers.raw
