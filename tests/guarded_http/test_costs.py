"""What a server says is read in time in proportion to its length."""

import codecs
from contextlib import suppress

import pytest

from runtime.guarded_http import FetchRefused
from runtime.guarded_http.charset import decode_page
from runtime.guarded_http.head import read_head, read_refresh
from runtime.guarded_http.target import follow, read_url
from tests.costs import assert_linear

PIECES = ["a", "<", "<meta ", "<meta charset=x>", "<meta http-equiv=refresh content='0;url=", "<!--", "charset=", "'"]
PIECES += [
    ";",
    "é",
    "\u0301",
    "<?xml ",
    "encoding",
    " ",
    "\n",
    "1",
    ".",
    "url=",
    "%",
    "\\",
    "/",
    "@",
    ":",
    "[",
    "xn--",
    "#",
    "?",
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_page_s_declarations_are_read_in_time_in_proportion_to_its_length(piece: str) -> None:
    def read(text: str) -> None:
        read_head(text)
        read_refresh(text)
        decode_page(text.encode(), f"text/html; {text}")
        decode_page(codecs.BOM_UTF16_LE + text.encode(), "")

    assert_linear(lambda size: piece * (size // len(piece)), read, size=15_000)


@pytest.mark.parametrize(
    "label", ["gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "koi8-r", "x-user-defined"]
)
@pytest.mark.parametrize("piece", [b"\xff", b"\x81", b"\x1b$B", b"\x1b", b"a"])
def test_a_charset_is_decoded_in_time_in_proportion_to_the_body(label: str, piece: bytes) -> None:
    assert_linear(
        lambda size: piece * (size // len(piece)),
        lambda body: decode_page(body, f"text/html; charset={label}"),
        size=60_000,
    )


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("place", ["http://{}/", "http://a.example/{}", "http://a.example/?{}#{}", "{}"])
def test_a_url_is_read_in_time_in_proportion_to_its_length(place: str, piece: str) -> None:
    base = read_url("http://a.example/b")

    def read(url: str) -> None:
        with suppress(FetchRefused):
            read_url(url)
        with suppress(FetchRefused):
            follow(base, url, is_header=False)

    assert_linear(lambda size: place.replace("{}", piece * (size // len(piece))), read, size=15_000)
