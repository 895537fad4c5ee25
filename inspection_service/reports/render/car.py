"""A drawing of a car in five views, each panel a shape of its own, filled by how well it was seen.

Own drawing, no make. Sides are the car's own; in the left view the front lies to the left, in the right view to the
right, as a person standing there sees it; in the view from above the front is up, so that the car's left is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Seen = Literal["well", "poor", "absent", "unknown"]
View = Literal["left", "right", "front", "rear", "top"]

WIDTH: Final = 190.0
HEIGHT: Final = 84.0
"""Of the whole drawing, in units of its own; a side of the car is 100 long."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a view lies on the drawing."""

    x: float
    y: float
    width: float
    height: float


FRAMES: Final[Mapping[View, Frame]] = {
    "left": Frame(0, 5, 100, 34),
    "right": Frame(0, 49, 100, 34),
    "front": Frame(106, 5, 40, 34),
    "rear": Frame(106, 49, 40, 34),
    "top": Frame(152, 5, 38, 78),
}

_ARCH_FRONT: Final = "L27.8 27 A7.9 7.9 0 0 0 12.1 27"
_LEFT: Final[Mapping[str, str]] = {
    "front_bumper": "M3.6 27.6 L2.4 22.6 L3.4 18.4 L12.6 18.4 L13.4 22.6 A7.9 7.9 0 0 0 12.1 27 L12 27.6 Z",
    "front_left_lamp": "M3.6 17.8 C4.4 16.2 6.2 15.2 8.4 14.8 L14.6 14.4 L12.6 17.8 Z",
    "front_left_wing": (
        "M15.4 14.3 L30 12.6 L31.6 13.6 L31.6 27.6 L27.9 27.6 L27.8 27 A7.9 7.9 0 0 0 14 21.8 L13.2 18.2 Z"
    ),
    "front_left_door": "M32.2 13.5 L53.6 12.9 L53.6 27.6 L32.2 27.6 Z",
    "rear_left_door": "M54.2 12.9 L75.4 12.7 L74 19.4 A7.9 7.9 0 0 0 71.2 27 L71.1 27.6 L54.2 27.6 Z",
    "rear_left_wing": (
        "M76 12.7 L90.4 13.2 L89.2 18.6 L89.4 21.2 L86 22.8 A7.9 7.9 0 0 0 74.6 19 L75.6 14.6 Z"
    ),
    "rear_left_lamp": "M91 13.3 L95.4 14.2 C96.6 15.4 97 16.8 97.1 18.2 L89.8 18.2 Z",
    "rear_bumper": "M90 18.9 L97.2 18.9 L97.6 23.4 L95.6 27.6 L87 27.6 L86.9 27 L86.3 23.4 L89.9 21.8 Z",
    "left_sill": "M28 28.2 L71 28.2 L71 30 L28.4 30 Z",
    "front_left_wheel": "M20 20.6 A6.4 6.4 0 1 1 19.99 20.6 Z",
    "rear_left_wheel": "M79 20.6 A6.4 6.4 0 1 1 78.99 20.6 Z",
}
_LEFT_PLAIN: Final = (
    "M30.6 12 L42.6 4.4 C50 2.6 62 2.4 70 4 L84 11.4 L90.6 12.6",
    "M34.6 12.4 L43.4 6 L52.6 5.2 L52.6 12 Z",
    "M54.6 12 L54.6 5.1 C60 4.9 65 5.2 69 6.2 L78.4 11.8 Z",
    "M20 23.4 A3.6 3.6 0 1 1 19.99 23.4 Z",
    "M79 23.4 A3.6 3.6 0 1 1 78.99 23.4 Z",
    "M48.6 15.4 L52 15.4",
    "M69.6 15.2 L73 15.2",
)
_FRONT: Final[Mapping[str, str]] = {
    "windscreen": "M9.2 10.6 L12 4.4 C17 3.2 23 3.2 28 4.4 L30.8 10.6 C24 9.8 16 9.8 9.2 10.6 Z",
    "bonnet": "M5.4 15.6 L8.4 11.4 C16 10.5 24 10.5 31.6 11.4 L34.6 15.6 C25 16.6 15 16.6 5.4 15.6 Z",
    "front_right_lamp": "M3.6 16.2 L12 17 L11.4 20.4 L4 19.8 Z",
    "front_left_lamp": "M36.4 16.2 L28 17 L28.6 20.4 L36 19.8 Z",
    "front_bumper": "M3.4 20.5 L11.4 21.1 L12.8 17.4 L27.2 17.4 L28.6 21.1 L36.6 20.5 L36.4 29 L3.6 29 Z",
}
_FRONT_PLAIN: Final = (
    "M13.6 18.4 L26.4 18.4 L25.4 21.4 L14.6 21.4 Z",
    "M14.4 23.4 L25.6 23.4 L25.6 25.8 L14.4 25.8 Z",
    "M4.2 29 L4.2 32.6 L9.4 32.6 L9.4 29",
    "M30.6 29 L30.6 32.6 L35.8 32.6 L35.8 29",
    "M8 9.6 L4.2 9.2 L4 11.6 L7.4 11.8",
    "M32 9.6 L35.8 9.2 L36 11.6 L32.6 11.8",
)
_REAR: Final[Mapping[str, str]] = {
    "rear_window": "M9.4 11 L12 4.6 C17 3.4 23 3.4 28 4.6 L30.6 11 C24 10.4 16 10.4 9.4 11 Z",
    "boot_lid": "M10.4 12 C16 11.2 24 11.2 29.6 12 L30.2 20.6 L9.8 20.6 Z",
    "rear_left_lamp": "M3.6 14 L9.6 12.2 L9.2 19.4 L3.6 19.4 Z",
    "rear_right_lamp": "M36.4 14 L30.4 12.2 L30.8 19.4 L36.4 19.4 Z",
    "rear_bumper": "M3.4 20 L9.2 20 L9.4 21.3 L30.6 21.3 L30.8 20 L36.6 20 L36.4 29 L3.6 29 Z",
}
_REAR_PLAIN: Final = (
    "M14.4 14.8 L25.6 14.8 L25.6 17.4 L14.4 17.4 Z",
    "M4.2 29 L4.2 32.6 L9.4 32.6 L9.4 29",
    "M30.6 29 L30.6 32.6 L35.8 32.6 L35.8 29",
)
_TOP: Final[Mapping[str, str]] = {
    "front_bumper": "M5 8 C6 2.6 11 1 19 1 C27 1 32 2.6 33 8 L30.4 6.8 C24 4.6 14 4.6 7.6 6.8 Z",
    "bonnet": "M8.2 7.6 C14 5.4 24 5.4 29.8 7.6 L30.6 21.4 C24 19 14 19 7.4 21.4 Z",
    "front_left_wing": "M4.8 9 L7.5 8 L6.7 22.8 L4 24.4 Z",
    "front_right_wing": "M33.2 9 L30.5 8 L31.3 22.8 L34 24.4 Z",
    "windscreen": "M7.2 22.5 C14 19.8 24 19.8 30.8 22.5 L28.6 30.4 C23 28.8 15 28.8 9.4 30.4 Z",
    "roof": "M9.4 31.2 C15 29.7 23 29.7 28.6 31.2 L28.6 55.4 C23 57 15 57 9.4 55.4 Z",
    "front_left_door": "M4 25.4 L6.8 23.8 L8.6 30.6 L8.6 42 L4 42 Z",
    "front_right_door": "M34 25.4 L31.2 23.8 L29.4 30.6 L29.4 42 L34 42 Z",
    "rear_left_door": "M4 42.7 L8.6 42.7 L8.6 56 L4 58.4 Z",
    "rear_right_door": "M34 42.7 L29.4 42.7 L29.4 56 L34 58.4 Z",
    "rear_window": "M9.2 56.2 C15 57.9 23 57.9 28.8 56.2 L30.4 63.6 C24 65.8 14 65.8 7.6 63.6 Z",
    "rear_left_wing": "M4 59.2 L8.4 56.9 L6.8 64.4 L7.6 71.4 L4.9 70 Z",
    "rear_right_wing": "M34 59.2 L29.6 56.9 L31.2 64.4 L30.4 71.4 L33.1 70 Z",
    "boot_lid": "M7.6 64.4 C14 66.6 24 66.6 30.4 64.4 L29.8 71.8 C24 73.4 14 73.4 8.2 71.8 Z",
    "rear_bumper": "M5 70.8 L8 72.5 C14 74.3 24 74.3 30 72.5 L33 70.8 C32 75.8 27 77 19 77 C11 77 6 75.8 5 70.8 Z",
}


