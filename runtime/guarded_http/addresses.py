"""Decides which addresses are public: by the ranges of `microsoft-antissrf`, and by rules for what those omit.

An IPv6 address may carry an IPv4 address to which a translator or the system itself sends what is sent to it. Then
the address inside is what is judged.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final, TypeAlias

from AntiSSRF import IPAddressRanges

Address: TypeAlias = IPv4Address | IPv6Address

_LOOPBACK: Final = tuple(ip_network(text) for text in IPAddressRanges.loopback)

# The only IPv6 space from which IANA assigns global unicast addresses. IPv4-compatible ::/96 and the local-use NAT64
# prefix 64:ff9b:1::/48 lie outside it, as do all ranges that are still reserved.
_GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")

_DENIED: Final = tuple(ip_network(text) for text in (*IPAddressRanges.recommended_latest, "::/96"))

# The last 32 bits are the IPv4 address to which the packets go: the system connects to a mapped address over IPv4
# (RFC 4291), and a NAT64 translates the well-known prefix (RFC 6052).
_TRANSLATED: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))

# The interface identifiers of ISATAP (RFC 5214), before the IPv4 address of a host in some site.
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_LAST_32_BITS: Final = 0xFFFFFFFF


def is_admitted(address: Address, *, allow_loopback: bool) -> bool:
    """Returns whether a partner's URL may lead to `address`. Pure.

    Public addresses are admitted; 127.0.0.0/8 and ::1 only with `allow_loopback`, which opens nothing else. A mapped
    address and one of the well-known NAT64 prefix are admitted if the IPv4 address inside is public. Refused whatever
    is inside: 6to4 and Teredo, whose relays belong to strangers, and the local-use NAT64 prefix, in which each network
    puts the IPv4 address elsewhere.
    """
    if any(address in network for network in _LOOPBACK):
        return allow_loopback
    if isinstance(address, IPv4Address):
        return _is_public_v4(address)
    inside = IPv4Address(int(address) & _LAST_32_BITS)
    if any(address in network for network in _TRANSLATED):
        return _is_public_v4(inside)
    if address not in _GLOBAL_UNICAST_V6 or any(address in network for network in _DENIED):
        return False
    is_tunnelled = int(address) >> 32 & _LAST_32_BITS in _ISATAP
    return not is_tunnelled or _is_public_v4(inside)


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in (*_LOOPBACK, *_DENIED))
