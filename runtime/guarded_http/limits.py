"""The limits of a fetch."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """The limits of one fetch.

    `total` covers everything from the first look-up to the last byte, redirects included. `connect` limits one
    attempt to reach one address, and `read` one period without data from the server. The byte limits apply to each
    answer separately; `body_bytes` limits the body as received and also what it becomes when it is decompressed.
    `redirects` counts refreshes too, of which those are followed that come within `refresh`. `probe` takes the place of
    `total` where only the status of a page is asked for.
    """

    total: timedelta = timedelta(seconds=20)
    probe: timedelta = timedelta(seconds=8)
    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=10)
    header_bytes: int = 64 * 1024
    body_bytes: int = 2 * 1024 * 1024
    redirects: int = 20
    refresh: timedelta = timedelta(seconds=30)
