"""The service's own WebRTC peer: receives a small copy of the seller's camera so that the service can give hints.

aiortc cannot restart ICE and notices a lost peer only after half a minute, so a peer is cheap, short-lived and rebuilt:
the seller's page makes a new offer, the old peer is closed. Source: shared experience with aiortc 1.16.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame

from inspection_service.media.errors import UnusableDescription
from inspection_service.media.jitter import hand_over_whole_frames

ANSWER_TIMEOUT_S: Final = 10.0
SILENCE_TIMEOUT_S: Final = 10.0
"""A peer that sent no frame for so long is given up; the page will offer again."""
MAX_FRAME_PIXELS: Final = 1280 * 960
"""Pages send 640x360; who sends more than this wants our processor, not our hints."""


class FrameSink(Protocol):
    """Where frames go; never blocks."""

    def put(self, frame: VideoFrame, /) -> None:
        """Take the newest frame."""
        ...


class AnalysisPeer:
    """Answers one offer and hands on its video frames, until they stop coming.

    Every accepted track is drained, also the ones nobody looks at: aiortc's frame queues have no bound.
    """

    def __init__(
        self,
        frames: FrameSink,
        stun_urls: tuple[str, ...] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        servers = [RTCIceServer(urls=url) for url in stun_urls]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._frames = frames
        self._drains: set[asyncio.Task[None]] = set()
        self._monotonic = monotonic
        self._heard_s = monotonic()
        self._reaper: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        """Set when nothing more is to be expected of this peer: close it."""
        self._connection.on("track", self._accept)
        self._connection.on("connectionstatechange", self._on_state)

    async def answer(self, description: Mapping[str, str]) -> dict[str, str]:
        """Take the page's offer and return the answer, which carries every candidate of this side.

        Raises:
            UnusableDescription: It is not an offer, or not session description that can be understood.
        """
        if description.get("type") != "offer":
            raise UnusableDescription("Send an offer; the service answers.")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._connection.setRemoteDescription(
                    RTCSessionDescription(description["sdp"], "offer")
                )
                videos = [each for each in self._connection.getTransceivers() if each.kind == "video"]
                if not videos:
                    raise UnusableDescription("The offer has no video.")
                for each in videos:
                    hand_over_whole_frames(each.receiver)
                await self._connection.setLocalDescription(await self._connection.createAnswer())
        except UnusableDescription:
            raise
        except TimeoutError as error:
            raise UnusableDescription("No answer could be made in time; offer again.") from error
        except Exception as error:  # aiortc raises whatever its parser meets in nonsense
            raise UnusableDescription from error
        self._heard_s = self._monotonic()
        self._reaper = asyncio.create_task(self._give_up_when_silent(), name="analysis-silence")
        local = self._connection.localDescription
        return {"type": local.type, "sdp": local.sdp}

    async def add_candidate(self, candidate: Mapping[str, Any] | None) -> None:
        """Take one of the page's candidates, or ``None`` after the last.

        Raises:
            UnusableDescription: It cannot be understood.
        """
        if candidate is None or not candidate.get("candidate"):
            with suppress(Exception):  # the end of candidates changes nothing for a peer that is closing
                await self._connection.addIceCandidate(None)
            return
        try:
            parsed = candidate_from_sdp(str(candidate["candidate"]).split(":", 1)[1])
            parsed.sdpMid = candidate.get("sdpMid")
            parsed.sdpMLineIndex = candidate.get("sdpMLineIndex")
            await self._connection.addIceCandidate(parsed)
        except Exception as error:
            raise UnusableDescription("The candidate cannot be used.") from error

    async def close(self) -> None:
        """End the connection and the draining of its tracks; closing twice is fine."""
        self.closed.set()
        tasks = [*self._drains, *([self._reaper] if self._reaper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._connection.close()

    def _on_state(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self.closed.set()

    def _accept(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._drain(track), name="analysis-track")
        self._drains.add(task)
        task.add_done_callback(self._drains.discard)

    async def _drain(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    if frame.width * frame.height > MAX_FRAME_PIXELS:
                        break
                    self._heard_s = self._monotonic()
                    self._frames.put(frame)
        if track.kind == "video":
            self.closed.set()

    async def _give_up_when_silent(self) -> None:
        while (left_s := self._heard_s + SILENCE_TIMEOUT_S - self._monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self.closed.wait()
                    return
        self.closed.set()
