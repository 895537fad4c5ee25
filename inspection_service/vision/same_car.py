"""Whether the photos of an inspection show one car: what a whole car looks like, in numbers that can be compared.

Three things are held against each other: how the picture looks, how the car within its box looks, and the colours of
the body. Only photos of a whole car are compared, and a photo is named when it is unlike most of the others: a hint
for a person, who sees at a glance whether it is the car in another light.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.framing import RING, Framing, Seen, largest_car
from inspection_service.vision.scene import SceneObject

Image = NDArray[np.uint8]
Vector = NDArray[np.float32]

CLOSE_SHARE: Final = 0.5
"""What the look of the car alone counts beside the look of the whole picture and the colours; chosen by five folds over
car models on the photos that teach."""
LEAST_VIEW: Final = 0.5
"""Probability of the view from which a photo counts as one of the whole car."""
LEAST_LIKE: Final = 0.85
"""Likeness to the others, in the middle, under which a photo is named.

Source: five folds over the car models that teach: no photo of 65 honest listings is named (models/framing.md)."""
LEAST_PAINT: Final = 0.78
"""Likeness of the colours under which they are given as the reason; one honest photo in fifty is below it."""
LEAST_OTHERS: Final = 2
"""So many other photos must be there before one of them can be the odd one."""
LEAST_PX: Final = 32
"""Sides under which a car shows no colours."""
BODY: Final = (0.2, 0.8, 0.08, 0.92)
"""Part of the car's box that is looked at for colours, as shares (top, bottom, left, right): less street and sky."""
BINS: Final = (4, 12, 12)
"""Steps of lightness, and of the two colour axes of CIELAB."""
SPREAD: Final = 60.0
"""Farthest from grey on either axis; a stronger colour counts as this."""
_AS_BYTE: Final = 127.0


@dataclass(frozen=True)
class CarLook:
    """How one car looks on one photo.

    Attributes:
        whole: ``(D,)`` float32 of length 1, of the whole picture.
        close: ``(D,)`` likewise, of the car's box alone.
        colours: ``(576,)`` float32 of length 1, square roots of shares of the body's colours.
    """

    whole: Vector
    close: Vector
    colours: Vector

    def looks(self, other: CarLook) -> float:
        """How alike the shapes, the light and the place are; at most 1 + ``CLOSE_SHARE``."""
        return float(self.whole @ other.whole + CLOSE_SHARE * (self.close @ other.close))

    def paint(self, other: CarLook) -> float:
        """How alike the colours are, 0..1."""
        return float(self.colours @ other.colours)

    def to_text(self) -> str:
        """As the judgement keeps it: bytes in base64."""
        signed = [np.rint(v * _AS_BYTE).astype(np.int8).tobytes() for v in (self.whole, self.close)]
        shares = np.rint(self.colours * 255).astype(np.uint8).tobytes()
        return base64.b64encode(b"".join((*signed, shares))).decode()


