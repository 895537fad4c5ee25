"""Ends requests whose body never ends: whoever sends a byte a minute must not hold a place for ever."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Patient:
    """Waits only so long for the next bytes of a body; after its end it waits for ever, for then it only listens."""

    def __init__(self, app: ASGIApp, silence_s: float) -> None:
        """Wrap an application.

        Args:
            app: The application.
            silence_s: Longest wait for the next bytes.
        """
        self._app = app
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_whole = False

        async def patient() -> Message:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(self._silence_s):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT) from None
            is_whole = not message.get("more_body", False)
            return message

        await self._app(scope, patient, send)
