"""Fetches a page: looks up its host, checks the addresses, connects, reads the answer, follows redirects. Or posts.

A refresh, by a header or a <meta>, is a redirect like any other: it is counted and guarded in the same way.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final, cast

import certifi

from runtime.guarded_http.addresses import Address, is_admitted
from runtime.guarded_http.answer import Answer
from runtime.guarded_http.head import read_head, read_refresh
from runtime.guarded_http.inflating import CutShortError, InflatedTooLargeError, UnknownCodingError, inflate
from runtime.guarded_http.limits import FetchLimits
from runtime.guarded_http.names import NameUnresolvedError, Resolver, system_resolver
from runtime.guarded_http.page import Page
from runtime.guarded_http.posting import MAX_HEADER_BYTES, exchange, read_head_of
from runtime.guarded_http.refusal import FetchRefused
from runtime.guarded_http.target import Target, follow, read_url
from runtime.guarded_http.wire import AllowanceError, BoundedSocket, Deadline

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HTML: Final = ("text/html", "application/xhtml+xml")
_MAX_CODINGS_BYTES: Final = 200


@cache
def _usual_authorities() -> ssl.SSLContext:
    """Returns what trusts the authorities of the system and of certifi. Loading them takes about 50 ms."""
    made = ssl.create_default_context()
    made.load_verify_locations(certifi.where())
    return made


class GuardedHttp:
    """Fetches pages that partners name, and posts to their endpoints, at public addresses only.

    Each request looks its host name up once, checks all addresses, and connects to one of exactly those. It uses no
    proxy of the environment, no cookie and no earlier connection. An instance holds no connection and may be shared by
    threads.
    """

    def __init__(
        self,
        limits: FetchLimits,
        *,
        user_agent: str,
        allow_loopback: bool = False,
        resolver: Resolver = system_resolver,
        authorities: Path | None = None,
    ) -> None:
        """Loads the trusted certificate authorities. Raises `OSError` if their file cannot be read.

        `allow_loopback` is for the embedded demo. `authorities` is a PEM file with the only authorities to trust;
        without it, those of the system and of certifi are trusted.
        """
        self._limits = limits
        self._user_agent = user_agent
        self._allow_loopback = allow_loopback
        self._resolver = resolver
        self._tls = _usual_authorities() if authorities is None else ssl.create_default_context(cafile=authorities)

    def fetch(self, url: str) -> Page:
        """Returns the page at `url`, after following redirects. Blocks for at most the limits' `total`.

        Raises `FetchRefused`, and nothing else, for whatever is wrong with `url`, its name servers or its server.
        """
        return self._follow(url, Deadline(self._limits.total), reads_body=True)

    def probe(self, url: str) -> Page:
        """Returns the page at `url` without its body, as `fetch` does. Blocks for at most the limits' `probe`."""
        return self._follow(url, Deadline(min(self._limits.probe, self._limits.total)), reads_body=False)

    def _follow(self, url: str, deadline: Deadline, *, reads_body: bool) -> Page:
        target = read_url(url)
        visited: list[str] = []
        sets_cookies = False
        while True:
            found, sets_cookie = self._request(target, tuple(visited), deadline, reads_body=reads_body)
            if isinstance(found, Page):
                return found
            sets_cookies |= sets_cookie
            visited.append(target.url)
            if found.url in visited:
                raise _circle(found, target, sets_cookies=sets_cookies)
            if len(visited) > self._limits.redirects:
                detail = f"There are more than {self._limits.redirects} redirects."
                raise FetchRefused("redirect.limit", detail, target.url)
            target = found

    def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        total: timedelta,
        method: str = "POST",
        at: Sequence[str] = (),
    ) -> Answer:
        """Sends `body` to `url` with exactly `headers`, a Host, a Content-Length and the client's User-Agent.

        `at` are addresses of its host that `addresses` has returned: then no name is looked up. Follows no redirect,
        and reads at most MAX_ANSWER_BYTES of the answer's body. Blocks for at most `total`. Raises `FetchRefused`, and
        nothing else, for whatever is wrong with `url`, its name servers or its server before the head of an answer has
        come.
        """
        deadline = Deadline(total)
        target = read_url(url)
        addresses = self._admitted(map(ip_address, at), target) if at else self.addresses_of(target, deadline)
        with _refusing(target), self._connected(addresses, target, deadline) as connected:
            bounded = BoundedSocket(connected, deadline, self._limits.read, MAX_HEADER_BYTES)
            sent = {**headers, "User-Agent": self._user_agent}
            return exchange(connected, bounded, target, sent, body, method=method)

    def addresses(self, url: str, *, total: timedelta) -> tuple[str, ...]:
        """Returns the addresses of the host of `url`, all of them admitted. Raises `FetchRefused`, and nothing else."""
        return tuple(map(str, self.addresses_of(read_url(url), Deadline(total))))

    def addresses_of(self, target: Target, deadline: Deadline) -> tuple[Address, ...]:
        """Returns the addresses of `target`: at least one, and all of them admitted. Else raises `FetchRefused`."""
        with _refusing(target):
            found = (target.address,) if target.address is not None else self._resolver(target.host, deadline.seconds())
            if not found:
                raise NameUnresolvedError("the answer is empty")
        return self._admitted(found, target)

    def _admitted(self, found: Iterable[Address], target: Target) -> tuple[Address, ...]:
        admitted = tuple(found)
        for address in admitted:
            if not is_admitted(address, allow_loopback=self._allow_loopback):
                raise FetchRefused("address.not_public", f"{target.host} is at {address}.", target.url)
        return admitted

    def _request(
        self, target: Target, redirects: tuple[str, ...], deadline: Deadline, *, reads_body: bool
    ) -> tuple[Page | Target, bool]:
        """Returns the page at `target`, or the target of its redirect, of which only the syntax has been checked.

        Also returns whether the answer sets a cookie.
        """
        addresses = self.addresses_of(target, deadline)
        with _refusing(target), self._connected(addresses, target, deadline) as connected:
            bounded = BoundedSocket(connected, deadline, self._limits.read, self._limits.header_bytes)
            response = self._ask(target, bounded)
            sets_cookie = "Set-Cookie" in response.headers
            location = response.headers["Location"]
            if response.status in _REDIRECTS and location:
                return follow(target, location), sets_cookie
            page = Page(
                url=target.url,
                status=response.status,
                content_type=response.headers.get("Content-Type", ""),
                body=self._read_body(target, response, bounded) if reads_body else b"",
                redirects=redirects,
                headers={name.lower(): value for name, value in reversed(response.headers.items())},
            )
        return self._refreshed(target, page) or page, sets_cookie

    def _refreshed(self, target: Target, page: Page) -> Target | None:
        """Returns where the refresh of a page leads, or None if it stays."""
        if not 200 <= page.status < 300:
            return None
        said, base = page.headers.get("refresh"), None
        is_html = not page.content_type or page.content_type.partition(";")[0].strip().lower() in _HTML
        if said is None and is_html:
            head = read_head(page.text)
            said, base = head.refresh, head.base
        refresh = read_refresh(said) if said is not None else None
        if refresh is None or not refresh.url or refresh.seconds > self._limits.refresh.total_seconds():
            return None
        found = follow(target, refresh.url, base=base, is_header="refresh" in page.headers)
        return None if found.url == target.url else found

    def _connected(self, addresses: tuple[Address, ...], target: Target, deadline: Deadline) -> socket.socket:
        """Returns a socket connected to the first of `addresses` that answers, with TLS for https."""
        connected = _first_that_answers(addresses, target.port, deadline, self._limits.connect)
        if target.scheme == "http":
            return connected
        try:
            connected.settimeout(deadline.seconds(self._limits.read))
            return self._tls.wrap_socket(connected, server_hostname=target.host)
        except BaseException:
            connected.close()
            raise

    def _ask(self, target: Target, bounded: BoundedSocket) -> HTTPResponse:
        """Sends the request and reads the status and the headers of the answer."""
        connection = HTTPConnection(target.host, target.port)
        connection.auto_open = 0  # it must never look up or connect by itself
        connection.sock = cast("socket.socket", bounded)
        headers = {
            "Host": target.authority,
            "User-Agent": self._user_agent,
            "Accept": "text/html, */*;q=0.5",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        connection.request("GET", target.path, headers=headers)
        return read_head_of(connection, target, self._limits.header_bytes)

    def _read_body(self, target: Target, response: HTTPResponse, bounded: BoundedSocket) -> bytes:
        """Returns the complete body, decompressed. Refuses one that is too large, or encoded in an unknown way."""
        codings = ",".join(response.headers.get_all("Content-Encoding", []))[:_MAX_CODINGS_BYTES]
        transfer = response.headers.get_all("Transfer-Encoding", [])
        if transfer and not response.chunked:
            detail = f"The page is sent with the transfer encoding {', '.join(transfer)[:_MAX_CODINGS_BYTES]}."
            raise FetchRefused("encoding.not_allowed", detail, target.url)
        limit = self._limits.body_bytes
        too_large = FetchRefused("body.too_large", f"The page exceeds {limit} bytes.", target.url)
        if response.length is not None and response.length > limit:
            raise too_large
        bounded.allow(2 * limit + self._limits.header_bytes)  # chunk sizes and trailers count too
        try:
            body = response.read(limit + 1)
        except AllowanceError:
            raise too_large from None
        if len(body) > limit:
            raise too_large
        if response.length:
            raise CutShortError(f"the server closed {response.length} bytes before the end of the page")
        try:
            return inflate(body, [coding.strip().lower() for coding in codings.split(",")], limit)
        except UnknownCodingError:
            detail = f"The page is sent with the encoding {codings}."
            raise FetchRefused("encoding.not_allowed", detail, target.url) from None
        except InflatedTooLargeError:
            raise too_large from None


def _circle(found: Target, target: Target, *, sets_cookies: bool) -> FetchRefused:
    """Returns the refusal of redirects that lead back, which a cookie might have ended."""
    if sets_cookies:
        detail = f"The redirects lead back to {found.url} for a visitor who sends no cookies."
        return FetchRefused("redirect.cookie", detail, target.url)
    return FetchRefused("redirect.loop", f"The redirects lead back to {found.url}.", target.url)


def _first_that_answers(
    addresses: tuple[Address, ...], port: int, deadline: Deadline, at_most: timedelta
) -> socket.socket:
    """Returns a socket to the first of `addresses` that answers within `at_most`. Raises the last `OSError`."""
    failure = OSError("there is no address to connect to")
    for address in addresses:
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        attempt = socket.socket(family, socket.SOCK_STREAM)
        try:
            attempt.settimeout(deadline.seconds(at_most))
            attempt.connect((str(address), port))
        except OSError as error:
            attempt.close()
            failure = error
        else:
            return attempt
    raise failure


@contextmanager
def _refusing(target: Target) -> Iterator[None]:
    """Turns the errors of look-ups, sockets, TLS and HTTP into `FetchRefused`."""
    try:
        yield
    except NameUnresolvedError as error:
        raise FetchRefused("name.unresolved", f"{target.host} has no address: {error}.", target.url) from error
    except TimeoutError as error:
        raise FetchRefused("time.exceeded", f"The server is too slow: {error}.", target.url) from error
    except ssl.SSLCertVerificationError as error:
        detail = f"The certificate is not valid: {error.verify_message}."
        raise FetchRefused("tls.invalid", detail, target.url) from error
    except ssl.SSLError as error:
        raise FetchRefused("tls.failed", f"The TLS connection failed: {error.reason}.", target.url) from error
    except (OSError, CutShortError) as error:
        raise FetchRefused("connection.failed", f"{target.host} cannot be read: {error}.", target.url) from error
    except (HTTPException, ValueError) as error:
        detail = f"The answer is not HTTP: {type(error).__name__}."
        raise FetchRefused("response.malformed", detail, target.url) from error
