"""Pages of lists, and the output formats that are read through them."""

import pytest

from reelyard.media.errors import ErrorCode, NotFoundError, SpecError
from reelyard.media.presets import PRESETS
from scheduler.usecases.paging import Page
from scheduler.usecases.read_formats import get_format, list_formats


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


def test_formats_are_listed_by_page() -> None:
    pages = [list_formats(Page(size=6, number=number)) for number in range(1, len(PRESETS) // 6 + 3)]

    assert tuple(entry for page in pages for entry in page.formats) == PRESETS
    assert {page.total for page in pages} == {len(PRESETS)}


def test_a_format_is_found_by_its_id() -> None:
    assert get_format(PRESETS[0].id) == PRESETS[0]


@pytest.mark.parametrize("format_id", [0, -1, 999_999])
def test_an_unknown_format_is_not_found(format_id: int) -> None:
    with pytest.raises(NotFoundError) as refused:
        get_format(format_id)

    assert refused.value.code is ErrorCode.PROFILE_NOT_FOUND
