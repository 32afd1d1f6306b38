"""Why a fetch returned no page: a stable code for each cause, and what the partner can do about it."""

from collections.abc import Mapping
from typing import Final

REMEDIES: Final[Mapping[str, str]] = {
    "url.malformed": "Give a complete URL, such as https://partner.example/docs.",
    "scheme.not_allowed": "Give a URL that starts with https:// or http://.",
    "credentials.not_allowed": "Remove the user name and password from the URL: the page must be public.",
    "port.not_allowed": "Serve the page on port 443, 80 or one from 1024 upwards.",
    "address.ambiguous": "Write the address as four decimal numbers, or better: give a host name.",
    "address.not_public": "Serve the page from a host whose every address is reachable from the internet.",
    "name.unresolved": "Check the host name's spelling and its DNS records.",
    "connection.failed": "Check that the server is up and reachable from the internet.",
    "tls.failed": "Check that the server speaks TLS 1.2 or newer and does not break off.",
    "tls.invalid": "Install a certificate that is in date, names this host and is from a public authority.",
    "time.exceeded": "Make the server answer faster.",
    "redirect.loop": "Fix the redirect so that it ends at a page.",
    "redirect.cookie": "Show the page to visitors who send no cookies too.",
    "redirect.limit": "Give the URL at which the redirects end.",
    "headers.too_large": "Send fewer or shorter response headers.",
    "body.too_large": "Give a smaller page.",
    "encoding.not_allowed": "Send the page uncompressed, or with gzip, deflate or br.",
    "response.malformed": "Check the server: its answer is not valid HTTP/1.1.",
}


class FetchRefused(Exception):
    """A fetch returned no page.

    `code` is stable and a key of `REMEDIES`; `detail` says what was found, and `remedy` what to do. `url` is where it
    happened, which after a redirect is not the requested URL. It never contains credentials, and is empty if the URL
    cannot be parsed.
    """

    def __init__(self, code: str, detail: str, url: str) -> None:
        super().__init__(code, detail, url)
        self.code = code
        self.detail = detail
        self.remedy = REMEDIES[code]
        self.url = url

    def __str__(self) -> str:
        return f"{self.url}: {self.detail} {self.remedy} [{self.code}]"
