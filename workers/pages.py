"""The interface through which workers fetch pages. `runtime.guarded_http` implements it."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class DecodedPage(Protocol):
    """A page's text, and whether nothing tells its charset, so that it had to be guessed."""

    @property
    def text(self) -> str: ...
    @property
    def is_guessed(self) -> bool: ...


class FetchedPage(Protocol):
    """A page, after redirects and refreshes were followed. `headers` has lower-case names."""

    @property
    def url(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def text(self) -> str: ...
    @property
    def decoded(self) -> DecodedPage: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def redirects(self) -> Sequence[str]: ...


class FetchesPages(Protocol):
    """A client for pages that partners name, which fetches from public addresses only."""

    def fetch(self, url: str) -> FetchedPage:
        """Returns the page, whatever its status.

        Raises an exception with `code`, `detail` and `remedy` if the page must not or cannot be fetched.
        """

    def probe(self, url: str) -> FetchedPage:
        """Returns the page without its body, sooner than `fetch` gives up. Raises as that does."""
