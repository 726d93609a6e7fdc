"""Opens the object store that a setting names."""

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.objectstore.s3 import S3Location, S3Store
from reelyard.cluster.objectstore.store import ObjectStore, checked_prefix
from reelyard.media.locations import BUCKET

_S3_OPTIONS = frozenset({"endpoint", "region"})
_AWS = "https://s3.amazonaws.com"


def open_store(url: str, *, access_key: str = "", secret_key: str = "", public_url: str = "") -> ObjectStore:
    """The store at `file:///absolute/folder` or `s3://bucket[/prefix]?endpoint=http://host:port&region=us-east-1`.

    Args:
        url: REELYARD_STORAGE_URL.
        access_key: of S3.
        secret_key: of S3.
        public_url: scheme, host and port under which clients reach the S3 server; "" when they cannot.

    Raises:
        ValueError: the URL names no store; the message says what is valid.
        StorageError: the folder cannot be created.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ValueError("a storage URL of a folder is file:///absolute/folder")
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return S3Store(_s3_location(parts, access_key, secret_key, public_url))
    raise ValueError("a storage URL begins with file: or s3:")


def _s3_location(parts: SplitResult, access_key: str, secret_key: str, public_url: str) -> S3Location:
    options = dict(parse_qsl(parts.query))
    unknown = sorted(set(options) - _S3_OPTIONS)
    if unknown:
        raise ValueError(f"a storage URL has no option '{unknown[0]}'; valid are endpoint and region")
    if not BUCKET.fullmatch(parts.netloc):
        raise ValueError(
            "a storage URL of S3 names a bucket, as in s3://bucket: 3 to 63 lower-case letters, digits, '.' and '-'"
        )
    if not access_key or not secret_key:
        raise ValueError("an S3 store needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    prefix = parts.path.strip("/")
    return S3Location(
        endpoint=_server(options.get("endpoint", _AWS), "endpoint"),
        bucket=parts.netloc,
        prefix=checked_prefix(f"{prefix}/") if prefix else "",
        region=options.get("region", "us-east-1"),
        access_key=access_key,
        secret_key=secret_key,
        public_url=_server(public_url, "public address") if public_url else "",
    )


def _server(url: str, what: str) -> str:
    """The URL, if it has a scheme, a host and nothing behind: S3 signs the path, so there can be none in front."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"the {what} of an S3 store is http(s)://host[:port], without a path")
    return f"{parts.scheme}://{parts.netloc}"
