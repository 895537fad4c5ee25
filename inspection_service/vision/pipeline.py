"""One photo through all models: decode once, look at what the step needs, say what was found.

Order: quality -> scene -> framing -> readers -> damage; only what the view calls for is run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision import quality
from inspection_service.vision.car_text import PLATE_LOOK_PX, CarText, Plates, Vins
from inspection_service.vision.damage import ON_CAR, Damage, Detection, lies_on, on_cars
from inspection_service.vision.decode import Limits, Photo, decode_photo
from inspection_service.vision.detector import BoxXyxy
from inspection_service.vision.document import Documents
from inspection_service.vision.engine import Model
from inspection_service.vision.framing import RING, Framing, decide, known, largest_car
from inspection_service.vision.judgement import REASONS, Guidance, Judgement, Quality
from inspection_service.vision.live import LiveGuide
from inspection_service.vision.look import fingerprint
from inspection_service.vision.manifest import REQUIRED_MODELS, model_set
from inspection_service.vision.odometer import Odometer, OdometerReading
from inspection_service.vision.odometer_second import PaddleText
from inspection_service.vision.same_car import car_look
from inspection_service.vision.scene import Scene, SceneObject
from inspection_service.vision.text_lines import PaddleLines

ENOUGH_PX = 1600
"""Longer side that everything but small print can be judged on."""

SMALL_PX = 640
"""Longer side that the scene, the view and the pixel measures need at least."""

SMALL_PRINT = frozenset({"odometer", "vin_plate", "registration_document"})
SMALL_PRINT_PX = 2000
"""Longer side for views with small print; an odometer's digits are some 20 px high then, and more help nobody."""

MAY_BE_DAMAGED = frozenset({*RING, "wheel", "windscreen", "other"})
"""Views on which damage is looked for; the damage model never saw an interior."""

SHOWS_PLATE = frozenset({*RING, "other"})
"""Views on which the plate of the car is read."""

SHOWS_VIN = frozenset({"vin_plate", "registration_document"})
"""Views on which a VIN is looked for."""

DOCUMENT = "registration_document"
"""The view on which the plate is looked for among the lines of a document."""

MOST_PLATES = 3
"""Plates of one photo that are tried, likeliest first."""

MENDABLE = frozenset({"not_found", "blurred", "cut_off"})
"""Why a number was not read, where another photo may mend it. When the readers merely disagree about a good photo it
stands, and a person reads it: nobody should be sent back into the rain for the sake of a machine."""

GOLDEN = 0.618034
"""Multiples of it, without their whole part, never crowd: so live sessions look at their scenes in turn."""

Image = NDArray[np.uint8]
Boxed = TypeVar("Boxed", SceneObject, Detection)


