"""What a platform sees of its API keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import WHOLE, Input, Moment, MomentInput, View
from inspection_service.identity.keys import LONGEST_OVERLAP_S
from inspection_service.identity.records import KeyScope

Label = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class KeyInput(Input):
    """What a new key is for."""

    label: Label = Field(examples=["nightly export"])
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="What it may do; left out: everything. Never more than the key that asks."
    )
    expires_at: MomentInput | None = None


class RotateInput(Input):
    """How long both keys work."""

    overlap_s: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_S), WHOLE] = Field(
        default=0, description="Seconds for which the old key goes on working."
    )


class KeyView(View):
    """A key without its secret."""

    id: str
    label: str
    prefix: str = Field(examples=["isk_3fA9…"], description="How it begins, to know it by.")
    scopes: list[KeyScope] | None = Field(description="`null`: every scope.")
    state: Literal["active", "expired", "revoked"]
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None = Field(description="To the minute.")
    revoked_at: Moment | None


class NewKeyView(KeyView):
    """A new key; its secret is shown this once."""

    secret: str = Field(examples=["isk_3fA9..."])


class KeyList(View):
    """All keys, newest first."""

    items: list[KeyView]
