from ipaddress import ip_address, ip_network

import pytest

from reelyard.cluster.fetch_policy import FetchPolicy, check_url
from reelyard.media.errors import ErrorCode, SpecError

PUBLIC = FetchPolicy()
WEB = ("http", "https")


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert PUBLIC.allows(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:db8::1",
        "2001::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_other_addresses_may_not(address: str) -> None:
    assert not PUBLIC.allows(ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00::7"])
def test_an_admitted_range_may_be_reached_in_every_spelling(address: str) -> None:
    policy = FetchPolicy((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))

    assert policy.allows(ip_address(address))
    assert not policy.allows(ip_address("192.168.0.1"))
    assert not policy.allows(ip_address("fe80::1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.mp4",
        "https://user:pass@example.com:8443/a%20b.mp4?x=1#f",
        "http://[2606:4700::1111]/x",
        "http://1.1.1.1",
        "http://xn--bcher-kva.example/",
        "http://under_score.example./x",
        "HTTP://EXAMPLE.COM/",
    ],
)
def test_a_url_of_the_public_web_is_accepted(url: str) -> None:
    check_url(url, schemes=WEB, policy=PUBLIC, field="source_url")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "must begin with http:// or https://"),
        ("example.com/x", "must begin with"),
        ("ftp://example.com/x", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://user@/x", "names no host"),
        ("http://host:99999/", "its port"),
        ("http://host:0/", "its port"),
        ("http://host:port/", "its port"),
        ("http://[::1/", "not a URL"),
        ("http://ho st/", "space"),
        ("http://host/a b", "space"),
        ("http://host/\r\nX: y", "control"),
        ("ht\ttp://host/", "control"),
        ("http://host\\@evil/", "backslash"),
        ("http://bücher.example/", "xn--"),
        ("http://ex%61mple.com/", "host"),
        ("http://127.0.0.1/", "may not be reached"),
        ("http://127.1/", "may not be reached"),
        ("http://2130706433/", "may not be reached"),
        ("http://0x7f000001/", "may not be reached"),
        ("http://0177.0.0.1/", "may not be reached"),
        ("http://017700000001/", "may not be reached"),
        ("http://0/", "may not be reached"),
        ("http://[::1]/", "may not be reached"),
        ("http://[::ffff:10.0.0.1]/", "may not be reached"),
        ("http://user:pass@169.254.169.254/latest/", "may not be reached"),
        ("http://127.0.0.1./", "may not be reached"),
        ("http://localhost/", "may not be reached"),
        ("http://LocalHost.:80/", "may not be reached"),
        ("http://a.localhost/", "may not be reached"),
        ("http://metadata.google.internal/", "may not be reached"),
        ("http://host/" + "x" * 5000, "longer than 4096"),
    ],
)
def test_another_url_is_refused_with_what_is_wrong(url: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_url(url, schemes=WEB, policy=PUBLIC, field="source_url")

    assert problem in caught.value.message
    assert caught.value.field == "source_url"
    assert caught.value.code is ErrorCode.INVALID_INPUT_URL
    assert caught.value.message.startswith("{source_url} is '")
    assert "pass" not in caught.value.message.replace("passwd", "")
    assert all(character.isprintable() for character in caught.value.message)


def test_an_admitted_range_admits_literals_and_localhost() -> None:
    policy = FetchPolicy((ip_network("127.0.0.0/8"),))

    for host in ("127.0.0.1", "localhost", "2130706433"):
        check_url(f"http://{host}:8080/x", schemes=WEB, policy=policy, field="f")
    with pytest.raises(SpecError):
        check_url("http://10.0.0.1/", schemes=WEB, policy=policy, field="f")


def test_credentials_and_signatures_are_not_in_the_message() -> None:
    with pytest.raises(SpecError) as caught:
        check_url("http://user:hunter2@127.0.0.1/x?sig=hunter2", schemes=WEB, policy=PUBLIC, field="f")

    assert "hunter2" not in caught.value.message
    assert "http://127.0.0.1/x" in caught.value.message
