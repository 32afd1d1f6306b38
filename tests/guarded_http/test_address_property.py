"""The guard admits only addresses that are public by the IANA registries, listed here independently of its library."""

import ipaddress
import socket
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.guarded_http import FetchLimits, FetchRefused, GuardedHttp, NameUnresolvedError
from runtime.guarded_http.addresses import Address, is_admitted
from runtime.guarded_http.target import read_url
from runtime.guarded_http.wire import Deadline

# IANA IPv4 and IPv6 Special-Purpose Address Registries, with multicast (RFC 5771, RFC 4291), the deprecated site-local
# and IPv4-compatible spaces (RFC 3879, RFC 4291), and Teredo, 6to4 and NAT64, which carry an IPv4 address inside.
REGISTRIES = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
::/128 ::1/128 ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32
2001:2::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
fc00::/7 fe80::/10 fec0::/10 ff00::/8
"""
SPECIAL = [ip_network(text) for text in REGISTRIES.split()]
# By the IANA IPv6 address space registry, 2000::/3 is all of global unicast.
GLOBAL_UNICAST = [ip_network("0.0.0.0/0"), ip_network("2000::/3")]
# Public by the registries, but an internal address of one cloud provider, which inside it belongs to no partner.
CLOUD_FABRIC = ip_address("168.63.129.16")


def is_public(address: Address) -> bool:
    """Returns whether the address, or the IPv4 address to which it is translated or tunnelled, is public."""
    if isinstance(address, IPv6Address):
        inside = ip_address(int(address) & 0xFFFFFFFF)
        if address in ip_network("64:ff9b::/96") or address.ipv4_mapped:
            return is_public(inside) and inside != CLOUD_FABRIC
        if f"{int(address):032x}"[16:24] in ("00005efe", "02005efe") and not is_public(inside):
            return False
    return any(address in net for net in GLOBAL_UNICAST) and not any(address in net for net in SPECIAL)


def numeric_resolver(name: str, _seconds: float) -> Sequence[Address]:
    """Parses a name as the C library parses addresses, in every form it accepts. Never asks a name server."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError as error:
        raise NameUnresolvedError(str(error)) from None
    return [ip_address(sockaddr[0]) for *_, sockaddr in found]


@cache
def client() -> GuardedHttp:
    return GuardedHttp(FetchLimits(), user_agent="test", resolver=numeric_resolver)


def admitted(host: str) -> tuple[Address, ...]:
    """Returns the addresses to which the client would connect for a URL with this host, none if it refuses the URL."""
    try:
        return client().addresses_of(read_url(f"http://{host}/"), Deadline(timedelta(seconds=5)))
    except FetchRefused:
        return ()


def near(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> st.SearchStrategy[int]:
    """Returns numbers inside `network` and up to two beyond each of its ends."""
    first, last = int(network.network_address), int(network.broadcast_address)
    return st.integers(max(0, first - 2), min(2**network.max_prefixlen - 1, last + 2))


v4_numbers = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([n for n in SPECIAL if n.version == 4]).flatmap(near))
v6_numbers = st.one_of(
    st.integers(0, 2**128 - 1),
    st.sampled_from([n for n in (*SPECIAL, *GLOBAL_UNICAST) if n.version == 6]).flatmap(near),
    v4_numbers,
    v4_numbers.map(lambda number: number | 0xFFFF << 32),
    v4_numbers.map(lambda number: number | 0x64FF9B << 96),
    v4_numbers.map(lambda number: 0x64FF9B0001 << 80 | number),
    v4_numbers.map(lambda number: 0x2002 << 112 | number << 80),
    v4_numbers.map(lambda number: 0x20010000 << 96 | (number ^ 0xFFFFFFFF)),
    v4_numbers.map(lambda number: 0x2606470000000000_00005EFE << 32 | number),
    v4_numbers.map(lambda number: 0x2606470000000000_02005EFE << 32 | number),
)


@st.composite
def v4_texts(draw: st.DrawFn) -> str:
    """An IPv4 address with one to four parts, each decimal, octal or hexadecimal, or with a dot at its end."""
    number = draw(v4_numbers)
    parts = draw(st.integers(1, 4))
    leading = [number >> shift & 255 for shift in (24, 16, 8)][: parts - 1]
    rest = number & (2 ** (8 * (5 - parts)) - 1)
    forms = st.sampled_from(["{}", "{}", "0{:o}", "0x{:x}", "0X{:08X}", "{:03d}"])
    return ".".join(draw(forms).format(part) for part in (*leading, rest)) + draw(st.sampled_from(["", "."]))


@st.composite
def v6_texts(draw: st.DrawFn) -> str:
    """An IPv6 address in brackets: short, long, in capitals, or with its end in IPv4 form."""
    address = IPv6Address(draw(v6_numbers))
    tail = IPv4Address(int(address) & 0xFFFFFFFF)
    mixed = f"{address.exploded[:29]}:{tail}"
    return f"[{draw(st.sampled_from([str(address), address.exploded, str(address).upper(), mixed]))}]"


@settings(deadline=None)
@given(st.one_of(v4_texts(), v6_texts()))
@example("[::ffff:8.8.8.8]")
@example("0x7f.1")
@example("2130706433")
def test_what_the_guard_admits_is_public_however_the_address_is_written(host: str) -> None:
    assert all(is_public(address) for address in admitted(host))


@given(st.one_of(v4_numbers.map(IPv4Address), v6_numbers.map(IPv6Address)))
@example(ip_address("8.8.8.8"))
@example(ip_address("2606:4700::1"))
@example(ip_address("64:ff9b::5db8:d822"))
@example(ip_address("64:ff9b::10.0.0.1"))
@example(ip_address("2606:4700::5efe:10.0.0.1"))
def test_the_guard_admits_an_address_exactly_if_the_registries_call_it_public(address: Address) -> None:
    assert is_admitted(address, allow_loopback=False) == (is_public(address) and address != CLOUD_FABRIC)


@given(st.one_of(v4_numbers.map(IPv4Address), v6_numbers.map(IPv6Address)))
@example(ip_address("127.0.0.1"))
@example(ip_address("::1"))
@example(ip_address("::ffff:127.0.0.1"))
def test_allowing_loopback_adds_loopback_only(address: Address) -> None:
    loopback = address in ip_network("127.0.0.0/8") or address == ip_address("::1")
    assert is_admitted(address, allow_loopback=True) == (loopback or is_admitted(address, allow_loopback=False))
