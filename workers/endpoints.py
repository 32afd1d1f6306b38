"""The interface through which workers post to partners' endpoints. `runtime.guarded_http` implements it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol


class EndpointAnswer(Protocol):
    """An endpoint's answer, whatever its status. `body` is bounded; `body_problem`: why it was not read to its end."""

    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def location(self) -> str | None: ...
    @property
    def body(self) -> bytes: ...
    @property
    def is_cut(self) -> bool: ...
    @property
    def body_problem(self) -> str | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def tls_version(self) -> str | None: ...
    @property
    def certificate_ends(self) -> datetime | None: ...


class PostsToEndpoints(Protocol):
    """A client for endpoints that partners name, which posts to public addresses only and follows no redirect."""

    def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        total: timedelta,
        method: str = "POST",
        at: Sequence[str] = (),
    ) -> EndpointAnswer:
        """Returns the answer to a request with that body and method. Blocks for at most `total`.

        `at` are addresses that `addresses` has returned for the URL: then no name is looked up.

        Raises an exception with `code` and `detail` if no answer came, or the URL must not be posted to.
        """

    def addresses(self, url: str, *, total: timedelta) -> Sequence[str]:
        """Returns the addresses of the URL's host: at least one, all public. Blocks and raises as `post` does."""
