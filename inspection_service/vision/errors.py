"""What can go wrong between bytes and a judgement.

InspectionServiceError
├── InvalidInput
│   └── UnusableImage          the bytes cannot be judged as a photo
│       ├── NotAnImage
│       ├── ImageTruncated
│       └── ImageTooLarge
└── Unavailable
    └── ModelsUnusable         the models folder cannot be used
        ├── ModelMissing
        └── ModelCorrupt
"""

from __future__ import annotations

from inspection_service.errors import InvalidInput, Unavailable


class UnusableImage(InvalidInput):
    """This file cannot be used as a photo."""

    slug = "unusable-image"


class NotAnImage(UnusableImage):
    """This file is not a JPEG, PNG, WebP or HEIC image."""

    slug = "not-an-image"


class ImageTruncated(UnusableImage):
    """This image ends too early: part of the file is missing."""

    slug = "image-truncated"


class ImageTooLarge(UnusableImage):
    """This image is larger than we accept."""

    slug = "image-too-large"


class ModelsUnusable(Unavailable):
    """A model cannot be used; the service must not judge photos without it."""

    slug = "models-unusable"
    retryable = False


class ModelMissing(ModelsUnusable):
    """A model that the service needs is not in the models folder."""

    slug = "model-missing"


class ModelCorrupt(ModelsUnusable):
    """A model file is not the one its manifest describes."""

    slug = "model-corrupt"
