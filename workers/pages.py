"""The interface through which workers fetch pages. `runtime.guarded_http` implements it."""

from typing import Protocol


class FetchedPage(Protocol):
    """A page, after redirects were followed."""

    @property
    def url(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def text(self) -> str: ...


class FetchesPages(Protocol):
    """A client for pages that partners name, which fetches from public addresses only."""

    def fetch(self, url: str) -> FetchedPage:
        """Returns the page, whatever its status.

        Raises an exception with `code`, `detail` and `remedy` if the page must not or cannot be fetched.
        """
