"""Carry out the steps of a flow over httpx: one driver waits, the other awaits."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from functools import partial, update_wrapper
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from inspection_service.client.records import Page
from inspection_service.client.steps import Answer, Call, Do, Flow, Lost, Now, Pause, Retries, Send

P = ParamSpec("P")
T = TypeVar("T")
Pages = Callable[[str | None], Flow[Page[T]]]
"""Fetches the page at a cursor; ``None``: the first."""
Trust = bool | ssl.SSLContext
_PIECE_BYTES: Final = 64 * 1024


class Connection:
    """What both clients keep: where the service is, with which key, and how patiently to try."""

    def __init__(self, api_key: str, *, retries: Retries | None = None) -> None:
        """Keep it."""
        self._api_key = api_key
        self.retries = retries or Retries()

    def _written(self, call: Call) -> dict[str, Any]:
        """Return what httpx is asked for; the key goes to the service and nowhere else."""
        headers = dict(call.headers)
        if call.is_ours:
            headers["Authorization"] = f"Bearer {self._api_key}"
        asked: dict[str, Any] = {"params": dict(call.params) or None, "headers": headers}
        if call.content is not None:
            asked["content"] = call.content
        elif call.body is not None:
            asked["json"] = call.body
        if call.timeout_s is not None:
            asked["timeout"] = call.timeout_s
        return asked


def _http(base_url: str, timeout_s: float) -> dict[str, Any]:
    return {
        "base_url": base_url.rstrip("/"),
        "headers": {
            "User-Agent": f"inspection-service-client/{_version()}",
        },
        "timeout": timeout_s,
        "follow_redirects": False,  # the key is for this service and nobody it points at
    }


def _version() -> str:
    try:
        return version("inspection-service")
    except PackageNotFoundError:
        return "0"


class Synchronous(Connection):
    """Runs flows and waits for them."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
        verify: Trust = True,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep where the service is; the first call connects.

        Args:
            base_url: Address of the service.
            api_key: ``isk_...``; ``isk_test_...`` is a sandbox.
            timeout_s: Longest wait for an answer to begin or to go on.
            retries: How often and how patiently something is tried again.
            verify: An SSL context with roots of your own; ``False`` only ever for tests.
            transport: Stands in for the network.
            sleep: Waits.
        """
        super().__init__(api_key, retries=retries)
        self._http = httpx.Client(
            **_http(base_url, timeout_s), verify=verify, transport=transport, trust_env=False
        )
        self._sleep = sleep

    def __enter__(self) -> Self:
        """Use the client for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connections."""
        self.close()

    def close(self) -> None:
        """Let go of the connections; closing twice is fine."""
        self._http.close()

    def _run(self, flow: Flow[T]) -> T:
        reply: Any = None
        try:
            while True:
                match flow.send(reply):
                    case Send(call):
                        reply = self._send(call)
                    case Pause(seconds):
                        self._sleep(seconds)
                        reply = None
                    case Now():
                        reply = time.monotonic()
                    case Do(what):
                        reply = what()
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            flow.close()

    def _walk(self, pages: Pages[T]) -> Iterator[T]:
        cursor: str | None = None
        while True:
            page = self._run(pages(cursor))
            yield from page.items
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def _send(self, call: Call) -> Answer | Lost:
        try:
            with self._http.stream(call.method, call.path, **self._written(call)) as response:
                if call.save_to is None or response.is_error:
                    response.read()
                    return _answer(response, response.content)
                with _Saving(call.save_to) as file:
                    for piece in response.iter_bytes(_PIECE_BYTES):
                        file.write(piece)
                return _answer(response, b"")
        except httpx.TransportError as error:
            return _lost(error)


class Asynchronous(Connection):
    """Runs flows and awaits them."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
        verify: Trust = True,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
    ) -> None:
        """Keep where the service is; the first call connects. See ``InspectionClient`` for the arguments."""
        super().__init__(api_key, retries=retries)
        self._http = httpx.AsyncClient(
            **_http(base_url, timeout_s), verify=verify, transport=transport, trust_env=False
        )
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        """Use the client for the length of a block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connections; closing twice is fine."""
        await self._http.aclose()

    async def _run(self, flow: Flow[T]) -> T:
        reply: Any = None
        try:
            while True:
                match flow.send(reply):
                    case Send(call):
                        reply = await self._send(call)
                    case Pause(seconds):
                        await self._sleep(seconds)
                        reply = None
                    case Now():
                        reply = time.monotonic()
                    case Do(what):
                        reply = await asyncio.to_thread(what)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            flow.close()

    async def _walk(self, pages: Pages[T]) -> AsyncIterator[T]:
        cursor: str | None = None
        while True:
            page = await self._run(pages(cursor))
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    async def _send(self, call: Call) -> Answer | Lost:
        try:
            async with self._http.stream(call.method, call.path, **self._written(call)) as response:
                if call.save_to is None or response.is_error:
                    await response.aread()
                    return _answer(response, response.content)
                with _Saving(call.save_to) as file:
                    async for piece in response.aiter_bytes(_PIECE_BYTES):
                        await asyncio.to_thread(file.write, piece)
                return _answer(response, b"")
        except httpx.TransportError as error:
            return _lost(error)


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """Makes a method of a flow: one that waits in ``InspectionClient``, one to await in ``AsyncInspectionClient``."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        """Keep the flow."""
        self._flow = flow
        update_wrapper(self, flow)  # type: ignore[arg-type]  # an object stands in for the function

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Synchronous, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Asynchronous, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        """Bind to a client."""
        if client is None:
            return self
        return update_wrapper(partial(self._run, client), self._flow)

    def _run(self, client: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        return client._run(self._flow(client, *args, **kwargs))


class listing(Generic[P, T]):  # noqa: N801 - a decorator
    """Makes a method that walks through all pages of a list: ``for`` in one client, ``async for`` in the other."""

    def __init__(self, pages: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        """Keep how pages are fetched."""
        self._pages = pages
        update_wrapper(self, pages)  # type: ignore[arg-type]  # an object stands in for the function

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Synchronous, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: Asynchronous, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, client: Any, owner: type) -> Any:
        """Bind to a client."""
        if client is None:
            return self
        return update_wrapper(partial(self._walk, client), self._pages)

    def _walk(self, client: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        return client._walk(self._pages(client, *args, **kwargs))


class _Saving:
    """A file that appears under its name when all of it is there, and not at all otherwise."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}-", dir=self._path.parent)
        self._draft, self._file = Path(name), os.fdopen(descriptor, "wb")
        return self._file

    def __exit__(self, kind: object, *_: object) -> None:
        assert self._file is not None
        assert self._draft is not None
        self._file.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            with suppress(FileNotFoundError):
                self._draft.unlink()


def _answer(response: httpx.Response, body: bytes) -> Answer:
    return Answer(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, body
    )


def _lost(error: httpx.TransportError) -> Lost:
    return Lost(f"{type(error).__name__}: {error}".rstrip(": "))
