"""Asking for a person, and what is written until one is there and after."""

from __future__ import annotations

from fastapi import APIRouter

from inspection_service.api.dependencies import BySeller, Opened
from inspection_service.api.dto.live import ChatList, HelpInput
from inspection_service.api.dto.seller import SellerView
from inspection_service.api.operator import OnCase
from inspection_service.api.present.live import chat_message_view
from inspection_service.api.problems import problems
from inspection_service.api.seller import view_for
from inspection_service.inspections.records import InspectionId
from inspection_service.inspections.service import Inspections

router = APIRouter()


@router.post("/v1/seller/help", tags=["seller"], responses=problems(401, 403, 409, 422, 503))
async def ask_help(door: BySeller, services: Opened, body: HelpInput | None = None) -> SellerView:
    """Ask for a person; the answer's `help` says how many wait, for how long, and where one would be called back."""
    phone = None if body is None else body.phone
    await door.inspections.ask_help(door.inspection_id, by=door.seller.actor, phone=phone)
    return await view_for(services, door)


@router.delete("/v1/seller/help", tags=["seller"], responses=problems(401, 403, 409, 503))
async def withdraw_help(door: BySeller, services: Opened) -> SellerView:
    """Go on alone; the number to call back is forgotten."""
    await door.inspections.withdraw_help(door.inspection_id, by=door.seller.actor)
    return await view_for(services, door)


@router.get("/v1/seller/chat", tags=["seller"], responses=problems(401, 503))
async def get_own_chat(door: BySeller) -> ChatList:
    """Read what was written; new messages come over the WebSocket."""
    return await _chat(door.inspections, door.inspection_id)


@router.get(
    "/v1/operator/inspections/{inspection_id}/chat", tags=["operator"], responses=problems(401, 404, 503)
)
async def get_chat(case: OnCase) -> ChatList:
    """Read what was written in a case."""
    chat = await _chat(case.inspections, case.id)
    await case.note("chat")
    return chat


async def _chat(scoped: Inspections, inspection_id: InspectionId) -> ChatList:
    seller_name = (await scoped.get(inspection_id)).contact.name
    found = await scoped.messages(inspection_id)
    return ChatList(items=[chat_message_view(message, seller_name) for message in found])
