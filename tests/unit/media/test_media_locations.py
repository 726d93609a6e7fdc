"""The forms of URLs that name places outside of Reelyard."""

import pytest

from reelyard.media.errors import ErrorCode, SpecError
from reelyard.media.locations import check_delivery_location, check_source_location, parse_location

KEY = "SHA256:" + "A" * 43


def parse(url: str):
    return parse_location(url, field="delivery_location")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "ftp://us%20er:p%40ss%2F%C3%B6@h/a%20b/c.mp4",
            {"user": "us er", "password": "p@ss/ö", "port": 21, "path": "a b/c.mp4"},
        ),
        ("ftp://h/%2Fvar/x", {"user": "", "path": "/var/x", "folder": "/var", "name": "x"}),
        ("FTPS://u@h:990/", {"scheme": "ftps", "implicit_tls": True, "is_folder": True}),
        ("ftps://u@h/x", {"port": 21, "implicit_tls": False}),
        ("sftp://u:p@h/a/b", {"port": 22, "path": "/a/b", "folder": "/a"}),
        ("sftp://u:p@h/~/a/b", {"path": "a/b", "folder": "a"}),
        ("sftp://u:p@h/~/", {"path": "", "is_folder": True, "folder": ""}),
        ("sftp://u:p@h/", {"path": "/", "is_folder": True, "folder": "/"}),
        (f"sftp://u:p@h/x?hostkey={KEY}=", {"host_key": KEY}),
        (
            "s3://K:S%2F+@films/a/b.mp4?region=eu-west-1",
            {
                "host": "s3.eu-west-1.amazonaws.com",
                "port": 443,
                "bucket": "films",
                "path": "a/b.mp4",
                "region": "eu-west-1",
                "password": "S/+",
                "secure": True,
            },
        ),
        (
            "s3://K:S@minio:9000/films/a/?secure=false",
            {"host": "minio", "port": 9000, "bucket": "films", "path": "a/", "region": "us-east-1", "secure": False},
        ),
        ("s3://K:S@s3.eu-central-1.amazonaws.com/films/a", {"region": "eu-central-1", "bucket": "films"}),
        ("s3://K:S@[::1]:9000/films/a", {"host": "::1", "bucket": "films"}),
        ("https://u:p@h/a%2Fb/?x=%2F", {"path": "a%2Fb/", "query": "x=%2F", "is_folder": True, "port": 443}),
    ],
)
def test_a_url_is_taken_apart(url: str, expected: dict[str, object]) -> None:
    location = parse(url)

    assert {name: getattr(location, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("gopher://h/x", ["gopher", "sftp://", "s3://"]),
        ("h/x", ["no scheme"]),
        ("ftp:///x", ["no host"]),
        ("ftp://h:0/x", ["port 0"]),
        ("ftp://h:99999/x", ["port"]),
        ("ftp://h/x#y", ["fragment"]),
        ("ftp://h/x?y=1", ["parameter", "%3F"]),
        ("ftp://h/a%0Ab", ["control character"]),
        ("ftp://h/a%FFb", ["UTF-8"]),
        ("ftp://h/../x", ["'..'"]),
        ("ftp://@h/x", ["without a user"]),
        ("ftp://u:s3cr/et@h/x", ["%2F"]),
        ("ftp://u:12/s3cr@h/x", ["%2F"]),
        ("ftp://u:s3cr@et@h/x", ["several '@'"]),
        ("ftp://u:s3cr#et@h/x", ["%23"]),
        ("sftp://u@h/x", ["user and password"]),
        ("sftp://u:s3cr@h/x?hostkey=SHA256:abc", ["fingerprint"]),
        ("s3://K:s3cr@films/x", ["region", "KEY:SECRET@BUCKET/PATH", "HOST:PORT/BUCKET"]),
        ("s3://K@films/x?region=eu-west-1", ["without a secret"]),
        ("s3://films/x?region=eu-west-1", ["no key"]),
        ("s3://K:s3cr@host.example/x?secure=no", ["secure"]),
        ("s3://K:s3cr@host.example/", ["bucket"]),
        ("s3://K:s3cr@host.example/Up_per/x", ["bucket"]),
        ("s3://K:s3cr@films/x?region=eu-west-1&secure=false", ["secure=false"]),
        ("s3://K:s3cr@films/x?region=eu-west-1&token=1", ["region, secure"]),
    ],
)
def test_what_is_unclear_is_refused_with_what_is_valid_and_without_secrets(url: str, words: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        check_delivery_location(url)

    assert all(word in caught.value.message for word in words), caught.value.message
    assert "s3cr" not in caught.value.message
    assert caught.value.code is ErrorCode.INVALID_PARAMETER_VALUE


def test_a_source_is_a_single_file() -> None:
    check_source_location("ftp://h/x.mov")
    check_source_location("s3://films/x.mov?region=eu-west-1")

    for url in ("ftp://h/folder/", "sftp://u:p@h/", "s3://K:S@host.example/films"):
        with pytest.raises(SpecError, match="folder") as caught:
            check_source_location(url)
        assert caught.value.code is ErrorCode.INVALID_INPUT_URL


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://u:p@h:2121/a%20b/x.mp4", "ftp://h:2121/a%20b/x.mp4"),
        ("sftp://u:p@h/~/x", "sftp://h/~/x"),
        ("sftp://u:p@h/x?hostkey=" + KEY, "sftp://h/x"),
        ("s3://K:S@films/x?region=eu-west-1", "s3://s3.eu-west-1.amazonaws.com/films/x"),
        ("https://u:p@h/a%2Fb?sig=1", "https://h/a%2Fb"),
    ],
)
def test_a_place_is_shown_without_its_secrets(url: str, shown: str) -> None:
    location = parse(url)

    assert location.shown == shown
    assert "password" not in repr(location)


def test_a_files_name_is_added_to_a_folder_only() -> None:
    assert parse("ftp://h/a/").with_file("ö %.mp4").path == "a/ö %.mp4"
    assert parse("https://h/a/").with_file("ö %.mp4").path == "a/%C3%B6%20%25.mp4"
    assert parse("ftp://h/a/x.mp4").with_file("y.mp4").path == "a/x.mp4"
