"""An object store in an S3 bucket (MinIO, AWS and their like).

S3 makes an object visible in one step when its upload completes. Large files go up in parts, one part in memory at
a time, and a broken upload is aborted, so that the store does not keep its parts.
"""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import urllib3
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.datatypes import Upload
from minio.error import MinioException, S3Error
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule

from reelyard.cluster.objectstore.store import (
    CHUNK_BYTES,
    Fault,
    ListedObject,
    ObjectMissingError,
    ObjectStat,
    Progress,
    StorageError,
    checked_key,
    checked_prefix,
    fault_of,
    verify_sha256,
)
from reelyard.cluster.work import StoredObject

_MIB = 1024 * 1024
_MIN_PART_BYTES = 8 * _MIB
_MAX_PARTS = 9_000  # S3 allows 10,000
# The parts of an upload whose process was killed: removed by the store, where it knows lifecycle rules.
_ABANDONED_DAYS = 7

_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60
_RETRIES = 3
_BACKOFF_S = 0.2
_BUSY = (500, 502, 503, 504)
_CONNECTIONS = 16

_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject", "NoSuchUpload"})
_BUCKET_EXISTS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_PAST_THE_END = "InvalidRange"
#: What was sent is not what arrived.
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest"})


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """A bucket and how to reach it; `public_url` is where clients reach the same server, "" when they cannot."""

    endpoint: str
    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    public_url: str = ""


