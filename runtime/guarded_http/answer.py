"""The result of a POST."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """An endpoint's answer, whatever its status: a redirect is an answer too, and is not followed.

    `body` is what was read of the body, at most as much as was allowed; `is_cut`: there was more. `body_problem` is the
    code of a `FetchRefused` if the body could not be read to its end, and None otherwise. `seconds` passed from the
    first byte sent to the last byte of the headers received. `tls_version` and `certificate_ends` (UTC) are None for
    http.
    """

    status: int
    content_type: str
    location: str | None
    body: bytes
    is_cut: bool
    body_problem: str | None
    seconds: float
    tls_version: str | None
    certificate_ends: datetime | None
