"""Drawn displays for the character reader: seven segments, dot matrix, printed fonts and drums, every character boxed.

Real crops come from a few dozen vans; these lend the reader the digits, colours and layouts that the vans do not have.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

Mask = NDArray[np.float32]
Box = tuple[float, float, float, float]

SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc",
    "8": "abcdefg", "9": "abcdfg", "A": "abcefg", "C": "adef", "E": "adefg", "F": "aefg", "H": "bcefg", "L": "def",
    "P": "abefg", "d": "bcdeg", "o": "cdeg", "b": "cdefg", "r": "eg", "t": "defg", "-": "g",
}  # fmt: skip
MATRIX = {
    "0": "0E11191513110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202",
    "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
    "k": "10101214181412", "m": "00001A15151111", "T": "1F040404040404", "R": "1E11111E141211", "I": "0E04040404040E",
    "P": "1E11111E101010", "O": "0E11111111110E", "D": "1C12111111121C", "A": "0E11111F111111", "B": "1E11111E11111E",
    "C": "0E11101010110E", "i": "0400040404040E", "o": "00000E1111110E", "l": "0C04040404040E", "e": "00000E111F100E",
    "s": "00000E100E011E", "a": "00000E010F110F", "n": "00001619111111", "E": "1F10101E10101F", "F": "1F10101E101010",
    "H": "1111111F111111", "-": "0000001F000000", "L": "1010101010101F", "S": "0F10100E01011E", "t": "08081C08080906",
}  # fmt: skip
"""Five by seven dots, two hexadecimal digits a row."""


@dataclass(frozen=True)
class Drawn:
    """A drawn display: ``(H, W, 3)`` uint8 BGR, its characters (label, box, is tenths drum), the box of the reading."""

    image: NDArray[np.uint8]
    characters: tuple[tuple[str, Box, bool], ...]
    odometer: Box


@functools.cache
def font_files() -> tuple[str, ...]:
    """Upright sans, mono and condensed fonts of this machine; Pillow's own font serves where there are none."""
    found = []
    for root, _, names in os.walk("/usr/share/fonts"):
        for name in names:
            plain = name.lower()
            if not plain.endswith((".ttf", ".otf")) or any(
                w in plain for w in ("serif", "symbol", "emoji", "math")
            ):
                continue
            if any(w in plain for w in ("sans", "mono", "gothic", "narrow", "cursor", "condensed")):
                found.append(str(Path(root, name)))
    return tuple(sorted(found))


