"""Metadata, from the text of a request to the arguments of ffmpeg."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder_node.encoder_options import tag_options
from reelyard.media.errors import SpecError
from reelyard.media.output import OutputFormat, OutputRequest, OutputSpec
from reelyard.media.plan import Tag
from reelyard.media.resolve import resolve_output
from reelyard.media.tags import MAX_NAME, MAX_TAGS, MAX_VALUE, parse_metadata


def resolve(preset: OutputRequest | None = None, **members: Any) -> OutputSpec:
    entry = OutputFormat(id=900, name="own", description="", parameters=preset) if preset else None
    request = OutputRequest(**{"output_format_id": 900 if preset else 0, "container": "mp4"} | members)
    return resolve_output(request, entry)


def refusal(**members: Any) -> str:
    with pytest.raises(SpecError) as caught:
        resolve(**members)
    assert caught.value.field == "metadata"
    return caught.value.message


def test_a_query_string_becomes_tags_in_its_order() -> None:
    assert parse_metadata("title=My%20Title&Album=A+%26+B%3D%C3%A9&X-Own=1") == (
        Tag(name="title", value="My Title"),
        Tag(name="album", value="A & B=é"),
        Tag(name="X-Own", value="1"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title", ["no name and value", "part 1"]),
        ("title=A&", ["no name and value", "part 2"]),
        ("=A", ["no name and value"]),
        ("title=", ["no name and value"]),
        ("title=%4", ["'%'", "part 1"]),
        ("title=%ff", ["UTF-8"]),
        ("title=a%00b", ["control"]),
        ("title=a%0Ab", ["control"]),
        ("title=a%C2%85b", ["control"]),
        ("title=A&TITLE=B", ["'title' twice"]),
        ("-y=1", ["'-y'", "a letter"]),
        ("ti%3Dtle=1", ["'ti=tle'"]),
        ("x" * (MAX_NAME + 1) + "=1", [str(MAX_NAME)]),
        ("title=" + "x" * (MAX_VALUE + 1), [str(MAX_VALUE + 1), f"at most {MAX_VALUE}"]),
        ("&".join(f"k{n}=1" for n in range(MAX_TAGS + 1)), [f"{MAX_TAGS + 1} tags"]),
        ("timecode=00:00:00:00", ["'timecode'", "file's own structure"]),
        ("track=first", ["'first'", "3/12"]),
    ],
)
def test_what_is_no_set_of_tags_is_refused(text: str, words: list[str]) -> None:
    message = refusal(container="matroska", metadata=text)

    for word in words:
        assert word in message


def test_a_name_that_the_container_would_drop_is_refused_with_those_that_it_holds() -> None:
    message = refusal(metadata="title=A&mood=dark")

    assert "'mood'" in message
    assert "album_artist" in message
    assert resolve(container="matroska", metadata="mood=dark").metadata == "mood=dark"


def test_a_preset_s_tags_are_dropped_where_the_container_cannot_hold_them_and_overridden_by_the_request() -> None:
    preset = OutputRequest(container="matroska", metadata="mood=dark")

    assert resolve(preset, container=None).metadata == "mood=dark"
    assert resolve(preset, container="mp4").metadata == ""
    assert resolve(preset, container="mp4", metadata="title=B").metadata == "title=B"


@given(
    st.lists(st.tuples(st.sampled_from(["title", "artist", "album"]), st.text(min_size=1)), unique_by=lambda t: t[0])
)
def test_a_value_never_becomes_an_option(pairs: list[tuple[str, str]]) -> None:
    options = tag_options([Tag(name=name, value=value) for name, value in pairs])

    assert list(options) == [f"metadata:g:{index}" for index in range(len(pairs))]
    assert list(options.values()) == [f"{name}={value}" for name, value in pairs]
