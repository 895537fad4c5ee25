"""Asking a service: over real sockets, with servers that are slow, lie, lead elsewhere or never stop talking."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from inspection_service.reports.verify_online import MAX_ANSWER_BYTES, MAX_ENTRIES, Log

pytestmark = pytest.mark.unit
DIGEST = "ab" * 32
Answering = Callable[[socket.socket, bytes], None]


class Server:
    """Answers every connection in the same way, byte by byte as it is told."""

    def __init__(self, answering: Answering) -> None:
        self.questions: list[bytes] = []
        self.done = threading.Event()
        self._answering = answering
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self.done.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(
                    5
                )  # a client that forgets to hang up fails its test, and holds up no other
                question = connection.recv(65536)
                self.questions.append(question)
                try:
                    self._answering(connection, question)
                except OSError:
                    continue  # whoever asked has gone


@pytest.fixture
def serve() -> Iterator[Callable[[Answering], Server]]:
    servers: list[Server] = []

    def start(answering: Answering) -> Server:
        servers.append(Server(answering))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def saying(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> Answering:
    head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n" % (status, len(body), more)
    return lambda connection, _: connection.sendall(head + body)


def test_an_answer_is_read(serve: Callable[[Answering], Server]) -> None:
    """One question, to the address of the contract, with nothing in it but the hash."""
    newer = [{"kind": "addendum", "json_sha256": "0" * 64, "at": "2026-11-23T10:00:00Z"}]
    server = serve(saying(json.dumps({"known": True, "newer": newer}).encode()))
    status = Log(server.url + "/under/")(DIGEST)
    assert (status.known, status.newer) == (True, (("addendum", "2026-11-23T10:00:00Z"),))
    (question,) = server.questions
    assert question.startswith(b"GET /under/v1/log/status?json_sha256=" + DIGEST.encode() + b" HTTP/1.1\r\n")
    assert b"cookie" not in question.lower()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'{"known":1,"newer":[]}', b'{"known":true}', b'{"known":true,"newer":{}}',
        b'{"known":true,"newer":[1]}', b'{"known":true,"newer":[{"kind":"addendum"}]}', b"[" * 60_000,
        b'{"known":true,"newer":[{"kind":"\\u001b[2J","at":"2026-11-23T10:00:00Z"}]}',
        b'{"known":true,"newer":[{"kind":"addendum","at":"soon"}]}', b"\xff\xfe", b"<html>",
        b'{"known":true,"newer":[' + b",".join([b'{"kind":"a","at":"2026-11-23T10"}'] * (MAX_ENTRIES + 1)) + b"]}",
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_no_answer(serve: Callable[[Answering], Server], body: bytes) -> None:
    """Whatever a lying server says, it says nothing."""
    with pytest.raises(OSError, match=r".+"):
        Log(serve(saying(body)).url)(DIGEST)


@pytest.mark.parametrize(
    "status", [b"301 Moved", b"302 Found", b"307 Again", b"404 None", b"500 No", b"204 Empty"]
)
def test_nobody_is_followed_elsewhere(serve: Callable[[Answering], Server], status: bytes) -> None:
    """A redirect is no answer, and the place it names is not asked."""
    elsewhere = serve(saying(b'{"known":true,"newer":[]}'))
    leading = serve(saying(b"", status, b"Location: %b/v1/log/status\r\n" % elsewhere.url.encode()))
    with pytest.raises(OSError, match="status"):
        Log(leading.url)(DIGEST)
    assert elsewhere.questions == []


def test_an_answer_without_end_is_given_up(serve: Callable[[Answering], Server]) -> None:
    """Announced large, and really large without being announced."""
    huge = serve(saying(b" " * (MAX_ANSWER_BYTES + 1)))
    with pytest.raises(OSError, match="too large"):
        Log(huge.url)(DIGEST)

    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with pytest.raises(OSError, match="too large"):
        Log(serve(endless).url)(DIGEST)

    def headers(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: y\r\n" * 1000)

    with pytest.raises(OSError, match=r".+"):
        Log(serve(headers).url)(DIGEST)


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"])
def test_a_server_that_takes_its_time_is_given_up(
    serve: Callable[[Answering], Server], begins: bytes
) -> None:
    """Silent from the start, or after a part; one byte now and then does not help it."""
    server: Server

    def slow(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begins)
        while not server.done.wait(0.02):
            connection.sendall(b" " if begins else b"")

    server = serve(slow)
    with pytest.raises(OSError, match=r"time"):
        Log(server.url, timeout_s=0.2)(DIGEST)


def test_nobody_there_is_no_answer(serve: Callable[[Answering], Server]) -> None:
    """A port nobody listens on; a connection that ends at once; no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OSError, match=r".+"):
        Log(f"http://127.0.0.1:{port}")(DIGEST)
    for said in (b"", b"SSH-2.0-OpenSSH\r\n", b"\x00" * 100):

        def answering(connection: socket.socket, _: bytes, said: bytes = said) -> None:
            connection.sendall(said)

        with pytest.raises(OSError, match=r".+"):
            Log(serve(answering).url)(DIGEST)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "fe80::1", "fc00::1", "ff02::1", "::", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "64:ff9b:1::a00:1", "2002:a00:1::", "2001::1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Private places are nobody's public log, also behind a name, a mapping or a translation."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("was asked"))
    with pytest.raises(OSError, match="private"):
        Log("http://log.example")(DIGEST)


def test_a_name_with_one_private_address_is_not_asked_there(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Answering], Server]
) -> None:
    """The address that was looked at is the one that is asked: a name is resolved once."""
    server = serve(saying(b'{"known":true,"newer":[]}'))
    port = int(server.url.rpartition(":")[2])
    asked: list[object] = []

    def found(*arguments: object, **_: object) -> list[tuple[object, ...]]:
        asked.append(arguments)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    assert Log(f"http://log.example:{port}")(DIGEST).known
    assert len(asked) == 1


@pytest.mark.parametrize(
    "url",
    ["", "log.example", "ftp://log.example", "file:///etc/passwd", "http://", "http://user:pw@log.example",
     "http://log.example?x=1", "https://log.example:99999", "http://[::1", "http://log.example/\r\nX: y"],
)  # fmt: skip
def test_only_addresses_of_the_web_are_taken(url: str) -> None:
    """Said before anything is asked."""
    with pytest.raises(ValueError, match=r".+"):
        Log(url)


def test_a_secure_service_must_prove_who_it_is(serve: Callable[[Answering], Server]) -> None:
    """Something that is no TLS, or a certificate nobody knows."""
    server = serve(lambda connection, _: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    with pytest.raises(OSError, match=r".+"):
        Log(server.url.replace("http:", "https:"))(DIGEST)
