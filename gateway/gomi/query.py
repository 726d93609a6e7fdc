"""Reads a query string; names of parameters are matched without regard to case."""

from urllib.parse import parse_qsl

from gateway.errors import MalformedRequestError
from reelyard.media.errors import SpecError

#: Parameters of one request; more are no client's of this API.
PARAMETERS_MAX = 100


def query_values(query_string: bytes, name: str) -> tuple[str, ...]:
    """Every value that a parameter is given.

    Raises:
        MalformedRequestError: the query has more parameters than anybody needs.
    """
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError as error:
        raise MalformedRequestError(f"The query has more than {PARAMETERS_MAX} parameters.") from error
    return tuple(value for key, value in pairs if key.lower() == name.lower())


def query_value(query_string: bytes, name: str) -> str | None:
    """The value of a parameter, None when it is absent.

    Raises:
        SpecError: it is given several times with different values.
    """
    values = set(query_values(query_string, name))
    if len(values) > 1:
        raise SpecError(name, f"{name} is given {len(values)} times with different values")
    return values.pop() if values else None
