"""Metadata: the tags that a client asks for, and which of them a container holds.

Measured with ffmpeg's muxers: each name below was written and read back under the same name. Names that a muxer drops
are refused, not written in vain. MP4 could hold any name with `-movflags use_metadata_tags`, but it then writes none
of the tags that players read.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from reelyard.media.catalogue import CONTAINERS, Container
from reelyard.media.errors import SpecError
from reelyard.media.plan import Tag

#: How many tags one file may get, and how long a name and a value may be, in characters.
MAX_TAGS, MAX_NAME, MAX_VALUE = 50, 64, 2000

_ITUNES = frozenset(
    (
        *("title", "artist", "album_artist", "album", "date", "comment", "description", "synopsis", "genre"),
        *("copyright", "composer", "lyrics", "grouping", "track", "disc", "show", "episode_id", "network", "keywords"),
    )
)
_RIFF = frozenset(("title", "artist", "date", "comment", "genre", "copyright", "track", "language", "encoded_by"))

#: What each container holds, by its code; one that isn't here holds no tags.
_NAMES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "mp4": _ITUNES,
        "m4a": _ITUNES,
        "mov": frozenset(("title", "artist", "album", "date", "comment", "genre", "copyright", "make", "model")),
        "avi": _RIFF,
        "wav": _RIFF | {"album"},
    }
)
#: Containers that hold tags of any name, each with the names that it would write as another one.
_ANY_NAME: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "matroska": frozenset(),
        "webm": frozenset(),
        "mp3": frozenset(),
        "flv": frozenset(),
        "fl9": frozenset(),
        "ogg": frozenset({"description"}),
        "flac": frozenset({"description"}),
        "wmv": frozenset({"description", "author"}),
        "wmv9": frozenset({"description", "author"}),
        "wma": frozenset({"description", "author"}),
    }
)
#: Names that ffmpeg's muxers take as an order (`timecode` adds a track), or write themselves.
_RESERVED = frozenset(
    (
        *("encoder", "creation_time", "timecode", "rotate", "duration", "stereo_mode", "alpha_mode", "handler_name"),
        *("major_brand", "minor_version", "compatible_brands", "vendor_id", "width", "height", "framerate"),
        *("videodatarate", "audiodatarate", "audiosamplerate", "audiosamplesize", "stereo", "videocodecid"),
        *("audiocodecid", "filesize", "metadatacreator", "metadatadate", "service_name", "service_provider"),
    )
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]*")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NUMBERED = frozenset(("track", "disc"))
_NUMBER = re.compile(r"[0-9]{1,4}(/[0-9]{1,4})?")
_EXAMPLE = "title=My%20Title&album=My%20Album"
_DELETE, _FIRST_PRINTABLE, _LAST_C1 = 0x7F, 0x20, 0x9F


def parse_metadata(text: str) -> tuple[Tag, ...]:
    """The tags of a query string, in its order; names that every container knows in small letters.

    Raises:
        SpecError: it is no query string of names and values, or one of them is not valid.
    """
    tags: list[Tag] = []
    for position, pair in enumerate(text.split("&"), start=1):
        name, separator, value = pair.partition("=")
        if not separator or not name or not value:
            raise _refusal(f"has no name and value in its part {position}; valid is text like {_EXAMPLE}")
        tags.append(_tag(_decoded(name, position), _decoded(value, position)))
    if len(tags) > MAX_TAGS:
        raise _refusal(f"holds {len(tags)} tags; valid are at most {MAX_TAGS}")
    names = [tag.name.lower() for tag in tags]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _refusal(f"names {twice!r} twice; give each tag once")
    return tuple(tags)


def check_metadata(text: str | None, container: Container) -> None:
    """Refuse what the client says when it is wrong, or when the container can't hold all of it.

    Raises:
        SpecError: saying which tag, and which the container holds.
    """
    if not text:
        return
    tags = parse_metadata(text)
    if not _holds_tags(container.code):
        able = ", ".join(code for code in CONTAINERS if _holds_tags(code))
        raise _refusal(f"is given, but {{container}} {container.code!r} holds no tags; those of {able} do")
    for tag in tags:
        if not _holds(container.code, tag.name):
            raise _refusal(
                f"names {tag.name!r}, which {{container}} {container.code!r} can't hold; {_valid(container)}"
            )


def metadata_for(text: str | None, container: Container) -> str:
    """A preset's tags, when the container holds them all; else none."""
    if not text or not all(_holds(container.code, tag.name) for tag in parse_metadata(text)):
        return ""
    return text


def _tag(name: str, value: str) -> Tag:
    lowered = name.lower()
    shown = repr(name[:MAX_NAME])
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise _refusal(
            f"names {shown}; a name is a letter, then letters, digits, spaces, '_', '.' or '-', "
            f"{MAX_NAME} characters in all"
        )
    if lowered in _RESERVED:
        raise _refusal(f"names {shown}, which the file's own structure uses; choose another name")
    if len(value) > MAX_VALUE:
        raise _refusal(f"gives {shown} {len(value)} characters; valid are at most {MAX_VALUE}")
    if any(_is_control(character) for character in value):
        raise _refusal(f"gives {shown} a control character; valid are printable ones")
    if lowered in _NUMBERED and not _NUMBER.fullmatch(value):
        raise _refusal(f"gives {shown} {value[:MAX_NAME]!r}; valid are a number like 3, or 3/12")
    known = lowered in _ITUNES or any(lowered in names for names in _NAMES.values())
    return Tag(name=lowered if known else name, value=value)


def _decoded(part: str, position: int) -> str:
    if _BROKEN_ESCAPE.search(part):
        raise _refusal(f"has a '%' without two hexadecimal digits in its part {position}; '%25' stands for '%'")
    try:
        return unquote_to_bytes(part.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise _refusal(f"is not in UTF-8 in its part {position}") from None


def _holds_tags(code: str) -> bool:
    return code in _NAMES or code in _ANY_NAME


def _holds(code: str, name: str) -> bool:
    if code in _ANY_NAME:
        return name.lower() not in _ANY_NAME[code]
    return name.lower() in _NAMES.get(code, frozenset())


def _valid(container: Container) -> str:
    if container.code in _ANY_NAME:
        return f"it holds any name but {', '.join(sorted(_ANY_NAME[container.code]))}"
    return f"it holds {', '.join(sorted(_NAMES[container.code]))}"


def _is_control(character: str) -> bool:
    return ord(character) < _FIRST_PRINTABLE or _DELETE <= ord(character) <= _LAST_C1


def _refusal(complaint: str) -> SpecError:
    return SpecError("metadata", f"{{metadata}} {complaint}")
