"""The ID that leads through the logs of everything that one request made."""

import re
import uuid

#: What a client may choose: it goes into headers, rows, logs and the environment of ffmpeg. The column has 64 places.
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id_or_new(given: str) -> str:
    """The ID that the client or a proxy gave, if it is a sane one; else a new one."""
    return given if _SANE.fullmatch(given) else str(uuid.uuid4())
