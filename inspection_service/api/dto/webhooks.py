"""What a platform sees of its webhooks."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import WHOLE, Input, Moment, MomentInput, View
from inspection_service.platforms.addresses import URL_MAX
from inspection_service.platforms.kinds import Kind
from inspection_service.platforms.records import DeliveryState, DisabledWhy, Fault

Url = Annotated[str, StringConstraints(min_length=1, max_length=URL_MAX)]
Description = Annotated[str, StringConstraints(max_length=200)]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=100)]
_URL: Any = Field(
    examples=["https://hooks.example.com/inspections"],
    description="A public https address, port 443 or 1024 and above.",
)
_KINDS = "Only these; `null`: every kind, also those there will be."


class WebhookInput(Input):
    """Where you want to be told, and of what."""

    url: Url = _URL
    description: Description = ""
    kinds: Kinds | None = Field(default=None, description=_KINDS)


class WebhookChange(Input):
    """What is to be different; what is left out stays."""

    url: Url | None = Field(default=None, examples=["https://hooks.example.com/v2"])
    description: Description | None = None
    kinds: Kinds | None = Field(default=None, description=_KINDS + " Left out: as it was.")
    enabled: bool | None = Field(
        default=None,
        description="`false`: nothing is sent; what waits is given up and can be replayed. `true`: from now on again.",
    )


class RotateSecretInput(Input):
    """How long both secrets sign."""

    overlap_s: Annotated[int, Field(ge=0, le=86400), WHOLE] = Field(
        default=86400,
        description="Seconds for which the former secret signs too; 0 when it leaked.",
    )


class ReplayInput(Input):
    """Which failed deliveries are sent again."""

    since: MomentInput = Field(description="Events from this moment on.")
    until: MomentInput | None = Field(default=None, description="And before this one; left out: the present.")


class WebhookView(View):
    """An endpoint without its secret."""

    id: str
    url: str
    description: str
    kinds: list[str] | None = Field(description="`null`: every kind.")
    enabled: bool
    disabled_at: Moment | None
    disabled_why: DisabledWhy | None = Field(
        description="`requested` by you; `failing` for days; `gone`: it answered 410."
    )
    failing_since: Moment | None = Field(description="First failure since the last good answer.")
    created_at: Moment


class NewWebhookView(WebhookView):
    """A new endpoint; its secret is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookList(View):
    """All endpoints, oldest first."""

    items: list[WebhookView]


class RotatedSecret(View):
    """The new secret, shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    former_until: Moment = Field(description="Until then messages carry the former secret's signature too.")


class Replayed(View):
    """What will be sent again."""

    count: int


class AttemptView(View):
    """One try to deliver."""

    no: int
    at: Moment
    duration_ms: int
    status: int | None = Field(description="Of your answer; `null`: there was none.")
    error: Fault | None = Field(description="`null`: it was a good one (2xx).")
    answer: str | None = Field(description="Its first bytes, at most 1 kB.")


class DeliveryView(View):
    """One message to one endpoint."""

    id: str
    message_id: str = Field(description="The header `webhook-id`: the same event has the same everywhere.")
    webhook_id: str = Field(description="The endpoint.")
    inspection_id: str | None = Field(description="`null`: a test message.")
    kind: str
    state: DeliveryState
    created_at: Moment
    next_attempt_at: Moment | None = Field(
        description="`null` while an earlier event of the inspection goes first, and when it is over."
    )
    finished_at: Moment | None
    attempts: int
    payload: dict[str, Any] = Field(description="What is sent.")
    tries: list[AttemptView] = Field(description="The attempts, oldest first.")


class DeliveryPage(View):
    """One page of deliveries, newest first."""

    items: list[DeliveryView]
    next_cursor: str | None
