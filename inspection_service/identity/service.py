"""Who is there and what they may see; the one place where secrets are made, hashed and compared."""

from __future__ import annotations

from inspection_service.identity.links import Links
from inspection_service.identity.operators import Operators
from inspection_service.identity.platforms import Platforms


class Identity(Platforms, Operators, Links):
    """Tenants and their keys, operators and their sessions, sellers with their links and codes.

    ``Identity(database, inspections, clock, messenger, links=settings.links, pepper=load_pepper(path))``, where
    ``inspections`` sees all tenants.
    """