def _other_side(area: str) -> str:
    return area.replace("left", "right")


PANELS: Final[Mapping[View, Mapping[str, str]]] = {
    "left": _LEFT,
    "right": {_other_side(area): path for area, path in _LEFT.items()},
    "front": _FRONT,
    "rear": _REAR,
    "top": _TOP,
}
AREAS: Final = tuple(
    dict.fromkeys(area for view in ("front", "left", "top", "right", "rear") for area in PANELS[view])
)
"""Every panel of the drawing, in the order in which a person walks around."""
_PLAIN: Final[Mapping[View, tuple[str, ...]]] = {
    "left": _LEFT_PLAIN,
    "right": _LEFT_PLAIN,
    "front": _FRONT_PLAIN,
    "rear": _REAR_PLAIN,
    "top": (),
}
_LEFT_MIDDLES: Final[Mapping[str, tuple[float, float]]] = {
    "front_left_lamp": (9, 16.4),
    "front_left_wing": (22.5, 16.4),
    "front_left_door": (43, 20.5),
    "rear_left_door": (62.5, 20.5),
    "rear_left_wing": (82.5, 16),
    "rear_left_lamp": (93.6, 16),
    "left_sill": (50, 29.2),
    "front_left_wheel": (20, 27),
    "rear_left_wheel": (79, 27),
}
MIDDLES: Final[Mapping[str, tuple[View, float, float]]] = {
    **{area: ("left", x, y) for area, (x, y) in _LEFT_MIDDLES.items()},
    **{_other_side(area): ("right", 100 - x, y) for area, (x, y) in _LEFT_MIDDLES.items()},
    "front_bumper": ("front", 20, 27.4),
    "rear_bumper": ("rear", 20, 25),
    "bonnet": ("top", 19, 13.5),
    "boot_lid": ("rear", 20, 13.4),
    "windscreen": ("top", 19, 25.4),
    "rear_window": ("top", 19, 60.6),
    "roof": ("top", 19, 43),
}
"""Where a finding on a panel is numbered: the view that shows the panel best, and the place on it."""
_FILLS: Final[Mapping[Seen, str]] = {
    "well": "#d3e7dc",
    "poor": "url(#poor)",
    "absent": "url(#absent)",
    "unknown": "#ffffff",
}
_HATCHES: Final = (
    '<pattern id="poor" width="1.8" height="1.8" patternUnits="userSpaceOnUse">'
    '<rect width="1.8" height="1.8" fill="#fff8e6"/>'
    '<path d="M-.45 .45 L.45 -.45 M0 1.8 L1.8 0 M1.35 2.25 L2.25 1.35" stroke="#a36a00" stroke-width=".34"/></pattern>'
    '<pattern id="absent" width="1.5" height="1.5" patternUnits="userSpaceOnUse">'
    '<rect width="1.5" height="1.5" fill="#ffffff"/>'
    '<path d="M0 0 L1.5 1.5 M1.5 0 L0 1.5" stroke="#3c4650" stroke-width=".36"/></pattern>'
)


