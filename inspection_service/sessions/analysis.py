"""The service's own look at the seller's camera: frames in, by WebRTC or as JPEGs where no UDP passes, hints out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from inspection_service.errors import InspectionServiceError
from inspection_service.inspections.records import InspectionId
from inspection_service.media.frames import LatestFrame
from inspection_service.media.peer import AnalysisPeer
from inspection_service.media.signalling import MAX_JPEG_BYTES, Participant
from inspection_service.sessions.guidance import Guide, Hint, SteadyHint
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.vision.decode import Limits, decode
from inspection_service.vision.errors import NotAnImage

OFFER_PAUSE_S: Final = 1.0
"""An offer waits so long after the one before, and the newest wins: an answer costs more than asking for one."""
EARLY_CANDIDATES: Final = 64
DELIVERS_S: Final = 2.0
"""A peer whose last frame is older than this no longer keeps JPEGs out: the page has seen that no UDP passes."""
_LONG_SIDE_PX: Final = 640
_JPEG = Limits(
    bytes_=MAX_JPEG_BYTES,
    pixels=_LONG_SIDE_PX**2,
    other_pixels=0,
    decoded_bytes=3 * _LONG_SIDE_PX**2,
    side_px=_LONG_SIDE_PX,
)

Path = Literal["udp", "jpeg"]


@dataclass(frozen=True, slots=True)
class _Jpeg:
    by: Participant
    data: bytes


class _PeerFrames:
    """Where the peer puts its frames."""

    def __init__(self, take: Callable[[VideoFrame], None]) -> None:
        self._take = take

    def put(self, frame: VideoFrame, /) -> None:
        self._take(frame)


class Analysis:
    """Turns the seller's camera into steady hints about the step that is asked for.

    Args of the constructor:
        tell: Sends a message to every page.
        answer: Sends a message to one page.
        refuse: Tells one page what is wrong with what it sent.
        may_look: Says whether the seller lets us look at this moment.
    """

    def __init__(
        self,
        inspection_id: InspectionId,
        views: Mapping[str, str],
        step: str | None,
        *,
        guide: Guide,
        executor: Executor,
        tell: Callable[[Mapping[str, Any]], None],
        answer: Callable[[Participant, Mapping[str, Any]], None],
        refuse: Callable[[Participant, InspectionServiceError], None],
        may_look: Callable[[], bool],
        stun_urls: tuple[str, ...],
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inspection_id = inspection_id
        self._views = views
        self._step = step
        self._guide = guide
        self._executor = executor
        self._tell = tell
        self._answer = answer
        self._refuse = refuse
        self._may_look = may_look
        self._stun_urls = stun_urls
        self._metrics = metrics
        self._monotonic = monotonic
        self._steady = SteadyHint()
        self._frames: LatestFrame[VideoFrame | _Jpeg] = LatestFrame(monotonic)
        self._paths: set[Path] = set()
        self._peer: AnalysisPeer | None = None
        self._peer_frame_s = -DELIVERS_S
        self._offer: asyncio.Task[None] | None = None
        self._offered_s = -OFFER_PAUSE_S
        self._early_candidates: list[Mapping[str, Any] | None] = []

    # --- frames in ------------------------------------------------------------------------------

    async def take_offer(self, who: Participant, description: Mapping[str, str]) -> None:
        """Answer beside the session's other work: a slow answer must not hold up a consent that is taken back."""
        await self.stop()
        self._offer = asyncio.create_task(
            self._or_refuse(who, self._answer_offer(who, description)), name="analysis-offer"
        )

    async def take_candidate(self, who: Participant, candidate: Mapping[str, Any] | None) -> None:
        """Take one of the page's candidates, also before its offer is answered."""
        if self._peer is not None:
            await self._or_refuse(who, self._peer.add_candidate(candidate))
        elif len(self._early_candidates) < EARLY_CANDIDATES:
            self._early_candidates.append(candidate)

    def take_jpeg(self, who: Participant, data: bytes) -> None:
        """Take a frame that came over the WebSocket, unless the peer delivers.

        A peer that does not is left alone: it may be one that the page is trying out, and falls to silence otherwise.
        """
        if self._peer is None or self._monotonic() - self._peer_frame_s >= DELIVERS_S:
            self._put("jpeg", _Jpeg(who, data))

    def watch(self, step_id: str) -> None:
        """Give hints about another step from now on."""
        if step_id != self._step:
            self._step = step_id
            self._steady = SteadyHint()

    async def stop(self) -> None:
        """Close the peer; stopping twice is fine."""
        offer, self._offer = self._offer, None
        if offer is not None:
            offer.cancel()
            await asyncio.gather(offer, return_exceptions=True)
        peer, self._peer = self._peer, None
        self._early_candidates = []
        if peer is not None:
            await peer.close()

    async def reap(self) -> bool:
        """Close a peer that has fallen silent; say whether there was one."""
        if self._peer is None or not self._peer.closed.is_set():
            return False
        await self.stop()
        return True

    async def _answer_offer(self, who: Participant, description: Mapping[str, str]) -> None:
        await asyncio.sleep(OFFER_PAUSE_S - (self._monotonic() - self._offered_s))
        self._offered_s = self._monotonic()
        peer = AnalysisPeer(_PeerFrames(self._take_frame), self._stun_urls, self._monotonic)
        try:
            answer = await peer.answer(description)
        except BaseException:
            await peer.close()
            raise
        self._peer = peer
        self._answer(who, {"type": "analysis", "description": answer})
        early, self._early_candidates = self._early_candidates, []
        for candidate in early:
            await peer.add_candidate(candidate)

    def _take_frame(self, frame: VideoFrame) -> None:
        self._peer_frame_s = self._monotonic()
        self._put("udp", frame)

    def _put(self, path: Path, frame: VideoFrame | _Jpeg) -> None:
        self._metrics.analysis_frames.labels(path).inc()
        if path not in self._paths:
            self._paths.add(path)
            self._metrics.analysis_sessions.labels(path).inc()
        self._frames.put(frame)

    async def _or_refuse(self, who: Participant, act: Awaitable[None]) -> None:
        try:
            await act
        except InspectionServiceError as error:
            self._refuse(who, error)

    # --- hints out ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look at the newest frame, and then at the newest again, until cancelled."""
        told_dropped = 0
        while True:
            frame = await self._frames.take()
            arrived_s = self._frames.taken_at_s
            self._metrics.frames_dropped.inc(self._frames.dropped - told_dropped)
            told_dropped = self._frames.dropped
            with logs.kept_going("session.guidance", self._inspection_id):
                await self._guide_by(frame)
                self._metrics.frame_age_seconds.observe(self._monotonic() - arrived_s)

    async def _guide_by(self, frame: VideoFrame | _Jpeg) -> None:
        step, view = self._step, self._views.get(self._step or "")
        if view is None or not self._may_look():
            return
        looking = asyncio.get_running_loop().run_in_executor(self._executor, self._look, frame, view)
        try:
            hint = await looking
        except InspectionServiceError as error:
            if not isinstance(frame, _Jpeg):
                raise
            self._refuse(frame.by, error)
            return
        if step != self._step or not self._may_look():
            return  # the seller has moved on, paused or taken the consent back while we looked
        steady = self._steady.offer(hint, self._monotonic())
        if steady is not None:
            self._tell(
                {
                    "type": "hint",
                    "code": steady.code,
                    "ok": steady.ok,
                    "view": steady.view,
                    "step_id": step,
                    # Tells whoever sent the frame which one it was: a load generator times its frames by it.
                    "frame_pts": None if isinstance(frame, _Jpeg) else frame.pts,
                }
            )

    def _look(self, frame: VideoFrame | _Jpeg, view: str) -> Hint:
        return self._guide.hint(_pixels(frame), view)


def _pixels(frame: VideoFrame | _Jpeg) -> NDArray[np.uint8]:
    """Return ``(H, W, 3)`` uint8 BGR. Raises ``UnusableImage`` for a JPEG that is none, or is too large."""
    if isinstance(frame, _Jpeg):
        if not frame.data.startswith(b"\xff\xd8\xff"):
            raise NotAnImage("A binary message is a JPEG.")
        return decode(frame.data, _JPEG)
    return np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
