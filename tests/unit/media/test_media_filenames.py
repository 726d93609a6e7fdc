import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelyard.media.filenames import MAX_NAME_BYTES, output_filename, source_filename


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://example.com/a/hybla-fair.avi", "hybla-fair.avi"),
        ("http://example.com/a/My%20Film%20%C3%A9.mov?token=secret#t=3", "My Film é.mov"),
        ("http://user:pass@example.com/", "source"),
        ("http://example.com", "source"),
        ("http://example.com/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "etc passwd"),
        ("http://example.com/..", "source"),
        ("http://example.com/.hidden.mp4", "hidden.mp4"),
        ("http://example.com/a%00b%0d%0ac.mp4", "a b c.mp4"),
        ("http://example.com/a%ff.mp4", "a.mp4"),
        ("http://[broken/a.mp4", "source"),
    ],
)
def test_a_source_is_called_as_its_url_ends(url: str, name: str) -> None:
    assert source_filename(url) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="report 1.mp4"', "report 1.mp4"),
        ("attachment; filename*=UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
        ('attachment; filename="../../etc/cron.d/x"', "x"),
        ('attachment; filename="C:\\\\films\\\\a.mp4"', "a.mp4"),
        ('attachment; filename="a\r\nX-Evil: 1.mp4"', "a X-Evil 1.mp4"),
        ("inline", "clip.mp4"),
        ("", "clip.mp4"),
    ],
)
def test_a_server_may_name_its_file(header: str, name: str) -> None:
    assert source_filename("http://example.com/clip.mp4", header) == name


def test_an_output_is_called_by_id_source_and_container() -> None:
    assert output_filename(63119, "hybla-fair.avi", "mp4") == "63119-hybla-fair.mp4"
    assert output_filename(7, "archive.tar.gz", "matroska") == "7-archive.tar.mkv"
    assert output_filename(7, "noending", "mp3") == "7-noending.mp3"
    assert output_filename(7, "", "webm") == "7-source.webm"


def test_long_names_are_cut_between_characters_and_keep_their_ending() -> None:
    name = source_filename("http://example.com/" + "é" * 150 + ".mp4")

    assert len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith("é.mp4")
    assert len(output_filename(123456789, name, "webm").encode()) <= MAX_NAME_BYTES


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_gives_a_safe_name(path: str, header: str) -> None:
    name = source_filename("http://example.com/" + path, header)

    for made in (name, output_filename(1, name, "mp4")):
        assert made
        assert len(made.encode()) <= MAX_NAME_BYTES
        assert not set(made) & set('/\\:*?"<>|\r\n\t\x00')
        assert not made.startswith(".")
