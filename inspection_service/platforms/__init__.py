"""What marketplaces that order inspections rely on: they are told what happens, signed, in order, at least once."""

from inspection_service.platforms.deliveries import Deliveries
from inspection_service.platforms.endpoints import Endpoints
from inspection_service.platforms.outbox import WebhookOutbox
from inspection_service.platforms.posting import GuardedPoster, Poster
from inspection_service.platforms.queue import DeliveryQueue
from inspection_service.platforms.signing import SecretBox

__all__ = [
    "Deliveries",
    "DeliveryQueue",
    "Endpoints",
    "GuardedPoster",
    "Poster",
    "SecretBox",
    "WebhookOutbox",
]
