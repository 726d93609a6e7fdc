"""The valid values of an output's members, each by itself; what they mean together is in `resolve`.

Messages name members as `{field}` (see `SpecError`), give the value, and say what is valid.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from reelyard.media.errors import SpecError
from reelyard.media.locations import HTTP_SCHEMES
from reelyard.media.output import OutputRequest
from reelyard.media.published import AS_SOURCE, FRAME_RATES, SAMPLE_RATES

VIDEO_NUMBERS = ("width", "height", "video_bitrate_kbps", "frame_rate_id")
AUDIO_NUMBERS = ("audio_bitrate_kbps", "sample_rate_hz", "channels")

#: Pixels. Below 16 no codec has a whole block; above 8192 a picture takes gigabytes to encode.
MIN_SIDE, MAX_SIDE = 16, 8192
#: kbit/s. A tenth of what level 6.2 of H.264 allows is far beyond any real use.
MIN_VIDEO_KBPS, MAX_VIDEO_KBPS = 16, 80_000
#: kbit/s. From what speech at 8 kHz takes to eight channels of AAC; each codec then has its own range.
MIN_AUDIO_KBPS, MAX_AUDIO_KBPS = 8, 1536
#: Characters of Title, and of CustomerReferenceID.
MAX_TITLE, MAX_REFERENCE = 1000, 255
#: Characters of the name of an account, a key or a format of the account's own, and of a format's description.
MAX_NAME, MAX_DESCRIPTION = 200, 1000
#: Characters of the URL of a webhook or an image; what servers and proxies commonly take at most.
MAX_WEB_URL = 2000
#: What a message shows to whoever gave a wrong PingUrl.
PING_URL_EXAMPLE = "https://example.com/notify"

_FIRST_PRINTABLE = 0x20
_DELETE = 0x7F


def listed(values: Iterable[object]) -> str:
    """Values for a sentence: `a, b, c`."""
    return ", ".join(str(value) for value in values)


def check_code(field: str, value: str | None, valid: tuple[str, ...]) -> None:
    """Refuse a code that isn't in `valid`.

    Raises:
        SpecError: with the valid ones.
    """
    if value and value not in valid:
        raise SpecError(field, f"{{{field}}} is {value!r}, which is unknown; valid are {listed(valid)}")


def check_numbers(request: OutputRequest) -> None:
    """Refuse a number outside its range or list.

    Raises:
        SpecError: naming the first wrong member.
    """
    _check_range("width", request.width, MIN_SIDE, MAX_SIDE, "pixels")
    _check_range("height", request.height, MIN_SIDE, MAX_SIDE, "pixels")
    _check_range("video_bitrate_kbps", request.video_bitrate_kbps, MIN_VIDEO_KBPS, MAX_VIDEO_KBPS, "kbit/s")
    _check_range("audio_bitrate_kbps", request.audio_bitrate_kbps, MIN_AUDIO_KBPS, MAX_AUDIO_KBPS, "kbit/s")
    _check_listed("frame_rate_id", request.frame_rate_id, (AS_SOURCE, *FRAME_RATES))
    _check_listed("sample_rate_hz", request.sample_rate_hz, (AS_SOURCE, *SAMPLE_RATES))
    _check_listed("channels", request.channels, (1, 2))


def _check_range(field: str, value: int | None, lowest: int, highest: int, unit: str) -> None:
    if value and not lowest <= value <= highest:
        raise SpecError(field, f"{{{field}}} is {value}; valid are {lowest} to {highest} {unit}, and 0 for unset")


def _check_listed(field: str, value: int | None, valid: tuple[int, ...]) -> None:
    if value is not None and value not in valid:
        raise SpecError(field, f"{{{field}}} is {value}; valid are {listed(valid)}")


def check_texts(title: str | None, customer_reference_id: str | None) -> None:
    """Refuse a title or reference that is too long or holds characters that no XML answer could carry.

    Raises:
        SpecError: naming the member.
    """
    for field, text, longest in (
        ("title", title or "", MAX_TITLE),
        ("customer_reference_id", customer_reference_id or "", MAX_REFERENCE),
    ):
        if len(text) > longest:
            raise SpecError(field, f"{{{field}}} has {len(text)} characters; valid are at most {longest}")
        if any(_is_control(c) and c not in "\t\n\r" for c in text):
            raise SpecError(field, f"{{{field}}} holds a control character; valid are printable ones")


def check_web_url(field: str, url: str | None, *, example: str) -> None:
    """Refuse what isn't an http or https URL. It is not repeated: it may hold secrets.

    Raises:
        SpecError: saying what is wrong with it.
    """
    if not url:
        return
    valid = f"valid are http:// and https:// URLs, like {example}"
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in HTTP_SCHEMES:
        given = f"starts with {scheme + '://'!r}" if separator and scheme.isalnum() else "has no scheme"
        raise SpecError(field, f"{{{field}}} {given}; {valid}")
    for is_wrong, complaint in _URL_RULES:
        if is_wrong(url):
            raise SpecError(field, f"{{{field}}} {complaint}; {valid}")


def _is_control(character: str) -> bool:
    return ord(character) < _FIRST_PRINTABLE or ord(character) == _DELETE


def _has_no_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port  # raises when it is no number, or too high a one
    except ValueError:
        return True
    return not parts.hostname or port == 0


_URL_RULES: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda url: len(url) > MAX_WEB_URL, f"is longer than {MAX_WEB_URL} characters"),
    (lambda url: any(_is_control(c) or c.isspace() for c in url), "holds white space or a control character"),
    (_has_no_host, "has no valid host and port"),
)
