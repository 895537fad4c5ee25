"""The client and the OpenAPI document say the same: every record, every address, every parameter, every body."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from inspection_service.app import create_app
from inspection_service.client import InspectionClient, records
from inspection_service.client.drivers import Synchronous, listing, operation
from inspection_service.client.managing import Managing
from inspection_service.client.operations import Inspecting
from inspection_service.client.steps import Answer, Call
from inspection_service.settings import Settings

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAME: dict[type[records.Record], str] = {
    records.Inspection: "PlatformInspection",
    records.OrderedInspection: "OrderedInspection",
    records.SellerLink: "SellerLink",
    records.Vehicle: "VehicleView",
    records.ChecklistRef: "ChecklistRef",
    records.Correction: "CorrectionView",
    records.Report: "ReportRef",
    records.Progress: "Progress",
    records.PhotoRequest: "PhotoRequestView",
    records.Event: "EventView",
    records.EventPage: "EventPage",
    records.Capture: "CaptureView",
    records.DirectUpload: "DirectUploadView",
    records.Finding: "FindingView",
    records.Reading: "ReadingView",
    records.Checklist: "ChecklistSummary",
    records.ChecklistDetail: "ChecklistDetail",
    records.Reminder: "ReminderView",
    records.ApiKey: "KeyView",
    records.NewApiKey: "NewKeyView",
    records.WebhookEndpoint: "WebhookView",
    records.NewWebhookEndpoint: "NewWebhookView",
    records.RotatedSecret: "RotatedSecret",
    records.Attempt: "AttemptView",
    records.Delivery: "DeliveryView",
    records.Replayed: "Replayed",
    records.Actor: "ActorView",
    records.Contact: "ContactInput",
}
OURS = {records.Record, records.File, records.SavedBundle, records.Page}
"""Of the client alone."""
LEFT_OUT = {
    "CaptureView": {
        "thumb_url",
        "photo_url",
        "advice",
    },  # addresses are the client's business, advice the seller's
    "FindingView": {"annotation_id"},
}
CALLS: dict[str, Callable[[InspectionClient], Any]] = {
    "order": lambda c: c.order(
        "listing-12",
        vehicle={"plate": "AB-123-CD"},
        contact=records.Contact(email="a@b.fr"),
        deadline_at=NOW,
        reference="r",
        sign_off="none",
        send_link=True,
    ),
    "get": lambda c: c.get("i"),
    "inspections": lambda c: list(
        c.inspections(
            state="sealed",
            reference="r",
            plate="p",
            vin="v",
            created_from=NOW,
            created_to=NOW,
            updated_since=NOW,
        )
    ),
    "cancel": lambda c: c.cancel("i", reason="sold"),
    "extend": lambda c: c.extend("i", None),
    "ask_photo": lambda c: c.ask_photo("i", "the book", step_id="front"),
    "take_back_photo": lambda c: c.take_back_photo("i", "asked-1"),
    "upload_photo": lambda c: c.upload_photo("i", b"x", step_id="front", taken_at=NOW, seller_consents=True),
    "new_link": lambda c: c.new_link("i"),
    "remind": lambda c: c.remind("i"),
    "reminders": lambda c: c.reminders("i"),
    "captures": lambda c: c.captures("i"),
    "findings": lambda c: c.findings("i"),
    "readings": lambda c: c.readings("i"),
    "checklists": lambda c: c.checklists(),
    "checklist": lambda c: c.checklist("listing-12"),
    "events": lambda c: list(c.events("i", after=3)),
    "wait_for_events": lambda c: c.wait_for_events("i", after=3, timeout_s=1),
    "wait_for": lambda c: c.wait_for("i", timeout_s=1),
    "report_json": lambda c: c.report_json("i"),
    "report_pdf": lambda c: c.report_pdf("i"),
    "report_jws": lambda c: c.report_jws("i"),
    "save_bundle": lambda c: c.save_bundle("i", "/nowhere/report.zip", photos=True),
    "photo": lambda c: c.photo("i", "c", size="thumb"),
    "correct": lambda c: c.correct("i", "addendum", "Seen.", reason="mistake"),
    "corrections": lambda c: c.corrections("i"),
    "create_key": lambda c: c.create_key("l", scopes=["photos:read"], expires_at=NOW),
    "keys": lambda c: c.keys(),
    "rotate_key": lambda c: c.rotate_key("k", overlap_s=60),
    "revoke_key": lambda c: c.revoke_key("k"),
    "create_webhook": lambda c: c.create_webhook(
        "https://a.example/", kinds=["inspection.sealed"], description="d"
    ),
    "webhooks": lambda c: c.webhooks(),
    "webhook": lambda c: c.webhook("w"),
    "change_webhook": lambda c: c.change_webhook("w", kinds=None, enabled=False),
    "delete_webhook": lambda c: c.delete_webhook("w"),
    "rotate_webhook_secret": lambda c: c.rotate_webhook_secret("w", overlap_s=60),
    "ping_webhook": lambda c: c.ping_webhook("w"),
    "replay_failed": lambda c: c.replay_failed("w", since=NOW, until=NOW),
    "deliveries": lambda c: list(c.deliveries(webhook_id="w", kind="inspection.sealed", since=NOW)),
    "delivery": lambda c: c.delivery("d"),
    "replay_delivery": lambda c: c.replay_delivery("d"),
    "request": lambda c: c.request("GET", "/v1/inspections/i/legal-hold"),
}
BY_REQUEST = (
    "/v1/accesses",
    "/erasure",
    "/legal-hold",
    "/personal-data",
    "/publication",
    "/recordings",
    "uploads/",
    "/corrections/{no}",
)
"""Rarer routes, for which ``request`` is enough."""


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the service as it is."""
    described: dict[str, Any] = create_app(Settings()).openapi()
    return described


