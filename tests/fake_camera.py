"""Chromium's fake camera: a film of pictures, so that a browser test sees the demo car through ``getUserMedia``."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

JPEG_QUALITY = 88


def chromium_flags(film: Path) -> list[str]:
    """Command line flags with which Chromium plays ``film`` as its only camera and asks nobody for leave."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]


def write_mjpeg(
    pictures: Sequence[Path],
    path: Path,
    *,
    size_px: tuple[int, int] = (1280, 720),
    seconds_each: float = 2.0,
    fps: int = 30,
) -> None:
    """Write a film that shows each picture in turn; Chromium plays it in a loop.

    A picture of another shape is shown whole, before a blurred copy of itself: cutting it would cut the car, and
    black bars look like a photographed screen.

    Args:
        pictures: Files that OpenCV reads, at least one.
        path: Film to write, whose name must end in ``.mjpeg`` for Chromium to know it.
        size_px: Width and height.
        seconds_each: How long each picture stands.
        fps: Frames a second. Chromium 156 plays such a film at 30, whatever the page asks for (measured): with another
            number a picture stands ``seconds_each * fps / 30`` seconds.

    Raises:
        ValueError: No picture was given, or the name does not end in ``.mjpeg``.
        OSError: A picture cannot be read, or the film cannot be written.

    Source: Chromium's ``media/capture/video/file_video_capture_device.cc``: an ``.mjpeg`` file is JPEG images, one
    after the other.
    """
    if not pictures or path.suffix != ".mjpeg":
        message = "at least one picture, and a name that ends in .mjpeg"
        raise ValueError(message)
    count = max(1, round(seconds_each * fps))
    with path.open("wb") as film:
        for picture in pictures:
            frame = _encoded(_fitted(_read(picture), *size_px))
            for _ in range(count):
                film.write(frame)


def _read(picture: Path) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(picture.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        message = f"{picture} is not a picture"
        raise OSError(message)
    return np.asarray(image, np.uint8)


def _fitted(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """``(height, width, 3)`` uint8, BGR: the whole picture before a blurred copy that fills the frame."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    whole = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    frame = cv2.GaussianBlur(cv2.resize(image, (width, height)), (0, 0), 25)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    frame[top : top + size[1], left : left + size[0]] = whole
    return np.asarray(frame, np.uint8)


def _encoded(frame: NDArray[np.uint8]) -> bytes:
    is_written, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not is_written:
        message = "OpenCV cannot write JPEG"
        raise OSError(message)
    return bytes(data)