def drawing(seen: Mapping[str, Seen]) -> bytes:
    """Draw the car with every panel filled by how well it was seen.

    Args:
        seen: By panel; a panel without an entry stays white.

    Returns:
        An SVG document of ``WIDTH`` by ``HEIGHT``; the fills differ in pattern, not only in colour.
    """
    return _svg(WIDTH, HEIGHT, "".join(_view(view, seen) for view in FRAMES))


def swatch(seen: Seen) -> bytes:
    """Draw the fill for the legend."""
    return _svg(10, 6, f'<rect x=".3" y=".3" width="9.4" height="5.4" rx=".8" {_style(seen)}/>')


def on_view(view: View, x: float, y: float) -> tuple[float, float]:
    """Turn a place on a view (in its own units) into one on the drawing."""
    frame = FRAMES[view]
    return frame.x + x, frame.y + y


def _view(view: View, seen: Mapping[str, Seen]) -> str:
    frame = FRAMES[view]
    turn = f"translate({frame.x:g} {frame.y:g})"
    if view == "right":
        turn = f"translate({frame.x + frame.width:g} {frame.y:g}) scale(-1 1)"
    panels = "".join(
        f'<path d="{path}" data-area="{area}" {_style(seen.get(area, "unknown"))}/>'
        for area, path in PANELS[view].items()
    )
    lines = "".join(
        f'<path d="{path}" fill="none" stroke="#5b6874" stroke-width=".35"/>' for path in _PLAIN[view]
    )
    ground = ""
    if view != "top":
        ground = f'<path d="M0 33.6 L{frame.width:g} 33.6" stroke="#b6c0c9" stroke-width=".3"/>'
    return f'<g transform="{turn}" stroke-linejoin="round" stroke-linecap="round">{ground}{panels}{lines}</g>'


def _style(seen: Seen) -> str:
    return f'fill="{_FILLS[seen]}" stroke="#2b3a48" stroke-width=".4"'


def _svg(width: float, height: float, body: str) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}mm" height="{height:g}mm"><defs>{_HATCHES}</defs>{body}</svg>'
    ).encode("ascii")
