"""A frame leaves the receive buffer with its own last packet, because at three frames a second the next one is late.

aiortc 1.16 takes a frame for complete when a packet of the next one arrives: 333 ms after it was. Senders of VP8 and
H.264 mark the last packet of each frame. Source: RFC 7741, section 4.1; RFC 6184, section 5.1; aiortc's
``jitterbuffer.py``, whose place in a receiver is no public API: a test fails when it moves.
"""

from __future__ import annotations

from typing import Final

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket

CAPACITY: Final = 512
"""Packets kept at most; a power of two. Source: aiortc's own buffer for video."""
GIVE_UP_TICKS: Final = 22_500
"""A quarter of a second of the 90 kHz clock: a packet that was asked for again has come by then, or never will."""
_PLACE: Final = "_RTCRtpReceiver__jitter_buffer"
_SEQUENCE: Final = 1 << 16
_CLOCK: Final = 1 << 32


class WholeFrames(JitterBuffer):
    """Orders packets and hands over each frame once, as soon as all of its packets are there.

    A frame that lacks packets holds up the ones after it, which cannot be decoded without it. When a later one is
    whole and a retransmission has had its time, what lies before is dropped, and the sender asked for a full picture.
    """

    def __init__(self) -> None:
        super().__init__(CAPACITY, is_video=True)
        self._handed: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet.

        Returns:
            Whether the sender should be asked for a full picture, and a frame to decode, if one is whole.
        """
        asks, frame = super().add(packet)
        if frame is None and (place := self._whole_frame_of(packet)) is not None and self._is_late(packet):
            self.remove((place - (self._origin or 0)) % _SEQUENCE)
            asks, frame = True, self._remove_frame(place)
        return asks, frame

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:  # noqa: ARG002, the shape is aiortc's
        """Take out the oldest frame if it is whole; aiortc calls this for each packet it keeps."""
        while (oldest := self._kept(0)) is not None and oldest.timestamp == self._handed:
            self.remove(1)  # after the end of a frame, under its time: a packet that only fills up the line
        data: list[bytes] = []
        for count in range(self.capacity):
            packet = self._kept(count)
            if oldest is None or packet is None:
                break
            if packet.timestamp != oldest.timestamp:
                return self._hand_over(data, oldest.timestamp, count)  # a sender without markers
            data.append(packet._data)  # type: ignore[attr-defined]  # the receiver puts it there
            if packet.marker:
                return self._hand_over(data, oldest.timestamp, count + 1)
        return None

    def _hand_over(self, data: list[bytes], timestamp: int, count: int) -> JitterFrame | None:
        self.remove(count)
        self._handed = timestamp
        return JitterFrame(data=b"".join(data), timestamp=timestamp) if any(data) else None

    def _whole_frame_of(self, packet: RtpPacket) -> int | None:
        """Return the number of the first packet of this packet's frame, if the whole frame is there."""
        last = packet
        while not last.marker:
            after = self._at(last.sequence_number + 1)
            if after is None or after.timestamp != packet.timestamp:
                return None
            last = after
        first = packet
        while True:
            before = self._at(first.sequence_number - 1)
            if before is None:
                return None  # what is missing there may be this frame's beginning
            if before.timestamp != packet.timestamp:
                return int(first.sequence_number)
            first = before

    def _is_late(self, packet: RtpPacket) -> bool:
        """Say whether a packet is that much younger than the oldest one."""
        kept = map(self._kept, range(self.capacity))
        oldest = next(each for each in kept if each is not None)
        return GIVE_UP_TICKS <= (packet.timestamp - oldest.timestamp) % _CLOCK < _CLOCK // 2

    def _kept(self, place: int) -> RtpPacket | None:
        """Return the packet at a place behind the oldest that is waited for."""
        return self._at((self._origin or 0) + place)

    def _at(self, sequence_number: int) -> RtpPacket | None:
        packet = self._packets[sequence_number % self.capacity]
        return (
            packet if packet is not None and packet.sequence_number == sequence_number % _SEQUENCE else None
        )


def hand_over_whole_frames(receiver: RTCRtpReceiver) -> None:
    """Let a receiver of video that has received nothing yet hand over each frame as soon as it is whole.

    A receiver that keeps its buffer elsewhere stays as it is: its frames come late, and they come.
    """
    if isinstance(getattr(receiver, _PLACE, None), JitterBuffer):
        setattr(receiver, _PLACE, WholeFrames())
