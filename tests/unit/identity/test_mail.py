"""E-mail against a real receiver in this process: TLS, log-in, refusals, servers that are away."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inspection_service.identity.errors import MessageRefused, MessengerFailed
from inspection_service.identity.mail import SmtpMessenger
from inspection_service.identity.messenger import Message
from inspection_service.testing import NOON, FakeClock

pytestmark = pytest.mark.unit
MESSAGE = Message(
    "email",
    "camille@example.com",
    "fr",
    "Votre code",
    "Bonjour, été.",
    stop_url="https://x.example/stop?token=abc",
)


@dataclass
class Receiver:
    """A mail server that keeps what it is given."""

    tls: ssl.SSLContext | None = None
    starts_tls: bool = False
    refusals: dict[str, bytes] = field(default_factory=dict)
    """Answers to give instead, by verb."""
    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client."""
        try:
            writer.write(b"220 here\r\n")
            while line := await reader.readline():
                verb = line.split()[0].decode().upper()
                self.verbs.append(verb)
                if verb in self.refusals:
                    writer.write(self.refusals[verb])
                    continue
                await self._answer(verb, line, reader, writer)
                if verb == "QUIT":
                    return
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, verb: str, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match verb:
            case "EHLO":
                writer.write(
                    b"250-here\r\n"
                    + (b"250-STARTTLS\r\n" if self.starts_tls else b"")
                    + b"250 AUTH PLAIN\r\n"
                )
            case "STARTTLS":
                writer.write(b"220 go\r\n")
                await writer.drain()
                assert self.tls is not None
                await writer.start_tls(self.tls)
            case "AUTH":
                self.logins.append(base64.b64decode(line.split()[2]).decode())
                writer.write(b"235 welcome\r\n")
            case "DATA":
                writer.write(b"354 go on\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                kept = message_from_bytes(data[:-5], policy=policy.default)
                assert isinstance(kept, EmailMessage)
                self.got.append(kept)
                writer.write(b"250 kept\r\n")
            case "QUIT":
                writer.write(b"221 bye\r\n")
            case _:
                writer.write(b"250 fine\r\n")


@asynccontextmanager
async def receiving(receiver: Receiver, *, tls_at_once: bool = False) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    server = await asyncio.start_server(
        receiver.serve, "127.0.0.1", 0, ssl=receiver.tls if tls_at_once else None
    )
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOON - timedelta(days=9000))
        .not_valid_after(NOON + timedelta(days=9000))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a server with that certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def sender(url: str, **more: object) -> SmtpMessenger:
    """A messenger as the settings make it."""
    given: dict[str, object] = {"timeout_s": 20.0} | more
    return SmtpMessenger(url, "Inspections <inspections@example.com>", FakeClock(), **given)  # type: ignore[arg-type]


async def test_a_message_arrives_as_it_was_written() -> None:
    """Accents survive, the way out stands in the header mail programs look at, and machines do not answer it."""
    async with receiving(Receiver()) as receiver:
        await sender(f"smtp+plain://127.0.0.1:{receiver.port}").send(MESSAGE)
    (got,) = receiver.got
    assert (got["From"], got["To"]) == ("Inspections <inspections@example.com>", "camille@example.com")
    assert got["Subject"] == "Votre code"
    assert got.get_content().strip() == "Bonjour, été."
    assert got["List-Unsubscribe"] == "<https://x.example/stop?token=abc>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert got["Message-ID"].endswith("@example.com>")


async def test_tls_from_the_first_byte_with_a_log_in(tls: ssl.SSLContext, certificate: Path) -> None:
    """RFC 8314."""
    async with receiving(Receiver(tls), tls_at_once=True) as receiver:
        url = f"smtps://127.0.0.1:{receiver.port}"
        await sender(url, user="me", password="geheim", ca_file=certificate).send(MESSAGE)
    assert len(receiver.got) == 1
    assert receiver.logins == ["\0me\0geheim"]


async def test_starttls_is_insisted_on(tls: ssl.SSLContext, certificate: Path) -> None:
    """RFC 3207: where it is offered it is used; where somebody cut it out, nothing is sent, least of all a password."""
    async with receiving(Receiver(tls, starts_tls=True)) as receiver:
        url = f"smtp://127.0.0.1:{receiver.port}"
        await sender(url, user="me", password="geheim", ca_file=certificate).send(MESSAGE)
    assert receiver.verbs.index("STARTTLS") < receiver.verbs.index("AUTH")
    assert len(receiver.got) == 1
    async with receiving(Receiver()) as stripped:
        url = f"smtp://127.0.0.1:{stripped.port}"
        with pytest.raises(MessengerFailed):
            await sender(url, user="me", password="geheim", ca_file=certificate).send(MESSAGE)
    assert "AUTH" not in stripped.verbs
    assert stripped.got == []


async def test_a_certificate_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    async with receiving(Receiver(tls), tls_at_once=True) as receiver:
        with pytest.raises(MessengerFailed):
            await sender(f"smtps://127.0.0.1:{receiver.port}").send(MESSAGE)
    assert receiver.got == []


@pytest.mark.parametrize(
    ("refusals", "is_final"),
    [
        ({"RCPT": b"550 no such person\r\n"}, True),
        ({"RCPT": b"451 later\r\n"}, False),
        ({"DATA": b"554 spam\r\n"}, True),
        ({"MAIL": b"530 who are you\r\n"}, False),
        ({"EHLO": b"421 closing\r\n", "HELO": b"421 closing\r\n"}, False),
    ],
)
async def test_what_never_works_is_told_apart_from_what_may(
    refusals: dict[str, bytes], *, is_final: bool
) -> None:
    """A refused person is final; a refused service is ours to mend; neither says the address aloud."""
    async with receiving(Receiver(refusals=refusals)) as receiver:
        with pytest.raises(MessengerFailed) as refused:
            await sender(f"smtp+plain://127.0.0.1:{receiver.port}").send(MESSAGE)
    assert isinstance(refused.value, MessageRefused) is is_final
    assert "camille" not in str(refused.value)


async def test_a_server_that_is_away_or_silent_is_not_waited_for_long() -> None:
    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(MessengerFailed):
        await sender(f"smtp+plain://127.0.0.1:{port}", timeout_s=0.2).send(MESSAGE)
    server.close()
    with pytest.raises(MessengerFailed):
        await sender(f"smtp+plain://127.0.0.1:{port}").send(MESSAGE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: replace(m, to="camille@example.com\r\nBcc: everybody@example.com"),
        lambda m: replace(m, subject="Code\r\nX-Evil: 1"),
    ],
)
async def test_nothing_breaks_out_of_a_header(spoil: Callable[[Message], Message]) -> None:
    async with receiving(Receiver()) as receiver:
        with pytest.raises(MessageRefused):
            await sender(f"smtp+plain://127.0.0.1:{receiver.port}").send(spoil(MESSAGE))
    assert receiver.got == []
