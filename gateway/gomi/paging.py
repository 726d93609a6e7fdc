"""Reads `pageSize` and `pageNumber` of a query."""

from dataclasses import dataclass

from gateway.gomi.query import query_value
from gateway.gomi.values import WHOLE_MAX, read_whole
from reelyard.cluster.views import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from reelyard.media.errors import ErrorCode, SpecError

PAGE_SIZE = "pageSize"
PAGE_NUMBER = "pageNumber"


@dataclass(frozen=True)
class Page:
    """Which page of a list; `number` counts from 1."""

    size: int
    number: int


def read_page(query_string: bytes) -> Page:
    """The page that a query asks for; the first of 20 where it says nothing.

    Raises:
        SpecError: a value is not a whole number from 1, or the size is over 100.
    """
    size = _from_1(query_string, PAGE_SIZE, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    if size > PAGE_SIZE_MAX:
        raise SpecError(
            PAGE_SIZE,
            f"{PAGE_SIZE} is {size}; at most {PAGE_SIZE_MAX} is valid",
            code=ErrorCode.PAGE_SIZE_MORE_THAN_MAX,
        )
    return Page(size, _from_1(query_string, PAGE_NUMBER, 1, WHOLE_MAX))


def _from_1(query_string: bytes, name: str, default: int, maximum: int) -> int:
    valid = f"whole numbers from 1 to {maximum} are valid"
    number = read_whole(name, query_value(query_string, name), valid=valid)
    if number is None:
        return default
    if number < 1:
        raise SpecError(name, f"{name} is {number}; {valid}")
    return number
