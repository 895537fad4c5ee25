"""Messages lead to public addresses only, however an address is written and whatever a name resolves to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Sequence

import httpcore
import pytest
from pydantic import ValidationError

from inspection_service.platforms.addresses import is_public, target_of
from inspection_service.platforms.errors import WebhookUrlRefused
from inspection_service.platforms.posting import GuardedPoster
from inspection_service.platforms.records import Answer
from inspection_service.settings import Settings, SigningSettings, WebhookSettings
from inspection_service.testing import FakeClock

pytestmark = pytest.mark.unit
PUBLIC = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450:4007::8a")
PRIVATE = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2a00:1450:4007::8a%1",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
)
REFUSED = (
    "http://hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "//hooks.example.com/",
    "hooks.example.com",
    "https://",
    "https:///path",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://10.0.0.1/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://db.localhost/",
    "https://postgres/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://router.home.arpa/",
    "https://127。0。0。1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1\\@hooks.example.com/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com/#",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nHost: other",
    "https://hooks.example.com/\x00",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:x/",
    "https://" + "a" * 2000 + ".example.com/",
)


class Names:
    """A resolver whose answers a test writes: one list for each time it is asked."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


class Dial(httpcore.AsyncNetworkBackend):
    """Notes which address was dialled; what answers there is written by a test, without TLS on the wire."""

    def __init__(
        self, answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n", *, away: Sequence[str] = ()
    ) -> None:
        self.answer = answer
        self.away = away
        self.dialled: list[str] = []
        self.stream: Stream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        if host in self.away:
            raise httpcore.ConnectError
        self.stream = Stream(self.answer)
        return self.stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Stream(httpcore.AsyncMockStream):
    """What is said over one connection."""

    def __init__(self, answer: bytes) -> None:
        super().__init__([answer])
        self.said = b""
        self.server_name: str | None = None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self.said += buffer

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        self.server_name = server_hostname
        return self


async def post(names: Names, dial: Dial, url: str = "https://hooks.example.com/in?a=1") -> Answer:
    """Send a message through the guard."""
    poster = GuardedPoster(WebhookSettings(), FakeClock(), resolver=names, dial=dial)
    return await poster.post(url, '{"a":1}', {"webhook-id": "msg_1"})


def test_private_addresses_are_not_allowed_in_production() -> None:
    """An instance that signs for others does not start with its network open to platforms."""
    with pytest.raises(ValidationError, match="allow_private"):
        Settings(webhooks=WebhookSettings(allow_private=True), signing=SigningSettings(production=True))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    """Those that anybody can dial."""
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_other_addresses_are_not(address: str) -> None:
    """Private, shared, loopback, documentation, multicast, and IPv4 addresses inside IPv6 ones."""
    assert not is_public(address)


@pytest.mark.parametrize("url", REFUSED)
async def test_what_is_no_public_endpoint_is_refused_in_words(url: str) -> None:
    """When it is written down, and again when it is sent to: then nobody is dialled."""
    with pytest.raises(WebhookUrlRefused) as refused:
        target_of(url, allow_private=False)
    assert refused.value.message.endswith(".")
    assert refused.value.attributes == {"field": "url"}
    dial = Dial()
    assert (await post(Names(["8.8.8.8"]), dial, url)).fault == "url-refused"
    assert dial.dialled == []


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/",
        "https://hooks.example.com:8443/in?x=1&y=%20",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://bücher.example/päth",
    ],
)
def test_public_endpoints_are_taken(url: str) -> None:
    """By name or by address, on 443 or a high port."""
    target = target_of(url, allow_private=False)
    assert target.host.isascii()
    assert target.path.isascii()


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_leads_inside_is_not_dialled(address: str) -> None:
    """Also when it has a public address beside the private one."""
    for answer in ([address], ["8.8.8.8", address], [address, "8.8.8.8"]):
        dial = Dial()
        assert (await post(Names(answer), dial)).fault == "address-refused"
        assert dial.dialled == []


async def test_a_name_that_changes_its_mind_is_dialled_where_it_was_checked() -> None:
    """DNS rebinding: it is asked once, and what it said is dialled; the next message asks anew."""
    names, dial = Names(["93.184.215.14"], ["127.0.0.1"]), Dial()
    assert (await post(names, dial)).status == 204
    assert (names.asked, dial.dialled) == (["hooks.example.com"], ["93.184.215.14"])
    assert dial.stream is not None
    assert dial.stream.server_name == "hooks.example.com"
    assert b"\r\nHost: hooks.example.com\r\n" in dial.stream.said
    assert dial.stream.said.startswith(b"POST /in?a=1 HTTP/1.1\r\n")
    assert (await post(names, dial)).fault == "address-refused"
    assert dial.dialled == ["93.184.215.14"]


async def test_a_name_that_leads_nowhere_says_so() -> None:
    """``dns``, whether there is no answer or an empty one."""
    assert (await post(Names(OSError("no such name")), Dial())).fault == "dns"
    assert (await post(Names([]), Dial())).fault == "dns"


async def test_the_next_address_is_dialled_when_the_first_is_away() -> None:
    """Four at most."""
    dial = Dial(away=["8.8.8.8"])
    assert (await post(Names(["8.8.8.8", "93.184.215.14"]), dial)).status == 204
    assert dial.dialled == ["8.8.8.8", "93.184.215.14"]
    many = [f"8.8.8.{n}" for n in range(9)]
    dial = Dial(away=many)
    assert (await post(Names(many), dial)).fault == "connect"
    assert dial.dialled == many[:4]


async def test_no_redirect_is_followed() -> None:
    """An answer that leads elsewhere is a failure, and nobody is dialled there."""
    for status in (301, 302, 303, 307, 308):
        said = (
            f"HTTP/1.1 {status} Moved\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n".encode()
        )
        dial = Dial(said)
        answer = await post(Names(["8.8.8.8"]), dial)
        assert (answer.status, answer.fault) == (status, "redirect")
        assert dial.dialled == ["8.8.8.8"]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name once more, where we cannot see it."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    dial = Dial()
    await post(Names(["8.8.8.8"]), dial)
    assert dial.dialled == ["8.8.8.8"]


@pytest.mark.parametrize(
    "said", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 2000 x\r\n\r\n", b"HTTP/1.1 200 OK\r\nx"]
)
async def test_what_is_no_http_is_a_failure(said: bytes) -> None:
    """Never an exception."""
    assert (await post(Names(["8.8.8.8"]), Dial(said))).fault == "protocol"


async def test_little_of_an_answer_is_kept() -> None:
    """At most 1 kB, without control characters, whatever its bytes are."""
    body = b"\x00\x1b" + b"\xff" * 5000
    said = b"HTTP/1.1 500 Oops\r\nRetry-After: 120\r\nContent-Length: 5002\r\n\r\n" + body
    answer = await post(Names(["8.8.8.8"]), Dial(said))
    assert (answer.status, answer.fault, answer.retry_after_s) == (500, "status", 120)
    assert answer.text is not None
    assert len(answer.text.encode()) <= 1024
    assert "\x00" not in answer.text
    assert "\x1b" not in answer.text
