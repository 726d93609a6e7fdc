"""GET and HEAD of /download/…: the files behind FileURL, ThumbnailURL and DownloadURL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway.download.conditions import entity_tag, http_date, is_unchanged, range_applies
from gateway.download.disposition import content_disposition
from gateway.download.ranges import ByteRange, UnsatisfiableRangeError, parse_range
from gateway.download.response import StoredFileResponse
from gateway.error_answers import error_answer
from gateway.object_id import read_object_id
from gateway.parts import Parts, PartsOf
from reelyard.cluster.views import DownloadView
from reelyard.media.errors import ErrorCode, NotFoundError, SpecError

router = APIRouter()

PREFIX = "/download/"

#: The folders of download URLs, and the kind of media that each is for.
KINDS: Mapping[str, str] = MappingProxyType({"sourcemedia": "input", "output": "output"})

#: Errors of downloads say by their HTTP status what they are: whoever opens such a URL knows no API.
_HTTP_STATUS: Mapping[ErrorCode, HTTPStatus] = MappingProxyType(
    {
        ErrorCode.ASSET_NOT_FOUND: HTTPStatus.NOT_FOUND,
        ErrorCode.MEDIA_EXPIRED: HTTPStatus.GONE,
        ErrorCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

# A copy may be kept and must be asked about before each use: the URL ends with the media.
_CACHE_CONTROL = "private, no-cache"


def http_status(code: ErrorCode) -> HTTPStatus:
    """The HTTP status that an error of a download is answered with."""
    return _HTTP_STATUS.get(code, HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True)
class FilePath:
    """The parts of a download URL's path; FastAPI fills them in."""

    folder: str
    media_id: str
    token: str = field(repr=False)
    name: str


@router.api_route(PREFIX + "{folder}/{media_id}/{token}/{name}", methods=["GET", "HEAD"])
async def download(request: Request, parts: PartsOf, path: Annotated[FilePath, Depends()]) -> Response:
    """One stored file, or a range of it."""
    found = await _resolve(parts, path)
    tag = entity_tag(found.sha256)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": _CACHE_CONTROL,
        "ETag": tag,
        "Last-Modified": http_date(found.updated_ms),
    }
    if is_unchanged(request.headers, tag=tag, modified_ms=found.updated_ms):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers |= {
        "Content-Type": found.mime_type,
        "Content-Disposition": content_disposition(found.filename, found.mime_type),
        "X-Content-Type-Options": "nosniff",
    }
    if request.method == "HEAD":
        return Response(headers=headers | {"Content-Length": str(found.size_bytes)})
    url = await parts.files.public_url(found.key, filename=found.filename, mime_type=found.mime_type)
    if url is not None:
        return Response(
            status_code=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": url, "Cache-Control": "no-store"}
        )
    return _stream(request, parts, found, headers)


async def _resolve(parts: Parts, path: FilePath) -> DownloadView:
    nothing = NotFoundError("There is no such file.", code=ErrorCode.ASSET_NOT_FOUND)
    kind = KINDS.get(path.folder)
    if kind is None or "\0" in path.token + path.name:  # which no database takes, and no file has
        raise nothing
    try:
        number = read_object_id("media ID", path.media_id)
    except SpecError as error:
        raise nothing from error
    return await parts.client.resolve_download(kind, number, path.token, path.name)


def _stream(request: Request, parts: Parts, found: DownloadView, headers: dict[str, str]) -> Response:
    size = found.size_bytes
    whole = ByteRange(0, size)
    part = None
    if range_applies(request.headers, tag=headers["ETag"], modified_ms=found.updated_ms):
        try:
            part = parse_range(request.headers.get("range", ""), size)
        except UnsatisfiableRangeError:
            refusal = SpecError("Range", f"No byte of the file lies in the Range; it has {size} bytes.")
            return error_answer(
                request.scope,
                refusal,
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"},
            )
    if part is None:
        return StoredFileResponse(parts.files, found.key, whole, status=HTTPStatus.OK, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    return StoredFileResponse(parts.files, found.key, part, status=HTTPStatus.PARTIAL_CONTENT, headers=headers)