def from_text(text: object) -> CarLook | None:
    """Read what :meth:`CarLook.to_text` wrote; None for what is no such text."""
    colours = int(np.prod(BINS))
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return None
    wide = len(raw) - colours
    if wide <= 0 or wide % 2:
        return None
    signed = np.frombuffer(raw[:wide], np.int8).astype(np.float32)
    shares = np.frombuffer(raw[wide:], np.uint8).astype(np.float32)
    return CarLook(_unit(signed[: wide // 2]), _unit(signed[wide // 2 :]), _unit(shares))


def car_look(image: Image, seen: Seen, scene: Sequence[SceneObject], framing: Framing) -> CarLook | None:
    """Say how the car looks on a photo of a whole one; None for close-ups, interiors and cars too far away.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, upright.
        seen: What the framing model sees on it.
        scene: What the scene model found, in its pixels.
        framing: Looks once more, at the car alone.
    """
    car = largest_car(scene)
    if car is None or seen.view not in RING or seen.score < LEAST_VIEW or seen.car is None:
        return None
    height, width = image.shape[:2]
    x1, y1 = max(0, round(car.box[0])), max(0, round(car.box[1]))
    x2, y2 = min(width, round(car.box[2])), min(height, round(car.box[3]))
    part = image[y1:y2, x1:x2]
    if min(part.shape[:2]) < LEAST_PX:
        return None
    close = framing.glance(part).car
    if close is None:
        return None
    half = len(close) // 2
    return CarLook(_unit(seen.car[:half]), _unit(close[half:]), body_colours(part))


def body_colours(car: Image) -> Vector:
    """Shares of the colours in the middle of a car's box, ``(576,)``: blurred, so that a little light moves little."""
    small = np.asarray(cv2.resize(car, (96, 64), interpolation=cv2.INTER_AREA), np.float32) / 255
    top, bottom, left, right = BODY
    body = small[int(64 * top) : int(64 * bottom), int(96 * left) : int(96 * right)]
    lab = cv2.cvtColor(body, cv2.COLOR_BGR2LAB).reshape(-1, 3)
    lab[:, 1:] = np.clip(lab[:, 1:], -SPREAD + 0.01, SPREAD - 0.01)
    counts, _ = np.histogramdd(lab, bins=BINS, range=((0, 100.01), (-SPREAD, SPREAD), (-SPREAD, SPREAD)))
    soft = [cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 0.7) for plane in counts]
    return _unit(np.sqrt(np.stack(soft)).ravel())


def likeness(one: CarLook, other: CarLook) -> float:
    """How alike two photos of whole cars are; only differences between such numbers mean something."""
    return one.looks(other) + one.paint(other)


@dataclass(frozen=True, slots=True)
class Odd:
    """A photo that does not fit the rest.

    Attributes:
        capture_id: The photo.
        why: ``looks``, ``colour``, ``plate``; at least one.
    """

    capture_id: str
    why: tuple[str, ...]


def odd_ones(judgements: Mapping[str, Mapping[str, Any]]) -> tuple[Odd, ...]:
    """Name the photos of one inspection that do not fit the rest, unlikeliest first.

    Fewer than half are ever named: where no most of them agree, nobody can say which one is the stranger.

    Args:
        judgements: Capture id -> judgement as JSON, of the photos that stand; those without a look are left out.
    """
    looks = {name: look for name, said in judgements.items() if (look := from_text(said.get("car_look")))}
    looks = {name: look for name, look in looks.items() if len(look.whole) == _commonest(looks)}
    found: dict[str, tuple[str, ...]] = {}
    left = dict(looks)
    while len(left) > LEAST_OTHERS and 2 * (len(looks) - len(left) + 1) < len(looks):
        typical = {name: _typical(name, left) for name in left}
        worst = min(typical, key=lambda name: (typical[name][0], name))
        alike, paint = typical[worst]
        if alike >= LEAST_LIKE:
            break
        found[worst] = ("looks", "colour") if paint < LEAST_PAINT else ("looks",)
        del left[worst]
    for name in _other_plates(judgements):
        found[name] = (*found.get(name, ()), "plate")
    return tuple(Odd(name, why) for name, why in found.items())


def _typical(name: str, among: Mapping[str, CarLook]) -> tuple[float, float]:
    """How alike a photo is to the others in the middle, and in its colours alone."""
    own = among[name]
    others = [look for other, look in among.items() if other != name]
    return (
        float(np.median([likeness(own, other) for other in others])),
        float(np.median([own.paint(other) for other in others])),
    )


def _commonest(looks: Mapping[str, CarLook]) -> int:
    """Numbers of an older model cannot be held against those of another."""
    lengths = [len(look.whole) for look in looks.values()]
    return max(set(lengths), key=lambda n: (lengths.count(n), n), default=0)


def _other_plates(judgements: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Photos on which another plate is read than on the others, where those read what was ordered."""
    said = {name: (each.get("plate") or {}).get("matches_order") for name, each in judgements.items()}
    others = [name for name, answer in said.items() if answer == "no"]
    return others if len(others) < sum(answer == "yes" for answer in said.values()) else []


def _unit(vector: NDArray[Any]) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float32)
