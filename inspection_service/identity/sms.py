"""Sends messages to telephones through any gateway that takes one JSON request for each."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

import httpx

from inspection_service.identity.errors import MessageRefused, MessengerFailed
from inspection_service.identity.messenger import Message

_LATER: Final = frozenset({401, 403, 404, 407, 408, 425, 429})
"""Refusals that are about us or the moment, not about the message."""


class SmsMessenger:
    """Text messages by HTTP: the address and the shape of the body are settings, so that any gateway fits.

    It follows no redirect and reads no answer beyond its status: what a gateway says may quote number and text.
    """

    def __init__(
        self,
        url: str,
        body: str,
        *,
        token: str | None = None,
        timeout_s: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Keep where the gateway is.

        Args:
            url: ``{to}`` in it becomes the number.
            body: JSON in whose strings ``{to}`` and ``{text}`` are filled in.
            token: Sent as ``Authorization: Bearer``.
            timeout_s: Longest wait for the answer.
            transport: Stands in for the network.
        """
        self._url = url
        self._body = json.loads(body)
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._timeout_s = timeout_s
        self._transport = transport

    async def send(self, message: Message) -> None:
        """Return once the gateway has taken the message.

        Raises:
            MessageRefused: It will never take it.
            MessengerFailed: It does not answer, or not now.
        """
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport,
                    timeout=self._timeout_s,
                    follow_redirects=False,
                    trust_env=False,
                ) as gateway,
                gateway.stream(
                    "POST",
                    self._url.replace("{to}", quote(message.to, safe="")),
                    json=_filled(self._body, message),
                    headers=self._headers,
                ) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Its text may hold the address with the number in it, so it goes no further.
            raise MessengerFailed(cause=type(error).__name__) from None
        if httpx.codes.is_success(status):
            return
        is_final = httpx.codes.is_client_error(status) and status not in _LATER
        raise (MessageRefused if is_final else MessengerFailed)(gateway_status=status)


def _filled(value: Any, message: Message) -> Any:
    """Fill a JSON value in: after parsing, so that no quotation mark in a text can break out of its string."""
    if isinstance(value, str):
        # In one pass: a text that holds {to} stays what it is.
        before, mark, after = value.partition("{text}")
        parts = (
            before.replace("{to}", message.to),
            message.text if mark else "",
            after.replace("{to}", message.to),
        )
        return "".join(parts)
    if isinstance(value, dict):
        return {name: _filled(item, message) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, message) for item in value]
    return value
