"""The two WebSockets: one live session's signalling, and the operators' feed of what changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from inspection_service.api.dependencies import operator_from_cookies, seller_from_cookies, services_of
from inspection_service.api.errors import SightChanged
from inspection_service.api.origin import require_own_origin
from inspection_service.api.services import Services
from inspection_service.clock import isoformat, new_id
from inspection_service.errors import InspectionServiceError, NotAllowed, NotFound, Unavailable
from inspection_service.identity.rights import may
from inspection_service.inspections.errors import InspectionUnknown
from inspection_service.inspections.records import Actor, Event, InspectionId, TenantId
from inspection_service.inspections.service import Inspections
from inspection_service.media.signalling import MAX_JPEG_BYTES, MAX_MESSAGE_BYTES, Participant, problem
from inspection_service.sessions import Connection, Desk, Farewell, Hears

router = APIRouter()

TRY_AGAIN: Final = 1013
"""Try again later (IANA WebSocket close codes)."""
NO_SESSION: Final = 4401
NOT_YOURS: Final = 4403
UNKNOWN: Final = 4404
HEARTBEAT_MISSED: Final = 4408
SEND_TIMEOUT_S: Final = 10.0
CATCH_UP_EVENTS: Final = 500


@router.websocket("/v1/sessions/{inspection_id}/signalling")
async def signalling(
    socket: WebSocket,
    inspection_id: str,
    role: Literal["seller", "operator"],
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> None:
    """Join the live session of one inspection: events after ``after``, presence, calls, commands and hints."""
    services = services_of(socket)
    await socket.accept()
    try:
        who, inspections = await _admit(socket, services, InspectionId(inspection_id), role)
        if who.role == "operator":
            by = Actor("operator", who.actor_id, who.name)
            await services.accesses.note(by, "live", InspectionId(inspection_id))
    except InspectionServiceError as error:
        await _refuse(socket, error)
        return
    greeting = {
        "type": "welcome",
        "role": role,
        "name": who.name,
        "page_id": who.connection_id,
        "heartbeat_s": services.settings.media.heartbeat_s,
    }
    with services.metrics.live_sessions.labels(role).track_inprogress():
        try:
            await _join(socket, services, inspections, who, greeting, InspectionId(inspection_id), after)
        except (
            InspectionServiceError
        ) as error:  # a database that is away, or a grant that ended between two beats
            with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
                await _refuse(socket, error)
    await _close(socket, 1000, "")


async def _join(
    socket: WebSocket,
    services: Services,
    inspections: Inspections,
    who: Participant,
    greeting: Mapping[str, Any],
    inspection_id: InspectionId,
    after: int,
) -> None:
    heartbeat_s = services.settings.media.heartbeat_s

    async def is_welcome() -> None:
        now, _ = await _admit(socket, services, inspection_id, who.role)
        if now.may_supervise != who.may_supervise:
            await _close(socket, TRY_AGAIN, "another role")  # it comes back at once, as what it may be now

    async with services.live.connect(inspection_id, who, greeting) as (session, connection):
        await _until_first_ends(
            _write(socket, connection),
            _read(socket, session, connection, heartbeat_s),
            _forward_events(services, inspections, inspection_id, connection, after),
            _stay_while(socket, is_welcome, heartbeat_s),
        )


@router.websocket("/v1/operator/feed")
async def feed(socket: WebSocket) -> None:
    """Tell an operator's list which inspections changed; the page asks for the rows it shows."""
    services = services_of(socket)
    await socket.accept()
    try:
        require_own_origin(socket, services.settings.base_url)
        desk = await operator_from_cookies(socket, services)
        sight = await services.identity.granted_tenants(desk.operator.organisation_id)
    except InspectionServiceError as error:
        await _refuse(socket, error)
        return

    async def is_welcome() -> None:
        organisation_id = (await operator_from_cookies(socket, services)).operator.organisation_id
        if await services.identity.granted_tenants(organisation_id) != sight:
            raise SightChanged

    heartbeat_s = services.settings.media.heartbeat_s
    async with services.live.at_desk(desk.operator.id) as news:
        await _until_first_ends(
            _tell_changes(socket, services, news, desk.inspections, sight),
            _read_pings(socket, services),
            _stay_while(socket, is_welcome, heartbeat_s),
        )
    await _close(socket, 1000, "")


async def _admit(
    socket: WebSocket, services: Services, inspection_id: InspectionId, role: Literal["seller", "operator"]
) -> tuple[Participant, Inspections]:
    require_own_origin(socket, services.settings.base_url)
    if role == "seller":
        door = await seller_from_cookies(socket, services)
        if door.inspection_id != inspection_id:
            raise NotAllowed("This link is for another inspection.")
        return Participant(new_id("con"), "seller", inspection_id, "seller"), door.inspections
    desk = await operator_from_cookies(socket, services)
    if not await desk.inspections.is_there(inspection_id):
        raise InspectionUnknown
    operator = desk.operator
    who = Participant(new_id("con"), "operator", operator.id, operator.name, may(operator.role, "look_on"))
    return who, desk.inspections


