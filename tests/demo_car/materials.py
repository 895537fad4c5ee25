"""Paints and the one material of the bodywork, in which every window, joint and scratch is a layer."""

import math
from collections.abc import Iterable

from tests.demo_car.blender import Thing
from tests.demo_car.shaders import NODE_BACK_FACING, NODE_POSITION, Colour, Shader, Value, pane, plain

PAINTS: dict[str, Colour] = {
    "red": (0.36, 0.012, 0.012),
    "blue": (0.012, 0.055, 0.22),
    "silver": (0.42, 0.43, 0.45),
    "white": (0.72, 0.72, 0.70),
    "black": (0.008, 0.008, 0.010),
    "green": (0.02, 0.10, 0.06),
    "orange": (0.55, 0.14, 0.01),
    "graphite": (0.06, 0.065, 0.075),
    "beige": (0.34, 0.30, 0.23),
}
"""Linear RGB."""

JOINT_HALF_WIDTH_M = 0.0028


def _metallic(colour: Colour) -> float:
    """Solid white, flakes in everything else."""
    return 0.0 if min(colour) > 0.6 else 0.55


def fitting_paint(colour: Colour) -> Thing:
    """The car's paint on handles and mirrors, without the layers of the body."""
    return plain("paint", colour, 0.28, _metallic(colour), 1.0)


class _Layers:
    """Opaque layers, each painted over the last: all are values of one principled shader."""

    def __init__(self, shader: Shader, colour: Value, rough: Value, metal: float, coat: float) -> None:
        self.shader = shader
        self.colour = colour
        self.values: dict[str, Value] = {"rough": rough, "metal": metal, "coat": coat}

    def paint(self, where: Value, colour: Value, rough: Value, metal: float = 0.0, coat: float = 0.0) -> None:
        """Cover what lies below where ``where`` is 1."""
        s = self.shader
        self.colour = s.mix_colour(where, self.colour, colour)
        bare = s.math("SUBTRACT", 1.0, where)
        for name, new in (("rough", rough), ("metal", metal), ("coat", coat)):
            kept = s.math("MULTIPLY", self.values[name], bare)
            self.values[name] = s.math("ADD", kept, s.math("MULTIPLY", where, new))


def bodywork(colour: Colour, masks: Iterable[str], dirt: float = 0.25) -> Thing:
    """Paint with flakes, faint orange peel and dust, cut by the distances stored at the vertices.

    Args:
        colour: Linear RGB of the paint.
        masks: Names of the distances the mesh carries (see `masks.masks`).
        dirt: Share of dust at road level.
    """
    s = Shader("bodywork")
    names = list(masks)
    position = s.object_position()
    height = s.node("SeparateXYZ", {0: s.node("NewGeometry", output=NODE_POSITION)}, output=2)
    patches = s.noise(2.3, 3, position)
    flakes = s.ramp(s.noise(2600, 0, position), [(0.35, tuple(0.8 * c for c in colour)), (0.65, colour)])
    layers = _Layers(s, flakes, s.scaled(patches, 0.10, 0.24), _metallic(colour), 1.0)

    def below(name: str, limit: float = 0.0) -> Value:
        return s.math("LESS_THAN", s.attribute(name), limit)

    def within(name: str, limit: Value) -> Value:
        return s.math("LESS_THAN", s.math("ABSOLUTE", s.attribute(name)), limit)

    splashed = s.math("SUBTRACT", 1.0, s.math("MULTIPLY", height, 1.5))
    layers.paint(
        s.math("MAXIMUM", s.math("MULTIPLY", splashed, s.math("MULTIPLY", patches, dirt)), 0.0),
        (0.20, 0.17, 0.13),
        0.9,
    )
    for name in names:
        if name.startswith("joint_"):
            layers.paint(within(name, JOINT_HALF_WIDTH_M), (0.004, 0.004, 0.004), 0.9)
    _scratches(layers, names, position, within, below)
    layers.paint(
        s.math("MAXIMUM", below("trim"), below("frames")),
        (0.009, 0.009, 0.010),
        s.scaled(patches, 0.15, 0.35),
    )
    bars = s.math("GREATER_THAN", s.math("SINE", s.math("MULTIPLY", height, 2 * math.pi / 0.030)), 0.35)
    layers.paint(below("grille"), (0.020, 0.020, 0.021), 0.2, coat=0.5)
    layers.paint(s.math("MULTIPLY", below("grille", -0.008), bars), (0.002, 0.002, 0.002), 0.9)
    layers.paint(s.math("MAXIMUM", below("lamp"), below("tail")), (0.01, 0.01, 0.01), 0.3)
    lining = s.ramp(height, [(0.97, (0.030, 0.030, 0.032)), (1.0, (0.26, 0.25, 0.23))])
    layers.paint(s.node("NewGeometry", output=NODE_BACK_FACING), lining, 0.85)  # the shell seen from within
    orange_peel = s.bump(s.noise(260, 2, position), 0.012, 0.001)
    values = layers.values
    opaque = s.principled(layers.colour, values["rough"], values["metal"], values["coat"], orange_peel)

    head, rear = below("lamp", -0.004), below("tail", -0.003)
    tint = s.mix_colour(below("tint"), (0.66, 0.72, 0.70), (0.16, 0.24, 0.24))
    tint = s.mix_colour(head, tint, (0.96, 0.97, 1.0))
    tint = s.mix_colour(rear, tint, (0.62, 0.012, 0.012))
    clear = s.math("MAXIMUM", below("glass"), s.math("MAXIMUM", head, rear))
    return s.done(s.mix(clear, opaque, pane(s, tint, 1.3)))


