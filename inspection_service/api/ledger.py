"""The log of reports, for anybody: heads, proofs, leaves. No account, and nothing personal in it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.dependencies import Opened, caller_of
from inspection_service.api.dto.proof import (
    ConsistencyView,
    HeadList,
    HeadView,
    Hex,
    InclusionView,
    LeafList,
    LeafView,
    LogStatus,
    NewerView,
)
from inspection_service.api.present.proof import head_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services

router = APIRouter(prefix="/v1/log", tags=["log"])
_SAID: Final = problems(422, 429, 503)
_ASKED: Final = problems(404, 422, 429, 503)
_OPEN: Final = {"Access-Control-Allow-Origin": "*"}
"""A page that verifies may stand anywhere, also in a file."""
Size = Annotated[int, Query(ge=0, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/head", responses=_SAID)
async def get_head(services: Opened, request: Request, response: Response) -> HeadView:
    """Fetch the newest signed head."""
    await _enter(services, request, response)
    return head_view(await services.proof.ledger.head())


@router.get("/heads", responses=_SAID)
async def list_heads(
    services: Opened, request: Request, response: Response, after: Size = 0, limit: Limit = 100
) -> HeadList:
    """List signed heads after a number: one for each leaf, and one a day."""
    await _enter(services, request, response)
    return HeadList(items=[head_view(head) for head in await services.proof.ledger.heads(after, limit)])


@router.get("/proof", responses=_ASKED)
async def get_proof(
    *,
    services: Opened,
    request: Request,
    response: Response,
    leaf_hash: Annotated[Hex, Query()],
    tree_size: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> InclusionView:
    """Prove that a leaf is in the log: against the best signed head, or in the tree of a given size."""
    await _enter(services, request, response)
    ledger = services.proof.ledger
    if tree_size is None:
        return InclusionView(**(await ledger.proof(bytes.fromhex(leaf_hash))).to_json())
    entry, path, head = await ledger.inclusion(bytes.fromhex(leaf_hash), tree_size)
    (leaf,) = await ledger.leaves(entry.seq, 1)
    token = None if head is None else head.timestamp_token
    return InclusionView(
        leaf=leaf.to_json()["leaf"],
        seq=entry.seq,
        tree_size=tree_size,
        path=[value.hex() for value in path],
        head_jws=None if head is None else head.jws,
        head_timestamp=None if token is None else token.hex(),
    )


@router.get("/consistency", responses=_SAID)
async def get_consistency(
    services: Opened, request: Request, response: Response, first: Size, second: Size
) -> ConsistencyView:
    """Prove that the log of `second` leaves begins with the one of `first`."""
    await _enter(services, request, response)
    path = await services.proof.ledger.consistency(first, second)
    return ConsistencyView(first=first, second=second, path=[value.hex() for value in path])


@router.get("/leaves", responses=_SAID)
async def list_leaves(
    services: Opened, request: Request, response: Response, after: Size = 0, limit: Limit = 100
) -> LeafList:
    """List leaves after the first `after` ones."""
    await _enter(services, request, response)
    found = await services.proof.ledger.leaves(after, limit)
    return LeafList(items=[LeafView(**leaf.to_json()) for leaf in found])


@router.get("/status", responses=_SAID)
async def get_status(
    services: Opened, request: Request, response: Response, json_sha256: Annotated[Hex, Query()]
) -> LogStatus:
    """Say whether a record is in the log, and what was logged about it later."""
    await _enter(services, request, response)
    known, newer = await services.proof.ledger.status(json_sha256)
    listed = [NewerView(kind=n.kind, json_sha256=n.json_sha256, at=n.at) for n in newer]
    return LogStatus(known=known, newer=listed)


async def _enter(services: Services, request: Request, response: Response) -> None:
    await services.limits.log.hit(caller_of(request))
    response.headers.update(_OPEN)
