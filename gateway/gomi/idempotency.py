"""By what a repeated create request is known again: the client's Idempotency-Key, and a hash of what it asks for.

The hash is of what the request says, not of its bytes: the same members in another order, in another format or with
another key of the same account are the same request.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from gateway.gomi.members import API_KEY, IDEMPOTENCY_KEY
from gateway.gomi.raw_values import Number, RawValue, Repeated
from reelyard.media.errors import SpecError

#: Characters of an Idempotency-Key.
KEY_MAX = 255


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a create request is known by; `body_sha256` is "" where the client gave no key of its own."""

    request_id: str
    body_sha256: str = ""


def identity_of(request: Request, members: Mapping[str, RawValue]) -> Identity:
    """The identity of a request with these members: a new one, unless the client gives an Idempotency-Key.

    Raises:
        SpecError: the header is given twice, is empty, too long, or holds other characters than printable ASCII.
    """
    given = request.headers.getlist(IDEMPOTENCY_KEY)
    if not given:
        return Identity(request_id=str(uuid.uuid4()))
    key = given[0]
    if len(given) > 1:
        raise SpecError(IDEMPOTENCY_KEY, f"{IDEMPOTENCY_KEY} is given {len(given)} times; give it once")
    if not key or len(key) > KEY_MAX or not key.isascii() or not key.isprintable():
        raise SpecError(
            IDEMPOTENCY_KEY,
            f"{IDEMPOTENCY_KEY} is {key[:40]!r} with {len(key)} characters; 1 to {KEY_MAX} printable ASCII characters "
            "are valid",
        )
    wanted = {name: value for name, value in members.items() if name.lower() != API_KEY.lower()}
    said = json.dumps([request.method, request.scope["path"], _plain(wanted)], sort_keys=True)
    return Identity(request_id=_sha256(key), body_sha256=_sha256(said))


def _plain(raw: RawValue) -> Any:
    """A raw value as JSON says the same, however it was written; what is unset is left out."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Number):
        return raw.text
    if isinstance(raw, Repeated):
        return {"repeated": raw.times}
    if isinstance(raw, Mapping):
        return {name.lower(): _plain(value) for name, value in raw.items() if value is not None and value != ""}
    if isinstance(raw, Sequence) and not isinstance(raw, str):
        return [_plain(value) for value in raw]
    return raw


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
