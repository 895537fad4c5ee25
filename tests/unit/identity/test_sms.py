"""Text messages through any gateway: the body's shape is a setting, and nothing in a text breaks it."""

from __future__ import annotations

import json

import httpx
import pytest

from inspection_service.identity.errors import MessageRefused, MessengerFailed
from inspection_service.identity.messenger import ByChannel, Message
from inspection_service.identity.sms import SmsMessenger
from inspection_service.testing import MemoryMessenger

pytestmark = pytest.mark.unit
MESSAGE = Message("phone", "+33612345678", "fr", "", 'Dites "oui" {to} {text} \\ été')


def gateway(answer: httpx.Response | Exception, seen: list[httpx.Request]) -> httpx.MockTransport:
    """A gateway that answers one thing."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(handle)


async def test_number_and_text_stand_where_the_settings_want_them() -> None:
    """In the address they are escaped, in the body they stay inside their string, whatever they hold."""
    seen: list[httpx.Request] = []
    sms = SmsMessenger(
        "https://sms.example/v1/{to}/send",
        '{"messages": [{"to": "{to}", "body": "{text}", "from": "AUTO"}], "type": 1}',
        token="geheim",
        transport=gateway(httpx.Response(202), seen),
    )
    await sms.send(MESSAGE)
    (request,) = seen
    assert request.url.raw_path == b"/v1/%2B33612345678/send"
    assert request.headers["Authorization"] == "Bearer geheim"
    assert json.loads(request.content) == {
        "messages": [{"to": "+33612345678", "body": MESSAGE.text, "from": "AUTO"}],
        "type": 1,
    }


@pytest.mark.parametrize(
    ("answer", "is_final"),
    [
        (httpx.Response(400, text="bad number +33612345678"), True),
        (httpx.Response(401), False),
        (httpx.Response(429), False),
        (httpx.Response(503), False),
        (httpx.Response(302, headers={"Location": "http://169.254.169.254/"}), False),
        (httpx.ConnectError("https://sms.example/+33612345678"), False),
    ],
)
async def test_what_never_works_is_told_apart_from_what_may(
    answer: httpx.Response | Exception, *, is_final: bool
) -> None:
    """No redirect is followed, and no refusal repeats the number."""
    seen: list[httpx.Request] = []
    sms = SmsMessenger("https://sms.example/", '"{text}"', transport=gateway(answer, seen))
    with pytest.raises(MessengerFailed) as refused:
        await sms.send(MESSAGE)
    assert isinstance(refused.value, MessageRefused) is is_final
    assert len(seen) == 1
    assert "33612345678" not in f"{refused.value} {refused.value.attributes}"


async def test_a_way_that_is_missing_says_so() -> None:
    """With mail alone, a text message is a failure and not a message lost in silence."""
    mail = MemoryMessenger()
    both = ByChannel(email=mail, phone=None)
    with pytest.raises(MessengerFailed):
        await both.send(MESSAGE)
    assert mail.sent == []