@functools.cache
def font(path: str, size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """One opened font; ``path`` empty means the font that comes with Pillow."""
    return ImageFont.truetype(path, size_px) if path else ImageFont.load_default(size_px)


class SevenSegment:
    """Digits of seven bars; letters fall back to a font."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.thick = rng.uniform(0.09, 0.19)
        self.aspect = rng.uniform(0.45, 0.65)
        self.gap = rng.uniform(0.0, 0.04)
        self.pitch = self.aspect + rng.uniform(0.12, 0.3)
        self.slant = rng.uniform(-0.02, 0.2) if rng.random() < 0.7 else 0.0
        self.seven_hook = rng.random() < 0.25
        self.short_tails = rng.random() < 0.15
        self.letters = PrintedFont(rng)
        self.ghost = rng.uniform(0.04, 0.2) if rng.random() < 0.3 else 0.0

    def draw(self, character: str, height: int) -> Mask:
        """The glyph's ink, 0..1, on a cell as wide as the pitch."""
        if character not in SEGMENTS:
            return self.letters.draw(character, height)
        on = SEGMENTS[character]
        if character == "7" and self.seven_hook:
            on += "f"
        if self.short_tails:
            on = {"6": "fgedc", "9": "abfgc"}.get(character, on)
        mask = self._bars(on, height)
        if self.ghost:
            mask = np.maximum(mask, self.ghost * self._bars("abcdefg", height))
        return mask

    def _bars(self, on: str, height: int) -> Mask:
        k = 4  # supersampling for smooth edges
        h, w = height * k, round(self.aspect * height * k)
        t, g = self.thick * h, self.gap * h
        canvas = np.zeros((h, round(self.pitch * h)), np.uint8)
        mid, half = h / 2, t / 2

        def across(y: float) -> list[tuple[float, float]]:
            left, right, deep = t / 2 + g, w - t / 2 - g, half
            upper = [(left, y), (left + deep, y - deep), (right - deep, y - deep)]
            return [*upper, (right, y), (right - deep, y + deep), (left + deep, y + deep)]

        def down(x: float, y0: float, y1: float) -> list[tuple[float, float]]:
            high, low, deep = y0 + g, y1 - g, half
            right = [(x, high), (x + deep, high + deep), (x + deep, low - deep)]
            return [*right, (x, low), (x - deep, low - deep), (x - deep, high + deep)]

        shapes = {
            "a": across(half), "g": across(mid), "d": across(h - half),
            "f": down(half, half, mid), "e": down(half, mid, h - half),
            "b": down(w - half, half, mid), "c": down(w - half, mid, h - half),
        }  # fmt: skip
        for name in on:
            points = [(x + self.slant * (h - y), y) for x, y in shapes[name]]
            cv2.fillPoly(canvas, [np.array(points, np.float32).round().astype(np.int32)], 255)
        small = cv2.resize(canvas, None, fx=1 / k, fy=1 / k, interpolation=cv2.INTER_AREA)
        return (small / 255).astype(np.float32)


class DotMatrix:
    """Five by seven dots."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.fill = rng.uniform(0.65, 1.0)
        self.aspect = rng.uniform(0.55, 0.8)
        self.ghost = rng.uniform(0.03, 0.12) if rng.random() < 0.2 else 0.0
        self.letters = PrintedFont(rng)

    def draw(self, character: str, height: int) -> Mask:
        """The glyph's ink, 0..1; one empty column on the right."""
        if character not in MATRIX:
            return self.letters.draw(character, height)
        rows = MATRIX[character]
        dots = np.array(
            [[int(rows[2 * r : 2 * r + 2], 16) >> (4 - c) & 1 for c in range(5)] for r in range(7)],
            np.float32,
        )
        dots = np.maximum(dots, self.ghost)
        cell = 12
        size = max(1, round(self.fill * cell))
        stamp = np.zeros((cell, cell), np.float32)
        stamp[:size, :size] = 1
        big = np.kron(dots, stamp)
        big = np.pad(big, ((0, 0), (0, cell)))
        width = max(2, round(height * self.aspect))
        return cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)


class PrintedFont:
    """A font of this machine, as on displays with many pixels."""

    def __init__(self, rng: np.random.Generator) -> None:
        files = font_files()
        self.path = files[int(rng.integers(len(files)))] if files and rng.random() < 0.85 else ""
        self.stretch = float(np.exp(rng.normal(0, 0.12)))
        self.spacing = rng.uniform(0.0, 0.12)

    def draw(self, character: str, height: int) -> Mask:
        """The glyph's ink, 0..1; ``height`` is that of a digit."""
        face = font(self.path, max(6, round(height * 1.37)))
        _, zero_top, _, zero_bottom = face.getbbox("0")
        advance = max(1.0, face.getlength(character))
        tall = max(1, round(zero_bottom - zero_top))
        canvas = PilImage.new("L", (round(advance + 2), tall + round(0.3 * tall)))
        ImageDraw.Draw(canvas).text((1, -zero_top), character, fill=255, font=face)
        scale = height / tall
        size = (max(2, round(canvas.width * scale * self.stretch)), max(2, round(canvas.height * scale)))
        drawn = cv2.resize(np.asarray(canvas), size, interpolation=cv2.INTER_AREA)
        return np.pad(drawn / 255, ((0, 0), (0, round(self.spacing * height)))).astype(np.float32)


Style = SevenSegment | DotMatrix | PrintedFont


