"""S3 (AWS, MinIO and their like): one object, visible when its upload completes, read by range."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from encoder_node.transfer.faults import Fault, PeerError
from encoder_node.transfer.parcel import Parcel
from encoder_node.transfer.reach import Line
from encoder_node.transfer.reading import Reading
from encoder_node.unreachable import why_unreachable
from reelyard.cluster.objectstore.s3 import part_bytes
from reelyard.cluster.urlguard import ForbiddenAddressError
from reelyard.media.errors import ReelyardError
from reelyard.media.locations import Location

#: The size of a part, of which one is in memory: S3's smallest.
_PART_BYTES = 5 * 1024 * 1024
_READ_BYTES = 256 * 1024

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_MISSING = frozenset({"NoSuchBucket", "NoSuchKey", "NoSuchObject", "ResourceNotFound"})


def upload(line: Line, location: Location, parcel: Parcel) -> None:
    """Deliver a parcel to the object that the location names. The bucket must be there.

    Each part goes up with its checksum, which the server verifies; the whole's size is asked for at the end. An
    upload that breaks off is aborted, so that the server does not keep its parts.

    Raises:
        PeerError: the server, or the way to it, was the trouble.
        WorkError: the store was.
        StoppedError: the task was stopped.
    """
    size = parcel.object.size_bytes
    with _client(line, location) as client, parcel.pieces() as pieces:
        reader = _Reader(pieces)
        try:
            with _translated():
                client.put_object(
                    location.bucket,
                    location.path,
                    cast("BinaryIO", reader),
                    size,
                    content_type=parcel.object.mime_type,
                    part_size=part_bytes(size, least=_PART_BYTES),
                    num_parallel_uploads=1,  # its pool of threads is not ended when an upload breaks off
                )
        except PeerError:
            # What broke off the reading counts, whatever became of the abort that followed.
            if reader.error is not None:
                raise reader.error from None
            line.stop.check()
            raise
        with _translated():
            found = client.stat_object(location.bucket, location.path).size
        if found != size:
            raise PeerError(Fault.REFUSED, f"{found} of {size} bytes arrived")


class _Reader(io.RawIOBase):
    """Pieces as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; b"" at the end."""
        if not self._rest:
            try:
                self._rest = memoryview(next(self._pieces, b""))
            except Exception as error:
                self.error = error
                raise
        piece = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(piece) :]
        return bytes(piece)


@contextlib.contextmanager
def reading(line: Line, location: Location, start: int) -> Iterator[Reading]:
    """Read an object from `start`, in bytes, to its end.

    Raises:
        PeerError: on entering, and from the pieces.
    """
    with _client(line, location) as client:
        with _translated():
            found = client.stat_object(location.bucket, location.path)
            version = found.etag or ""
            same = {"If-Match": f'"{version}"'} if version else None
            empty = found.size == start  # a range of nothing is an error
            response = (
                None
                if empty
                else client.get_object(location.bucket, location.path, offset=start, request_headers=cast("Any", same))
            )
        mime_type = (found.content_type or "").partition(";")[0].strip().lower()
        try:
            pieces = iter(()) if response is None else _pieces(response)
            yield Reading(size=found.size, start=start, version=version, pieces=pieces, mime_type=mime_type)
        finally:
            if response is not None:
                response.close()
                response.release_conn()


def _pieces(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    with _translated():
        while piece := response.read1(_READ_BYTES, decode_content=False):
            yield piece


@contextlib.contextmanager
def _client(line: Line, location: Location) -> Iterator[Minio]:
    line.stop.check()
    host = f"[{location.host}]" if ":" in location.host else location.host
    with line.http() as pool:
        yield Minio(
            f"{host}:{location.port}",
            access_key=location.user or None,
            secret_key=location.password or None,
            secure=location.secure,
            region=location.region,
            http_client=pool,
        )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """The client's errors as ours; their texts may hold signed URLs."""
    try:
        yield
    except ForbiddenAddressError as error:
        raise PeerError(Fault.FORBIDDEN, error.message) from error
    except ReelyardError:
        raise
    except S3Error as error:
        raise _refusal(error) from None
    except urllib3.exceptions.ReadTimeoutError:
        raise PeerError(Fault.STALLED, "it did not answer in time") from None
    except urllib3.exceptions.HTTPError as error:
        raise PeerError(Fault.BROKEN, why_unreachable(error)) from None
    except (MinioException, ValueError) as error:
        raise PeerError(Fault.REFUSED, f"its answer was not understood ({type(error).__name__})") from None
    except OSError:
        raise PeerError(Fault.BROKEN, "the connection broke off") from None


def _refusal(error: S3Error) -> PeerError:
    said = f"{error.code}: {error.message}"
    if error.code in _DENIED:
        return PeerError(Fault.DENIED, "the server does not permit it", said=said)
    if error.code in _MISSING:
        return PeerError(Fault.MISSING, "there is no such bucket or object", said=said)
    return PeerError(Fault.REFUSED, "the server refused it", said=said)
