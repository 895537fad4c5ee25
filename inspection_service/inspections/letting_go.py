"""What an erasure takes of a session besides photos and words: recordings, frozen frames, photos that never came whole.

The rows stay, with their hashes and the moment the bytes went: a report that names a recording still says what it was.
"""

from __future__ import annotations

from sqlalchemy import select, update

from inspection_service.inspections.changes import Change
from inspection_service.inspections.filming import drop_recordings
from inspection_service.storage import tables as t
from inspection_service.storage.objects import ObjectStore


async def let_go_of_session(change: Change, store: ObjectStore) -> list[str]:
    """Note that everything recorded is gone, ended or not; return the keys of pictures that nobody kept."""
    await drop_recordings(change)
    return await let_go_of_pictures(change, store, kept=False)


async def let_go_of_pictures(change: Change, store: ObjectStore, *, kept: bool) -> list[str]:
    """Note that frozen frames are gone; return their keys, those of their copies and of pieces of unfinished uploads.

    Args:
        change: Of a closed inspection.
        store: Where copies and pieces are looked up.
        kept: Whether frames that became evidence go, too.
    """
    connection, inspection_id = change.repository.connection, change.inspection.id
    frame, upload = t.frames.c, t.uploads.c
    query = select(frame.id, frame.sha256, frame.object_key).where(
        frame.inspection_id == inspection_id, frame.deleted_at.is_(None)
    )
    going = (await connection.execute(query if kept else query.where(frame.is_kept.is_(False)))).all()
    await connection.execute(
        update(t.frames).where(frame.id.in_([row.id for row in going])).values(deleted_at=change.now)
    )
    keys = [row.object_key for row in going]
    for row in going:
        keys += await store.list(f"derived/{row.sha256}/")
    query = select(upload.id).where(upload.inspection_id == inspection_id, upload.is_finished.is_(False))
    for upload_id in (await connection.execute(query)).scalars().all():
        keys += await store.list(f"uploads/{upload_id}/")
    return keys
