"""Web addresses in evidence, judged by their form, so that nobody waits for a review to learn it. Pure.

What a name resolves to is judged when the page is fetched.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from ada_url import URL, HostType

URL_FIELDS: Final = ("website", "url")
"""The fields of evidence that are one address. `shared_at` is a list of them."""
_LOWEST_PORT: Final = 1024
_PORTS: Final = ("", "80", "443")
_INTERNAL: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_TRANSLATED: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


def problems_with_urls(evidence: Mapping[str, Any], *, loopback: bool) -> list[str]:
    """Returns a sentence for each address in the evidence that no reviewer could open or nobody should be sent to.

    `loopback` allows addresses of this machine, for an installation to try things on.
    """
    return [
        f"{name}: {shown} {problem}"
        for name, url in _addresses(evidence)
        for shown, problem in [_problem(url, loopback=loopback)]
        if problem
    ]


def _addresses(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in URL_FIELDS:
        if isinstance(evidence.get(name), str):
            yield name, evidence[name]
    shared = evidence.get("shared_at")
    for index, url in enumerate(shared if isinstance(shared, list) else ()):
        if isinstance(url, str):
            yield f"shared_at[{index}]", url


def _problem(url: str, *, loopback: bool) -> tuple[str, str]:
    """Returns the address as it may be repeated, and what is wrong with it; "" if nothing is."""
    try:
        read = URL(url)
    except ValueError:
        return url[:100], "cannot be opened by a browser. Copy the address of the page from one."
    if read.username or read.password:
        return "the address", "has a user name or a password in it. Leave it out: the page must be open to everybody."
    host = read.hostname
    if loopback and host in _LOOPBACK:
        return host, ""
    if read.port not in _PORTS and int(read.port) < _LOWEST_PORT:
        return f"port {read.port}", "is not a port of web pages. Publish the page on port 443, the usual one."
    is_name = read.host_type == HostType.DEFAULT
    if not (_is_public_name(host) if is_name else _is_public(ip_address(host.strip("[]")))):
        return host[:100], "is inside a network, where nobody else can reach it. Give the address that everybody uses."
    return host, ""


def _is_public_name(host: str) -> bool:
    labels = host.rstrip(".").lower()
    return "." in labels and not any(f".{labels}".endswith(f".{name}") for name in _INTERNAL)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if any(address in network for network in _TRANSLATED):
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast
