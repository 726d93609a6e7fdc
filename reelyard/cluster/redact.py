"""Takes secrets out of URLs before anything shows them.

Source and webhook URLs may carry a password in front of the host, or a signature in the query; neither may reach
a log, an error message or a metric. What is left still tells a person which URL is meant.
"""

import base64
import re
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, urlsplit

from reelyard.media.locations import PEER_SCHEMES

REDACTED = "[redacted]"

# A scheme, then everything up to a space or a delimiter that people put around URLs. Brackets stay in: IPv6 hosts.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>`{}|\\^]+")
_TRAILING = ".,;:!?)"


def redact_url(url: str) -> str:
    """A URL without user, password, query and fragment; one that cannot be parsed is hidden whole."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return REDACTED
    if not parts.scheme or "://" not in url:
        return REDACTED
    if _may_hold_a_cut_password(url, parts):
        return f"{parts.scheme}://{REDACTED}"
    query = f"?{REDACTED}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"


def _may_hold_a_cut_password(url: str, parts: SplitResult) -> bool:
    """Whether what looks like host and path may be a password: one with a raw "/", "?" or "#" in it."""
    if "@" not in url or "@" in parts.netloc:
        return False
    if parts.scheme in PEER_SCHEMES:  # they nearly always have a password, and seldom an "@" in their path
        return True
    try:
        return parts.port is None and parts.netloc.endswith(":")
    except ValueError:  # what should be the port is no number
        return True


def redact_text(text: str) -> str:
    """A text with each URL in it redacted."""
    if "://" not in text:
        return text
    return _URL.sub(_redact_match, text)


#: Characters of the shortest value in a query that is taken for a secret; shorter ones would blacken half an answer.
_SHORTEST_VALUE = 4


def redact_echo(text: str, *, user: str, password: str, query: str) -> str:
    """What a server said, without what it was told: error pages like to repeat the request.

    Args:
        text: the server's words.
        user: decoded, as it went into the Authorization header.
        password: the same.
        query: of the URL, as it stands there.
    """
    values = [value for _, value in parse_qsl(query) if len(value) >= _SHORTEST_VALUE]
    spellings = {query, unquote(query)}
    for secret in (password, *values):
        spellings |= {secret, quote(secret, safe=""), quote_plus(secret)}
    if password:
        spellings.add(base64.b64encode(f"{user}:{password}".encode()).decode())
    for spelling in sorted(spellings - {""}, key=len, reverse=True):
        text = text.replace(spelling, REDACTED)
    return text


def redact_echo_of(text: str, url: str) -> str:
    """`redact_echo` of an answer to a request for this URL."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return redact_echo(text, user=user, password=password, query=parts.query)


def _redact_match(match: re.Match[str]) -> str:
    url = match.group()
    stripped = url.rstrip(_TRAILING)
    return redact_url(stripped) + url[len(stripped) :]
