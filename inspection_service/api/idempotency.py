"""Unsafe requests of a platform that come twice under one ``Idempotency-Key`` happen once and are answered alike.

Only what succeeded is kept, for two days: a refusal changed nothing, so it leaves the key free for another try. While
the first request runs, the second waits a moment for its answer and is told to come back (409) if there is none.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from contextlib import suppress
from typing import Any, Final

import rfc8785
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection_service.api.bodies import replayed
from inspection_service.api.dependencies import admitted, services_of
from inspection_service.api.errors import IdempotencyKeyInUse, RateLimited
from inspection_service.api.problems import methods_of, refusal
from inspection_service.errors import InspectionServiceError
from inspection_service.identity.errors import KeyUnknown
from inspection_service.identity.replays import Claim, KeptAnswer
from inspection_service.identity.service import Identity
from inspection_service.inspections.records import InspectionId, TenantId

HEADER: Final = "Idempotency-Key"
UNSAFE_METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPLAYED: Final = "Idempotent-Replayed"
_WAIT_S: Final = 5.0
"""How long a request waits for the answer of the one that runs."""
_LOOK_EVERY_S: Final = 0.05
_INSPECTION: Final = re.compile(r"/v1/inspections/([^/?#]+)")
_KEPT_HEADERS: Final = ("content-type", "location", "etag", "cache-control")


def seed_of(request: Request) -> str | None:
    """Return what a thing is derived from that this request makes once; ``None`` when it came without a key."""
    claim: Claim | None = getattr(request.state, "claim", None)
    return None if claim is None else claim.seed


class OnceOnly:
    """Runs a platform's unsafe request once for each key, and says on every answer where the key's limit stands."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return

        async def watch(message: Message) -> None:
            standing = scope.get("state", {}).get("rate_limit")
            if message["type"] == "http.response.start" and standing is not None:
                written = [
                    (name.lower().encode(), value.encode()) for name, value in standing.headers().items()
                ]
                message["headers"] = [*message.get("headers", ()), *written]
            await send(message)

        headers = Headers(scope=scope)
        kind, _, secret = headers.get("authorization", "").partition(" ")
        key = headers.get(HEADER)
        if key is None or scope["method"] not in UNSAFE_METHODS or kind.lower() != "bearer":
            await self._app(scope, receive, watch)
            return
        request = Request(scope, receive)
        if scope["method"] not in methods_of(request):
            await self._app(scope, receive, watch)  # 405, whatever was done under this key
            return
        await self._once(request, key, secret.strip(), receive, watch)

    async def _once(self, request: Request, key: str, secret: str, receive: Receive, send: Send) -> None:
        scope = request.scope
        identity = services_of(request).identity
        try:
            platform = await admitted(request, services_of(request), secret)
        except (KeyUnknown, RateLimited):
            await self._app(scope, receive, send)  # the door refuses it in its own words
            return
        except InspectionServiceError as error:
            await refusal(request, error)(scope, receive, send)
            return
        try:
            body = await request.body()
            found = await _claimed(identity, platform.tenant_id, key, _request_sha256(scope, body))
        except (InspectionServiceError, HTTPException) as error:
            await refusal(request, error)(scope, receive, send)
            return
        if isinstance(found, KeptAnswer):
            await _send(found, send)
            return
        scope["state"]["claim"] = found
        await self._run(identity, found, scope, replayed(body, receive), send)

    async def _run(
        self, identity: Identity, claim: Claim, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.take)
        except Exception:
            with suppress(InspectionServiceError):
                await identity.free_claim(claim)
            raise
        with suppress(InspectionServiceError):  # the act is done: its answer matters more than keeping it
            if 200 <= answer.status < 300:
                await identity.keep_answer(claim, answer.kept(scope))
            else:
                await identity.free_claim(claim)
        await answer.send_on()


async def _claimed(identity: Identity, tenant_id: TenantId, key: str, sha256: str) -> Claim | KeptAnswer:
    """Wait for the right to run, or for the answer.

    Raises:
        IdempotencyKeyInUse: Neither came in time.
        IdempotencyKeyReused, InvalidInput: The key is for something else, or is none.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_S):
            while True:
                found = await identity.claim(tenant_id, key, sha256)
                if found is not None:
                    return found
                await asyncio.sleep(_LOOK_EVERY_S)
    raise IdempotencyKeyInUse(retry_after_s=1)


def _request_sha256(scope: Scope, body: bytes) -> str:
    asked = [scope["method"], scope["path"], scope.get("query_string", b"").decode("latin-1")]
    return hashlib.sha256("\n".join(asked).encode() + b"\n" + _canonical(body)).hexdigest()


def _canonical(body: bytes) -> bytes:
    """Return JSON in its one form (RFC 8785), so that the order of members does not matter; else the bytes."""
    try:
        value: Any = json.loads(body)
        canonical: bytes = rfc8785.dumps(value)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return body
    return canonical


async def _send(answer: KeptAnswer, send: Send) -> None:
    headers = {**answer.headers, REPLAYED: "true", "Content-Length": str(len(answer.body))}
    if answer.status == 204:
        del headers["Content-Length"]
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


class _Answer:
    """Holds an answer back until it is kept."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self.status = 500

    async def take(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self._messages.append(message)

    def kept(self, scope: Scope) -> KeptAnswer:
        """Return what is to be given again, and which inspection it is about."""
        headers = Headers(raw=list(self._messages[0]["headers"]))
        body = b"".join(message.get("body", b"") for message in self._messages[1:])
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        named: dict[str, str] = scope.get("path_params", {})
        made = _INSPECTION.match(kept.get("location", ""))
        about = named.get("inspection_id") or (made and made[1])
        return KeptAnswer(self.status, kept, body, InspectionId(about) if about else None)

    async def send_on(self) -> None:
        """Let it go."""
        for message in self._messages:
            await self._send(message)
