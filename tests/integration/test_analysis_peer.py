"""The service's own peer with a real sender on loopback: no frame waits for the one after it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from av import VideoFrame

from inspection_service.media.peer import AnalysisPeer

pytestmark = pytest.mark.integration

PATIENCE_S = 60.0
DARK, BRIGHT = 20, 230


class Brightness:
    """Keeps how bright each frame was that came."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[float] = asyncio.Queue()

    def put(self, frame: VideoFrame) -> None:
        self.seen.put_nowait(float(frame.to_ndarray(format="gray").mean()))

    async def until(self, *, bright: bool) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while (await self.seen.get() > 128) != bright:
                pass


class OneBrightFrame(VideoStreamTrack):
    """A dark room until ``flash`` is set; then one bright frame, and nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.flash = asyncio.Event()
        self._is_over = False

    async def recv(self) -> VideoFrame:
        if self._is_over:
            await asyncio.Event().wait()
        self._is_over = self.flash.is_set()
        picture = np.full((360, 640, 3), BRIGHT if self._is_over else DARK, np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


async def test_the_last_frame_arrives_although_no_other_follows() -> None:
    """By itself aiortc would hold it back until the next one begins, which never happens here."""
    sender, seen, film = RTCPeerConnection(), Brightness(), OneBrightFrame()
    peer = AnalysisPeer(seen)
    try:
        sender.addTrack(film)
        await sender.setLocalDescription(await sender.createOffer())
        answer = await peer.answer({"type": "offer", "sdp": sender.localDescription.sdp})
        await sender.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        await seen.until(bright=False)
        film.flash.set()
        await seen.until(bright=True)
    finally:
        await peer.close()
        await sender.close()
