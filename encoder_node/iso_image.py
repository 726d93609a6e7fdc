"""Reads files back out of an ISO 9660 image. Only what an image of our own needs: plain names, no extensions.

Source: ECMA-119, sections 8.4 (primary volume descriptor) and 9.1 (directory record).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SECTOR = 2048
_VOLUME_SECTOR = 16
_PRIMARY = b"\x01CD001"
_ROOT_RECORD = slice(156, 190)
_DIRECTORY_FLAG = 0x02


class ImageError(Exception):
    """The file is no image, or lacks what was looked for; the message says which."""


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A file of an image: where its bytes stand. `path` is like VIDEO_TS/VTS_01_1.VOB."""

    path: str
    offset: int
    size: int


def files_of(image: Path) -> tuple[ImageFile, ...]:
    """All files of an image, in the order of its directories.

    Raises:
        ImageError: it is no ISO 9660 image, or a directory of it is damaged.
        OSError: the file can't be read.
    """
    with image.open("rb") as file:
        file.seek(_VOLUME_SECTOR * SECTOR)
        volume = file.read(SECTOR)
        if not volume.startswith(_PRIMARY) or len(volume) < SECTOR:
            raise ImageError("the file is no ISO 9660 image")
        return tuple(_walk(file, volume[_ROOT_RECORD], ""))


def _walk(file: BinaryIO, directory: bytes, path: str) -> Iterator[ImageFile]:
    sector, size = _extent(directory)
    file.seek(sector * SECTOR)
    data = file.read(size)
    if len(data) < size:
        raise ImageError(f"the image ends within the directory {path or '/'}")
    for record in _records(data):
        name = record[33 : 33 + record[32]]
        if name in (b"\0", b"\1"):
            continue  # the directory itself and the one above it
        full = path + name.decode("ascii", "replace").partition(";")[0]
        if record[25] & _DIRECTORY_FLAG:
            yield from _walk(file, record, f"{full}/")
        else:
            at, length = _extent(record)
            yield ImageFile(path=full, offset=at * SECTOR, size=length)


def _records(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = data[at]
        if length == 0:  # records don't cross sectors: the rest of this one is empty
            at = (at // SECTOR + 1) * SECTOR
            continue
        yield data[at : at + length]
        at += length


def _extent(record: bytes) -> tuple[int, int]:
    """First sector and bytes of what a directory record tells of."""
    try:
        sector, size = struct.unpack_from("<I4xI", record, 2)
    except struct.error as error:
        raise ImageError("a directory of the image is cut off") from error
    return sector, size