def _scratches(layers: _Layers, names: list[str], position: Value, within: Value, below: Value) -> None:
    """Scratches as wide as the noise says, primer and bare filler in turn; a scrape is many of them together."""
    s = layers.shader
    width = s.scaled(s.noise(30, 3, position), 0.009, -0.0020)
    filler = s.ramp(s.noise(90, 3, position), [(0.35, (0.60, 0.60, 0.58)), (0.6, (0.25, 0.25, 0.24))])
    for name in names:
        if name.startswith("scratch_"):
            layers.paint(within(name, width), filler, 0.75)
        elif name == "scrape":
            layers.paint(s.math("LESS_THAN", s.attribute(name), width), filler, 0.75)


def cloth() -> Thing:
    """Upholstery."""
    s = Shader("cloth")
    position = s.object_position()
    colour = s.ramp(s.noise(60, 5, position), [(0.35, 0.020), (0.65, 0.050)])
    return s.done(s.principled(colour, 0.9, normal=s.bump(s.noise(900, 2, position), 0.4, 0.002)))


def rubber() -> Thing:
    """A tyre's."""
    s = Shader("rubber")
    position = s.object_position()
    colour = s.ramp(s.noise(9, 4, position), [(0.3, (0.013, 0.013, 0.014)), (0.7, (0.030, 0.029, 0.028))])
    return s.done(s.principled(colour, 0.72, normal=s.bump(s.noise(70, 3, position), 0.12, 0.003)))


def alloy() -> Thing:
    """A rim's."""
    s = Shader("alloy")
    return s.done(s.principled((0.50, 0.51, 0.53), s.scaled(s.noise(30, 3), 0.12, 0.22), 0.92, 0.4))


def reflector_cells() -> Thing:
    """The bowl behind a tail lamp's glass: many small mirrors."""
    s = Shader("reflector cells")
    cells = s.node("TexVoronoi", {"Scale": 95.0, "Vector": s.object_position()})
    return s.done(s.principled((0.55, 0.50, 0.50), 0.16, 0.9, normal=s.bump(cells, 0.5, 0.01)))


def asphalt_with_bays() -> Thing:
    """The car park's ground: rough, stained, with worn white lines every 2.64 m."""
    s = Shader("asphalt")
    position = s.node("NewGeometry", output=NODE_POSITION)
    grain, stains = s.noise(95, 3, position), s.noise(0.55, 4, position)
    stones = s.node("TexVoronoi", {"Scale": 130.0, "Vector": position})
    shade = s.math("MULTIPLY_ADD", grain, 0.55, s.math("MULTIPLY", stains, 0.55))
    colour = s.ramp(shade, [(0.36, 0.018), (0.52, 0.065), (0.68, 0.17)])
    ground = s.principled(colour, 0.85, normal=s.bump(s.math("ADD", grain, stones), 0.9, 0.008))
    x = s.node("SeparateXYZ", {0: position}, output=0)
    y = s.node("SeparateXYZ", {0: position}, output=1)
    from_bay = s.math("SUBTRACT", s.math("ABSOLUTE", s.math("WRAP", y, 1.32, -1.32)), 1.26)
    line = s.math("LESS_THAN", s.math("ABSOLUTE", from_bay), 0.055)
    line = s.math("MULTIPLY", line, s.math("LESS_THAN", s.math("ABSOLUTE", x), 2.65))
    kept = s.math("GREATER_THAN", s.noise(14, 4, position), 0.37)
    return s.done(s.mix(s.math("MULTIPLY", line, kept), ground, s.principled((0.55, 0.55, 0.52), 0.8)))


def bricks() -> Thing:
    """A wall's."""
    s = Shader("bricks")
    colours: dict[int | str, Value] = {
        "Color1": (0.30, 0.16, 0.11),
        "Color2": (0.22, 0.12, 0.09),
        "Mortar": (0.35, 0.33, 0.30),
    }
    wall = s.node("TexBrick", {"Scale": 60.0, **colours, "Vector": s.node("TexCoord", output=0)})
    return s.done(s.principled(wall, 0.9))


def leaves() -> Thing:
    """Hedges' and trees'."""
    s = Shader("leaves")
    position = s.object_position()
    colour = s.ramp(s.noise(14, 8, position), [(0.35, (0.010, 0.025, 0.006)), (0.65, (0.07, 0.14, 0.025))])
    return s.done(s.principled(colour, 0.8, normal=s.bump(s.noise(25, 6, position), 1.0, 0.1)))
