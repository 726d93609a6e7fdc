"""Pages of lists."""

import pytest

from reelyard.media.errors import ErrorCode, SpecError
from scheduler.usecases.paging import Page


def test_a_page_begins_after_those_before_it() -> None:
    assert Page().offset == 0
    assert Page(size=20, number=3).offset == 40


@pytest.mark.parametrize(
    ("size", "number", "field", "code"),
    [
        (101, 1, "page_size", ErrorCode.PAGE_SIZE_MORE_THAN_MAX),
        (0, 1, "page_size", ErrorCode.INVALID_PARAMETER_VALUE),
        (-1, 1, "page_size", ErrorCode.INVALID_PARAMETER_VALUE),
        (20, 0, "page_number", ErrorCode.INVALID_PARAMETER_VALUE),
    ],
)
def test_a_page_out_of_range_is_refused(size: int, number: int, field: str, code: ErrorCode) -> None:
    with pytest.raises(SpecError) as refused:
        Page(size=size, number=number)

    assert (refused.value.field, refused.value.code) == (field, code)
    assert f"{{{field}}} is {size if field == 'page_size' else number}" in refused.value.message
