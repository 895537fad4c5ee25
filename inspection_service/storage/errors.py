"""What bytes and records can refuse.

InspectionServiceError
├── NotFound
│   └── ObjectMissing        no object under this key
├── Conflict
│   ├── ObjectExists         other bytes are already there; nothing is ever overwritten
│   ├── SourceInUse          an instance that is to be copied or replaced is open in another process
│   ├── SchemaDiffers        it was last opened by another release
│   ├── TargetNotEmpty       where it is to go something else is; ``what`` names it
│   └── CopyIncomplete       what was read back is not what was written; ``what`` names it
├── InvalidInput
│   ├── BackupDamaged        a backup that is not whole; ``what`` names the file
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


class SourceInUse(Conflict):
    """This instance is in use: stop the service and its workers first."""

    slug = "source-in-use"


class SchemaDiffers(Conflict):
    """This instance was last opened by another release: run `inspection-service migrate` on it first."""

    slug = "schema-differs"


class TargetNotEmpty(Conflict):
    """What is there already is no copy of this instance; choose an empty place."""

    slug = "target-not-empty"


class CopyIncomplete(Conflict):
    """What was read back is not what was written; run the copy again."""

    slug = "copy-incomplete"


class BackupDamaged(InvalidInput):
    """This backup is not whole: a file is missing or is another one."""

    slug = "backup-damaged"


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
