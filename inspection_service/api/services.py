"""Everything behind the doors, opened once by ``app.py`` and handed to every route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from inspection_service.api.limits import Limits
from inspection_service.api.photos import PhotoCopies
from inspection_service.checklists import Shelf
from inspection_service.clock import Clock
from inspection_service.identity.accesses import Accesses
from inspection_service.identity.service import Identity
from inspection_service.inspections.bus import EventBus
from inspection_service.inspections.service import Inspections
from inspection_service.ledger import Ledger
from inspection_service.platforms import Deliveries, Endpoints
from inspection_service.privacy import PersonalData
from inspection_service.privacy.publications import Publications
from inspection_service.reports.keys import Signer
from inspection_service.reports.published_keys import PublishedKeys
from inspection_service.sessions import Sessions
from inspection_service.settings import Settings
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.correcting import Corrections
from inspection_service.work.delivering import Delivering
from inspection_service.work.erasing import Erasing
from inspection_service.work.publishing import Publishing


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves, corrects and erases sealed reports."""

    ledger: Ledger
    corrections: Corrections
    erasing: Erasing
    personal: PersonalData
    signer: Signer


@dataclass(frozen=True, slots=True)
class Public:
    """What is prepared for the public, and what is public."""

    publications: Publications
    publishing: Publishing


@dataclass(frozen=True, slots=True)
class Webhooks:
    """How platforms are told what happens."""

    endpoints: Endpoints
    deliveries: Deliveries
    delivering: Delivering


@dataclass(frozen=True, slots=True)
class Services:
    """The opened service."""

    settings: Settings
    clock: Clock
    store: ObjectStore
    bus: EventBus
    shelf: Shelf
    inspections: Inspections
    """Of all tenants: a platform's or a seller's request goes on with ``inspections.of(tenant)``, an operator's with
    ``inspections.seen_by(organisation)``."""
    identity: Identity
    accesses: Accesses
    photos: PhotoCopies
    public: Public
    webhooks: Webhooks
    live: Sessions
    limits: Limits
    metrics: Metrics
    root_pem: bytes
    """The root certificate that reports are verified against."""
    published_keys: PublishedKeys
    """Present and past signers, and what was revoked."""
    proof: Proofs
    pings: Mapping[str, Callable[[], Awaitable[None]]]
    """What ``/readyz`` asks, by the name of the resource."""
    degraded: Callable[[], tuple[str, ...]]
    """Names of resources that are away and that the service goes on without, more slowly."""
