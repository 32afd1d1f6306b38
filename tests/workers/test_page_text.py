"""The text and links of a page are extracted in time linear in its length, however it is written."""

import pytest

from tests.costs import assert_linear
from workers.steps.page_text import Link, read_html

LENGTH = 1_000_000
HOSTILE = (
    "<a ",
    '<a x="',
    "<a href='",
    "<a href=x>",
    "<!--",
    "<![CDATA[",
    "<!doctype ",
    "<div>",
    "</p>",
    "<b><i>",
    "<i><table>",
    "<script>",
    "<svg><style>",
    "&#",
    "&amp",
    "x<",
    "<p x=1 ",
    "<p style='display:none'>",
    "<p style='((((",
    '<i class="a b c d">',
    "<style>.a{display:none}</style>",
    "<style>a,",
    "<style>{",
    "<style>/*",
    "<a href=x></a>",
    "<h1>",
    "<sup>",
    "<span></span>",
    "<noscript>",
    "<meta name=description content=x>",
    "<base href=x>",
    "<input type=password>",
    "<img alt='x y'>",
    "\x1f \n",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_every_page_is_read_in_time_in_proportion_to_its_length(piece: str) -> None:
    assert_linear(lambda size: piece * (size // len(piece)), read_html, size=8_000)


def test_text_is_what_a_reader_sees_and_links_are_as_written() -> None:
    page = read_html(
        "<?xml version='1.0' encoding='latin-1'?><!doctype html><html><head><title>Acme</title>"
        "<style>p{}</style><script>'Segment'</script></head><body><p>Größe&nbsp;&amp;\n more</p><p>next</p>"
        "<a href='/x?a=1&amp;b=2'>go</a><a>nowhere</a><!-- hidden --></body></html>"
    )
    assert page.words == "Acme Größe & more next go nowhere"
    assert page.links == (Link("/x?a=1&b=2", is_seen=True, text="go"),)


def test_text_is_found_however_deeply_it_is_nested() -> None:
    assert read_html("<div>" * 10_000 + "Segment" + "</div>" * 10_000 + "<p>After</p>").words == "Segment After"


@pytest.mark.parametrize("html", ["", " ", "<!-- -->", "\x00", "\ud800"])
def test_a_page_without_text_has_none(html: str) -> None:
    assert read_html(html).links == ()
