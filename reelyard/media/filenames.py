"""Names of files that people see. Keys in the object store never come from these."""

import re
from email.message import Message
from urllib.parse import unquote, urlsplit

from reelyard.media.catalogue import CONTAINERS

#: Bytes of UTF-8. File systems take 255; the rest is for the ID in front and whatever a browser adds.
MAX_NAME_BYTES = 200
#: What a source without a usable name is called.
UNNAMED = "source"
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


def output_filename(media_id: int, source: str, container: str) -> str:
    """`63119-hybla-fair.mp4`: the output's ID, the source's name without its ending, the container's ending.

    `container` is a code of the catalogue.
    """
    prefix, suffix = f"{media_id}-", f".{CONTAINERS[container].extension}"
    stem, dot, _ = source.rpartition(".")
    name = _safe(stem if dot and stem else source) or UNNAMED
    return prefix + _cut(name, MAX_NAME_BYTES - len(prefix) - len(suffix)) + suffix


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
