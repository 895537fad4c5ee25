"""The bodies one can ask for: a hatchback, an estate and an SUV, as frozen numbers."""

from dataclasses import dataclass, replace

from tests.demo_car.distance import Array, Outline, smooth_max

LEFT, RIGHT = 1, -1
"""Sides are the car's own; the left is +y."""

WAIST_M = 0.95
"""Height of the line between lower body and cabin."""


@dataclass(frozen=True, slots=True)
class Body:
    """Proportions of a car, in metres.

    Outlines named ``hood``, ``roof``, ``screen``, ``backlight`` and ``side_glass`` are (x, z) points in side view.
    """

    name: str
    hood: Outline
    roof: Outline
    screen: tuple[tuple[float, float], tuple[float, float]]
    """Windscreen on the centre line: bottom and top."""
    backlight: tuple[tuple[float, float], tuple[float, float]]
    """Rear window on the centre line: bottom and top."""
    side_glass: Outline
    quarter_strip_x: float
    """Where a strip divides the rear side glass."""
    spoiler: tuple[float, float, float]
    """x and z of the roof spoiler's middle, and half its length."""
    wheelbase: float = 2.63
    track: float = 1.545
    half_width: float = 0.895
    nose: float = 2.16
    tail: float = -2.08
    tyre_radius: float = 0.318
    tyre_width: float = 0.205
    rim_radius: float = 0.212
    spokes: int = 5
    lift: float = 0.0
    """How much higher than the hatchback the body stands; the road lies at z = -lift."""
    cabin_stretch: float = 1.0
    """Factor by which everything above the waist is taller."""
    cladding: float = 0.0
    """Width of unpainted plastic round the arches and along the sills."""

    def axle_x(self, *, front: bool) -> float:
        """x of an axle."""
        return self.wheelbase / 2 * (1 if front else -1)

    @property
    def hub_z(self) -> float:
        """Height of the wheel centres in the body's frame (a tyre is pressed 4 mm flat)."""
        return self.tyre_radius - 0.004 - self.lift

    def unstretched(self, z: Array) -> Array:
        """Heights as if the cabin were the hatchback's: outlines above the waist are given in these."""
        if self.cabin_stretch == 1.0:
            return z
        return z - (1 - 1 / self.cabin_stretch) * smooth_max(z - WAIST_M, 0 * z, 0.1)


HATCHBACK = Body(
    name="hatchback",
    hood=(
        (2.25, 0.69), (2.05, 0.775), (1.80, 0.865), (1.45, 0.935),
        (1.10, 0.985), (0.80, 1.02), (-1.0, 1.03), (-2.2, 1.02),
    ),
    roof=((1.2, 1.20), (0.55, 1.365), (0.20, 1.425), (-0.30, 1.462), (-0.90, 1.447), (-1.50, 1.385), (-2.1, 1.29)),
    screen=((1.10, 0.95), (0.24, 1.42)),
    backlight=((-2.00, 0.95), (-1.66, 1.36)),
    side_glass=(
        (0.80, 0.965), (0.20, 1.315), (0.02, 1.352), (-0.45, 1.372), (-1.00, 1.352),
        (-1.36, 1.300), (-1.60, 1.185), (-1.52, 1.085), (-1.25, 1.030), (-0.40, 0.985),
    ),
    quarter_strip_x=-1.13,
    spoiler=(-1.69, 1.362, 0.135),
)  # fmt: skip

ESTATE = replace(
    HATCHBACK,
    name="estate",
    tail=-2.26,
    roof=((1.2, 1.20), (0.55, 1.365), (0.20, 1.425), (-0.30, 1.462), (-0.90, 1.462), (-1.50, 1.440), (-2.2, 1.395)),
    backlight=((-2.20, 0.95), (-2.00, 1.36)),
    side_glass=(
        (0.80, 0.965), (0.20, 1.315), (0.02, 1.352), (-0.45, 1.372), (-1.00, 1.370),
        (-1.50, 1.350), (-1.82, 1.310), (-1.90, 1.130), (-1.25, 1.030), (-0.40, 0.985),
    ),
    quarter_strip_x=-1.24,
    spoiler=(-2.01, 1.400, 0.100),
)  # fmt: skip

SUV = replace(
    HATCHBACK,
    name="suv",
    hood=(
        (2.25, 0.80), (2.05, 0.875), (1.80, 0.935), (1.45, 0.975),
        (1.10, 1.010), (0.80, 1.03), (-1.0, 1.03), (-2.2, 1.02),
    ),
    roof=((1.2, 1.20), (0.55, 1.365), (0.20, 1.425), (-0.30, 1.458), (-0.90, 1.455), (-1.50, 1.425), (-2.1, 1.365)),
    backlight=((-2.04, 0.95), (-1.78, 1.36)),
    side_glass=(
        (0.80, 0.965), (0.20, 1.315), (0.02, 1.352), (-0.45, 1.370), (-1.00, 1.362),
        (-1.40, 1.325), (-1.62, 1.230), (-1.58, 1.110), (-1.25, 1.040), (-0.40, 0.985),
    ),
    spoiler=(-1.80, 1.385, 0.115),
    tyre_radius=0.356,
    tyre_width=0.225,
    rim_radius=0.235,
    lift=0.09,
    cabin_stretch=1.20,
    cladding=0.055,
)  # fmt: skip

BODIES = {body.name: body for body in (HATCHBACK, ESTATE, SUV)}