def set_line(text: str, style: Style, height: int) -> tuple[Mask, list[tuple[str, Box]]]:
    """One line of text: its ink and the tight box of every character (``X`` for all that is no digit or point)."""
    x = 0
    parts: list[tuple[int, int, Mask, str]] = []
    for character in text:
        if character == " ":
            x += round(0.5 * height)
            continue
        if character in ".,":
            side = max(2, round(0.13 * height))
            mask = np.zeros((height, side + max(1, side // 2)), np.float32)
            mask[height - side :, :side] = 1
            label = ","
        elif character == ":":
            side = max(2, round(0.13 * height))
            mask = np.zeros((height, 2 * side), np.float32)
            mask[round(0.25 * height) : round(0.25 * height) + side, :side] = 1
            mask[round(0.65 * height) : round(0.65 * height) + side, :side] = 1
            label = "X"
        else:
            mask, label = style.draw(character, height), character if character.isdigit() else "X"
        parts.append((x, mask.shape[1], mask, label))
        # the slant of a segment digit reaches into the next cell
        x += mask.shape[1] if label != "," else round(mask.shape[1] * 1.2)
    width = max((p[0] + p[1] for p in parts), default=1) + 2
    tall = max((p[2].shape[0] for p in parts), default=height)
    ink = np.zeros((tall, width), np.float32)
    boxes: list[tuple[str, Box]] = []
    for left, wide, mask, label in parts:
        target = ink[: mask.shape[0], left : left + wide]
        np.maximum(target, mask, out=target)
        ys, xs = np.nonzero(mask > 0.4)
        if len(ys):
            boxes.append(
                (
                    label,
                    (
                        float(left + xs.min()),
                        float(ys.min()),
                        float(left + xs.max() + 1),
                        float(ys.max() + 1),
                    ),
                )
            )
    return ink, boxes


def reading_text(rng: np.random.Generator) -> str:
    """Digits as odometers show them: mostly five or six, now and then zeros in front."""
    n = int(rng.choice([3, 4, 5, 6, 7], p=[0.06, 0.1, 0.3, 0.5, 0.04]))
    text = "".join(str(d) for d in rng.integers(0, 10, n))
    if rng.random() < 0.2:
        return text.zfill(6)
    return str(int(rng.integers(1, 10))) + text[1:] if text[0] == "0" else text


def other_text(rng: np.random.Generator) -> str:
    """What else a display shows: clock, trip, temperature, words."""
    d = lambda n: "".join(str(v) for v in rng.integers(0, 10, n))  # noqa: E731
    trip = f"{d(int(rng.integers(1, 4)))}.{d(1)}"
    kinds = [
        f"{rng.integers(0, 24)}:{d(2)}", trip, f"{trip} km", f"TRIP {trip}", f"A {trip[-4:]}", f"{rng.integers(-9, 40)} C",  # noqa: E501
        f"{d(int(rng.integers(2, 4)))} km", "TRIP", "TOTAL km", "ODO", f"{d(1)}.{d(1)} l", "P", "D", "km/h", "", "", "",
    ]  # fmt: skip
    return str(kinds[int(rng.integers(len(kinds)))])


def digital(rng: np.random.Generator) -> Drawn:
    """An electronic display of one to three lines."""
    make: list[type[SevenSegment] | type[DotMatrix] | type[PrintedFont]] = [
        SevenSegment,
        DotMatrix,
        PrintedFont,
    ]
    style = make[int(rng.choice(3, p=[0.5, 0.15, 0.35]))](rng)
    height = int(rng.integers(26, 44))
    reading = reading_text(rng)
    before = str(rng.choice(["", "", "", "ODO ", "ODO", "TOTAL ", "D ", "0 D ", "3 D "]))
    after = str(rng.choice(["", "", "km", " km", " km", "mi", " mi", "miles", ".d"]))
    if after == ".d":
        after = f".{rng.integers(10)}"
    small_unit = rng.random() < 0.7
    ink, boxes = set_line(reading + (after if after.startswith(".") else ""), style, height)
    pieces = [(ink, boxes, 0, 0)]
    if after and not after.startswith("."):
        unit_style = style if not small_unit else PrintedFont(rng)
        unit_height = round(height * (rng.uniform(0.35, 0.6) if small_unit else 1))
        unit, unit_boxes = set_line(after.strip(), unit_style, max(8, unit_height))
        drop = 0 if rng.random() < 0.4 else height - max(8, unit_height)
        pieces.append((unit, unit_boxes, ink.shape[1] + round(rng.uniform(0.05, 0.6) * height), drop))
    if before:
        word, word_boxes = set_line(
            before,
            style if rng.random() < 0.5 else PrintedFont(rng),
            height if rng.random() < 0.4 else max(8, round(height * 0.5)),
        )
        pieces.append((word, word_boxes, -word.shape[1] - round(rng.uniform(0.1, 0.6) * height), 0))
    left = -min(p[2] for p in pieces) + int(rng.integers(4, 60))
    above = round(height * rng.uniform(1.2, 1.9))
    pieces = [(m, b, x + left, y + above) for m, b, x, y in pieces]
    for place in (-1, 1):
        text = other_text(rng)
        if not text or rng.random() < 0.35:
            continue
        other_height = round(height * rng.uniform(0.6, 1.15))
        line, line_boxes = set_line(text, style if rng.random() < 0.8 else PrintedFont(rng), other_height)
        gap = round(height * rng.uniform(0.2, 0.45))
        y = above - gap - line.shape[0] if place < 0 else above + height + gap
        pieces.append((line, line_boxes, max(0, left + int(rng.integers(-60, 60))), max(0, y)))
    width = max(p[2] + p[0].shape[1] for p in pieces) + int(rng.integers(4, 60))
    tall = max(p[1 + 2] + p[0].shape[0] for p in pieces) + round(height * 0.4)
    sheet = np.zeros((tall, width), np.float32)
    characters: list[tuple[str, Box, bool]] = []
    for mask, found, x, y in pieces:
        target = sheet[y : y + mask.shape[0], x : x + mask.shape[1]]
        np.maximum(target, mask[: target.shape[0], : target.shape[1]], out=target)
        characters += [(label, (b[0] + x, b[1] + y, b[2] + x, b[3] + y), False) for label, b in found]
    own = [b for label, b, _ in characters[: len(boxes)]]
    image = _coloured(sheet, rng)
    return Drawn(image, tuple(characters), _hull(own))


def _coloured(ink: Mask, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Ink and ground in colours of displays: lit on dark, dark on lit, and little contrast now and then."""
    hue = rng.random(3)
    lit = np.array(
        [[1, 1, 1], [0.2, 0.4, 1], [0.1, 0.1, 1], [0.2, 0.9, 0.3], [1, 0.7, 0.3], [0.3, 0.8, 1]][
            int(rng.integers(6))
        ]
    )
    lit = 0.75 * lit + 0.25 * hue
    dark = lit * rng.uniform(0.0, 0.35) + 0.06 * rng.random(3)
    if rng.random() < 0.35:
        dark = np.array([0.1, 0.1, 0.1]) * rng.random() + 0.1 * rng.random(3) * lit
        fore, ground = dark, lit * rng.uniform(0.35, 0.95)
    else:
        fore, ground = lit * rng.uniform(0.45, 1), dark
    if rng.random() < 0.3:
        mix = rng.uniform(0.1, 0.6)
        fore = fore * (1 - mix) + ground * mix
    glow = ink
    if rng.random() < 0.35:
        glow = np.maximum(ink, rng.uniform(0.2, 0.6) * cv2.GaussianBlur(ink, (0, 0), rng.uniform(1.5, 5)))
    w = ink.shape[1]
    slope = 1 + rng.uniform(-0.3, 0.3) * np.linspace(-1, 1, w, dtype=np.float32)[None, :, None]
    image = (ground + (fore - ground) * glow[..., None]) * slope
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def drums(rng: np.random.Generator) -> Drawn:
    """A mechanical odometer: one drum a digit, the last one often in other colours because it counts tenths."""
    face = PrintedFont(rng)
    height = int(rng.integers(26, 40))
    n = int(rng.choice([5, 6, 7], p=[0.3, 0.6, 0.1]))
    tenths = n > 5 and rng.random() < 0.5
    text = reading_text(rng)[: n - tenths].zfill(n - tenths)
    if tenths:
        text += str(rng.integers(10))
    cell_w = round(height * rng.uniform(0.75, 1.05))
    gap = int(rng.integers(1, max(2, round(0.3 * height))))
    pad = round(height * rng.uniform(0.08, 0.35))
    cell_h = height + 2 * pad
    left, top = int(rng.integers(10, 70)), int(rng.integers(height // 2, height + 10))
    width = left + n * (cell_w + gap) + int(rng.integers(10, 70))
    image = np.zeros((top + cell_h + int(rng.integers(height // 2, height + 10)), width, 3), np.float32)
    light_on_dark = rng.random() < 0.8
    paper, ink = (
        (rng.uniform(0.02, 0.2), rng.uniform(0.65, 1))
        if light_on_dark
        else (rng.uniform(0.6, 1), rng.uniform(0, 0.25))
    )
    image[:] = rng.uniform(0.0, 0.35) + rng.uniform(-0.03, 0.03, 3)
    tint = 1 + rng.normal(0, 0.08, 3)
    shade = 1 - rng.uniform(0.1, 0.6) * np.abs(np.linspace(-1, 1, cell_h)) ** 2
    gap_cells = 0 if not tenths and rng.random() < 0.3 else gap
    characters: list[tuple[str, Box, bool]] = []
    rolling = rng.random()
    for i, character in enumerate(text):
        last = i == n - 1
        ground = np.full((cell_h, cell_w, 3), paper, np.float32)
        colour = np.full(3, ink)
        if last and tenths:
            ground[:] = 1 - paper if rng.random() < 0.75 else np.array([0.1, 0.1, rng.uniform(0.5, 0.9)])
            colour = np.full(3, 1 - ink) if ground.mean() > 0.5 else np.full(3, rng.uniform(0.7, 1))
            if ground.mean() > 0.5 and rng.random() < 0.25:
                colour = np.array([0.1, 0.1, 0.8])
        glyph = face.draw(character, height)[:height]
        offset = float(rng.normal(0, 0.04)) * height
        if last and rolling < 0.5:
            offset = -rng.uniform(0, 0.4) * height
        sheet = np.zeros((cell_h, cell_w), np.float32)
        box = _stamp(sheet, glyph, pad + offset)
        if last and offset < -0.12 * height:
            following = face.draw(str((int(character) + 1) % 10), height)[:height]
            _stamp(sheet, following, pad + offset + height * 1.35)
        cell = ground * (1 - sheet[..., None]) + sheet[..., None] * colour
        x = left + i * (cell_w + gap_cells)
        image[top : top + cell_h, x : x + cell_w] = cell * shade[:, None, None] * tint
        if box:
            characters.append(
                (character, (box[0] + x, box[1] + top, box[2] + x, box[3] + top), last and tenths)
            )
    own = [b for _, b, _ in characters]
    return Drawn((image.clip(0, 1) * 255).astype(np.uint8), tuple(characters), _hull(own))


def _stamp(sheet: Mask, glyph: Mask, top: float) -> Box | None:
    """Put a glyph in the middle of a drum, from ``top`` on; its box where some of it is left."""
    h, w = sheet.shape
    columns = np.nonzero(glyph.max(0) > 0.3)[0]
    if not len(columns):
        return None
    glyph = glyph[:, columns[0] : columns[-1] + 1]
    if glyph.shape[1] > w:
        glyph = cv2.resize(glyph, (w, glyph.shape[0]), interpolation=cv2.INTER_AREA).astype(np.float32)
    move = np.array([[1, 0, (w - glyph.shape[1]) / 2], [0, 1, top]], np.float64)
    moved = cv2.warpAffine(glyph, move, (w, h), flags=cv2.INTER_LINEAR)
    np.maximum(sheet, moved, out=sheet)
    ys, xs = np.nonzero(moved > 0.3)
    if not len(ys):
        return None
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def _hull(boxes: list[Box]) -> Box:
    b = np.array(boxes)
    return float(b[:, 0].min()), float(b[:, 1].min()), float(b[:, 2].max()), float(b[:, 3].max())


def draw(rng: np.random.Generator) -> Drawn:
    """One display, electronic in three of four cases."""
    return digital(rng) if rng.random() < 0.75 else drums(rng)
