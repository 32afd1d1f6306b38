"""One reading of each request header that more than one place goes by: who calls, from where, and what a body is.

A header that can be read in two ways is refused, or is rewritten here before anything else reads it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.types import Scope

SINGLE = frozenset(
    {b"authorization", b"content-type", b"content-encoding", b"idempotency-key", b"request-secret", b"origin"}
)
"""The headers that a request may have only once, because readers disagree on which of several counts."""
LISTS = frozenset({b"if-match", b"if-none-match", b"prefer"})
"""The headers whose value is a list: several lines are one list (RFC 9110, 5.3)."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(
    rb"(%b/%b)(?:[ \t]*;[ \t]*(?:%b=(?:%b|\"[\t !#-\[\]-~]*\"))?)*" % (_TOKEN, _TOKEN, _TOKEN, _TOKEN)
)
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9._~+/-]+=*)")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The bearer token of a call, or None without one; and why its Authorization is refused, or None."""

    token: str | None = None
    refusal: str | None = None


def credentials_of(scope: Scope) -> Credentials:
    """Returns what a call says of who makes it. This is the only reader of Authorization.

    A header that is not one `Bearer`, one space and a token is refused, so that a token has one spelling only.
    """
    given = values_of(scope, b"authorization")
    if not given:
        return _NOBODY
    if len(given) > 1:
        return Credentials(refusal="The header Authorization is there more than once.")
    found = _BEARER.fullmatch(given[0])
    if found is None:
        return Credentials(refusal="The header Authorization is not the word Bearer, one space and a token.")
    return Credentials(token=found[1].decode())


def values_of(scope: Scope, name: bytes) -> list[bytes]:
    """Returns the values of all headers with this name, which must be in lower case."""
    return [value for one, value in scope["headers"] if one == name]


def repeated_header(scope: Scope) -> str | None:
    """Returns the name of a header of SINGLE that the request has more than once, or None."""
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in seen and name in SINGLE:
            return "-".join(part.capitalize() for part in name.decode().split("-"))
        seen.add(name)
    return None


def with_lists_joined(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Returns the headers with the lines of each header of LISTS joined to one."""
    if sum(name in LISTS for name, _ in headers) < 2:
        return headers
    lists = {name: b", ".join(value for one, value in headers if one == name) for name in LISTS}
    others = [(name, value) for name, value in headers if name not in LISTS]
    return others + [(name, value) for name, value in lists.items() if value]


def media_type_of(scope: Scope) -> str | None:
    """Returns the media type of the body in lower case, "" without one, or None if Content-Type cannot be read.

    The frameworks below read white space and parameters more freely; what they might read differently is None here.
    """
    given = values_of(scope, b"content-type")
    if not given:
        return ""
    found = _MEDIA_TYPE.fullmatch(given[0])
    return found[1].decode().lower() if found else None


def has_body(scope: Scope) -> bool:
    """Returns whether the request announces a body."""
    lengths = values_of(scope, b"content-length")
    return any(length.strip(b"0") for length in lengths) or bool(values_of(scope, b"transfer-encoding"))


def declared_length(scope: Scope) -> int | None:
    """Returns how many bytes the body has by its Content-Length, None without one."""
    lengths = [int(declared) for declared in values_of(scope, b"content-length") if declared.isdigit()]
    return max(lengths, default=None)


def network_of(host: str | None, prefix: int = 64) -> str:
    """Returns the client's address; for IPv6 its network, since a household or machine is assigned at least a /64.

    An IPv6 address that only carries an IPv4 one (mapped, 6to4, NAT64) counts as that: of the /64s around a 6to4
    address, whoever has the IPv4 address has 65,536.
    """
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address in _NAT64:
        carried = IPv4Address(int(address) & 0xFFFFFFFF)
    return str(carried or ip_network((address, prefix), strict=False))


def network_of_client(scope: Scope, prefix: int = 64) -> str:
    """Returns the network of whoever makes a call, as `network_of` does."""
    return network_of(scope["client"][0] if scope.get("client") else None, prefix)


def is_one_of(host: str | None, networks: Iterable[str]) -> bool:
    """Returns whether the address is in one of the networks. `*` holds every address."""
    named = tuple(networks)
    if "*" in named:
        return True
    try:
        address = ip_address(host or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ip_network(one, strict=False) for one in named)


_NOBODY = Credentials()
_NAT64 = IPv6Network("64:ff9b::/96")
