"""Objects in an S3 bucket, through boto3 in threads of its own.

Source: conditional writes, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from inspection_service.storage.errors import ObjectExists, ObjectMissing, StorageFull, StoreUnavailable
from inspection_service.storage.objects import DirectPut, checked_key

_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_TAKEN: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_FULL: Final = frozenset({"InsufficientStorage", "QuotaExceeded", "507", "XMinioStorageFull"})
Result = TypeVar("Result")


class S3Store:
    """Keeps objects in one bucket; ``If-None-Match`` makes the first writer of a key win."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        threads: int = 4,
        public_endpoint: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._public_endpoint = public_endpoint or endpoint
        self._threads = ThreadPoolExecutor(threads, "s3-store")
        self._options: dict[str, Any] = {
            "endpoint_url": endpoint,
            "region_name": region or "us-east-1",
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "config": Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 3, "mode": "standard"},
                max_pool_connections=threads,
                s3={"addressing_style": "path" if endpoint else "auto"},
            ),
        }
        self._made: Any = None
        self._made_signer: Any = None
        self._making = threading.Lock()  # making a client is not safe in two threads, using one is

    async def put(self, key: str, data: bytes) -> None:
        """Store bytes; see ``ObjectStore.put``. The server checks them against their SHA-256."""
        checked_key(key)
        digest = b64encode(hashlib.sha256(data).digest()).decode()
        try:
            await self._call(
                lambda client: client.put_object(
                    Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*", ChecksumSHA256=digest
                )
            )
        except ObjectExists:
            if await self.get(key) != data:
                raise

    async def direct_put(
        self, key: str, *, size_bytes: int, sha256: str, media_type: str, valid_s: int
    ) -> DirectPut:
        """Return a presigned PUT; see ``TakesDirectly``. Signing asks nobody, so the address is not reached here."""
        checked_key(key)
        digest = b64encode(bytes.fromhex(sha256)).decode()

        def sign(_: Any) -> str:
            signed: str = self._signer().generate_presigned_url(
                "put_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ContentLength": size_bytes,
                    "ContentType": media_type,
                    "ChecksumSHA256": digest,
                },
                ExpiresIn=valid_s,
                HttpMethod="PUT",
            )
            return signed

        url = await self._call(sign)
        headers = {"Content-Type": media_type, "Content-Length": str(size_bytes)}
        return DirectPut(url, headers | {"x-amz-checksum-sha256": digest})

    async def get(self, key: str) -> bytes:
        """Return all bytes; see ``ObjectStore.get``."""
        checked_key(key)

        def read(client: Any) -> bytes:
            body: bytes = client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return body

        return await self._call(read)

    async def exists(self, key: str) -> bool:
        """Say whether the object is there."""
        try:
            await self.size(key)
        except ObjectMissing:
            return False
        return True

    async def size(self, key: str) -> int:
        """Return the size in bytes; see ``ObjectStore.size``."""
        checked_key(key)
        return await self._call(
            lambda client: int(client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        )

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""
        checked_key(key)
        await self._call(lambda client: client.delete_object(Bucket=self._bucket, Key=key))

    async def list(self, prefix: str) -> tuple[str, ...]:
        """Return keys that start with ``prefix``; see ``ObjectStore.list``."""

        def read(client: Any) -> tuple[str, ...]:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return tuple(sorted(item["Key"] for page in pages for item in page.get("Contents", ())))

        return await self._call(read)

    async def ping(self) -> None:
        """Return when the bucket answers; see ``ObjectStore.ping``."""
        try:
            await self._call(lambda client: client.head_bucket(Bucket=self._bucket))
        except ObjectMissing as error:
            raise StoreUnavailable from error

    async def close(self) -> None:
        """End the threads and the connections."""
        self._threads.shutdown(wait=True)
        made, self._made = (self._made, self._made_signer), None
        self._made_signer = None
        for client in made:
            if client is not None:
                client.close()

    async def _call(self, work: Callable[[Any], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: work(self._client())
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise ObjectMissing from error
            if code in _TAKEN:
                raise ObjectExists from error
            if code in _FULL:
                raise StorageFull from error
            raise StoreUnavailable from error
        except BotoCoreError as error:
            raise StoreUnavailable from error

    def _client(self) -> Any:
        # Made at first use, in a thread: reading boto3's service description takes a tenth of a second.
        with self._making:
            if self._made is None:
                self._made = boto3.client("s3", **self._options)
            return self._made

    def _signer(self) -> Any:
        """A client that signs addresses as those outside reach them; it is never used to ask anything."""
        with self._making:
            if self._made_signer is None:
                config = self._options["config"].merge(Config(signature_version="s3v4"))
                options = self._options | {"endpoint_url": self._public_endpoint, "config": config}
                self._made_signer = boto3.client("s3", **options)
            return self._made_signer
