"""Which `traceparent` headers a call takes over, by W3C Trace Context."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.tracing import identify, read_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "value", [VALID, f"00-{TRACE}-{SPAN}-00", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"]
)
def test_a_callers_trace_is_taken_over(value: str) -> None:
    assert read_traceparent(value.encode()) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}-{SPAN}-0",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_traceparent_that_is_invalid_is_ignored(value: str) -> None:
    assert read_traceparent(value.encode()) is None
    identity = identify({"headers": [(b"traceparent", value.encode())]})
    assert (identity.trace_id, identity.parent_id) == (identity.call_id, None)


def test_a_traceparent_that_is_there_twice_is_ignored() -> None:
    identity = identify({"headers": [(b"traceparent", VALID.encode())] * 2})
    assert identity.trace_id == identity.call_id


@given(st.binary(max_size=80))
def test_whatever_the_header_is_the_ids_of_a_call_are_plain(value: bytes) -> None:
    identity = identify({"headers": [(b"traceparent", value)]})
    assert re.fullmatch(r"[0-9a-f]{32}", identity.call_id)
    assert re.fullmatch(r"[0-9a-f]{32}", identity.trace_id)
