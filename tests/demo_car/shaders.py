"""A short hand for Blender's shader trees.

Mix values into one principled shader rather than shaders into each other: Cycles counts every closure of a chain and
gives up at 64.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import bpy

from tests.demo_car.blender import Thing

Colour = tuple[float, float, float]
Value = Any
"""A number, a colour or the output socket of another node."""

NODE_POSITION, NODE_BACK_FACING = 0, 6
"""Outputs of Blender's geometry node."""


class Shader:
    """One material under construction: call its methods for nodes, then `done`."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self._tree = self.material.node_tree
        self._tree.nodes.clear()
        self._output = self._tree.nodes.new("ShaderNodeOutputMaterial")

    def node(
        self, kind: str, inputs: Mapping[int | str, Value] | None = None, output: int = 0, **settings: object
    ) -> Value:
        """Add a node and return one of its outputs; ``kind`` is Blender's name without ``ShaderNode``."""
        made = self._tree.nodes.new("ShaderNode" + kind)
        for name, value in settings.items():
            setattr(made, name, value)
        for socket, value in (inputs or {}).items():
            self._connect(made.inputs[socket], value)
        return made.outputs[output]

    def principled(
        self,
        colour: Value,
        rough: Value = 0.5,
        metal: Value = 0.0,
        coat: Value = 0.0,
        normal: Value = None,
        glow: Value = None,
        power: float = 0.0,
    ) -> Value:
        """Blender's all-round surface; ``glow`` is an emitted colour of strength ``power``."""
        inputs: dict[int | str, Value] = {
            "Base Color": colour,
            "Roughness": rough,
            "Metallic": metal,
            "Coat Weight": coat,
        }
        inputs["Coat Roughness"] = 0.02
        if normal is not None:
            inputs["Normal"] = normal
        if glow is not None:
            inputs |= {"Emission Color": glow, "Emission Strength": power}
        return self.node("BsdfPrincipled", inputs)

    def math(self, operation: str, a: Value, b: Value = 0.0, c: Value = 0.0) -> Value:
        """One arithmetic step, named as Blender names it."""
        return self.node("Math", {0: a, 1: b, 2: c}, operation=operation)

    def scaled(self, a: Value, factor: float, offset: float) -> Value:
        """``a * factor + offset``."""
        return self.math("MULTIPLY_ADD", a, factor, offset)

    def attribute(self, name: str) -> Value:
        """A float stored at each vertex."""
        return self.node("Attribute", output=2, attribute_name=name)

    def object_position(self) -> Value:
        """Position in the object's own frame, metres."""
        return self.node("TexCoord", output=3)

    def mix(self, share: Value, a: Value, b: Value) -> Value:
        """Shader ``b`` in this share, the rest ``a``."""
        return self.node("MixShader", {0: share, 1: a, 2: b})

    def mix_colour(self, share: Value, a: Value, b: Value) -> Value:
        """Colour ``b`` in this share, the rest ``a``."""
        return self.node("MixRGB", {0: share, 1: a, 2: b})

    def noise(self, scale: float, detail: float = 4.0, position: Value = None) -> Value:
        """Smooth noise of 0 to 1; ``scale`` is its frequency per metre."""
        inputs: dict[int | str, Value] = {"Scale": scale, "Detail": detail}
        if position is not None:
            inputs["Vector"] = position
        return self.node("TexNoise", inputs)

    def ramp(self, share: Value, stops: Sequence[tuple[float, Value]]) -> Value:
        """Colours along a scale; a stop's colour may be one number, for a grey."""
        made = self._tree.nodes.new("ShaderNodeValToRGB")
        elements = made.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position = position
            element.color = (*_triple(colour), 1)
        self._connect(made.inputs[0], share)
        return made.outputs[0]

    def bump(self, height: Value, strength: float = 0.3, distance: float = 0.01) -> Value:
        """A normal bent as if the surface had this height."""
        return self.node("Bump", {"Height": height, "Strength": strength, "Distance": distance})

    def done(self, shader: Value) -> Thing:
        """Finish with this shader as the surface."""
        self._tree.links.new(shader, self._output.inputs["Surface"])
        return self.material

    def _connect(self, socket: Any, value: Value) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        elif hasattr(socket.default_value, "__len__"):
            filled = _triple(value)
            socket.default_value = filled + (1.0,) * (len(socket.default_value) - len(filled))
        else:
            socket.default_value = value


def _triple(value: Value) -> tuple[float, ...]:
    return tuple(value) if hasattr(value, "__len__") else (value,) * 3


def plain(
    name: str,
    colour: Value,
    rough: float = 0.5,
    metal: float = 0.0,
    coat: float = 0.0,
    glow: Value = None,
    power: float = 0.0,
) -> Thing:
    """A material of one colour."""
    shader = Shader(name)
    return shader.done(shader.principled(colour, rough, metal, coat, glow=glow, power=power))


def pane(shader: Shader, tint: Value, reflection: float = 1.0) -> Value:
    """Thin glass: what lies behind it in this tint, mirrored more the flatter one looks.

    A pane has no inside. Seen from behind, Blender would take it for a block of glass and mirror everything, so the
    index of refraction is turned over there.
    """
    behind = shader.node("NewGeometry", output=NODE_BACK_FACING)
    index = shader.scaled(behind, 1 / 1.55 - 1.55, 1.55)
    mirrored = shader.math("MULTIPLY", shader.node("Fresnel", {"IOR": index}), reflection)
    clear = shader.node("BsdfTransparent", {"Color": tint})
    return shader.mix(mirrored, clear, shader.node("BsdfGlossy", {"Color": (1, 1, 1), "Roughness": 0.005}))
