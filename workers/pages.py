"""What a fetched page looks like to review steps. The guarded client itself is runtime's."""

from typing import Protocol


class FetchedPage(Protocol):
    """A page at the end of its redirects."""

    @property
    def url(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def text(self) -> str: ...


class FetchesPages(Protocol):
    """Fetches pages that partners name, and only from public addresses."""

    def fetch(self, url: str) -> FetchedPage:
        """Returns the page, a 404 included. Raises an exception with `code`, `detail` and `remedy` when it may not."""
