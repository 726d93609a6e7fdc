"""Readers of setting values: text from the environment in, a typed value out.

Each raises ValueError with what is valid ("a whole number from 0 to 65535"); `settings` puts the setting's name and
the value in front of it.
"""

import base64
import binascii
import math
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from reelyard.media.mail_address import why_no_address

Network = IPv4Network | IPv6Network

MAX_PORT = 65535
MAX_DAYS = 36_500
SECRET_KEY_BYTES = 32
_FROM_URL_ALPHABET = str.maketrans("-_", "+/")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def text(value: str) -> str:
    """Any text."""
    return value


def integer(minimum: int, maximum: int | None = None) -> Callable[[str], int]:
    """A whole number within bounds, both included."""
    upper = f" to {maximum}" if maximum is not None else " up"
    valid = f"a whole number from {minimum}{upper}"

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(valid) from None
        if number < minimum or (maximum is not None and number > maximum):
            raise ValueError(valid)
        return number

    return parse


port = integer(0, MAX_PORT)


def seconds(minimum: float = 0.0, maximum: float | None = None) -> Callable[[str], float]:
    """A number of seconds within bounds; fractions are allowed."""
    upper = f" to {maximum:g}" if maximum is not None else " up"
    valid = f"a number of seconds from {minimum:g}{upper}"

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(valid) from None
        # NaN compares false with everything, so the test is for what is valid
        if not minimum <= number <= (maximum if maximum is not None else 1e9):
            raise ValueError(valid)
        return number

    return parse


def seconds_list(value: str) -> tuple[float, ...]:
    """One or more numbers of seconds with commas between them."""
    valid = 'numbers of seconds with commas between them, as in "1,5,20"'
    parse = seconds()
    try:
        return tuple(parse(part.strip()) for part in value.split(","))
    except ValueError:
        raise ValueError(valid) from None


def amount(value: str) -> float:
    """An amount of money; the point is decimal, and there is no currency in it."""
    valid = 'an amount from 0 up without a currency, as in "0.45"'
    try:
        number = float(value)
    except ValueError:
        raise ValueError(valid) from None
    if not 0 <= number < math.inf:  # "nan" and "inf" are numbers to Python
        raise ValueError(valid)
    return number


def currency(value: str) -> str:
    """The code of a currency by ISO 4217; that it is one of those is not checked."""
    code = value.upper()
    if _CURRENCY.fullmatch(code) is None:
        raise ValueError('three letters, as in "USD"')
    return code


def label(value: str) -> str:
    """A short name that is the value of a metric's label."""
    if _LABEL.fullmatch(value) is None:
        raise ValueError('up to 63 ASCII letters, digits and "._-", the first a letter or digit')
    return value


def boolean(value: str) -> bool:
    """Yes or no."""
    word = value.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError('"true" or "false"')


def choice(*values: str) -> Callable[[str], str]:
    """One of a few words."""
    valid = "one of " + ", ".join(values)

    def parse(value: str) -> str:
        if value.lower() not in values:
            raise ValueError(valid)
        return value.lower()

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    """A URL with one of the schemes."""
    valid = "a URL that begins with " + " or ".join(f"{scheme}:" for scheme in schemes)

    def parse(value: str) -> str:
        try:
            scheme = urlsplit(value).scheme
        except ValueError:
            raise ValueError(valid) from None
        if scheme not in schemes:
            raise ValueError(valid)
        return value

    return parse


def http_base_url(value: str) -> str:
    """The http(s) URL below which others are built; a slash at its end is taken off."""
    valid = 'an http:// or https:// URL with a host and without "?" or "#"'
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise ValueError(valid) from None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise ValueError(valid)
    return value.rstrip("/")


def networks(value: str) -> tuple[Network, ...]:
    """Address ranges in CIDR notation with commas between them."""
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    except ValueError:
        raise ValueError('address ranges with commas between them, as in "10.0.0.0/8,fd00::/8"') from None


def host_port(value: str) -> tuple[str, int]:
    """One `host:port`; IPv6 addresses stand in brackets."""
    match = _HOST_PORT.fullmatch(value)
    if match is None or int(match["port"]) > MAX_PORT:
        raise ValueError('host:port, as in "127.0.0.1:50051" or "[::1]:50051"')
    return match["host"].strip("[]"), int(match["port"])


def addresses(value: str) -> tuple[str, ...]:
    """One or more `host:port` with commas between them."""
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    try:
        for part in parts:
            host_port(part)
    except ValueError:
        parts = ()
    if not parts:
        raise ValueError('one or more host:port with commas between them, as in "10.0.0.1:50051,10.0.0.2:50051"')
    return parts


def slots(queues: Iterable[str]) -> Callable[[str], Mapping[str, int]]:
    """How many tasks of each queue run at once: `ingest:2,encode.cpu:1`; a queue that is left out gets none."""
    names = tuple(queues)
    valid = f'queue:number with commas between them, as in "{names[0]}:2"; queues: {", ".join(names)}'

    def parse(value: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for part in value.split(","):
            name, _, number = part.strip().partition(":")
            if name not in names or name in found or not number.isdecimal():
                raise ValueError(valid)
            found[name] = int(number)
        return MappingProxyType(found)

    return parse


def mail_address(value: str) -> str:
    """One mail address."""
    wrong = why_no_address(value)
    if wrong:
        raise ValueError(f"one mail address, as in noreply@example.com; it {wrong}")
    return value


def days(value: str) -> float:
    """A number of days; fractions are allowed, and 0 stands for "for ever"."""
    valid = "a number of days from 0 to 36500; 0 is for ever"
    try:
        number = float(value)
    except ValueError:
        raise ValueError(valid) from None
    if not 0 <= number <= MAX_DAYS:  # NaN compares false with everything
        raise ValueError(valid)
    return number


def hours(minimum: float) -> Callable[[str], float]:
    """A number of hours from a minimum; fractions are allowed."""
    valid = f"a number of hours from {minimum:g} to {MAX_DAYS * 24}"

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(valid) from None
        if not minimum <= number <= MAX_DAYS * 24:
            raise ValueError(valid)
        return number

    return parse


def secret_keys(value: str) -> tuple[str, ...]:
    """One or more keys of 32 bytes in base64 with commas between them; brought to the alphabet for URLs."""
    valid = "one key of 32 random bytes in base64, or several with commas; `reelyard keys new-secret` makes one"
    keys = tuple(part.strip() for part in value.split(","))
    try:
        raw = [base64.b64decode(key.translate(_FROM_URL_ALPHABET), validate=True) for key in keys]
    except (binascii.Error, ValueError):
        raise ValueError(valid) from None
    if any(len(key) != SECRET_KEY_BYTES for key in raw):
        raise ValueError(valid)
    return tuple(base64.urlsafe_b64encode(key).decode() for key in raw)


def authorities(value: str) -> Path:
    """A PEM file of certificate authorities; it must be there and be readable."""
    try:
        ssl.create_default_context().load_verify_locations(cafile=value)
    except (OSError, ValueError):
        raise ValueError("a readable PEM file with certificates in it") from None
    return Path(value).absolute()


def folder(value: str) -> Path:
    """A folder, made absolute; it need not exist yet."""
    if "\0" in value:
        raise ValueError("the path of a folder")
    return Path(value).expanduser().absolute()
