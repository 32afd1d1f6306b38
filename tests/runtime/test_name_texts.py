"""Looking up TXT records at a real name server, whatever it answers."""

from datetime import timedelta

import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.names import Behaviour, NameServer, fails, has, is_truncated, sends, silent

NAME = "_devcenter-challenge.hooks.acme.example"
SHORT = timedelta(seconds=0.6)


@pytest.mark.parametrize("texts", [("one",), ("one", "two words"), ("x" * 900,), ("",), ()])
def test_the_texts_of_a_name_are_returned(texts: tuple[str, ...]) -> None:
    with NameServer({NAME: has(*texts)}).running() as server:
        assert sorted(server.texts().texts(NAME)) == sorted(texts)
        assert server.asked == [NAME]


def test_a_name_that_does_not_exist_has_no_texts() -> None:
    with NameServer({}).running() as server:
        assert server.texts().texts(NAME) == ()


def test_bytes_that_are_no_text_are_replaced() -> None:
    with NameServer({NAME: has("\\255\\254ok")}).running() as server:
        assert server.texts().texts(NAME) == ("\ufffd\ufffdok",)


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(dns.rcode.SERVFAIL),
        fails(dns.rcode.REFUSED),
        is_truncated,
        sends(b""),
        sends(b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x10\x00\x01" + b"\xc0\x0c" * 200),
        silent,
    ],
    ids=["failing", "refusing", "truncated", "cut", "circular", "silent"],
)
def test_name_servers_that_give_no_answer_are_an_error_within_the_time(behaviour: Behaviour) -> None:
    with NameServer({NAME: behaviour}).running() as server, pytest.raises(OSError, match=r"^\w+$"):
        server.texts(SHORT).texts(NAME)


@given(st.binary(max_size=300))
@settings(max_examples=5, deadline=None)
def test_no_answer_breaks_a_look_up(data: bytes) -> None:
    with NameServer({NAME: sends(data)}).running() as server:
        try:
            assert isinstance(server.texts(timedelta(seconds=0.2)).texts(NAME), tuple)
        except OSError as error:
            assert str(error)  # noqa: PT017 (either outcome is right)


@pytest.mark.parametrize("name", ["a" * 70, ".".join(["a" * 60] * 6), "a..b", ""])
def test_a_name_that_cannot_be_asked_for_is_an_error_or_has_no_texts(name: str) -> None:
    with NameServer({}).running() as server:
        try:
            assert server.texts(SHORT).texts(name) == ()
        except OSError as error:
            assert str(error)  # noqa: PT017