class Pipeline:
    """All models, opened and verified; safe to use from several threads."""

    def __init__(
        self,
        models_hash: str,
        *,
        scene: Callable[[Image], tuple[SceneObject, ...]],
        find_plates: Callable[[Image], tuple[SceneObject, ...]],
        framing: Framing,
        damage: Callable[[Image], tuple[Detection, ...]],
        odometer: Callable[[Image], OdometerReading],
        plates: Callable[[Image, Sequence[BoxXyxy]], CarText],
        vins: Callable[[Image], CarText],
        documents: Callable[[Image], CarText],
        limits: Limits,
    ) -> None:
        """Use opened models; see :meth:`open`."""
        self.model_set = models_hash
        self._scene = scene
        self._find_plates = find_plates
        self._framing = framing
        self._damage = damage
        self._odometer = odometer
        self._plates = plates
        self._vins = vins
        self._documents = documents
        self._limits = limits
        self._guides = count()

    @classmethod
    def open(cls, models_dir: Path, limits: Limits | None = None) -> Pipeline:
        """Open and verify every model.

        Raises:
            ModelMissing: One is not there.
            ModelCorrupt: One is not the file its manifest describes.
        """
        models = {name: Model.open(models_dir, name) for name in REQUIRED_MODELS}
        reader, lines = PaddleText.installed(), PaddleLines.installed()
        return cls(
            model_set([m.manifest for m in models.values()]),
            scene=Scene(models["scene"]),
            find_plates=Scene(models["plate"]),
            framing=Framing(models["framing"]),
            damage=Damage.of(models["damage"]),
            odometer=Odometer(models["odometer_find"], models["odometer_read"], reader),
            plates=Plates(lines.looking_at(PLATE_LOOK_PX), reader),
            vins=Vins(lines, reader),
            documents=Documents(lines, reader),
            limits=limits or Limits(),
        )

    def judge(self, image_bytes: bytes, asked_view: str | None) -> Judgement:
        """Judge one photo.

        Args:
            image_bytes: JPEG, PNG, WebP or HEIC.
            asked_view: One of ``VIEWS``, or None when nothing was asked.

        Returns:
            The judgement; boxes in pixels of the upright photo at full scale.

        Raises:
            UnusableImage: The bytes cannot be judged: not an image, truncated, or too large.
            ValueError: ``asked_view`` is not a view; a caller's mistake.
        """
        known(asked_view)
        started = time.perf_counter()
        photo = decode_photo(
            image_bytes, SMALL_PRINT_PX if asked_view in SMALL_PRINT else ENOUGH_PX, self._limits
        )
        image = photo.pixels
        small = halved(image, SMALL_PX)
        size = (small.shape[1], small.shape[0])
        measures = quality.measure(small)
        scene = self._scene(small)
        seen = self._framing(small)
        verdict = decide(asked_view, seen, measures, scene, size=size, limits=self._framing.thresholds)
        reasons = set(verdict.reasons)
        look = car_look(small, seen, scene, self._framing)

        reading = self._read_odometer(photo, image_bytes, asked_view, seen.view)
        if asked_view == "odometer" and reading is not None and reading.why_not in MENDABLE:
            reasons.add("not_readable")
        things = _at_full_scale(scene, photo.width / size[0])
        if seen.view in SHOWS_PLATE:
            things += _at_full_scale(self._find_plates(image), photo.scale)
        detections: tuple[Detection, ...] = ()
        if (asked_view or seen.view) in MAY_BE_DAMAGED or seen.view in MAY_BE_DAMAGED:
            found = _at_full_scale(self._damage(image), photo.scale)
            cars = [thing.box for thing in things if thing.kind == "car"]
            detections = on_cars(found, cars, photo.width, photo.height)
        return Judgement(
            model_set=self.model_set,
            width=photo.width,
            height=photo.height,
            asked=asked_view,
            view=seen.view,
            view_score=seen.score,
            views=seen.top(3),
            accepted=not reasons,
            reasons=tuple(code for code in REASONS if code in reasons),
            quality=Quality(measures, verdict.faults),
            scene=things,
            detections=detections,
            odometer=reading,
            plate=self._read_document(photo, image_bytes, asked_view)
            if seen.view == DOCUMENT
            else self._read_plate(photo, things)
            if seen.view in SHOWS_PLATE
            else None,
            vin=self._read_vin(photo, image_bytes, asked_view, seen.view),
            look=fingerprint(small),
            car_look=look.to_text() if look is not None else None,
            seconds=time.perf_counter() - started,
        )

    def _read_odometer(
        self, photo: Photo, image_bytes: bytes, asked: str | None, view: str
    ) -> OdometerReading | None:
        """Read where an odometer was asked for or is shown, on a picture large enough for small print."""
        if asked != "odometer" and view != "odometer":
            return None
        photo = self._for_small_print(photo, image_bytes)
        reading = self._odometer(photo.pixels)
        return replace(reading, box=scaled_box(reading.box, photo.scale)) if reading.box else reading

    def _read_plate(self, photo: Photo, things: Sequence[SceneObject]) -> CarText | None:
        """Read the plate of the car that was photographed: the largest one; others stand in the street."""
        car = largest_car(things)
        plates = [
            scaled_box(thing.box, 1 / photo.scale)
            for thing in things
            if thing.kind == "plate" and (car is None or lies_on(thing.box, car.box) >= ON_CAR)
        ]
        if not plates:
            return None
        return at_scale(self._plates(photo.pixels, plates[:MOST_PLATES]), photo.scale)

    def _read_document(self, photo: Photo, image_bytes: bytes, asked: str | None) -> CarText | None:
        """Look for the plate on a document that was asked for; nobody else's papers are read."""
        if asked not in (None, DOCUMENT):
            return None
        photo = self._for_small_print(photo, image_bytes)
        said = self._documents(photo.pixels)
        return replace(said, among=tuple(at_scale(each, photo.scale) for each in said.among))

    def _read_vin(self, photo: Photo, image_bytes: bytes, asked: str | None, view: str) -> CarText | None:
        """Read where a VIN was asked for or is shown, on a picture large enough for small print."""
        if not {asked, view} & SHOWS_VIN:
            return None
        photo = self._for_small_print(photo, image_bytes)
        return at_scale(self._vins(photo.pixels), photo.scale)

    def _for_small_print(self, photo: Photo, image_bytes: bytes) -> Photo:
        if photo.scale > 1 and max(photo.pixels.shape[:2]) < SMALL_PRINT_PX:
            return decode_photo(image_bytes, SMALL_PRINT_PX, self._limits)
        return photo

    def hint(self, frame: NDArray[np.uint8], asked_view: str | None) -> Guidance:
        """Judge one live frame by itself; a session should keep a :meth:`live` guide instead.

        Args:
            frame: ``(H, W, 3)`` uint8, BGR, upright; 640 x 360 is enough.
            asked_view: One of ``VIEWS``, or None.
        """
        return self.live().hint(frame, asked_view)

    def live(self, monotonic_s: Callable[[], float] = time.monotonic) -> LiveGuide:
        """Return a guide for one live session; it remembers the last frames and belongs to one task.

        Args:
            monotonic_s: Seconds that only grow.
        """
        return LiveGuide(self._scene, self._framing, monotonic_s, phase=next(self._guides) * GOLDEN % 1)


def halved(image: Image, long_side_px: int) -> Image:
    """Halve a picture as often as its longer side stays at ``long_side_px`` or more: cheap, and without aliasing."""
    while max(image.shape[:2]) >= 2 * long_side_px:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        even = image[: half[1] * 2, : half[0] * 2]  # OpenCV averages exact pairs many times faster
        image = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    return image


def _at_full_scale(found: Sequence[Boxed], scale: float) -> tuple[Boxed, ...]:
    """Bring boxes from the decoded picture to the photo at full scale."""
    return tuple(replace(f, box=scaled_box(f.box, scale)) for f in found)


def at_scale(said: CarText, scale: float) -> CarText:
    """Bring the box of a text to the photo at full scale."""
    return replace(said, box=scaled_box(said.box, scale)) if said.box else said


def scaled_box(box: BoxXyxy, scale: float) -> BoxXyxy:
    """Bring a box from one scale of a picture to another, to a tenth of a pixel."""
    x1, y1, x2, y2 = (round(v * scale, 1) for v in box)
    return x1, y1, x2, y2