def component(name: str) -> dict[str, Any]:
    """One schema of it."""
    found: dict[str, Any] = document()["components"]["schemas"][name]
    return found


def is_nullable(schema: dict[str, Any]) -> bool:
    """Whether ``null`` is among what a member may be."""
    return any(each.get("type") == "null" for each in schema.get("anyOf", [schema]))


def words(schema: dict[str, Any], whole: dict[str, Any]) -> set[str] | None:
    """The words a member may be, when they are counted up."""
    for each in schema.get("anyOf", [schema]):
        found = whole.get(each["$ref"].rpartition("/")[2], {}) if "$ref" in each else each
        if "enum" in found:
            return set(found["enum"])
        if "const" in found:
            return {found["const"]}
    return None


@pytest.mark.parametrize("record", SAME, ids=lambda record: record.__name__)
def test_a_record_is_what_the_service_answers_with(record: type[records.Record]) -> None:
    """The same members, the same of them null, the same words; what is left out is named here."""
    theirs, ours = component(SAME[record]), record.model_json_schema(mode="serialization")
    left_out = LEFT_OUT.get(SAME[record], set())
    assert set(ours["properties"]) == set(theirs["properties"]) - left_out
    for name, schema in ours["properties"].items():
        their = theirs["properties"][name]
        assert is_nullable(schema) == is_nullable(their), name
        mine = words(schema, ours.get("$defs", {}))
        if mine is not None:
            assert mine == words(their, document()["components"]["schemas"]), name


def test_every_record_is_compared() -> None:
    found = {
        each
        for _, each in inspect.getmembers(records, inspect.isclass)
        if issubclass(each, records.Record) and "[" not in each.__name__
    }
    assert found - OURS == set(SAME)


class Asked(Exception):
    """Ends a call once it is known what it asks for."""


def asked_by(act: Callable[[InspectionClient], Any]) -> Call:
    """Return the first request of an operation that is no look at the inspection."""
    seen: list[Call] = []
    inspection: dict[str, Any] = {
        "id": "i",
        "state": "in_progress",
        "language": "fr",
        "purpose": "listing",
        "vehicle": {},
        "checklist": {"id": "c", "sha256": "0"},
        "sign_off": "none",
        "reference": None,
        "deadline_at": None,
        "created_at": NOW,
        "updated_at": NOW,
        "progress": {"done": 0, "total": 1},
        "photo_requests": [],
        "cancel_reason": None,
        "report": None,
    }

    class Recorder(InspectionClient):
        def _send(self, call: Call) -> Answer:
            seen.append(call)
            if call.path == "/v1/inspections/i" and act is not CALLS["get"]:
                return Answer(
                    200, {}, records.Inspection.model_validate(inspection).model_dump_json().encode()
                )
            raise Asked

    with Recorder("http://nowhere.invalid", "isk_x", verify=False) as client, pytest.raises(Asked):
        act(client)
    return seen[-1]


def route_of(call: Call) -> tuple[str, dict[str, Any]]:
    """Find the route that answers a request."""
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", re.escape(template).replace(r"\{", "{").replace(r"\}", "}"))
        if re.fullmatch(pattern, call.path) and call.method.lower() in operations:
            return template, operations[call.method.lower()]
    raise AssertionError(f"{call.method} {call.path} is no route")


@pytest.mark.parametrize("name", CALLS)
def test_an_operation_asks_for_something_the_service_answers(name: str) -> None:
    """The address exists, takes these parameters, and the body fits its schema."""
    call = asked_by(CALLS[name])
    _, route = route_of(call)
    known = {each["name"] for each in route.get("parameters", []) if each["in"] == "query"}
    assert set(call.params) <= known
    content = route.get("requestBody", {}).get("content", {}).get("application/json")
    if call.body is not None:
        assert content is not None
        schema = content["schema"] | {"components": document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(call.body)
    else:
        assert not route.get("requestBody", {}).get("required", False)
    if call.method != "GET":
        assert call.headers["Idempotency-Key"]


def test_every_operation_is_tried_and_every_route_is_reached() -> None:
    """A route that a platform gets is in the client the same day, or named as one for ``request``."""
    operations = {
        name
        for room in (Inspecting, Managing)
        for name, each in inspect.getmembers(room)
        if isinstance(each, operation | listing)
    }
    assert operations == set(CALLS)
    reached = {(call.method, route_of(call)[0]) for call in map(asked_by, CALLS.values())}
    missing = [
        f"{method.upper()} {path}"
        for path, each in document()["paths"].items()
        for method, route in each.items()
        if route.get("tags", [""])[0] in ("platform", "keys", "webhooks")
        and (method.upper(), path) not in reached
        and not any(part in path for part in BY_REQUEST)
    ]
    assert missing == []


def test_the_client_stands_alone() -> None:
    """No module of it imports anything of the service, so that it can be lifted out as it is."""
    folder = Path(inspect.getfile(records)).parent
    for path in folder.glob("*.py"):
        for room in re.findall(r"^(?:from|import) (inspection_service[.\w]*)", path.read_text(), re.M):
            assert room.startswith("inspection_service.client"), path.name
    assert issubclass(InspectionClient, Synchronous)
