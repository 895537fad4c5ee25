"""The built web pages and the checklists' drawings, under headers that let a page do nothing but its job.

Source: CSP Level 3; OWASP Secure Headers.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection_service.api.dependencies import Opened
from inspection_service.api.errors import AssetUnknown, PagesNotBuilt

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self' ws: wss:",
        "style-src 'self' 'unsafe-inline'",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self), payment=(), usb=()",
}
_META_POLICY: Final = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]+)"')
_NO_ROOTS: Final = '{"signers":"","time":""}'
"""What the built verification page says about roots; see ``web_client/verify.html``."""
_ASSET: Final = re.compile(r"[a-z0-9_-]{1,64}(\.[a-z0-9_-]{1,64}){0,2}\.(svg|webp)")
_CHECKLIST: Final = re.compile(r"[a-z0-9-]{1,64}")
_A_YEAR: Final = "public, max-age=31536000, immutable"
_MEDIA_TYPES: Final = {".svg": "image/svg+xml", ".webp": "image/webp"}


class SafeHeaders:
    """Puts the protective headers on every answer; an answer's own headers win."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, watch if scope["type"] == "http" else send)


class _Built(StaticFiles):
    """The built files: kept for a year where the name carries a hash of the content, else asked about each time."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _A_YEAR if Path(path).parts[:1] == ("assets",) else "no-cache"
        return response


def install_pages(app: FastAPI, static_dir: Path, checklists_dir: Path) -> None:
    """Serve the pages.

    Args:
        app: Gets the routes.
        static_dir: Where the web client was built to.
        checklists_dir: Whose ``assets`` folder holds overlays and examples.
    """
    router = APIRouter(include_in_schema=False)
    assets_dir = checklists_dir / "assets"

    @router.get("/")
    async def root() -> Response:
        return RedirectResponse("/operator", status_code=307)

    @router.get("/s")
    async def seller_page(services: Opened) -> Response:
        return _page(static_dir / "seller.html", services.settings.signing.mode)

    @router.get("/operator")
    @router.get("/operator/{_:path}")
    async def operator_page(services: Opened) -> Response:
        return _page(static_dir / "operator.html", services.settings.signing.mode)

    @router.get("/verify")
    async def verify_page(services: Opened) -> Response:
        signers = await asyncio.to_thread(lambda: services.published_keys.root_pem)
        roots_file = services.settings.timestamp.roots_file
        time = b"" if roots_file is None else await asyncio.to_thread(roots_file.read_bytes)
        return _verify_page(static_dir / "verify.html", signers, time)

    @router.get("/favicon.ico")
    async def icon() -> Response:
        # Asked for by browsers of their own accord, also beside problems and reports, which name no icon.
        path = static_dir / "icon.svg"
        if not path.is_file():
            raise PagesNotBuilt
        return FileResponse(
            path, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
        )

    @router.get("/v1/checklist-assets/{checklist}/{file}")
    async def checklist_asset(checklist: str, file: str) -> Response:
        path = assets_dir / file
        if not (_CHECKLIST.fullmatch(checklist) and _ASSET.fullmatch(file) and path.is_file()):
            raise AssetUnknown
        headers = {"Cache-Control": "public, max-age=3600"}
        return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)

    app.include_router(router)
    app.mount("/static", _Built(directory=static_dir, check_dir=False), name="static")


def _page(path: Path, signing: str) -> Response:
    """Answer with a page that knows whether this instance is one to try: then it offers the generated car."""
    if not path.is_file():
        raise PagesNotBuilt
    mode = "development" if signing == "development" else "production"
    page = path.read_text(encoding="utf-8").replace(
        "<head>", f'<head>\n    <meta name="inspection-mode" content="{mode}">', 1
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})


def _verify_page(path: Path, signers: bytes, time: bytes) -> Response:
    """Answer with the page that verifies reports, and the roots it may offer to its reader, who ticks them or not.

    The page names its script and style by their hashes in a policy of its own, which is sent as a header too.
    """
    if not path.is_file():
        raise PagesNotBuilt
    offered = {"signers": signers.decode("ascii", "ignore"), "time": time.decode("ascii", "ignore")}
    # A data block ends at the first "</script", whatever stands around it.
    roots = json.dumps(offered).replace("<", "\\u003c")
    page = path.read_text(encoding="utf-8").replace(_NO_ROOTS, roots, 1)
    policy = _META_POLICY.search(page)
    headers = {"Cache-Control": "no-cache"}
    if policy is not None:
        headers["Content-Security-Policy"] = f"{policy[1]}; frame-ancestors 'none'"
    return HTMLResponse(page, headers=headers)
