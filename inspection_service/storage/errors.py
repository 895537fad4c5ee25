"""What bytes and records can refuse.

InspectionServiceError
├── NotFound
│   └── ObjectMissing        no object under this key
├── Conflict
│   └── ObjectExists         other bytes are already there; nothing is ever overwritten
├── InvalidInput
│   └── KeyInvalid           a key that is not plain path segments
└── Unavailable
    ├── StorageFull          the disk is full; nothing was half written
    ├── StoreUnavailable     the object store does not answer
    ├── DatabaseUnavailable  the database does not answer, or stays locked
    └── BrokerUnavailable    the nodes' broker does not answer
"""

from __future__ import annotations

from inspection_service.errors import Conflict, InvalidInput, NotFound, Unavailable


class ObjectMissing(NotFound):
    """These bytes are not in the store."""

    slug = "object-missing"


class ObjectExists(Conflict):
    """Other bytes are already stored under this key."""

    slug = "object-exists"


class KeyInvalid(InvalidInput):
    """An object key is made of plain path segments."""

    slug = "object-key-invalid"


class StorageFull(Unavailable):
    """There is no room left to store this; what was stored before is safe. Please try again later."""

    slug = "storage-full"


class StoreUnavailable(Unavailable):
    """The photo store does not answer; please try again."""

    slug = "store-unavailable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer; please try again."""

    slug = "database-unavailable"


class BrokerUnavailable(Unavailable):
    """What joins the nodes of this service does not answer; please try again."""

    slug = "broker-unavailable"
