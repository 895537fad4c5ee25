"""What a platform says of a photo that it sends itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import WHOLE, Input, Moment, MomentInput, View


class DirectUploadInput(Input):
    """A photo before its bytes."""

    capture_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = Field(
        default=None,
        description="Your own id for the photo; sending the same again goes on with the same upload.",
    )
    step_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None,
        description="The step it answers, of the checklist or of a photo request; none: other damage.",
    )
    length_bytes: Annotated[int, Field(ge=1, le=2**40), WHOLE]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    media_type: Annotated[str, StringConstraints(pattern=r"^image/[a-z0-9.+-]{1,40}$")] = "image/jpeg"
    taken_at: MomentInput | None = None
    seller_consents: bool = Field(
        default=False,
        description="You declare that the seller agreed, to you, that these photos are taken and kept. Needed until "
        "they agreed on their own page; it never overrides their no.",
    )


class DirectUploadView(View):
    """Where the bytes go."""

    id: str
    capture_id: str
    is_complete: bool = Field(description="The capture exists; nothing is to be sent.")
    method: Literal["PUT"]
    url: str | None = Field(description="The address, good until `expires_at`; announce again for a new one.")
    headers: dict[str, str] = Field(description="Send exactly these with the bytes.")
    expires_at: Moment
