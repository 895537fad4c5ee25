"""Frames leave the receive buffer as soon as they are whole, in order, and once."""

from __future__ import annotations

import random

import pytest
from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from inspection_service.media.jitter import WholeFrames, hand_over_whole_frames

pytestmark = pytest.mark.unit

THIRD_OF_A_SECOND = 30_000


def packets(frame: int, count: int, first: int, *, marked: bool = True, start: int = 0) -> list[RtpPacket]:
    """One frame in ``count`` packets, from sequence number ``first``; its data say which frame and which part."""
    made = []
    for part in range(count):
        packet = RtpPacket(
            marker=int(marked and part == count - 1),
            sequence_number=(first + part) % 65536,
            timestamp=(start + frame * THIRD_OF_A_SECOND) % 2**32,
        )
        packet._data = f"{frame}.{part} ".encode()  # type: ignore[attr-defined]  # as the receiver does
        made.append(packet)
    return made


def stream(frames: int, count: int = 3, first: int = 0, **also: int) -> list[RtpPacket]:
    return [
        each
        for n in range(frames)
        for each in packets(n, count, first + n * count, start=also.get("start", 0))
    ]


def whole(frame: int, count: int = 3) -> bytes:
    return b"".join(f"{frame}.{part} ".encode() for part in range(count))


def received(buffer: WholeFrames, sent: list[RtpPacket]) -> tuple[list[bytes], int]:
    """What comes out, and how often a full picture was asked for."""
    answers = [buffer.add(packet) for packet in sent]
    return [frame.data for _, frame in answers if frame is not None], sum(asks for asks, _ in answers)


def test_a_frame_is_handed_over_with_its_last_packet() -> None:
    """Nothing of the next frame is needed: RFC 7741, section 4.1, the marker bit."""
    buffer = WholeFrames()
    for packet in packets(0, 3, 7)[:-1]:
        assert buffer.add(packet) == (False, None)
    _, frame = buffer.add(packets(0, 3, 7)[-1])
    assert isinstance(frame, JitterFrame)
    assert (frame.data, frame.timestamp) == (whole(0), 0)


def test_a_frame_of_one_packet_comes_out_at_once() -> None:
    assert received(WholeFrames(), stream(5, count=1)) == ([whole(n, 1) for n in range(5)], 0)


@pytest.mark.parametrize("seed", range(20))
def test_packets_in_any_order_within_a_frame_make_the_same_frames(seed: int) -> None:
    """The first packet opens the stream; the others may overtake each other, also across the end of the numbers."""
    buffer, numbers = WholeFrames(), random.Random(seed)
    out = []
    for frame in range(6):
        parts = packets(frame, 5, 65530 + frame * 5, start=2**32 - 2 * THIRD_OF_A_SECOND)
        if frame:
            numbers.shuffle(parts)
        out += received(buffer, parts)[0]
    assert out == [whole(n, 5) for n in range(6)]


def test_frames_that_overtake_each_other_come_out_in_order() -> None:
    sent = stream(4)
    sent[4], sent[7] = sent[7], sent[4]  # a middle packet of the second frame arrives after half of the third
    assert received(WholeFrames(), sent) == ([whole(n) for n in range(4)], 0)


def test_a_frame_that_waited_for_another_leaves_with_the_next_packet() -> None:
    """A receiver decodes one frame for each packet that arrives."""
    first, second, third, fourth = stream(4, count=1)
    buffer = WholeFrames()
    assert received(buffer, [first, third, second])[0] == [whole(0, 1), whole(1, 1)]
    assert received(buffer, [fourth])[0] == [whole(2, 1)]