class S3Store:
    """Keeps objects in a bucket, which it creates when it is missing. Connects when it is first used."""

    def __init__(self, location: S3Location) -> None:
        self._location = location
        self._bucket = location.bucket
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT_S, read=_READ_TIMEOUT_S),
            maxsize=_CONNECTIONS,
            retries=urllib3.Retry(total=_RETRIES, backoff_factor=_BACKOFF_S, status_forcelist=_BUSY),
        )
        self._client = self._open(location.endpoint)
        # signing needs no connection as long as the region is given
        self._public = self._open(location.public_url) if location.public_url else None
        self._bucket_lock = threading.Lock()
        self._bucket_known = False

    def put_file(
        self, key: str, path: Path, *, mime_type: str, move: bool = False, progress: Progress | None = None
    ) -> StoredObject:
        """See `ObjectStore.put_file`."""
        name = self._name(key)
        with _translated("write", key), path.open("rb") as source:
            self._ensure_bucket()
            size = path.stat().st_size
            reader = _HashingReader(source, progress)
            self._client.put_object(
                self._bucket,
                name,
                cast("BinaryIO", reader),
                size,
                content_type=mime_type,
                part_size=part_bytes(size, least=_MIN_PART_BYTES),
                # its pool of threads is not ended when an upload breaks off
                num_parallel_uploads=1,
            )
            if move:
                path.unlink()
        return StoredObject(key=key, size_bytes=reader.size, sha256=reader.digest.hexdigest(), mime_type=mime_type)

    def fetch(self, key: str, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.fetch`."""
        with self.open_range(key) as pieces, _translated("fetch", key), path.open("xb") as sink:
            try:
                done = 0
                for piece in pieces:
                    sink.write(piece)
                    done += len(piece)
                    if progress is not None:
                        progress(done)
            except BaseException:
                path.unlink()
                raise

    @contextmanager
    def open_range(self, key: str, start: int = 0, length: int | None = None) -> Iterator[Iterator[bytes]]:
        """See `ObjectStore.open_range`."""
        if length == 0:  # the client reads 0 as "to the end"
            self.stat(key)
            yield iter(())
            return
        try:
            with _translated("read", key):
                response = self._client.get_object(self._bucket, self._name(key), offset=start, length=length or 0)
        except _PastTheEndError:
            yield iter(())
            return
        try:
            yield _pieces(response, key)
        finally:
            # not drained: the rest of a file that nobody wants may be gigabytes
            response.close()
            response.release_conn()

    def stat(self, key: str) -> ObjectStat:
        """See `ObjectStore.stat`."""
        with _translated("read", key):
            found = self._client.stat_object(self._bucket, self._name(key))
            if found.size is None or found.last_modified is None:
                raise StorageError(f"The object store does not tell the size and time of '{key}'.")
            return ObjectStat(size_bytes=found.size, modified_ms=int(found.last_modified.timestamp() * 1000))

    def verify(self, stored: StoredObject, path: Path, *, progress: Progress | None = None) -> None:
        """See `ObjectStore.verify`."""
        verify_sha256(stored, path, progress)

    def delete(self, key: str) -> None:
        """See `ObjectStore.delete`."""
        with _translated("delete", key, missing_is_fine=True):
            self._client.remove_object(self._bucket, self._name(key))

    def list_keys(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list_keys`."""
        for listed in self.list_objects(prefix):
            yield listed.key

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """See `ObjectStore.list_objects`."""
        name = self._location.prefix + checked_prefix(prefix)
        with _translated("list", prefix, missing_is_fine=True):
            for found in self._client.list_objects(self._bucket, prefix=name, recursive=True):
                # some servers list folders too
                if found.object_name is None or found.object_name.endswith("/"):
                    continue
                if found.size is None or found.last_modified is None:
                    raise StorageError(f"The object store does not tell the size and time of what is in '{prefix}'.")
                yield ListedObject(
                    key=found.object_name.removeprefix(self._location.prefix),
                    size_bytes=found.size,
                    modified_ms=int(found.last_modified.timestamp() * 1000),
                )

    def remove_abandoned(self, prefixes: tuple[str, ...], *, older_than_ms: int) -> int:
        """See `ObjectStore.remove_abandoned`: aborts multipart uploads.

        The client has these calls as private ones only. All uploads of the bucket are listed, and chosen here: MinIO's
        own server takes a prefix for a whole key (https://github.com/minio/minio/issues/20989); its versions before
        2025 list none at all. JuiceFS's gateway was tried. The lifecycle rule of a bucket that we made does the same.
        """
        ours = tuple(self._location.prefix + prefix for prefix in prefixes)
        before = datetime.now(tz=UTC) - timedelta(milliseconds=older_than_ms)
        with _translated("list the uploads of", self._bucket, missing_is_fine=True):
            abandoned = [
                upload
                for upload in self._uploads()
                if upload.object_name.startswith(ours)
                and upload.upload_id is not None
                and upload.initiated_time is not None
                and upload.initiated_time <= before
            ]
        for upload in abandoned:
            with _translated("abort an upload of", upload.object_name, missing_is_fine=True):
                self._client._abort_multipart_upload(self._bucket, upload.object_name, cast("str", upload.upload_id))  # noqa: SLF001
        return len(abandoned)

    def _uploads(self) -> Iterator[Upload]:
        key_marker = upload_id_marker = None
        while True:
            page = self._client._list_multipart_uploads(  # noqa: SLF001
                self._bucket,
                key_marker=key_marker,
                upload_id_marker=upload_id_marker,
            )
            yield from page.uploads
            key_marker, upload_id_marker = page.next_key_marker, page.next_upload_id_marker
            if not page.is_truncated or not key_marker:
                return

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002
        """See `ObjectStore.local_path`: always None."""
        return None

    def presigned_get(self, key: str, *, expires_s: int, filename: str, mime_type: str) -> str | None:
        """See `ObjectStore.presigned_get`. Needs no connection."""
        if self._public is None:
            return None
        with _translated("sign a URL for", key):
            return self._public.presigned_get_object(
                self._bucket,
                self._name(key),
                expires=timedelta(seconds=expires_s),
                response_headers={
                    "response-content-type": mime_type,
                    "response-content-disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
                },
            )

    def check(self) -> None:
        """See `ObjectStore.check`; creates the bucket when it is missing."""
        with _translated("open", self._bucket):
            if self._client.bucket_exists(self._bucket):
                return
            self._create_bucket()

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._http.clear()

    def _open(self, url: str) -> Minio:
        parts = urllib3.util.parse_url(url)
        return Minio(
            parts.netloc or "",
            access_key=self._location.access_key or None,
            secret_key=self._location.secret_key or None,
            secure=parts.scheme == "https",
            region=self._location.region,
            http_client=self._http,
        )

    def _name(self, key: str) -> str:
        return self._location.prefix + checked_key(key)

    def _ensure_bucket(self) -> None:
        with self._bucket_lock:
            if not self._bucket_known:
                if not self._client.bucket_exists(self._bucket):
                    self._create_bucket()
                self._bucket_known = True

    def _create_bucket(self) -> None:
        try:
            self._client.make_bucket(self._bucket, location=self._location.region)
        except S3Error as error:
            if error.code not in _BUCKET_EXISTS:  # another process was quicker
                raise
        rule = Rule(
            status=ENABLED,
            rule_filter=Filter(prefix=""),
            rule_id="reelyard-abandoned-uploads",
            abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=_ABANDONED_DAYS),
        )
        try:
            self._client.set_bucket_lifecycle(self._bucket, LifecycleConfig([rule]))
        except S3Error as error:
            if error.code not in {"NotImplemented", "AccessDenied"}:  # a convenience that not every store has
                raise


class _HashingReader(io.RawIOBase):
    """A file that hashes and counts what is read of it: the bytes that are sent."""

    def __init__(self, source: BinaryIO, progress: Progress | None) -> None:
        super().__init__()
        self._source = source
        self._progress = progress
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size if 0 <= size < CHUNK_BYTES else CHUNK_BYTES)
        self.digest.update(piece)
        self.size += len(piece)
        if self._progress is not None and piece:
            self._progress(self.size)
        return piece


class _PastTheEndError(Exception):
    """A range begins behind the object's last byte."""


def part_bytes(size: int, *, least: int) -> int:
    """The size of the parts of a file in bytes: small for little memory, larger only where there would be too many."""
    needed = -(-size // _MAX_PARTS)
    return max(least, -(-needed // _MIB) * _MIB)


def _pieces(response: Any, key: str) -> Iterator[bytes]:
    with _translated("read", key):
        yield from response.stream(CHUNK_BYTES)


@contextmanager
def _translated(verb: str, key: str, *, missing_is_fine: bool = False) -> Iterator[None]:
    """The client's errors as ours; their texts hold neither keys nor signed URLs."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            if missing_is_fine:
                return
            raise ObjectMissingError(f"The object store has no object '{key}'.") from error
        if error.code == _PAST_THE_END:
            raise _PastTheEndError from error
        message = f"The object store refused to {verb} '{key}' ({error.code}: {error.message})."
        raise StorageError(message, fault=_fault(error)) from error
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        # urllib3's texts have whole URLs in them, signed ones too
        reason = type(getattr(error, "reason", None) or error).__name__
        raise StorageError(f"The object store could not {verb} '{key}' ({reason}).", fault=_fault(error)) from error
    except OSError as error:
        message = f"Could not {verb} '{key}': {error.strerror or type(error).__name__}."
        raise StorageError(message, fault=fault_of(error)) from error


def _fault(error: Exception) -> Fault:
    """What kind of failure the client's error tells."""
    # After its last try urllib3 wraps what that one ran into.
    error = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    if isinstance(error, S3Error):
        if error.code in _DAMAGED:
            return Fault.CHECKSUM
        return Fault.FAILED if error.response.status >= HTTPStatus.INTERNAL_SERVER_ERROR else Fault.REFUSED
    # Its class for "can't connect in time" is one of time-outs, and so are those for "refused" and "no such name".
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return Fault.UNREACHABLE
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Fault.TIMEOUT
    if isinstance(
        error,
        (urllib3.exceptions.ProtocolError, urllib3.exceptions.IncompleteRead, urllib3.exceptions.SSLError),
    ):
        return Fault.UNREACHABLE
    return Fault.FAILED
