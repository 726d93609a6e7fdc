"""Reads the JSON text of a request into raw values, and says where the text is wrong.

Numbers stay as they were written (`raw_values.Number`): which of them a member may hold, and how a wrong one is
called, is for `values` to say, which knows the member's name.
"""

import json
from collections.abc import Mapping

from gateway.errors import MalformedRequestError
from gateway.gomi.raw_values import Number, RawValue, kind_of, shortened


def parse_json_object(text: bytes) -> Mapping[str, RawValue]:
    """The members of the JSON object that a body is, in UTF-8 (with or without a byte order mark), UTF-16 or UTF-32.

    Raises:
        MalformedRequestError: it is not JSON, not an object, names a member twice, or is nested too deep.
    """
    if not text.strip():
        raise MalformedRequestError("The request has no body; a JSON object is wanted.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=Number,
        )
    except json.JSONDecodeError as error:
        raise MalformedRequestError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except UnicodeDecodeError as error:
        raise MalformedRequestError(
            f"The body is not JSON: byte {error.start + 1} is not valid {error.encoding.upper()}."
        ) from error
    except RecursionError as error:
        raise MalformedRequestError("The body is nested too deep to be read.") from error
    if not isinstance(value, Mapping):
        raise MalformedRequestError(f"The body is {kind_of(value)}; a JSON object is wanted.")
    return value


def _object(pairs: list[tuple[str, RawValue]]) -> dict[str, RawValue]:
    members: dict[str, RawValue] = {}
    for name, value in pairs:
        if name in members:
            raise MalformedRequestError(f"The member {json.dumps(shortened(name))} is given twice in one object.")
        members[name] = value
    return members
