"""The result of a fetch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.guarded_http.charset import DecodedText, decode_page


@dataclass(frozen=True, slots=True)
class Page:
    """The final answer, whatever its status: a 404 is a page too.

    `url` is where the page was found; `redirects` are the URLs that led there, beginning with the requested one.
    `content_type` is the header as sent, or empty. `body` is complete, and decompressed. `headers` has the first value
    of each header by its name in lower case.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    redirects: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def text(self) -> str:
        """The body as a browser decodes it; undecodable bytes become U+FFFD."""
        return self.decoded.text

    @property
    def decoded(self) -> DecodedText:
        """The text, and whether its charset had to be guessed."""
        return decode_page(self.body, self.content_type)
