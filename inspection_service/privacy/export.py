"""Writes down everything an inspection holds about its people, in plain JSON, for the person it is about.

Source: Regulation (EU) 2016/679, articles 15 (access) and 20 (portability).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from inspection_service.clock import isoformat
from inspection_service.inspections.filming import Stored
from inspection_service.inspections.personal import KeptValue
from inspection_service.inspections.records import Capture, ChatMessage, Dossier, Frame, RecordingKind

VERSION: Final = 1
_ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "video/webm": "webm",
    "video/mp4": "mp4",
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/gzip": "gz",
}
"""Of files, by media type without its parameters; any other is ``bin``."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is handed over as files beside ``data.json``: everything whose bytes are still there."""

    photos: tuple[Capture, ...]
    frames: tuple[Frame, ...]
    recordings: tuple[tuple[RecordingKind, Stored], ...]

    def pictures(self) -> list[tuple[str, str]]:
        """Return names in the archive and keys in the store, of photos and frames."""
        photos = [(_file("photos", c.id, c.media_type), c.object_key) for c in self.photos]
        return photos + [(_file("frames", f.id, f.media_type), f.object_key) for f in self.frames]

    def names(self) -> dict[str, str]:
        """Return names in the archive by the id of photo or frame, and by ``recording id/kind``."""
        return (
            {c.id: _file("photos", c.id, c.media_type) for c in self.photos}
            | {f.id: _file("frames", f.id, f.media_type) for f in self.frames}
            | {
                f"{stored.recording.id}/{kind}": recording_file(kind, stored)
                for kind, stored in self.recordings
            }
        )


def recording_file(kind: RecordingKind, stored: Stored) -> str:
    """Name one kind of a recording in the archive."""
    return _file("recordings", f"{stored.recording.id}-{kind}", stored.media_type)


def _file(folder: str, name: str, media_type: str) -> str:
    return f"{folder}/{name}.{_ENDINGS.get(media_type.partition(';')[0], 'bin')}"


def personal_data(
    dossier: Dossier,
    *,
    messages: Sequence[ChatMessage],
    help_numbers: Sequence[Mapping[str, Any]],
    in_report: Sequence[KeptValue],
    files: Mapping[str, str],
    at: datetime,
) -> dict[str, Any]:
    """Gather what is held.

    Args:
        dossier: Everything about the inspection.
        messages: What was written in it.
        help_numbers: Calls for help with the numbers to call back.
        in_report: Clear values of the report, with the salts that prove them.
        files: Names of the files that come along (``Held.names``).
        at: When this is written.
    """
    case = dossier.inspection
    return {
        "v": VERSION,
        "inspection": case.id,
        "written_at": isoformat(at),
        "state": case.state,
        "platform": dossier.platform_name,
        "order": {
            "contact": asdict(case.contact),
            "vehicle": _plain(asdict(case.vehicle)),
            "reference": case.reference,
            "purpose": case.purpose,
            "language": case.language,
            "ordered_at": isoformat(case.created_at),
        },
        "consents": [_plain(asdict(one)) for one in dossier.consents],
        "signatures": [_plain(asdict(one)) for one in dossier.signatures],
        "photos": [_photo(capture, files) for capture in dossier.captures],
        "words": {
            "findings": [
                {"id": f.id, "text": f.text, "dispute": f.dispute, "verdict_note": f.verdict_note}
                for f in dossier.findings
                if f.text or f.dispute or f.verdict_note
            ],
            "skipped_steps": [_plain(asdict(one)) for one in dossier.skipped],
            "answers": [
                {"control_point": s.control_point, "voice": s.voice, "value": _plain(s.value)}
                for s in dossier.statements
            ],
            "chat": [
                {"at": isoformat(m.at), "from": m.by.kind, "name": m.by.name, "text": m.text}
                for m in messages
            ],
        },
        "calls_for_help": [_plain(one) for one in help_numbers],
        "handover": _plain(case.handover),
        "frames": [name for name in files.values() if name.startswith("frames/")],
        "annotations": [
            {"id": a.id, "text": a.text, "at": isoformat(a.at), "file": files.get(a.frame_id)}
            for a in dossier.annotations
        ],
        "recordings": [
            {
                "id": r.id,
                "device": r.device,
                "started_at": isoformat(r.started_at),
                "bytes": sum(part.bytes_ for part in r.parts),
                "is_kept": r.deleted_at is None,
                "files": [files[f"{r.id}/{part.kind}"] for part in r.parts if f"{r.id}/{part.kind}" in files],
            }
            for r in dossier.recordings
        ],
        "report": None if dossier.report is None else {"json_sha256": dossier.report.json_sha256},
        "in_report": [
            {"pointer": v.pointer, "salt": v.salt, "value": v.value, "about": v.subject} for v in in_report
        ],
        "corrections": [
            {"no": c.no, "kind": c.kind, "at": isoformat(c.at), "text": c.text} for c in dossier.corrections
        ],
        "log": [
            {"seq": e.seq, "at": isoformat(e.at), "kind": e.kind, "by": e.actor.kind, "data": _plain(e.data)}
            for e in dossier.events
        ],
    }


def _photo(capture: Capture, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": capture.id,
        "file": files.get(capture.id),
        "sha256": capture.sha256,
        "taken_at": None if capture.taken_at is None else isoformat(capture.taken_at),
        "received_at": isoformat(capture.received_at),
        "decision": capture.decision_reason,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return isoformat(value)
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
