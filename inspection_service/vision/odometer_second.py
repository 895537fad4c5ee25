"""The second reader of the odometer: PP-OCR's text recogniser, independent of ours in training and in method.

The network lies inside the `rapidocr` wheel (Apache-2.0); it is opened directly, rapidocr itself is never imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection_service.vision.engine import open_session
from inspection_service.vision.errors import ModelMissing

INPUT_HEIGHT_PX = 48
"""Source: input of PP-OCRv6_rec_small, ``[N, 3, 48, W]``."""
LEAST_WIDTH_PX = 64
LOOKALIKES = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "|": "1"})
"""Letters that a segment or drum digit is taken for when the recogniser thinks of words."""
RECOGNISER_FILE = Path("models") / "PP-OCRv6_rec_small.onnx"


@dataclass(frozen=True)
class Text:
    """What one line says; ``score`` is the mean probability of its characters, 0..1.

    ``digits`` are, for each character, the probabilities of the ten digits in its place; empty where not known.
    """

    text: str
    score: float
    digits: tuple[tuple[float, ...], ...] = field(default=(), compare=False, repr=False)


class TextReader(Protocol):
    """Reads one line of text from a picture of that line alone."""

    def __call__(self, line: NDArray[np.uint8], /) -> Text:
        """Read ``(H, W, 3)`` uint8 BGR; empty text when nothing is recognised."""
        ...


def paddle_session(file: Path) -> ort.InferenceSession:
    """Open a network that lies inside the rapidocr wheel, one thread.

    Raises:
        ModelMissing: The wheel is not installed or holds another version of the network.
    """
    spec = importlib.util.find_spec("rapidocr")
    folders = list(spec.submodule_search_locations or []) if spec else []
    path = next((Path(f) / file for f in folders if (Path(f) / file).is_file()), None)
    if path is None:
        raise ModelMissing(
            f"The text network {file.name} of the package rapidocr is not installed.", model=file.name
        )
    return open_session(str(path))


class PaddleText:
    """PP-OCRv6 small recogniser on onnxruntime, one thread."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        names = session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *names, " "]
        self._digits = [self._characters.index(digit) for digit in "0123456789"]

    @classmethod
    def installed(cls) -> PaddleText:
        """Open the recogniser of the installed rapidocr wheel.

        Raises:
            ModelMissing: The wheel is not installed or holds another version of the network.
        """
        return cls(paddle_session(RECOGNISER_FILE))

    def __call__(self, line: NDArray[np.uint8]) -> Text:
        """Read one line; lookalike letters are not mapped here."""
        height, width = line.shape[:2]
        wanted = max(LEAST_WIDTH_PX, round(width * INPUT_HEIGHT_PX / height))
        # steps of 16 px keep the number of different shapes, and so of memory plans, small
        padded = -(-wanted // 16) * 16
        scaled = cv2.resize(line, (wanted, INPUT_HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
        x = np.zeros((1, 3, INPUT_HEIGHT_PX, padded), np.float32)
        x[0, :, :, :wanted] = scaled.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)
        (out,) = self._session.run(None, {self._input: x})
        best = np.asarray(out[0]).argmax(-1)
        score = np.asarray(out[0]).max(-1)
        fresh = (best != 0) & (best != np.concatenate([[-1], best[:-1]]))
        text = "".join(self._characters[i] for i in best[fresh])
        digits = tuple(tuple(row) for row in np.asarray(out[0])[fresh][:, self._digits].tolist())
        return Text(text, float(score[fresh].mean()) if fresh.any() else 0.0, digits)
