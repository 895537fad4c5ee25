"""Who is there and what they may see; the one place where secrets are made, hashed and compared."""

from __future__ import annotations

from inspection_service.identity.links import Links
from inspection_service.identity.platforms import Platforms
from inspection_service.identity.reminding import MessageLinks
from inspection_service.identity.replays import Replays
from inspection_service.identity.simulated import Simulated
from inspection_service.identity.team import Team
from inspection_service.identity.tickets import Tickets


class Identity(Platforms, Team, Links, MessageLinks, Simulated, Replays, Tickets):
    """Tenants and their keys, operators and their sessions, sellers with their links and codes.

    ``Identity(database, inspections, clock, messenger, links=settings.links, pepper=load_pepper(path))``, where
    ``inspections`` sees all tenants.
    """
