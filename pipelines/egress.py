"""Which URLs and addresses the service may call: syntax, the operator's list of exceptions, classes of addresses.

Pure: no look-ups. The API checks what a URL says (`check_url`), a worker checks each address that its name resolves to
(`address_allowed`) and connects to exactly that address.

Sources: the special-purpose registries of IANA (RFC 6890 and its updates), the host parser of the WHATWG URL standard
for the many spellings of an IPv4 address. Python 3.11's `is_global` alone calls several of these networks global.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Self
from urllib.parse import SplitResult, urlsplit

from pipelines.errors import InvalidRequest

Address = IPv4Address | IPv6Address

DEFAULT_PORTS: Mapping[str, int] = {"https": 443, "http": 80}
MAX_URL = 2048
MAX_HOST = 253
MAX_PORT = 65535
MAX_IPV4 = 2**32
MAX_OCTET = 255
IPV4_PARTS = 4

#: Names that never mean a public host (RFC 6761, 6762, 8375, and ICANN's reservation of `internal`).
INTERNAL_NAMES = ("localhost", "localdomain", "internal", "local", "home.arpa")

#: Never public, whatever `is_global` says in this version of Python.
REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

#: Only 2000::/3 is given out to hosts; inside it, these embed an IPv4 address or are set aside.
GLOBAL_UNICAST = IPv6Network("2000::/3")
REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\^`{|}<>\"]")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


class UrlInvalid(ValueError):
    """The URL, or an entry of the list of exceptions, is not written as one."""


@dataclass(frozen=True)
class Destination:
    """A checked URL, so that the one who connects need not parse it again (and differently)."""

    scheme: str
    #: An ASCII name in lower case without a final dot, or an address in its usual spelling without brackets.
    host: str
    port: int
    #: Path with query, as it goes into the request line.
    target: str

    @property
    def authority(self) -> str:
        """The Host header: brackets around IPv6, no port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class EgressRules:
    """The operator's exceptions: (host, port) pairs that may be private, and may be called with plain http."""

    allowed: frozenset[tuple[str, int]] = field(default_factory=frozenset)

    @classmethod
    def parse(cls, allow: str) -> Self:
        """Reads `host:port,[v6]:port,…`; raises UrlInvalid that names the entry."""
        entries = (entry.strip() for entry in allow.split(","))
        return cls(frozenset(_parse_entry(entry) for entry in entries if entry))

    def listed(self, host: str, port: int) -> bool:
        """Whether this host, as a URL names it, is an exception."""
        return (host, port) in self.allowed

    def check_url(self, url: str, *, name: str = "url") -> Destination:
        """What can be said without a look-up; raises InvalidRequest for the field `name`.

        Codes: `url_invalid` (syntax, scheme, userinfo), `address_refused` (private address, internal name).
        """
        try:
            destination = parse_url(url)
        except UrlInvalid as error:
            raise InvalidRequest.of(name, str(error), code="url_invalid") from error
        if self.listed(destination.host, destination.port):
            return destination
        if not _public_host(destination.host):
            raise InvalidRequest.of(name, "this address is not public", code="address_refused")
        if destination.scheme != "https":
            raise InvalidRequest.of(name, "only https is called here", code="url_invalid")
        return destination

    def address_allowed(self, address: str | Address, host: str, port: int) -> bool:
        """Whether a worker may connect to `address`, which `host` resolved to."""
        return self.listed(host, port) or is_public(address)


def is_public(address: str | Address) -> bool:
    """Whether an address belongs to a host on the public internet; False for what is not an address at all."""
    try:
        parsed = ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in REFUSED_V4)
    if parsed.scope_id is not None or parsed not in GLOBAL_UNICAST:
        return False
    return not any(parsed in network for network in REFUSED_V6)


def parse_url(url: str) -> Destination:
    """Splits an http(s) URL strictly; raises UrlInvalid with a sentence for a person."""
    if len(url) > MAX_URL:
        raise UrlInvalid(f"longer than {MAX_URL} characters")
    if _FORBIDDEN.search(url):
        raise UrlInvalid("holds a character that a URL may not hold")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UrlInvalid("not a URL") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise UrlInvalid("must begin with https://")
    if "@" in parts.netloc:
        raise UrlInvalid("must not hold a user name or password")
    if port == 0:
        raise UrlInvalid("port 0 cannot be called")
    return Destination(
        parts.scheme, normal_host(_host(parts)), port or DEFAULT_PORTS[parts.scheme], _request_target(parts)
    )


def origin(url: str) -> str:
    """`https://host:port`, the same however the URL spells it; a URL that is none stands for itself."""
    try:
        destination = parse_url(url)
    except UrlInvalid:
        return url
    return f"{destination.scheme}://{destination.host}:{destination.port}"


def normal_host(host: str) -> str:
    """One spelling per host: addresses as `ipaddress` writes them, names in ASCII; raises UrlInvalid."""
    if ":" in host:
        return _ipv6(host)
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".") if host else ""
    except UnicodeError as error:
        raise UrlInvalid("its host is not a name") from error
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _ipv4(name)
    if len(name) > MAX_HOST or not _NAME.fullmatch(name):
        raise UrlInvalid("its host is not a name")
    return name


def _host(parts: SplitResult) -> str:
    # `hostname` drops brackets, so `[1.2.3.4]` would pass for a name.
    host = parts.hostname or ""
    if parts.netloc.startswith("[") and ":" not in host:
        raise UrlInvalid("its host is not an address")
    return host


def _request_target(parts: SplitResult) -> str:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise UrlInvalid("its path must be percent-encoded")
    return target


def _ipv6(host: str) -> str:
    message = "its host is not an address"
    try:
        address = IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise UrlInvalid(message) from error
    if address.scope_id is not None:
        raise UrlInvalid(message)
    return str(address)


def _ipv4(name: str) -> str:
    """Decimal, hexadecimal, octal and short forms, as resolvers read them: `0x7f.1` is 127.0.0.1."""
    parts = name.split(".")
    message = "its host is not an address"
    if len(parts) > IPV4_PARTS or not all(_NUMBER.fullmatch(part) for part in parts):
        raise UrlInvalid(message)
    try:
        *leading, last = [_number(part) for part in parts]
    except ValueError as error:
        raise UrlInvalid(message) from error
    value = last
    for index, number in enumerate(leading):
        value += number << (24 - 8 * index)
    if any(number > MAX_OCTET for number in leading) or last >= 256 ** (5 - len(parts)) or value >= MAX_IPV4:
        raise UrlInvalid(message)
    return str(IPv4Address(value))


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def _public_host(host: str) -> bool:
    try:
        return is_public(ip_address(host))
    except ValueError:
        return not any(host == name or host.endswith(f".{name}") for name in INTERNAL_NAMES)


def _parse_entry(entry: str) -> tuple[str, int]:
    host, separator, port = entry.rpartition(":")
    if not separator or not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        raise UrlInvalid(f"{entry!r} is not host:port")
    try:
        return normal_host(host), int(port)
    except UrlInvalid as error:
        raise UrlInvalid(f"{entry!r}: {error}") from error
