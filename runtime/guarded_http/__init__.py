"""The HTTP client for URLs that partners give: public addresses only, bounded in bytes and in time."""

from runtime.guarded_http.answer import Answer
from runtime.guarded_http.client import GuardedHttp
from runtime.guarded_http.limits import FetchLimits
from runtime.guarded_http.names import NameUnresolvedError, Resolver, system_resolver
from runtime.guarded_http.page import Page
from runtime.guarded_http.refusal import FetchRefused

__all__ = [
    "Answer",
    "FetchLimits",
    "FetchRefused",
    "GuardedHttp",
    "NameUnresolvedError",
    "Page",
    "Resolver",
    "system_resolver",
]
