"""Whether a request with a session cookie comes from one of our own pages.

``SameSite=Strict`` already keeps foreign pages from sending the cookie; this is the second lock, and the only one
that a WebSocket upgrade has.

Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Verifying Origin With Standard Headers".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from inspection_service.api.errors import OriginRefused

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def require_own_origin(connection: HTTPConnection, public_url: str) -> None:
    """Let the connection through when its page is ours.

    Args:
        connection: A request or a WebSocket upgrade.
        public_url: The address under which people open the service.

    Raises:
        OriginRefused: The ``Origin`` is missing or is neither the public address nor the host that was asked.
    """
    origin = connection.headers.get("origin", "")
    if not origin:
        raise OriginRefused("The Origin header is missing; browsers send it with every such request.")
    split = urlsplit(origin)
    public = urlsplit(public_url)
    if (split.scheme, split.netloc.lower()) == (public.scheme, public.netloc.lower()):
        return
    if (
        split.scheme in ("http", "https")
        and split.netloc.lower() == connection.headers.get("host", "").lower()
    ):
        return
    raise OriginRefused(origin=origin)
