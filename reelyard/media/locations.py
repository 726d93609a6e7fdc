"""Places outside of Reelyard that a URL names: where a source lies, and where an output is delivered to.

    ftp://user:password@host[:21]/folder/file        path below the login folder; /%2Fvar/file is absolute
    ftps://user:password@host[:21]/folder/file       AUTH TLS; on port 990 TLS from the first byte
    sftp://user:password@host[:22]/folder/file       absolute; /~/file is below the login folder
                                                     ?hostkey=SHA256:... is the server's only valid fingerprint
    s3://KEY:SECRET@bucket/folder/file?region=REGION           a bucket of AWS
    s3://KEY:SECRET@host[:port]/bucket/folder/file             any S3 server; a host has a dot or a port
                                                     ?region=us-east-1&secure=true, &secure=false for plain HTTP
    http(s)://user:password@host[:port]/folder/file?query      basic authentication

A path that ends in "/" is a folder. Everything may be percent-encoded and is decoded here.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import SplitResult, quote, unquote, urlsplit

from reelyard.media.errors import ErrorCode, SpecError

#: The schemes that are served by clients of our own; http and https have those of the webhooks.
PEER_SCHEMES = frozenset({"ftp", "ftps", "sftp", "s3"})
HTTP_SCHEMES = frozenset({"http", "https"})
#: What DeliveryLocation and SourceMediaURL may begin with.
LOCATION_SCHEMES = PEER_SCHEMES | HTTP_SCHEMES
#: The port on which FTP speaks TLS from the first byte.
IMPLICIT_TLS_PORT = 990

_PORTS = MappingProxyType({"ftp": 21, "ftps": 21, "sftp": 22, "http": 80, "https": 443})
#: Characters of any URL that a client gives.
MAX_URL = 4096
#: What no URL holds unless it is percent-encoded.
UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
#: The name of a bucket of S3.
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: The parameters of the query, by scheme; HTTP's query is the server's own.
_PARAMETERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"ftp": frozenset(), "ftps": frozenset(), "sftp": frozenset({"hostkey"}), "s3": frozenset({"region", "secure"})}
)
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_AWS_REGION = re.compile(r"s3[.-](?:dualstack\.)?([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_DEFAULT_REGION = "us-east-1"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
S3_FORMS = (
    "s3://KEY:SECRET@BUCKET/PATH?region=REGION for a bucket of AWS, and s3://KEY:SECRET@HOST:PORT/BUCKET/PATH for any "
    "other server (a host has a dot in it or a port behind it)"
)
_ENCODE = "write '/' in it as %2F, '@' as %40, ':' as %3A, '?' as %3F, '#' as %23 and '%' as %25"


@dataclass(frozen=True, kw_only=True)
class Location:
    """A place, taken apart. Texts are decoded; `path` has no slash in front, but where it is absolute (ftp, sftp).

    Of http and https the path stays as it was given, since its spelling may be signed. `query` is HTTP's own; `bucket`,
    `region` and `secure` are S3's, `host_key` is SFTP's.
    """

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    path: str
    query: str = field(default="", repr=False)
    host_key: str = ""
    bucket: str = ""
    region: str = ""
    secure: bool = True

    @property
    def is_folder(self) -> bool:
        """Whether the path names a folder, to which a file's name is added."""
        return not self.path or self.path.endswith("/")

    @property
    def implicit_tls(self) -> bool:
        """Whether an FTP server speaks TLS from the first byte."""
        return self.scheme == "ftps" and self.port == IMPLICIT_TLS_PORT

    @property
    def folder(self) -> str:
        """The path up to and without its last slash; "" for the top, "/" for the root of an absolute path."""
        above, slash, _ = self.path.rpartition("/")
        return above or ("/" if slash else "")

    @property
    def name(self) -> str:
        """The file's name; "" of a folder."""
        return self.path.rpartition("/")[2]

    @property
    def shown(self) -> str:
        """The place as it may be shown: without user, password and query."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) or self.scheme == "s3" else f":{self.port}"
        bucket = f"/{self.bucket}" if self.bucket else ""
        path = self.path if self.scheme in HTTP_SCHEMES else quote(self.path, safe="/~@:+,;=!$&()*")
        home = "~/" if self.scheme == "sftp" and not path.startswith("/") else ""
        return f"{self.scheme}://{host}{port}{bucket}/{home}{path.removeprefix('/')}"

    def with_file(self, name: str) -> "Location":
        """The place of a file: this one, or the file of that name in this folder."""
        if not self.is_folder:
            return self
        return replace(self, path=self.path + (quote(name, safe="") if self.scheme in HTTP_SCHEMES else name))


def scheme_of(url: str) -> str:
    """The scheme of a URL in lower case; "" when it has none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def parse_location(url: str, *, field: str) -> Location:
    """Take a URL apart.

    Args:
        url: of one of LOCATION_SCHEMES.
        field: the member that held it, for messages. They never repeat user, password or query.

    Raises:
        SpecError: it can't be read as the scheme's form, with what is valid.
    """
    parts = _split(url, field)
    _check_authority(url, parts, field)
    user, password = _credentials(parts, field)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "s3":
        return _s3_location(parts, (user, password), field)
    path = parts.path.removeprefix("/")
    is_http = parts.scheme in HTTP_SCHEMES
    options = {} if is_http else _options(parts, field)
    location = Location(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password,
        path=path if is_http else _decoded(path, "path", field),
        query=parts.query if is_http else "",
        host_key=_host_key(options, field),
    )
    return _sftp_location(location, field) if location.scheme == "sftp" else location


