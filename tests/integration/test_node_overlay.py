"""Overlay images with real ffmpeg, a real folder store and real HTTP servers: what is stored, and what is refused."""

import ipaddress
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from encoder_node.fetch.bounds import DownloadLimits
from encoder_node.stages import overlay
from encoder_node.stages.overlay import OverlayStage
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.urlguard import FetchPolicy, guarded_http
from reelyard.cluster.work import OverlayResult, OverlayWork, TaskKind
from reelyard.media.errors import ErrorCode, WorkError
from tests.integration.node_peers import TOOLS, Faulty, new_attempt, serve

LOOPBACK = FetchPolicy((ipaddress.ip_network("127.0.0.0/8"),))
LIMITS = DownloadLimits(stall_s=5, max_bytes=10**9, hard_s=60)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)


def picture(folder: Path, name: str, *, source: str = "color=red:s=48x32:r=5:d=0.2", frames: int = 1) -> bytes:
    path = folder / name
    ffmpeg("-f", "lavfi", "-i", source, "-frames:v", str(frames), str(path))
    return path.read_bytes()


def fetch(
    faulty: Faulty, tmp_path: Path, store: FolderStore, policy: FetchPolicy = LOOPBACK, query: str = ""
) -> OverlayResult:
    pool = guarded_http(policy, connect_timeout_s=5, read_timeout_s=5)
    with serve(faulty) as server:
        work = OverlayWork(image_url=server.url + query)
        attempt = new_attempt(TaskKind.OVERLAY, work, folder=tmp_path / "work", store=store, prefix="job/3/7/1/")
        return OverlayStage(pool, TOOLS, LIMITS).run(attempt)


def refused(
    faulty: Faulty, tmp_path: Path, store: FolderStore, policy: FetchPolicy = LOOPBACK, query: str = ""
) -> WorkError:
    with pytest.raises(WorkError) as caught:
        fetch(faulty, tmp_path, store, policy, query)
    assert list(store.list_keys("job/")) == []
    assert "verlay image" in caught.value.message
    return caught.value


def pixel(store: FolderStore, result: OverlayResult) -> tuple[int, ...]:
    """The first pixel of what was stored, as red, green, blue and alpha."""
    path = store.local_path(result.image.key)
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgba", "-"],
        check=True,
        capture_output=True,
    ).stdout
    assert len(raw) == result.width * result.height * 4
    return tuple(raw[:4])


@pytest.mark.parametrize("name", ["logo.png", "logo.jpg", "logo.gif", "logo.webp", "logo.bmp", "logo.apng"])
def test_an_image_of_any_kind_becomes_a_png(name: str, tmp_path: Path, store: FolderStore) -> None:
    result = fetch(Faulty(body=picture(tmp_path, name)), tmp_path, store)

    assert (result.width, result.height) == (48, 32)
    assert (result.image.key, result.image.mime_type) == ("job/3/7/1/overlay.png", "image/png")
    path = store.local_path(result.image.key)
    assert path is not None
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    red, green, blue, alpha = pixel(store, result)
    assert red > 240
    assert max(green, blue) < 15
    assert alpha == 255


def test_what_shines_through_does_so_afterwards(tmp_path: Path, store: FolderStore) -> None:
    body = picture(tmp_path, "half.png", source="color=red@0.5:s=16x16:d=0.04,format=rgba")

    assert pixel(store, fetch(Faulty(body=body), tmp_path, store))[3] in range(126, 130)


def test_the_first_picture_of_a_moving_gif_is_taken(tmp_path: Path, store: FolderStore) -> None:
    moving = "color=red:s=16x16:r=5:d=0.2[a];color=blue:s=16x16:r=5:d=0.6[b];[a][b]concat"
    body = picture(tmp_path, "moving.gif", source=moving, frames=4)

    red, _, blue, _ = pixel(store, fetch(Faulty(body=body), tmp_path, store))

    assert red > 240
    assert blue < 15


@pytest.mark.parametrize("name", ["clip.mp4", "scan.tiff"])
def test_what_is_no_such_picture_is_refused(name: str, tmp_path: Path, store: FolderStore) -> None:
    error = refused(Faulty(body=picture(tmp_path, name)), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_NOT_MEDIA
    assert "PNG, JPEG, GIF, WebP and BMP" in error.message


@pytest.mark.parametrize("body", [b"", b"<html>no picture</html>", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"])
def test_what_is_nothing_at_all_is_refused(body: bytes, tmp_path: Path, store: FolderStore) -> None:
    assert refused(Faulty(body=body), tmp_path, store).code is ErrorCode.SOURCE_NOT_MEDIA


def test_a_cut_picture_is_refused(tmp_path: Path, store: FolderStore) -> None:
    body = picture(tmp_path, "noise.png", source="mandelbrot=s=64x64:r=1")

    assert refused(Faulty(body=body[:60]), tmp_path, store).code is ErrorCode.SOURCE_NOT_MEDIA


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path, store: FolderStore) -> None:
    body = picture(tmp_path, "huge.png", source="color=red:s=8000x6000:r=1:d=1")

    error = refused(Faulty(body=body), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_TOO_LARGE
    assert "40 million pixels" in error.message


def test_a_file_of_too_many_bytes_is_refused(
    tmp_path: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay, "MAX_BYTES", 1_000_000)

    error = refused(Faulty(body=bytes(1_000_001)), tmp_path, store)

    assert error.code is ErrorCode.SOURCE_TOO_LARGE
    assert "larger than 1 MB" in error.message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, ErrorCode.SOURCE_DENIED),
        (404, ErrorCode.SOURCE_NOT_FOUND),
        (500, ErrorCode.SOURCE_UNREACHABLE),
    ],
)
def test_what_the_server_refuses_is_told(status: int, code: ErrorCode, tmp_path: Path, store: FolderStore) -> None:
    error = refused(Faulty(status=status), tmp_path, store, query="?signature=hush")

    assert error.code is code
    assert "hush" not in error.message


def test_a_forbidden_address_is_not_asked(tmp_path: Path, store: FolderStore) -> None:
    faulty = Faulty(body=picture(tmp_path, "logo.png"))

    assert refused(faulty, tmp_path, store, FetchPolicy(())).code is ErrorCode.INVALID_INPUT_URL
    assert faulty.requests == []


def test_a_source_may_be_smaller_than_an_image(tmp_path: Path) -> None:
    pool = guarded_http(LOOPBACK, connect_timeout_s=5, read_timeout_s=5)

    stage = OverlayStage(pool, TOOLS, replace(LIMITS, max_bytes=5))

    assert stage._limits.max_bytes == 5
