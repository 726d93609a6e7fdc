"""Names of files that people see. Keys in the object store never come from these."""

import re
from email.message import Message
from urllib.parse import unquote, urlsplit

from reelyard.media.catalogue import CONTAINERS
from reelyard.media.errors import SpecError

#: Bytes of UTF-8. File systems take 255; the rest is for the ID in front and whatever a browser adds.
MAX_NAME_BYTES = 200
#: What a NewFilename may hold; the API's names.
MEDIA_ID, SOURCE_NAME = "[OutputMediaAssetID]", "[SourceMediaFilename]"
#: What a source without a usable name is called.
UNNAMED = "source"
# Digits of the highest ID that a database gives.
_LONGEST_ID = 19
_SHOWN = 60
_VARIABLE = re.compile(r"\[[^\[\]]*\]")
_DEVICES = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)))
)
# Characters after the last dot; more are part of the name.
_LONGEST_ENDING = 16

# Separators, and what file systems, shells or headers take amiss. Unicode's controls (Cc), line and paragraph
# separators and the marks that turn the direction of writing (which disguise an ending) go as well.
_UNSAFE = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd\ud800-\udfff]'
)


def source_filename(url: str, content_disposition: str = "") -> str:
    """The name of a source: as its server calls it, else the last part of its URL's path; always safe to show.

    The name has no separators or control characters, at most 200 bytes, and is never empty.
    """
    return _safe(_announced(content_disposition)) or _safe(_last_part(url)) or UNNAMED


def output_filename(media_id: int, source: str, container: str, new_filename: str = "") -> str:
    """`63119-hybla-fair.mp4`: the output's ID, the source's name without its ending, the container's ending.

    Args:
        media_id: of the output.
        source: the source's name, with its ending.
        container: a code of the catalogue.
        new_filename: what the client wants instead of the ID and the source's name; checked at creation. The source's
            name in it is cut where the whole would be too long.
    """
    suffix = f".{CONTAINERS[container].extension}"
    stem, dot, _ = source.rpartition(".")
    name = _safe(stem if dot and stem else source) or UNNAMED
    pattern = (new_filename or f"{MEDIA_ID}-{SOURCE_NAME}").replace(MEDIA_ID, str(media_id))
    parts = pattern.split(SOURCE_NAME)
    if len(parts) > 1:
        room = MAX_NAME_BYTES - sum(len(part.encode()) for part in parts) - len(suffix)
        pattern = _cut(name, room // (len(parts) - 1)).join(parts)
    # A source may bear a name that no file may have.
    named = f"{media_id}-{pattern}" if _is_reserved(pattern) else pattern
    return named + suffix


def check_new_filename(name: str | None, extension: str) -> None:
    """Refuse a name that is no safe file name, or that its container's ending would make too long.

    What the source is called isn't known yet; only what the client wrote is judged, with the longest possible ID.

    Raises:
        SpecError: saying what is wrong with it.
    """
    if not name:
        return
    unknown = next((found for found in _VARIABLE.findall(name) if found not in (MEDIA_ID, SOURCE_NAME)), None)
    if unknown is not None:
        raise _refusal(name, f"holds {unknown}; the variables are {MEDIA_ID} and {SOURCE_NAME}")
    unsafe = _UNSAFE.search(name)
    if unsafe is not None:
        raise _refusal(name, f'holds {unsafe.group()!r}; a name has no separators, controls or any of : * ? " < > |')
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        raise _refusal(name, "begins or ends with a dot or a space, which file systems hide or drop")
    plain = name.replace(SOURCE_NAME, "")
    if _is_reserved(plain):
        raise _refusal(name, "is a name that Windows keeps for a device")
    longest = len(plain.replace(MEDIA_ID, "9" * _LONGEST_ID).encode()) + len(f".{extension}")
    room = name.count(SOURCE_NAME)  # a byte for each, at least
    if longest + room > MAX_NAME_BYTES:
        raise _refusal(name, f"makes {longest + room} bytes with its ending; valid are at most {MAX_NAME_BYTES}")


def _is_reserved(name: str) -> bool:
    return name.partition(".")[0].strip().upper() in _DEVICES


def _refusal(name: str, complaint: str) -> SpecError:
    shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
    return SpecError("new_filename", f"{{new_filename}} is {shown!r}, which {complaint}")


def _announced(content_disposition: str) -> str:
    """The file name of a Content-Disposition header, in either of its two spellings."""
    if not content_disposition:
        return ""
    header = Message()
    header["Content-Disposition"] = content_disposition.replace("\r", " ").replace("\n", " ")
    name = header.get_filename("")
    return re.split(r"[/\\]", name)[-1]


def _last_part(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return unquote(path.rpartition("/")[2], errors="replace")


def _safe(name: str) -> str:
    """Without unsafe characters, without leading dots (hidden, or a parent folder), and short enough."""
    cleaned = " ".join(_UNSAFE.sub(" ", name).split()).lstrip(". ").rstrip(". ")
    stem, dot, ending = cleaned.rpartition(".")
    if not dot or not ending.isascii() or len(ending) > _LONGEST_ENDING:
        return _cut(cleaned, MAX_NAME_BYTES)
    return _cut(stem, MAX_NAME_BYTES - len(dot + ending)) + dot + ending


def _cut(text: str, max_bytes: int) -> str:
    """The longest beginning of the text that has at most so many bytes of UTF-8."""
    return text.encode()[:max_bytes].decode(errors="ignore").rstrip()