def check_delivery_location(url: str, *, field: str = "delivery_location") -> None:
    """Refuse a place that nothing can be delivered to.

    Raises:
        SpecError: it isn't in the form of its scheme, or an s3 URL lacks a key.
    """
    location = parse_location(url, field=field)
    if location.scheme == "s3":
        _require(bool(location.user), field, f"names no key and secret; valid are {S3_FORMS}")


def check_source_location(url: str) -> None:
    """Refuse a place of ftp, ftps, sftp or s3 that no source can be fetched from.

    Raises:
        SpecError: it isn't in the form of its scheme, or names a folder (`invalid_input_url`).
    """
    field = "source_url"
    try:
        location = parse_location(url, field=field)
        _require(not location.is_folder, field, "names a folder; a source is a single file")
    except SpecError as error:
        raise SpecError(error.field, error.message, code=ErrorCode.INVALID_INPUT_URL) from None


def _split(url: str, field: str) -> SplitResult:
    scheme = scheme_of(url)
    if scheme not in LOCATION_SCHEMES:
        given = f"begins with '{scheme}://'" if scheme.isalnum() else "has no scheme"
        valid = ", ".join(f"{name}://" for name in sorted(LOCATION_SCHEMES))
        raise SpecError(field, f"{{{field}}} {given}; it must begin with one of {valid}")
    _require(len(url) <= MAX_URL, field, f"is longer than {MAX_URL} characters")
    problem = "holds a space, a control character or a backslash; such characters must be percent-encoded"
    _require(not UNSAFE.search(url), field, problem)
    try:
        return urlsplit(url)
    except ValueError:
        raise _refusal(field, "is not a URL") from None


def _check_authority(url: str, parts: SplitResult, field: str) -> None:
    """Host and port; a password with a raw slash in it looks like a host with a wrong port."""
    hint = f"; if user or password hold such characters, {_ENCODE}" if "@" in url else ""
    try:
        port = parts.port
    except ValueError:
        raise _refusal(field, f"has a port that is not a number from 1 to 65535{hint}") from None
    _require(port != 0, field, "has port 0; valid are 1 to 65535")
    _require(bool(parts.hostname), field, f"names no host{hint}")
    _require(not parts.fragment and not url.endswith("#"), field, f"has a fragment ('#'), which names nothing{hint}")
    cut = parts.scheme in PEER_SCHEMES and "@" not in parts.netloc and "@" in url
    _require(not cut, field, f"has an '@' behind its first '/' and none in front of it; {_ENCODE}")


