"""What only the HTTP doors can refuse: from where, how often, and in which protocol.

InspectionServiceError
├── NotAllowed
│   ├── OriginRefused         a foreign page
│   ├── RoleNeeded            an act of another role
│   └── SightChanged          the desk must look anew at whose cases it sees
├── InvalidInput
│   ├── RangeUnsatisfiable    bytes beyond the end
│   ├── TusVersionUnsupported
│   ├── UploadHeaderInvalid
│   └── UploadTypeInvalid
├── NotFound
│   └── AssetUnknown
├── Conflict
│   └── IdempotencyKeyInUse   the first request under this key still runs
└── Unavailable
    ├── RateLimited           too many tries
    ├── NotReady              a part of the service does not answer
    └── PagesNotBuilt         the web client is missing
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from inspection_service.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable


class OriginRefused(NotAllowed):
    """This request did not come from one of our own pages."""

    slug = "origin-refused"


class RoleNeeded(NotAllowed):
    """Your role is not enough for this."""

    slug = "role-needed"


class SightChanged(NotAllowed):
    """Another platform opened or closed its cases to your team; look anew."""

    slug = "sight-changed"


class RateLimited(Unavailable):
    """Too many tries in a short time; wait a moment and try again."""

    slug = "rate-limited"
    headers: Mapping[str, str] = MappingProxyType({})
    """Where the caller is within the limit, as the answer's headers."""


class NotReady(Unavailable):
    """A part of the service does not answer yet."""

    slug = "not-ready"


class PagesNotBuilt(Unavailable):
    """The web pages are not built; run `make web` and start again."""

    slug = "pages-not-built"


class AssetUnknown(NotFound):
    """There is no such drawing."""

    slug = "asset-unknown"


class NoRevocationList(NotFound):
    """The authority that issued the signing certificate publishes its revocation list itself."""

    slug = "no-revocation-list"


class IdempotencyKeyInUse(Conflict):
    """The first request under this Idempotency-Key is still at work; ask again in a moment."""

    slug = "idempotency-key-in-use"
    retryable = True


class RangeUnsatisfiable(InvalidInput):
    """There are no bytes in this range."""

    slug = "range-unsatisfiable"


class TusVersionUnsupported(InvalidInput):
    """The upload protocol version is not supported; use Tus-Resumable: 1.0.0."""

    slug = "tus-version-unsupported"


class UploadHeaderInvalid(InvalidInput):
    """A header of the upload is missing or cannot be read."""

    slug = "upload-header-invalid"


class UploadTypeInvalid(InvalidInput):
    """A piece of an upload has the type application/offset+octet-stream."""

    slug = "upload-type-invalid"
