"""What a platform may ask of its inspections, each written once: a flow of steps without I/O."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote

from inspection_service.client.drivers import Pages, listing, operation
from inspection_service.client.errors import HashMismatch, NeverReached, StillWaiting
from inspection_service.client.files import checked, checked_bundle
from inspection_service.client.records import (
    Capture,
    Checklist,
    ChecklistDetail,
    Contact,
    Correction,
    DirectUpload,
    Event,
    EventPage,
    File,
    Finding,
    Inspection,
    Language,
    OrderedInspection,
    Page,
    Purpose,
    Reading,
    Record,
    Reminder,
    SavedBundle,
    SellerLink,
    State,
    Vehicle,
)
from inspection_service.client.steps import Answer, Call, Do, Flow, Now, Pause, Retries, sent

R = TypeVar("R", bound=Record)
_LONGEST_POLL_S: Final = 20.0
_EVENTS: Final = 500
_IMPATIENT_S: Final = 1.0
"""Least time between two looks, should the service answer at once that there is nothing new."""


class Asking:
    """How operations ask."""

    retries: Retries

    def _sent(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        key: str | None = None,
        with_nulls: bool = False,
        **more: Any,
    ) -> Flow[Answer]:
        """Send a request; parameters that are ``None`` are left out, and so are members unless ``with_nulls``."""
        call = Call(
            method,
            path,
            params={name: _word(value) for name, value in (params or {}).items() if value is not None},
            body=None if body is None else plain(body, with_nulls=with_nulls),
            headers={} if key is None else {"Idempotency-Key": key},
            **more,
        )
        return (yield from sent(call, self.retries))

    def _asked(self, kind: type[R], method: str, path: str, **more: Any) -> Flow[R]:
        answer = yield from self._sent(method, path, **more)
        return kind.model_validate_json(answer.body)

    def _items(self, kind: type[R], path: str) -> Flow[tuple[R, ...]]:
        answer = yield from self._sent("GET", path)
        return tuple(kind.model_validate(item) for item in answer.json()["items"])

    def _page(self, kind: type[R], path: str, params: Mapping[str, Any], cursor: str | None) -> Flow[Page[R]]:
        answer = yield from self._sent("GET", path, params={**params, "cursor": cursor})
        found = answer.json()
        items = tuple(kind.model_validate(item) for item in found["items"])
        return Page(items=items, next_cursor=found.get("next_cursor"))

    def _pages(self, kind: type[R], path: str, /, **params: Any) -> Pages[R]:
        return partial(self._page, kind, path, params)

    @operation
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        idempotency_key: str | None = None,
    ) -> Flow[Any]:
        """Ask anything else of the API, with the same care: JSON values come back, bytes when it is no JSON.

        Raises:
            Problem, ServiceAway: Of every operation.
        """
        answer = yield from self._sent(method, path, params=params, body=body, key=idempotency_key)
        if "json" not in answer.headers.get("content-type", ""):
            return answer.body or None
        return answer.json()


class Inspecting(Asking):
    """Order, follow, fetch."""

    @operation
    def order(
        self,
        checklist: str,
        *,
        vehicle: Vehicle | Mapping[str, Any] | None = None,
        language: Language = "fr",
        purpose: Purpose = "listing",
        contact: Contact | Mapping[str, Any] | None = None,
        deadline_at: datetime | None = None,
        reference: str | None = None,
        sign_off: Literal["required", "none"] | None = None,
        send_link: bool = False,
        idempotency_key: str | None = None,
    ) -> Flow[OrderedInspection]:
        """Order an inspection and hand the link in the answer to the seller.

        Args:
            checklist: ``listing-12``; ``checklists()`` names all.
            vehicle: What you know about the car.
            language: The seller's.
            purpose: What the report is for.
            contact: Where the seller is reached; without one there is no second factor and no reminder.
            deadline_at: When it expires, aware of its time zone.
            reference: Your own word for it; a sandbox reads ``sandbox:STORY`` in it.
            sign_off: Overrides what the checklist says.
            send_link: Have the service invite the seller.
            idempotency_key: Your own, when you may ask again after a crash; else one is made for this call.
        """
        body = {
            "checklist": checklist,
            "vehicle": vehicle or {},
            "language": language,
            "purpose": purpose,
            "contact": contact,
            "deadline_at": deadline_at,
            "reference": reference,
            "sign_off": sign_off,
            "send_link": send_link or None,
        }
        return (
            yield from self._asked(
                OrderedInspection, "POST", "/v1/inspections", body=body, key=idempotency_key
            )
        )

    @operation
    def get(self, inspection_id: str) -> Flow[Inspection]:
        """Look at one inspection."""
        return (yield from self._get(inspection_id))

    @listing
    def inspections(
        self, /, *, state: State | None = None, page_size: int = 100, **filters: Any
    ) -> Pages[Inspection]:
        """Walk through your inspections, newest first.

        Args:
            state: Only these.
            page_size: How many are fetched at once.
            filters: Others of ``GET /v1/inspections``: ``reference``, ``plate``, ``updated_since`` ...
        """
        return self._pages(Inspection, "/v1/inspections", state=state, limit=page_size, **filters)

    @operation
    def cancel(self, inspection_id: str, *, reason: str | None = None) -> Flow[Inspection]:
        """Close an inspection that is no longer wanted; repeating it is fine."""
        body = None if reason is None else {"reason": reason}
        return (yield from self._asked(Inspection, "POST", _at(inspection_id, "cancel"), body=body))

    @operation
    def extend(self, inspection_id: str, deadline_at: datetime | None) -> Flow[Inspection]:
        """Give the seller another deadline; ``None``: as long as it takes."""
        body = {"deadline_at": deadline_at}
        path = _at(inspection_id, "extend")
        return (yield from self._asked(Inspection, "POST", path, body=body, with_nulls=True))

    @operation
    def ask_photo(
        self,
        inspection_id: str,
        text: str,
        *,
        step_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Flow[Inspection]:
        """Ask the seller for one more photo, in their language; an inspection in review opens again."""
        body = {"text": text, "step_id": step_id}
        path = _at(inspection_id, "photo-requests")
        return (yield from self._asked(Inspection, "POST", path, body=body, key=idempotency_key))

    @operation
    def take_back_photo(self, inspection_id: str, request_id: str) -> Flow[None]:
        """Do without a photo you asked for."""
        yield from self._sent("DELETE", _at(inspection_id, f"photo-requests/{quote(request_id, safe='')}"))

    @operation
    def new_link(self, inspection_id: str) -> Flow[SellerLink]:
        """Make a new seller link; the ones before no longer open."""
        return (yield from self._asked(SellerLink, "POST", _at(inspection_id, "links")))

    @operation
    def remind(self, inspection_id: str) -> Flow[Reminder]:
        """Have the seller reminded, at once or, at night, in the morning."""
        return (yield from self._asked(Reminder, "POST", _at(inspection_id, "reminders")))

    @operation
    def reminders(self, inspection_id: str) -> Flow[tuple[Reminder, ...]]:
        """List the messages to the seller."""
        return (yield from self._items(Reminder, _at(inspection_id, "reminders")))

    @operation
    def captures(self, inspection_id: str) -> Flow[tuple[Capture, ...]]:
        """List all photos, also those that were not accepted."""
        return (yield from self._items(Capture, _at(inspection_id, "captures")))

    @operation
    def findings(self, inspection_id: str) -> Flow[tuple[Finding, ...]]:
        """List what model, operators and seller say of damage."""
        return (yield from self._items(Finding, _at(inspection_id, "findings")))

    @operation
    def readings(self, inspection_id: str) -> Flow[tuple[Reading, ...]]:
        """List the latest word of each voice on the odometer and on each control point."""
        return (yield from self._items(Reading, _at(inspection_id, "readings")))

    @operation
    def checklists(self) -> Flow[tuple[Checklist, ...]]:
        """List the checklists that can be ordered."""
        return (yield from self._items(Checklist, "/v1/checklists"))

    @operation
    def checklist(self, checklist_id: str) -> Flow[ChecklistDetail]:
        """Read a checklist in the form that is hashed and frozen into an order."""
        return (
            yield from self._asked(ChecklistDetail, "GET", f"/v1/checklists/{quote(checklist_id, safe='')}")
        )

    @operation
    def upload_photo(
        self,
        inspection_id: str,
        photo: bytes,
        *,
        step_id: str | None = None,
        media_type: str = "image/jpeg",
        taken_at: datetime | None = None,
        seller_consents: bool = False,
        capture_id: str | None = None,
    ) -> Flow[Capture]:
        """Send a photo yourself instead of having the seller do it; the report says that it came from you.

        Args:
            inspection_id: Which.
            photo: As the camera wrote it.
            step_id: The step it answers; ``None``: other damage.
            media_type: Of the bytes.
            taken_at: When, aware of its time zone.
            seller_consents: You declare that the seller agreed to you; it never overrides their no.
            capture_id: Your own id: the same again goes on with the same upload.
        """
        body = {
            "capture_id": capture_id or str(uuid.uuid4()),
            "step_id": step_id,
            "length_bytes": len(photo),
            "sha256": hashlib.sha256(photo).hexdigest(),
            "media_type": media_type,
            "taken_at": taken_at,
            "seller_consents": seller_consents,
        }
        path = _at(inspection_id, "uploads")
        announced = yield from self._asked(DirectUpload, "POST", path, body=body)
        if announced.url is not None:
            put = Call("PUT", announced.url, headers=announced.headers, content=photo)
            yield from sent(put, self.retries)
        done = f"{path}/{quote(announced.id, safe='')}/complete"
        return (yield from self._asked(Capture, "POST", done))

    # -- following -------------------------------------------------------------------------------------------
    @listing
    def events(self, inspection_id: str, *, after: int = 0) -> Pages[Event]:
        """Walk through the log after a number, oldest first, to its present end."""

        def page(cursor: str | None) -> Flow[Page[Event]]:
            found = yield from self._events(inspection_id, int(cursor or after))
            is_full = len(found.items) == _EVENTS
            return Page(items=found.items, next_cursor=str(found.last_seq) if is_full else None)

        return page

    @operation
    def wait_for_events(
        self, inspection_id: str, *, after: int, timeout_s: float = 60.0
    ) -> Flow[tuple[Event, ...]]:
        """Return what happened after a number, as soon as anything did; nothing after ``timeout_s``."""
        ends_s = (yield Now()) + timeout_s
        while True:
            left_s = ends_s - (yield Now())
            found = yield from self._news(inspection_id, after, left_s)
            if found.items or left_s <= 0:
                return found.items

    @operation
    def wait_for(
        self, inspection_id: str, state: State | Collection[State] = "sealed", *, timeout_s: float = 600.0
    ) -> Flow[Inspection]:
        """Return the inspection as soon as it is in a state; for minutes, not for days (webhooks are for days).

        Args:
            inspection_id: Which.
            state: One, or any of several.
            timeout_s: Longest wait.

        Raises:
            NeverReached: It is over, in another state.
            StillWaiting: It did not get there in time.
        """
        wanted = {state} if isinstance(state, str) else set(state)
        ends_s = (yield Now()) + timeout_s
        seq = 0
        while True:
            # The log first: what happens after this look ends the next wait at once.
            found = yield from self._events(inspection_id, seq)
            seq = found.last_seq
            if len(found.items) == _EVENTS:
                continue
            inspection = yield from self._get(inspection_id)
            if inspection.state in wanted:
                return inspection
            if inspection.is_over:
                raise NeverReached(inspection.state)
            left_s = ends_s - (yield Now())
            if left_s <= 0:
                raise StillWaiting(inspection.state, timeout_s)
            yield from self._news(inspection_id, seq, left_s)

    # -- fetching --------------------------------------------------------------------------------------------
    @operation
    def report_json(self, inspection_id: str) -> Flow[File]:
        """Fetch the sealed record, byte for byte as it was signed, checked against the hash of the inspection."""
        inspection = yield from self._get(inspection_id)
        return (yield from self._file(inspection, "json", lambda report: report.json_sha256))

    @operation
    def report_pdf(self, inspection_id: str) -> Flow[File]:
        """Fetch the signed PDF, checked against the hash of the inspection."""
        inspection = yield from self._get(inspection_id)
        return (yield from self._file(inspection, "pdf", lambda report: report.standing_pdf_sha256))

    @operation
    def report_jws(self, inspection_id: str) -> Flow[File]:
        """Fetch the detached signature over the sealed record; whom it proves, ``verify-report`` says."""
        answer = yield from self._sent("GET", _at(inspection_id, "report.jws"))
        return _file(answer, None)

    @operation
    def save_bundle(self, inspection_id: str, path: Path | str, *, photos: bool = False) -> Flow[SavedBundle]:
        """Save the bundle that proves itself; it appears under its name only whole, with every hash checked.

        Args:
            inspection_id: Which.
            path: Where to; what is there is replaced.
            photos: With the originals, which carry what the phone wrote into them.

        Raises:
            HashMismatch: Something in it is not what its list, or the service, says.
        """
        inspection = yield from self._get(inspection_id)
        target = Path(path)
        params = {"photos": True if photos else None}
        yield from self._sent("GET", _at(inspection_id, "report.zip"), params=params, save_to=target)
        report_sha256 = inspection.report.json_sha256 if inspection.report else ""
        saved: SavedBundle = yield Do(partial(checked_bundle, target, report_sha256))
        return saved

    @operation
    def photo(
        self, inspection_id: str, capture_id: str, *, size: Literal["full", "thumb"] = "full"
    ) -> Flow[File]:
        """Fetch a photo, upright and without the phone's metadata.

        Such a copy has a hash of its own; the originals, with the hashes of the report, are in ``save_bundle``.
        """
        path = _at(inspection_id, f"captures/{quote(capture_id, safe='')}/photo")
        answer = yield from self._sent("GET", path, params={"size": size})
        return _file(answer, None)

    # -- afterwards ------------------------------------------------------------------------------------------
    @operation
    def correct(
        self,
        inspection_id: str,
        kind: Literal["addendum", "withdrawal"],
        text: str,
        *,
        reason: str = "other",
        idempotency_key: str | None = None,
    ) -> Flow[Correction]:
        """Say something about a sealed report; it is signed and stands for good."""
        body = {"kind": kind, "text": text, "reason": reason}
        path = _at(inspection_id, "corrections")
        return (yield from self._asked(Correction, "POST", path, body=body, key=idempotency_key))

    @operation
    def corrections(self, inspection_id: str) -> Flow[tuple[Correction, ...]]:
        """List what was said after the report was sealed."""
        return (yield from self._items(Correction, _at(inspection_id, "corrections")))

    # -- shared ----------------------------------------------------------------------------------------------
    def _get(self, inspection_id: str) -> Flow[Inspection]:
        return (yield from self._asked(Inspection, "GET", _at(inspection_id)))

    def _events(self, inspection_id: str, after: int, **more: Any) -> Flow[EventPage]:
        wait_s = more.pop("wait_s", None)
        params = {"after": after, "limit": _EVENTS, "wait_s": wait_s}
        path = _at(inspection_id, "events")
        return (yield from self._asked(EventPage, "GET", path, params=params, **more))

    def _news(self, inspection_id: str, after: int, at_most_s: float) -> Flow[EventPage]:
        """Wait, at the service, for something new."""
        wait_s = int(max(0.0, min(at_most_s, _LONGEST_POLL_S)))
        began_s = yield Now()
        found = yield from self._events(inspection_id, after, wait_s=wait_s, timeout_s=wait_s + 15.0)
        took_s = (yield Now()) - began_s
        if not found.items and at_most_s > 0 and took_s < _IMPATIENT_S:
            yield Pause(min(at_most_s, _IMPATIENT_S))
        return found

    def _file(self, inspection: Inspection, ending: str, expected: Callable[[Any], str]) -> Flow[File]:
        answer = yield from self._sent("GET", _at(inspection.id, f"report.{ending}"))
        if inspection.report is None:  # sealed between the two questions
            inspection = yield from self._get(inspection.id)
        if inspection.report is None:
            raise HashMismatch("The service has a report and does not say which.")
        return _file(answer, expected(inspection.report))


def _file(answer: Answer, expected_sha256: str | None) -> File:
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    sha256 = checked(answer.body, expected_sha256, media_type)
    return File(
        content=answer.body, media_type=media_type, sha256=sha256, is_checked=expected_sha256 is not None
    )


def _at(inspection_id: str, rest: str = "") -> str:
    return f"/v1/inspections/{quote(inspection_id, safe='')}" + (f"/{rest}" if rest else "")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(value: Any, *, with_nulls: bool = False) -> Any:
    """Return JSON values; members that are ``None`` are left out unless ``with_nulls``.

    Raises:
        ValueError: A moment without a time zone could be any of 38.
    """
    inner = partial(plain, with_nulls=with_nulls)
    if isinstance(value, Record):
        return inner(value.model_dump())
    if isinstance(value, Mapping):
        return {name: inner(item) for name, item in value.items() if with_nulls or item is not None}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("A moment needs its time zone: datetime.now(UTC), not datetime.now().")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [inner(item) for item in value]
    return value