def _credentials(parts: SplitResult, field: str) -> tuple[str, str]:
    """User and password, decoded."""
    userinfo, at, _ = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    _require(not at or bool(user), field, "has an '@' without a user in front of it")
    _require("@" not in userinfo, field, f"has several '@' in front of its host; {_ENCODE}")
    return _decoded(user, "user", field), _decoded(password, "password", field)


def _decoded(text: str, what: str, field: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _refusal(field, f"has a {what} that is not percent-encoded UTF-8") from None
    _require(not _CONTROL.search(decoded), field, f"has a control character in its {what}")
    if what == "path":
        _require(".." not in decoded.split("/"), field, "has '..' in its path; name the folder itself")
    return decoded


def _options(parts: SplitResult, field: str) -> dict[str, str]:
    """The parameters of the query, decoded; "+" stands for itself."""
    known = _PARAMETERS[parts.scheme]
    found: dict[str, str] = {}
    for pair in parts.query.split("&") if parts.query else ():
        name, _, value = pair.partition("=")
        if name not in known or name in found:
            valid = f"valid are {', '.join(sorted(known))}, each once" if known else "there is none"
            raise _refusal(
                field, f"has a parameter behind its '?' that {parts.scheme} URLs do not have ({valid}); '?' is %3F"
            )
        found[name] = unquote(value)
    return found


def _sftp_location(location: Location, field: str) -> Location:
    """With the path as the server takes it: absolute, or below the login folder."""
    has_both = bool(location.user and location.password)
    _require(has_both, field, "names no user and password (sftp://user:password@host/path)")
    home = location.path == "~" or location.path.startswith("~/")
    return replace(location, path=location.path[1:].removeprefix("/") if home else "/" + location.path)


def _host_key(options: Mapping[str, str], field: str) -> str:
    key = options.get("hostkey", "")
    if "hostkey" in options and not _HOST_KEY.fullmatch(key):
        raise _refusal(field, "has a hostkey that is no fingerprint: valid is SHA256: and 43 characters of base64")
    return key.rstrip("=")


def _s3_location(parts: SplitResult, credentials: tuple[str, str], field: str) -> Location:
    options = _options(parts, field)
    user, password = credentials
    _require(bool(user) == bool(password), field, f"has a key without a secret; valid are {S3_FORMS}")
    secure = options.get("secure", "true")
    _require(secure in {"true", "false"}, field, f"has secure={secure[:20]}; valid are true and false")
    host, path = parts.hostname or "", _decoded(parts.path.removeprefix("/"), "path", field)
    region = options.get("region", "")
    _require(not region or bool(_REGION.fullmatch(region)), field, "has a region that is none, such as eu-west-1")
    if parts.port is None and "." not in host and not _is_address(host):
        _require(bool(region), field, f"names a bucket of AWS without its region; valid are {S3_FORMS}")
        _require(secure == "true", field, "has secure=false, which AWS does not offer")
        bucket, host = host, f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
    else:
        bucket, _, path = path.partition("/")
        region = region or _region_of(host)
    _require(bool(BUCKET.fullmatch(bucket)), field, f"names no valid bucket; valid are {S3_FORMS}")
    return Location(
        scheme="s3",
        host=host,
        port=parts.port or (443 if secure == "true" else 80),
        user=user,
        password=password,
        path=path,
        bucket=bucket,
        region=region,
        secure=secure == "true",
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _region_of(host: str) -> str:
    match = _AWS_REGION.fullmatch(host)
    return match[1] if match else _DEFAULT_REGION


def _require(condition: bool, field: str, complaint: str) -> None:  # noqa: FBT001  # reads as the sentence it is
    if not condition:
        raise _refusal(field, complaint)


def _refusal(field: str, complaint: str) -> SpecError:
    return SpecError(field, f"{{{field}}} {complaint}.")
