"""The cabin as seen through the glass and by the cameras inside: seats, dash, console, doors and steering wheel."""

import math

from tests.demo_car.blender import FACING_REAR, Thing, box, empty, lathe, lettering, ring, rod, soften
from tests.demo_car.body import LEFT, RIGHT
from tests.demo_car.materials import cloth
from tests.demo_car.shaders import plain


def furnish() -> None:
    """Put everything in; the steering wheel is on the left."""
    fabric, plastic = cloth(), plain("plastic", (0.022, 0.022, 0.024), 0.55)
    gloss = plain("piano black", (0.006, 0.006, 0.007), 0.06, coat=1.0)
    silver = plain("silver", (0.5, 0.5, 0.52), 0.28, 1.0)
    box("floor", (-0.4, 0, 0.30), (2.6, 1.40, 0.10), plastic, 0.03)
    _seats(fabric)
    _dash(plastic, gloss, silver)
    _console(fabric, plastic, gloss, silver)
    for side in (LEFT, RIGHT):
        box("door card", (-0.05, side * 0.745, 0.68), (1.45, 0.07, 0.56), plastic, 0.03)
        box("door rest", (-0.05, side * 0.695, 0.72), (0.62, 0.08, 0.06), fabric, 0.025)
        box("door pull", (0.25, side * 0.700, 0.84), (0.13, 0.02, 0.025), silver, 0.009)
        box(
            "belt",
            (-0.34, side * 0.700, 0.98),
            (0.012, 0.05, 0.42),
            plain("belt", (0.03, 0.03, 0.03), 0.8),
            0.004,
        )
    box("parcel shelf", (-1.66, 0, 0.93), (0.42, 1.10, 0.02), plastic, 0.008)
    box("mirror inside", (0.42, 0, 1.29), (0.03, 0.22, 0.06), plastic, 0.012)
    _steering_wheel(plastic, silver)


def _seats(fabric: Thing) -> None:
    chrome = plain("post", (0.4, 0.4, 0.4), 0.2, 1.0)
    for y in (0.36 * LEFT, 0.36 * RIGHT):
        soften(box("cushion", (-0.10, y, 0.56), (0.52, 0.50, 0.17), fabric, 0.07, (0, -0.12, 0)))
        soften(box("back", (-0.44, y, 0.87), (0.16, 0.50, 0.66), fabric, 0.07, (0, -0.26, 0)))
        soften(box("head rest", (-0.56, y, 1.245), (0.10, 0.26, 0.17), fabric, 0.045, (0, -0.15, 0)))
        for wing in (-0.215, 0.215):
            soften(
                box("bolster", (-0.385, y + wing, 0.86), (0.15, 0.085, 0.50), fabric, 0.040, (0, -0.26, 0))
            )
            soften(box("bolster", (-0.08, y + wing, 0.60), (0.44, 0.080, 0.14), fabric, 0.038, (0, -0.12, 0)))
        for d in (-0.05, 0.05):
            rod((-0.52, y + d, 1.10), (-0.55, y + d, 1.22), 0.006, chrome)
    soften(box("bench", (-1.00, 0, 0.56), (0.50, 1.24, 0.16), fabric, 0.06, (0, -0.1, 0)))
    soften(box("bench back", (-1.32, 0, 0.86), (0.15, 1.22, 0.55), fabric, 0.06, (0, -0.30, 0)))
    for y in (0.38, 0, -0.38):
        box("rear head rest", (-1.44, y, 1.14), (0.08, 0.24, 0.13), fabric, 0.04, (0, -0.2, 0))


def _dash(plastic: Thing, gloss: Thing, silver: Thing) -> None:
    box("dash", (0.74, 0, 0.885), (0.50, 1.42, 0.16), plastic, 0.06, (0, 0.06, 0), 6)
    lower = plain("plastic 2", (0.045, 0.043, 0.042), 0.6)
    box("dash lower", (0.70, 0, 0.72), (0.36, 1.40, 0.26), lower, 0.07, (0, -0.25, 0), 6)
    box("screen", (0.475, 0, 0.945), (0.02, 0.25, 0.145), gloss, 0.008, (0, 0.18, 0))
    lit = plain("screen lit", (0.02, 0.03, 0.05), 0.2, glow=(0.03, 0.10, 0.22), power=0.9)
    box("screen lit", (0.4645, 0, 0.943), (0.002, 0.228, 0.122), lit, 0, (0, 0.18, 0))
    white = plain("screen ink", (0.9, 0.9, 0.9), 0.5, glow=(1, 1, 1), power=1.6)
    upright, _, bearing = FACING_REAR
    for i, (word, colour) in enumerate(
        (("Radio", (0.1, 0.3, 0.6)), ("Phone", (0.1, 0.45, 0.25)), ("Map", (0.5, 0.3, 0.1)))
    ):
        y = 0.072 - 0.072 * i
        tile = plain("tile " + word, (0.1, 0.1, 0.1), 0.3, glow=colour, power=0.7)
        box("tile", (0.4630, y, 0.935), (0.002, 0.058, 0.058), tile, 0, (0, 0.18, 0))
        lettering(word, (0.4605, y, 0.935), (upright - 0.18, 0, bearing), 0.016, white, 0)
    hole = plain("vent hole", (0.003, 0.003, 0.003), 0.9)
    for y in (-0.62, -0.20, 0.20, 0.64):
        box("vent", (0.500, y, 0.875), (0.03, 0.115, 0.055), silver, 0.012, (0, -0.1, 0))
        box("vent hole", (0.492, y, 0.875), (0.03, 0.103, 0.044), hole, 0.010, (0, -0.1, 0))
        for k in (-1, 0, 1):
            box("vane", (0.484, y, 0.875 + 0.012 * k), (0.02, 0.098, 0.003), plastic, 0.001, (0, 0.3, 0))
    box("climate", (0.515, 0, 0.79), (0.03, 0.25, 0.075), gloss, 0.012, (0, -0.2, 0))
    for y in (-0.08, 0.0, 0.08):
        knob = [(0.0001, 0.018), (0.018, 0.018), (0.021, 0.014), (0.022, 0.0)]
        lathe("knob", knob, silver, 48, (0.498, y, 0.793), (0, 0.2, math.pi / 2))
    box("strip", (0.493, -0.42, 0.838), (0.012, 0.46, 0.012), silver, 0.005)


def _console(fabric: Thing, plastic: Thing, gloss: Thing, silver: Thing) -> None:
    box("console", (0.12, 0, 0.50), (0.95, 0.22, 0.28), plastic, 0.05, (0, -0.10, 0), 6)
    rod((0.26, 0, 0.60), (0.24, 0, 0.74), 0.010, silver)
    box("lever", (0.235, 0, 0.765), (0.055, 0.050, 0.075), gloss, 0.022, (0, -0.1, 0), 8)
    box("arm rest", (-0.25, 0, 0.66), (0.30, 0.20, 0.10), fabric, 0.04, segments=6)


def _steering_wheel(plastic: Thing, silver: Thing) -> None:
    column = empty("column", (0.22, 0.36, 0.795), (0, 0.42, 0))
    lathe("steering wheel", ring(0.183, 0.016, 17), plastic, 64, rotation=(0, 0, math.pi / 2), parent=column)
    box("spokes", (0.012, 0, 0), (0.02, 0.36, 0.036), silver, 0.009, parent=column)
    box("spoke", (0.012, 0, -0.09), (0.02, 0.045, 0.17), silver, 0.009, parent=column)
    box("pad", (0.0, 0, -0.01), (0.05, 0.17, 0.13), plastic, 0.024, segments=8, parent=column)
