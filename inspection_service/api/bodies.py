"""Reads bodies that are bytes, never more of them than a route takes."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from inspection_service.inspections.errors import UploadTooLarge


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
