"""Decides which addresses are public: by the ranges of `microsoft-antissrf`, and by rules for what those omit."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final, TypeAlias

from AntiSSRF import IPAddressRanges

Address: TypeAlias = IPv4Address | IPv6Address

_LOOPBACK: Final = tuple(ip_network(text) for text in IPAddressRanges.loopback)

# The only IPv6 space from which IANA assigns global unicast addresses. IPv4-mapped ::ffff:0:0/96,
# IPv4-compatible ::/96 and NAT64 lie outside it, as do all ranges that are still reserved.
_GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")

_DENIED: Final = tuple(ip_network(text) for text in (*IPAddressRanges.recommended_latest, "::/96"))


def is_admitted(address: Address, *, allow_loopback: bool) -> bool:
    """Returns whether a partner's URL may lead to `address`. Pure.

    Public addresses are admitted; 127.0.0.0/8 and ::1 only with `allow_loopback`, which opens nothing else.
    """
    if any(address in network for network in _LOOPBACK):
        return allow_loopback
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST_V6:
        return False
    return not any(address in network for network in _DENIED)
