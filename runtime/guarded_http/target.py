"""Parses a URL, once: the host and the port that are checked here are those that are connected to."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urljoin

import idna
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from runtime.guarded_http.addresses import Address
from runtime.guarded_http.refusal import FetchRefused

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_HOST: Final = 300
"""The longest host with a port, in characters, that is mapped to ASCII."""
# Browsers drop these wherever they are in a URL.
_SLIPS: Final = re.compile(r"[\t\r\n]")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
# The C library takes a name that ends like this for an IPv4 address: 2130706433, 0177.0.0.1, 0x7f.1, 127.1.
_NUMBER_AT_END: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of one request.

    `host` is a lower-case ASCII name, or the text of an address without brackets, in which case `address` is set.
    `path` starts with a slash and includes the query. `url` has neither fragment nor credentials.
    """

    url: str
    scheme: str
    host: str
    address: Address | None
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str) -> Target:
    """Returns the target of the URL `text`. Raises `FetchRefused`. Looks nothing up."""
    try:
        parts = parse_url(_with_ascii_host(text))
    except (LocationParseError, UnicodeError):
        raise FetchRefused("url.malformed", "The URL cannot be read.", "") from None
    url = parts._replace(auth=None, fragment=None).url
    if parts.scheme not in _DEFAULT_PORTS:
        raise FetchRefused("scheme.not_allowed", f"The URL's scheme is {parts.scheme or 'missing'}.", url)
    if parts.auth is not None:
        raise FetchRefused("credentials.not_allowed", "The URL carries credentials.", url)
    host, address = _read_host(parts, url)
    return Target(
        url=url,
        scheme=parts.scheme,
        host=host,
        address=address,
        port=_read_port(parts, url),
        path=parts.request_uri,
    )


def follow(current: Target, location: str, *, base: str | None = None, is_header: bool = True) -> Target:
    """Returns the target of a redirect or a refresh from `current` to `location`. Raises `FetchRefused`.

    `base` is what the page declares as its base URL. `is_header`: http.client has decoded `location`.
    """
    try:
        # http.client decodes headers as Latin-1; servers that send other characters than ASCII mean UTF-8.
        text = location.encode("latin-1").decode("utf-8", errors="replace") if is_header else location
        found = urljoin(urljoin(current.url, (base or "").strip()), _SLIPS.sub("", text).strip())
    except ValueError:
        raise FetchRefused("url.malformed", "The redirect's Location cannot be read.", current.url) from None
    return read_url(found)


def _with_ascii_host(text: str) -> str:
    """Returns a URL with its host in the form that browsers look up, which admits more than IDNA 2008 does."""
    if text.isascii():
        return text
    scheme, separator, rest = text.partition("://")
    end = next((index for index, one in enumerate(rest) if one in "/?#"), len(rest))
    before, at, host = rest[:end].rpartition("@")
    if host.isascii() or len(host) > MAX_HOST:
        return text
    mapped = idna.uts46_remap(host, std3_rules=False)
    labels = [one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in mapped.split(".")]
    return f"{scheme}{separator}{before}{at}{'.'.join(labels)}{rest[end:]}"


def _read_host(parts: Url, url: str) -> tuple[str, Address | None]:
    host = (parts.host or "").lower().removesuffix(".")
    if host.startswith("["):
        host = host.strip("[]")
        if "%" in host:
            raise FetchRefused("url.malformed", "The URL's address names a network zone.", url)
    try:
        address = ip_address(host)
    except ValueError:
        pass
    else:
        return str(address), address
    if _NUMBER_AT_END.fullmatch(host):
        raise FetchRefused("address.ambiguous", f"The host {host} is an address in an unusual form.", url)
    if not _NAME.fullmatch(host):
        raise FetchRefused("url.malformed", "The URL's host is missing or is not a host name.", url)
    return host, None


def _read_port(parts: Url, url: str) -> int:
    """Returns the port. Below 1024 only 80 and 443 are allowed, so that no mail or shell service can be attacked."""
    port = _DEFAULT_PORTS[parts.scheme or ""] if parts.port is None else parts.port
    if port < 1024 and port not in _DEFAULT_PORTS.values():
        raise FetchRefused("port.not_allowed", f"The URL's port is {port}.", url)
    return port
