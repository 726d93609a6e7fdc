"""Ranges, conditions, names: the rules of HTTP that a download follows."""

import time

import pytest
from starlette.datastructures import Headers

from gateway.download.conditions import entity_tag, http_date, is_unchanged, range_applies
from gateway.download.disposition import content_disposition
from gateway.download.ranges import ByteRange, UnsatisfiableRangeError, parse_range

TAG = entity_tag("abc")
MODIFIED_MS = 1_329_597_731_598
DATE = "Sat, 18 Feb 2012 20:42:11 GMT"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", ByteRange(0, 10)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("BYTES=90-99", ByteRange(90, 100)),
        ("bytes= 90- ", ByteRange(90, 100)),
        ("bytes=90-1000", ByteRange(90, 100)),
        ("bytes=-10", ByteRange(90, 100)),
        ("bytes=-1000", ByteRange(0, 100)),
        ("bytes=-" + "9" * 5000, ByteRange(0, 100)),
        ("bytes=5-" + "9" * 5000, ByteRange(5, 100)),
        ("bytes=0000000000000000000000005-6", ByteRange(5, 7)),
    ],
)
def test_one_range_is_cut_at_the_end_of_the_file(header: str, expected: ByteRange) -> None:
    assert parse_range(header, 100) == expected


@pytest.mark.parametrize(
    "header", ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-5", "lines=0-9", "bytes=0-1,5-6", "bytes=+1-2"]
)
def test_what_is_no_single_range_gives_the_whole_file(header: str) -> None:
    assert parse_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 5000 + "-"])
def test_a_range_without_a_byte_of_the_file_is_unsatisfiable(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range(header, 100)


def test_an_empty_file_has_no_range() -> None:
    with pytest.raises(UnsatisfiableRangeError):
        parse_range("bytes=0-", 0)


@pytest.mark.parametrize(
    ("headers", "unchanged"),
    [
        ({}, False),
        ({"if-none-match": TAG}, True),
        ({"if-none-match": f'"x", W/{TAG}'}, True),
        ({"if-none-match": "*"}, True),
        ({"if-none-match": '"x"', "if-modified-since": DATE}, False),
        ({"if-modified-since": DATE}, True),
        ({"if-modified-since": "Sat, 18 Feb 2012 20:42:10 GMT"}, False),
        ({"if-modified-since": "yesterday"}, False),
    ],
)
def test_a_client_is_not_sent_what_it_has(headers: dict[str, str], unchanged: bool) -> None:
    assert is_unchanged(Headers(headers), tag=TAG, modified_ms=MODIFIED_MS) is unchanged


@pytest.mark.parametrize(
    ("if_range", "applies"),
    [
        (None, True),
        (TAG, True),
        (f"W/{TAG}", False),
        ('"other"', False),
        (DATE, True),
        ("Sat, 18 Feb 2012 20:42:12 GMT", False),
        ("nonsense", False),
    ],
)
def test_a_range_counts_for_exactly_the_file_that_was_meant(if_range: str | None, applies: bool) -> None:
    headers = Headers({"if-range": if_range} if if_range else {})

    assert range_applies(headers, tag=TAG, modified_ms=MODIFIED_MS) is applies


def test_dates_are_whole_seconds_of_utc() -> None:
    assert http_date(MODIFIED_MS) == DATE


@pytest.mark.parametrize(
    ("name", "mime_type", "header"),
    [
        ("63119-hybla-fair.mp4", "video/mp4", 'attachment; filename="63119-hybla-fair.mp4"'),
        ("9-image00001.jpg", "image/jpeg", 'inline; filename="9-image00001.jpg"'),
        ("a b.mp4", "video/mp4", 'attachment; filename="a b.mp4"'),
        (
            'we"ird%.mp4',
            "video/mp4",
            "attachment; filename=\"we_ird_.mp4\"; filename*=UTF-8''we%22ird%25.mp4",
        ),
        (
            "žlutý\r\n.mp4",
            "video/mp4",
            "attachment; filename=\"_lut___.mp4\"; filename*=UTF-8''%C5%BElut%C3%BD%0D%0A.mp4",
        ),
    ],
)
def test_file_names_reach_old_clients_and_new(name: str, mime_type: str, header: str) -> None:
    assert content_disposition(name, mime_type) == header


def test_a_date_without_a_zone_is_utc_wherever_the_gateway_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = Headers({"if-modified-since": "Sat Feb 18 20:42:11 2012"})  # asctime's form, which HTTP has too
    with monkeypatch.context() as far_west:
        far_west.setenv("TZ", "America/Los_Angeles")
        time.tzset()
        earlier = is_unchanged(headers, tag=TAG, modified_ms=MODIFIED_MS)
        later = is_unchanged(headers, tag=TAG, modified_ms=MODIFIED_MS + 1000)
    time.tzset()

    assert (earlier, later) == (True, False)
