"""One simulated seller: a camera of generated pictures, real signalling and a real connection to the analysis peer.

It does what the seller's page does (``web_client/src/core``): opens its link, consents, joins the session's WebSocket,
offers its camera and listens for hints.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import httpx
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 360
FRAMES_PER_S: Final = 3
TICKS_PER_MS: Final = 90
"""Source: RFC 7741, section 4.1: the RTP clock of VP8 runs at 90 kHz."""
SCENE_S: Final = 2.0
"""The picture changes from dark to bright and back, so that hints change too."""
CONNECT_TIMEOUT_S: Final = 30.0
ENTER_TIMEOUT_S: Final = 900.0
"""How long a seller waits at most to be let in and connected, beside the time it sends."""
PING_S: Final = 2.0
"""Well under the shortest heartbeat a service is likely to ask for."""


@dataclass(slots=True)
class Sighting:
    """What one seller lived through."""

    connect_ms: float | None = None
    """From the offer to a connection that carries frames; ``None``: it never stood."""
    frames_sent: int = 0
    hints: int = 0
    frame_to_hint_ms: list[float] = field(default_factory=list)
    error: str | None = None


class Film(VideoStreamTrack):
    """A camera that alternates between a dark and a bright scene, with noise as every camera has.

    Frames are spaced a little unevenly, so that the time stamp a hint carries names one frame and no
    other, although the receiver counts from another origin.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        numbers = np.random.default_rng(seed)
        self._scenes = [_scene(numbers, level) for level in (12.0, 150.0)]
        self._began_s: float | None = None
        self.sent_s: dict[int, float] = {}
        """When each frame left, by its time stamp in milliseconds."""

    async def recv(self) -> VideoFrame:
        """Wait for the next frame's moment and return it."""
        number = len(self.sent_s)
        due_ms = number * 1000 // FRAMES_PER_S + (number * number * 7) % 61
        now_s = time.monotonic()
        self._began_s = now_s if self._began_s is None else self._began_s
        await asyncio.sleep(self._began_s + due_ms / 1000 - now_s)
        scene = self._scenes[int(due_ms / 1000 / SCENE_S) % len(self._scenes)]
        frame = VideoFrame.from_ndarray(np.roll(scene, number, axis=1), format="bgr24")
        frame.pts, frame.time_base = due_ms * TICKS_PER_MS, Fraction(1, 1000 * TICKS_PER_MS)
        self.sent_s[due_ms] = time.monotonic()
        return frame


def _scene(numbers: np.random.Generator, level: float) -> NDArray[np.uint8]:
    """Return ``(360, 640, 3)`` uint8: a slope of light of about ``level`` with grain."""
    slope = np.linspace(0.6, 1.4, HEIGHT_PX)[:, None, None] * level
    grain = numbers.normal(0, level / 10, (HEIGHT_PX, WIDTH_PX, 3))
    return np.clip(slope + grain, 0, 255).astype(np.uint8)


def latencies_ms(sent_s: Mapping[int, float], heard: Mapping[int, float]) -> list[float]:
    """Return how long each hint took from the frame it is about.

    Args:
        sent_s: When each frame left, by its time stamp.
        heard: When each hint came, by the time stamp the receiver gave that frame: ours less an origin we do not know.

    Returns:
        Milliseconds, one for each hint; none when no single origin explains all of them.
    """
    origins: set[int] | None = None
    for stamp in heard:
        possible = {ours - stamp for ours in sent_s}
        origins = possible if origins is None else origins & possible
    if not origins or len(origins) > 1:
        return []
    origin = origins.pop()
    return [(at_s - sent_s[stamp + origin]) * 1000 for stamp, at_s in heard.items()]


