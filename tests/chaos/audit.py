"""What must be there at the end, counted from the records, the store, the log and what platforms were told."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from sqlalchemy import RowMapping, Table, select

from inspection_service.platforms.kinds import TOLD_EVENTS, message_id
from inspection_service.settings import Settings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.objects import ObjectStore
from inspection_service.storage.opening import open_store
from tests.chaos.sellers import Carried
from tests.integration.webhook_receiver import Arrived

REPORT_FILES: Final = ["json", "json", "jws", "pdf", "pem"]
"""The record, its disclosures, its signature, the document and the root it was signed under."""
_SHOWN: Final = 5
_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Check:
    """One promise: how many of how many, and which not."""

    name: str
    expected: int
    found: int
    wrong: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Whether it was kept."""
        return self.expected == self.found and not self.wrong

    def __str__(self) -> str:
        line = f"{'ok  ' if self.holds else 'LOST'} {self.name}: {self.found} of {self.expected}"
        return (
            line
            if self.holds
            else f"{line}; " + "; ".join([*self.wrong[:_SHOWN], f"{len(self.wrong)} wrong"])
        )


@dataclass(frozen=True)
class Tenant:
    """A platform of the run."""

    id: str
    key: str


@dataclass
class Heard:
    """What one tenant's endpoint was sent, in order, and which of it it took."""

    arrived: list[Arrived] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Ids of messages that were answered with success."""


@dataclass(frozen=True)
class Records:
    """Everything the checks look at, read once."""

    inspections: Sequence[RowMapping]
    captures: Sequence[RowMapping]
    judgements: Sequence[RowMapping]
    reports: Sequence[RowMapping]
    events: Sequence[RowMapping]
    leaves: Sequence[RowMapping]
    deliveries: Sequence[RowMapping]

    def count(self, kind: str) -> Counter[tuple[str, str]]:
        """Count events of a kind by inspection and capture."""
        return Counter(
            (event["inspection_id"], str(event["data"].get("capture_id", "")))
            for event in self.events
            if event["kind"] == kind
        )


async def are_all_told(settings: Settings) -> bool:
    """Whether no message to a platform waits."""
    async with Database(settings.database_url, settings.database) as database, database.read() as transaction:
        waits = select(t.webhook_deliveries.c.id).where(t.webhook_deliveries.c.state != "delivered").limit(1)
        return (await transaction.connection.execute(waits)).first() is None


async def audit(
    origin: str,
    settings: Settings,
    carried: Sequence[Carried],
    tenants: Sequence[Tenant],
    heard: Mapping[str, Heard],
) -> list[Check]:
    """Check everything against what the sellers and the platforms know.

    Args:
        origin: Address of the service, which runs.
        settings: To look at its records.
        carried: What the sellers were promised.
        tenants: Who ordered.
        heard: What each tenant's endpoint was sent, by tenant.
    """
    async with Database(settings.database_url, settings.database) as database:
        records = await _read(database)
    store = open_store(settings.store_url, settings.store)
    try:
        checks = [
            _orders(records, carried),
            await _photos(records, carried, store),
            _judged(records, carried),
            *await _sealed(records, store),
            _logs(records),
            *_told(records, tenants, heard),
        ]
    finally:
        await store.close()
    return [*checks, await _apart(origin, carried, tenants, heard)]


async def _read(database: Database) -> Records:
    async with database.read() as transaction:

        async def all_of(table: Table) -> Sequence[RowMapping]:
            return (await transaction.connection.execute(select(table))).mappings().all()

        return Records(
            *[
                await all_of(table)
                for table in (
                    t.inspections,
                    t.captures,
                    t.judgements,
                    t.reports,
                    t.events,
                    t.ledger_leaves,
                    t.webhook_deliveries,
                )
            ]
        )


def _orders(records: Records, carried: Sequence[Carried]) -> Check:
    """One inspection for each order, although orders were repeated."""
    ours, theirs = {each.inspection_id for each in carried}, {row["id"] for row in records.inspections}
    open_ = [f"{row['id']} is {row['state']}" for row in records.inspections if row["state"] != "sealed"]
    return Check("orders with one sealed inspection", len(ours), len(theirs), [*(ours ^ theirs), *open_])


async def _photos(records: Records, carried: Sequence[Carried], store: ObjectStore) -> Check:
    """Each photo the service said it has is there, byte for byte, and no other."""
    promised = {(each.inspection_id, name): sha for each in carried for name, sha in each.accepted.items()}
    kept = {(row["inspection_id"], row["id"]): row for row in records.captures}
    wrong = [f"{key} was never accepted" for key in kept.keys() - promised.keys()]
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(key: tuple[str, str], sha: str) -> str | None:
        if key not in kept:
            return f"{key} is missing"
        async with gate:
            data = await store.get(kept[key]["object_key"])
        is_whole = hashlib.sha256(data).hexdigest() == sha == kept[key]["sha256"]
        return None if is_whole else f"{key} has other bytes"

    said = await asyncio.gather(*(one(key, sha) for key, sha in promised.items()))
    lost = [each for each in said if each is not None]
    return Check("accepted photos, with their hash", len(promised), len(promised) - len(lost), wrong + lost)


def _judged(records: Records, carried: Sequence[Carried]) -> Check:
    """Each photo has one judgement and one event that says so."""
    asked = {(each.inspection_id, name) for each in carried for name in each.accepted}
    told = records.count("capture.judged")
    kept = Counter((row["inspection_id"], row["capture_id"]) for row in records.judgements)
    once = [key for key in asked if told[key] == kept[key] == 1]
    wrong = [f"{key}: {told[key]} events, {kept[key]} judgements" for key in asked - set(once)]
    return Check(
        "photos judged once", len(asked), len(once), wrong + _beyond(told.keys() | kept.keys(), asked)
    )


def _beyond(found: Iterable[object], known: Iterable[object]) -> list[str]:
    return [f"{each} is unknown" for each in set(found) - set(known)]


async def _sealed(records: Records, store: ObjectStore) -> list[Check]:
    """Each inspection has one report, its five files, and one leaf in the log that holds its hash."""
    ids = [row["id"] for row in records.inspections]
    told = records.count("report.sealed")
    reports = {row["inspection_id"]: row for row in records.reports}
    wrong_reports = []
    for name in ids:
        if told[name, ""] != 1 or name not in reports:
            wrong_reports.append(f"{name}: {told[name, '']} events, {name in reports} report")
            continue
        files = await store.list(f"inspections/{name}/report/")
        if sorted(file.rsplit(".", 1)[1] for file in files) != REPORT_FILES:
            wrong_reports.append(f"{name} has the files {files}")
        for kind in ("json", "pdf"):
            data = await store.get(reports[name][f"{kind}_key"])
            if hashlib.sha256(data).hexdigest() != reports[name][f"{kind}_sha256"]:
                wrong_reports.append(f"the {kind} of {name} has another hash")
    leaves = Counter(row["json_sha256"] for row in records.leaves)
    hashes = [row["json_sha256"] for row in records.reports]
    once = [each for each in hashes if leaves[each] == 1]
    places = sorted(row["seq"] for row in records.leaves)
    wrong_leaves = [f"{each} has {leaves[each]} leaves" for each in hashes if leaves[each] != 1]
    wrong_leaves += _beyond(leaves, hashes) + ([] if places == list(range(len(places))) else ["a gap"])
    return [
        Check("reports sealed once, all files whole", len(ids), len(reports), wrong_reports),
        Check("reports with one leaf in the log", len(ids), len(once), wrong_leaves),
    ]


def _logs(records: Records) -> Check:
    """The events of each inspection are numbered without a gap."""
    of: dict[str, list[int]] = {row["id"]: [] for row in records.inspections}
    for event in records.events:
        of[event["inspection_id"]].append(event["seq"])
    wrong = [name for name, seqs in of.items() if sorted(seqs) != list(range(1, len(seqs) + 1))]
    return Check("inspections whose log has no gap", len(of), len(of) - len(wrong), wrong)


def _told(records: Records, tenants: Sequence[Tenant], heard: Mapping[str, Heard]) -> list[Check]:
    """Each event a platform is told of arrived, and none before the one before it."""
    tenant_of = {row["id"]: row["tenant_id"] for row in records.inspections}
    names = [
        (tenant_of[event["inspection_id"]], message_id(event["inspection_id"], event["seq"], ""))
        for event in records.events
        if event["kind"] in TOLD_EVENTS
    ]
    lost = [name for tenant, name in names if name not in heard[tenant].taken]
    undone = [row["id"] for row in records.deliveries if row["state"] != "delivered"]
    back: list[str] = []
    for tenant in tenants:
        last: dict[str, int] = {}
        for arrived in heard[tenant.id].arrived:
            data = arrived.message["data"]
            name, seq = data["inspection_id"], data["seq"]
            if seq < last.get(name, 0):
                back.append(f"{name}: {seq} after {last[name]}")
            last[name] = seq
    return [
        Check("events told to their platform", len(names), len(names) - len(lost), lost + undone),
        Check("inspections told in order", len(tenant_of), len(tenant_of) - len(back), back),
    ]


async def _apart(
    origin: str, carried: Sequence[Carried], tenants: Sequence[Tenant], heard: Mapping[str, Heard]
) -> Check:
    """Neither lists, nor addresses, nor messages show a tenant anything of another."""
    wrong: list[str] = []
    asked = 0
    for tenant in tenants:
        own = {each.inspection_id for each in carried if each.tenant_id == tenant.id}
        told = {each.message["data"]["inspection_id"] for each in heard[tenant.id].arrived}
        wrong += _beyond(told, own)
        headers = {"Authorization": f"Bearer {tenant.key}"}
        async with httpx.AsyncClient(
            base_url=origin, headers=headers, timeout=60, trust_env=False
        ) as platform:
            wrong += _beyond(await _listed(platform), own)
            for each in carried:
                photo = next(iter(each.accepted))
                for path in ("", "/events", "/report.json", "/report.pdf", f"/captures/{photo}/photo"):
                    asked += 1
                    if each.inspection_id in own and path:
                        continue  # what is one's own is fetched by the other tests
                    answer = await platform.get(f"/v1/inspections/{each.inspection_id}{path}")
                    if answer.status_code != (200 if each.inspection_id in own else 404):
                        wrong.append(f"{path} of {each.inspection_id} is {answer.status_code} to {tenant.id}")
    return Check("addresses that show each tenant its own and no more", asked, asked - len(wrong), wrong)


async def _listed(platform: httpx.AsyncClient) -> set[str]:
    found: set[str] = set()
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 100} | ({"cursor": cursor} if cursor else {})
        page = (await platform.get("/v1/inspections", params=params)).json()
        found |= {item["id"] for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found
