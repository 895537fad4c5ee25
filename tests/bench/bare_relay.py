"""The least a relay of messages between two pages can be: no rights, no record, no rules."""

from __future__ import annotations

from contextlib import suppress

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
_rooms: dict[str, list[WebSocket]] = {}


@app.websocket("/{room}")
async def relay(socket: WebSocket, room: str) -> None:
    """Pass everything on to the other page of the room."""
    await socket.accept()
    inside = _rooms.setdefault(room, [])
    inside.append(socket)
    with suppress(WebSocketDisconnect):
        while True:
            text = await socket.receive_text()
            for other in inside:
                if other is not socket:
                    await other.send_text(text)
    inside.remove(socket)