class SimulatedSeller:
    """One seller, from the link to the end of the time given."""

    def __init__(self, url: str, link: str, *, number: int) -> None:
        """Keep where to go.

        Args:
            url: Address of the service, without a trailing slash.
            link: The seller's link as the platform got it.
            number: Makes this seller's pictures its own.
        """
        self._url = url
        self._token = link.rpartition("#")[2]
        self._film = Film(number)
        self._peer = RTCPeerConnection()
        self._heard: dict[int, float] = {}
        self._connected = asyncio.Event()
        self.seen = Sighting()

    async def run(self, seconds: float) -> None:
        """Send frames for ``seconds`` after the connection stands; what happened is in ``seen``."""
        try:
            async with (
                asyncio.timeout(seconds + ENTER_TIMEOUT_S),
                httpx.AsyncClient(
                    base_url=self._url, headers={"Origin": self._url}, timeout=CONNECT_TIMEOUT_S
                ) as http,
            ):
                inspection_id, step_id = await self._enter(http)
                cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
                address = (
                    f"ws{self._url.removeprefix('http')}/v1/sessions/{inspection_id}/signalling?role=seller"
                )
                async with connect(
                    address,
                    additional_headers={"Cookie": cookies},
                    origin=Origin(self._url),
                    max_size=2**20,
                ) as socket:
                    await self._live(socket, step_id, seconds)
        except Exception as error:  # one seller's bad luck is a figure, not the end of the others
            self.seen.error = f"{type(error).__name__}: {error}"[:300]
        finally:
            await self._peer.close()
            self.seen.frames_sent = len(self._film.sent_s)
            self.seen.frame_to_hint_ms = latencies_ms(self._film.sent_s, self._heard)

    async def _enter(self, http: httpx.AsyncClient) -> tuple[str, str]:
        for method, path, body in (
            ("POST", "/v1/seller/session", {"token": self._token}),
            (
                "PUT",
                "/v1/seller/consents",
                {"photos": True, "live_video": True, "location": False, "recording": False},
            ),
        ):
            answer = await http.request(method, path, json=body)
            while answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                # All these sellers come from one address, which a service may only let in slowly.
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
                answer = await http.request(method, path, json=body)
            answer.raise_for_status()
        view: dict[str, Any] = answer.json()
        return view["inspection"]["id"], view["steps"][0]["id"]

    async def _live(self, socket: ClientConnection, step_id: str, seconds: float) -> None:
        await _say(socket, {"type": "watch.step", "step_id": step_id})
        listening = asyncio.create_task(self._listen(socket))
        pinging = asyncio.create_task(_keep_alive(socket))
        try:
            began_s = time.monotonic()
            await self._offer(socket)
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connected.wait()
            self.seen.connect_ms = (time.monotonic() - began_s) * 1000
            done, _ = await asyncio.wait({listening}, timeout=seconds)
            for task in done:
                task.result()  # the line ended early: say why
        finally:
            listening.cancel()
            pinging.cancel()
            await asyncio.gather(listening, pinging, return_exceptions=True)

    async def _offer(self, socket: ClientConnection) -> None:
        @self._peer.on("connectionstatechange")
        def follow() -> None:
            if self._peer.connectionState == "connected":
                self._connected.set()

        self._peer.addTrack(self._film)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        local = self._peer.localDescription
        await _say(socket, {"type": "analysis.offer", "description": {"type": local.type, "sdp": local.sdp}})

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            await self._hear(json.loads(text))

    async def _hear(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "analysis" if message["description"] is not None:
                answer = message["description"]
                await self._peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
            case "hint":
                self.seen.hints += 1
                if message.get("frame_pts") is not None:
                    self._heard[round(message["frame_pts"] / TICKS_PER_MS)] = time.monotonic()
            case "problem":
                raise RuntimeError(message["problem"].get("detail") or message["problem"]["type"])
            case _:
                pass


async def _keep_alive(socket: ClientConnection) -> None:
    while True:
        await _say(socket, {"type": "ping"})
        await asyncio.sleep(PING_S)


async def _say(socket: ClientConnection, message: Mapping[str, Any]) -> None:
    await socket.send(json.dumps(message))