async def _read(socket: WebSocket, session: Hears, connection: Connection, heartbeat_s: float) -> None:
    """Pass what the page says on to the session; a page silent for three heartbeats is gone."""
    try:
        while True:
            async with asyncio.timeout(3 * heartbeat_s):
                message = await socket.receive()
            if message["type"] != "websocket.receive":
                return
            text, data = message.get("text"), message.get("bytes")
            if text is not None:
                await session.receive(connection, text[: MAX_MESSAGE_BYTES + 1])
            elif data is not None:
                await session.receive(connection, data[: MAX_JPEG_BYTES + 1])
    except TimeoutError:
        await _close(socket, HEARTBEAT_MISSED, "no heartbeat")


async def _write(socket: WebSocket, connection: Connection) -> None:
    """Send what the session says, in order; the last thing it says may be a close."""
    while True:
        item = await connection.outbox.get()
        if isinstance(item, Farewell):
            await _close(socket, item.code, item.reason)
            return
        await _send(socket, item)


async def _forward_events(
    services: Services,
    inspections: Inspections,
    inspection_id: InspectionId,
    connection: Connection,
    after: int,
) -> None:
    """Send every event once and in order: what was missed, then what happens; a gap is filled from the log."""
    async with services.bus.subscribe(inspection_id) as subscription:
        seen = after
        while True:
            while events := await inspections.events(inspection_id, after=seen, limit=CATCH_UP_EVENTS):
                for event in events:
                    connection.send({"type": "event", "event": _event_json(event)})
                seen = events[-1].seq
            while True:
                published = await subscription.next(timeout_s=services.settings.media.heartbeat_s)
                if published is None:
                    if await inspections.head(inspection_id) > seen:
                        break  # a message was lost: look into the log itself
                    continue
                told = published.event
                if isinstance(told, Event) and told.seq == seen + 1:
                    connection.send({"type": "event", "event": _event_json(told)})  # as it was written here
                    seen = told.seq
                elif told.seq > seen:
                    break


async def _tell_changes(
    socket: WebSocket, services: Services, desk: Desk, inspections: Inspections, sight: frozenset[TenantId]
) -> None:
    """Tell of changes within what the operator's organisation was let in to, and of nothing else."""
    await _send(socket, {"type": "welcome", "heartbeat_s": services.settings.media.heartbeat_s})
    await _until_first_ends(_tell_events(socket, services, sight), _tell_presence(socket, desk, inspections))


async def _tell_events(socket: WebSocket, services: Services, sight: frozenset[TenantId]) -> None:
    async with services.bus.subscribe() as subscription:
        while True:
            published = await subscription.next(timeout_s=60.0)
            if published is not None and published.tenant_id in sight:
                event = published.event
                await _send(socket, _changed(published.inspection_id, event.seq, event.kind))


async def _tell_presence(socket: WebSocket, desk: Desk, inspections: Inspections) -> None:
    """Tell of what is in no log: a seller's page that opens or closes. ``seq`` 0 stands for no event."""
    while True:
        inspection_id = await desk.next()
        if await inspections.is_there(inspection_id):
            await _send(socket, _changed(inspection_id, 0, "presence"))


def _changed(inspection_id: InspectionId, seq: int, kind: str) -> dict[str, Any]:
    return {"type": "changed", "inspection_id": inspection_id, "seq": seq, "kind": kind}


async def _stay_while(socket: WebSocket, is_welcome: Callable[[], Awaitable[object]], every_s: float) -> None:
    """Send a page away whose session ended: a sign-out, a take-over, an account that was closed."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await is_welcome()
        except InspectionServiceError as error:
            await _refuse(socket, error)
            return


async def _read_pings(socket: WebSocket, services: Services) -> None:
    try:
        while True:
            async with asyncio.timeout(3 * services.settings.media.heartbeat_s):
                await socket.receive_text()
            await _send(socket, {"type": "pong"})
    except TimeoutError:
        await _close(socket, HEARTBEAT_MISSED, "no heartbeat")
    except (WebSocketDisconnect, KeyError):
        return


async def _until_first_ends(*works: Any) -> None:
    """Run the parts of one connection until one of them ends, then end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):  # the page went away while we wrote
            task.result()


async def _send(socket: WebSocket, message: Mapping[str, Any] | str) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        # What another node wrote is JSON already.
        await socket.send_text(
            message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
        )


async def _refuse(socket: WebSocket, error: InspectionServiceError) -> None:
    await _send(socket, problem(error))
    await _close(socket, _code_of(error), error.slug)


def _code_of(error: InspectionServiceError) -> int:
    if isinstance(error, Unavailable):
        return TRY_AGAIN  # nothing is wrong with the page: it comes back by itself
    if isinstance(error, NotFound):
        return UNKNOWN
    return NO_SESSION if error.slug.startswith("session") else NOT_YOURS


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(RuntimeError, WebSocketDisconnect):  # closed by the other side at the same moment
            await socket.close(code, reason)


def _event_json(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": isoformat(event.at),
        "kind": event.kind,
        "actor": {"kind": event.actor.kind, "name": event.actor.name},
        "data": event.data,
    }
