"""What anybody needs to trust reports: the root, the signers before and now, what was revoked. No account, no secret.

Addresses as RFC 8615 has them; the set of keys as RFC 7517.
"""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from inspection_service.api.dependencies import Opened
from inspection_service.api.errors import NoRevocationList
from inspection_service.api.problems import problems

router = APIRouter(tags=["trust"], prefix="/.well-known")
_FRESH = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""A rotation or a revocation is seen within five minutes; a page of another origin may read it."""


@router.get(
    "/inspection-root.pem",
    response_class=Response,
    responses={200: {"content": {"application/x-pem-file": {}}}},
)
async def root_certificate(services: Opened) -> Response:
    """Fetch the root certificates, the present one first; get a fingerprint by another way before you trust it."""
    pem = await asyncio.to_thread(lambda: services.published_keys.root_pem)
    return Response(pem, media_type="application/x-pem-file", headers=_FRESH)


@router.get(
    "/jwks.json",
    response_class=JSONResponse,
    responses={200: {"content": {"application/jwk-set+json": {}}}},
)
async def key_set(services: Opened) -> Response:
    """Fetch every key that ever signed a report here, with its certificates; revoked ones are marked."""
    keys = await asyncio.to_thread(services.published_keys.jwks)
    return JSONResponse(keys, media_type="application/jwk-set+json", headers=_FRESH)


@router.get(
    "/inspection.crl",
    response_class=Response,
    responses={200: {"content": {"application/pkix-crl": {}}}, **problems(404)},
)
async def revocation_list(services: Opened) -> Response:
    """Fetch the revocation list of the authority that issued the signer, where this service publishes it."""
    crl = await asyncio.to_thread(services.published_keys.crl)
    if crl is None:
        raise NoRevocationList
    return Response(crl, media_type="application/pkix-crl", headers=_FRESH)