def test_a_line_full_of_empty_packets_is_emptied_in_one_go() -> None:
    """Five hundred of them behind one that is missing; none of them is a reason to fail."""
    probes = packets(0, 500, 4, marked=False)
    for probe in probes:
        probe._data = b""  # type: ignore[attr-defined]
    buffer = WholeFrames()
    received(buffer, packets(0, 3, 0) + probes)
    missing = packets(0, 1, 3, marked=False)
    assert received(buffer, [*missing, *packets(1, 3, 504)])[0] == [whole(1)]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_lost_packet_that_is_sent_again_costs_no_frame(part: int) -> None:
    """Whichever packet it is, the one with the marker included."""
    sent = stream(3)
    late = sent.pop(3 + part)
    sent.insert(3 + part + 2, late)  # a retransmission overtaken by two packets
    assert received(WholeFrames(), [*sent, *packets(3, 3, 9)]) == ([whole(n) for n in range(4)], 0)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_packet_that_never_comes_costs_its_frame_and_asks_for_a_full_picture(part: int) -> None:
    """The buffer of aiortc would wait for 512 packets: half a minute of a small picture."""
    sent = stream(8)
    del sent[3 + part]
    out, asked = received(WholeFrames(), sent)
    assert out[0] == whole(0)
    assert out[1] in (
        whole(2),
        whole(3),
    )  # where the border is lost, the frame beside it is not known to be whole
    assert out[-4:] == [whole(n) for n in range(4, 8)]
    assert asked == 1


def test_a_whole_frame_lost_is_passed_over() -> None:
    sent = stream(8)
    del sent[3:6]
    out, asked = received(WholeFrames(), sent)
    assert (out, asked) == ([whole(n) for n in (0, 3, 4, 5, 6, 7)], 1)


def test_a_packet_of_a_frame_given_up_changes_nothing() -> None:
    sent = stream(6)
    late = sent.pop(4)
    buffer = WholeFrames()
    received(buffer, sent)
    assert buffer.add(late) == (False, None)
    assert received(buffer, packets(6, 3, 18))[0] == [whole(6)]


def test_frames_close_together_wait_for_the_retransmission() -> None:
    """At thirty frames a second the next frame is no sign that a retransmission is not coming."""
    sent = stream(4)
    for packet in sent:
        packet.timestamp //= 10
    late = sent.pop(4)
    out, asked = received(WholeFrames(), [*sent, late])
    assert (out, asked) == ([whole(0), whole(1)], 0)


def test_packets_that_only_fill_the_line_make_no_frame() -> None:
    """Browsers probe the line with empty packets under the time of the last frame."""
    probes = packets(0, 2, 3, marked=False)
    for probe in probes:
        probe._data = b""  # type: ignore[attr-defined]
    sent = [*packets(0, 3, 0), *probes, *packets(1, 3, 5)]
    assert received(WholeFrames(), sent) == ([whole(0), whole(1)], 0)


def test_a_packet_that_comes_twice_makes_no_second_frame() -> None:
    sent = [packet for packet in stream(4) for _ in range(2)]
    assert received(WholeFrames(), sent) == ([whole(n) for n in range(4)], 0)


def test_a_sender_without_markers_is_understood_by_its_times() -> None:
    sent = [each for n in range(4) for each in packets(n, 2, 2 * n, marked=False)]
    assert received(WholeFrames(), sent)[0] == [whole(n, 2) for n in range(3)]


def test_any_loss_leaves_frames_whole_in_order_and_the_stream_going() -> None:
    numbers = random.Random(3)
    sent = [packet for packet in stream(400, count=4, first=65000) if numbers.random() > 0.03]
    out, _ = received(WholeFrames(), [*sent, *packets(400, 4, 65000 + 1600)])
    known = {whole(n, 4): n for n in range(401)}
    order = [known[data] for data in out if data in known]
    assert order == sorted(set(order))
    assert len(order) > 200
    assert order[-1] >= 398


async def test_a_receiver_of_aiortc_takes_the_buffer() -> None:
    """The place is private: this fails when a new aiortc keeps its buffer elsewhere, or asks something else of it."""
    connection = RTCPeerConnection()
    try:
        receiver = connection.addTransceiver("video").receiver
        hand_over_whole_frames(receiver)
        buffers = [each for each in vars(receiver).values() if isinstance(each, WholeFrames)]
        assert len(buffers) == 1
    finally:
        await connection.close()


def test_a_receiver_that_keeps_its_buffer_elsewhere_stays_as_it_is() -> None:
    class Another:
        pass

    other = Another()
    hand_over_whole_frames(other)  # type: ignore[arg-type]
    assert vars(other) == {}
