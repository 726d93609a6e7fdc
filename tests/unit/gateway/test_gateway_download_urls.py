"""Download URLs: stored files, whole and in part, and what happens when there is none."""

from typing import Any

import pytest

from reelyard.cluster.views import (
    DownloadView,
)
from reelyard.media.errors import (
    ErrorCode,
    NotFoundError,
    ReelyardError,
    UnavailableError,
)


def stored(api: Any, tmp_path: Any, content: bytes = b"0123456789" * 10) -> DownloadView:
    """A file in the store, as the scheduler would point to it."""
    path = tmp_path / "content"
    path.write_bytes(content)
    kept = api.store.put_file("job/1/2/1/output.mp4", path, mime_type="video/mp4")
    view = DownloadView(
        key=kept.key,
        filename="9-clip.mp4",
        mime_type="video/mp4",
        size_bytes=kept.size_bytes,
        sha256=kept.sha256,
        updated_ms=1_329_597_731_598,
    )
    api.scheduler.answers["resolve_download"] = view
    return view


DOWNLOAD = "/download/output/9/tok/9-clip.mp4"


def test_a_file_is_given_to_who_has_its_url(api: Any, tmp_path: Any) -> None:
    view = stored(api, tmp_path)

    answered = api.get(DOWNLOAD, "")

    assert answered.status == 200
    assert answered.body == b"0123456789" * 10
    assert answered.headers["content-type"] == "video/mp4"
    assert answered.headers["content-length"] == "100"
    assert answered.headers["content-disposition"] == 'attachment; filename="9-clip.mp4"'
    assert answered.headers["etag"] == f'"{view.sha256}"'
    assert answered.headers["accept-ranges"] == "bytes"
    assert answered.headers["last-modified"] == "Sat, 18 Feb 2012 20:42:11 GMT"
    assert api.scheduler.calls("resolve_download") == [("output", 9, "tok", "9-clip.mp4")]
    assert not api.scheduler.calls("authenticate")


def test_an_empty_file_is_given_too(api: Any, tmp_path: Any) -> None:
    stored(api, tmp_path, b"")

    answered = api.get(DOWNLOAD, "")

    assert (answered.status, answered.body, answered.headers["content-length"]) == (200, b"", "0")


def test_source_media_are_input_media(api: Any, tmp_path: Any) -> None:
    stored(api, tmp_path)

    api.get("/download/sourcemedia/9/Tok/A%20b.mp4", "")

    assert api.scheduler.calls("resolve_download")[0][0] == "input"


def test_head_tells_everything_but_the_bytes(api: Any, tmp_path: Any) -> None:
    stored(api, tmp_path)

    whole, head = api.get(DOWNLOAD, ""), api.request("HEAD", DOWNLOAD, "", headers={"range": "bytes=0-1"})

    assert (head.status, head.body) == (200, b"")
    ours = {name: value for name, value in head.headers.items() if name != "x-request-id"}
    assert ours == {name: value for name, value in whole.headers.items() if name != "x-request-id"}


def test_a_range_is_partial_content(api: Any, tmp_path: Any) -> None:
    stored(api, tmp_path)

    answered = api.get(DOWNLOAD, "", headers={"range": "bytes=95-"})

    assert (answered.status, answered.body) == (206, b"56789")
    assert answered.headers["content-range"] == "bytes 95-99/100"
    assert answered.headers["content-length"] == "5"


@pytest.mark.parametrize("headers", [{"range": "bytes=0-1,3-4"}, {"range": "bytes=0-1", "if-range": '"old"'}])
def test_what_is_no_range_of_this_file_gives_the_whole(api: Any, tmp_path: Any, headers: dict[str, str]) -> None:
    stored(api, tmp_path)

    assert api.get(DOWNLOAD, "", headers=headers).status == 200


def test_a_range_past_the_end_is_416(api: Any, tmp_path: Any) -> None:
    stored(api, tmp_path)

    answered = api.get(DOWNLOAD, "", headers={"range": "bytes=100-"})

    assert answered.error == (416, "invalid_parameter_value")
    assert answered.headers["content-range"] == "bytes */100"


def test_a_client_that_has_the_file_is_told_so(api: Any, tmp_path: Any) -> None:
    view = stored(api, tmp_path)

    answered = api.get(DOWNLOAD, "", headers={"if-none-match": f'"{view.sha256}"'})

    assert (answered.status, answered.body) == (304, b"")
    assert answered.headers["etag"] == f'"{view.sha256}"'


@pytest.mark.parametrize(
    "path",
    ["/download/other/9/tok/a.mp4", "/download/output/x/tok/a.mp4", "/download/output/9/t\0k/a.mp4"],
)
def test_a_url_that_we_never_gave_out_is_404(api: Any, path: str) -> None:
    assert api.get(path, "").error == (404, "asset_not_found")
    assert not api.scheduler.calls("resolve_download")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundError("there is no such file", code=ErrorCode.ASSET_NOT_FOUND), 404, "asset_not_found"),
        (NotFoundError("gone", code=ErrorCode.MEDIA_EXPIRED), 410, "media_expired"),
        (UnavailableError("No scheduler answers."), 503, "unavailable"),
    ],
)
def test_failed_downloads_say_so_by_their_status(api: Any, error: ReelyardError, status: int, code: str) -> None:
    api.scheduler.answers["resolve_download"] = error

    assert api.get(DOWNLOAD, "").error == (status, code)


def test_a_store_that_does_not_give_the_file_is_503(api: Any, tmp_path: Any) -> None:
    view = stored(api, tmp_path)
    api.store.delete(view.key)

    answered = api.get(DOWNLOAD, "")

    assert answered.error == (503, "unavailable")
    assert view.key not in answered.body.decode()
