"""A name is found on a page as people read it: whole words, whatever the letters' form and the tags between them."""

import unicodedata
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.costs import assert_linear
from workers.steps.names import EDGE, fold, is_named
from workers.steps.page_text import read_html

SHOWN = [
    ("Café Zoé", unicodedata.normalize("NFD", "<p>Café Zoé</p>")),
    (unicodedata.normalize("NFD", "Café Zoé"), "<p>Café Zoé</p>"),
    ("Café Zoé", "<p>CAF&Eacute;&nbsp;ZO&#201;</p>"),
    ("Levi's", "<p>Levi\u2019s jeans</p>"),
    ("Levi\u2019s", "<p>Levi's jeans</p>"),
    ("Levi's", "<p>Levi&rsquo;s, Levi\u02bcs</p>"),
    ('The "Best" App', "<p>The \u201cBest\u201d App</p>"),
    ("Tail-Wind", "<p>Tail\u2011Wind</p>"),
    ("Tail \u2013 Wind", "<p>Tail - Wind</p>"),
    ("Acme Insights", "<p>Acme In&shy;sights</p>"),
    ("Acme Insights", "<p>Acme In&#8203;sights</p>"),
    ("Acme Insights", "<p>Acme In&#x2060;si\u200dghts</p>"),
    ("Acme Insights", "<p>Acme In<wbr>sights</p>"),
    ("Acme Insights", "<p>Acme\n\t Insights</p>"),
    ("Acme Insights", "<p>Acme&nbsp;Insights</p>"),
    ("Acme Insights", "<p>Acme\u2009\u202fInsights</p>"),
    ("Acme Insights", "<p>Acme<br>Insights</p>"),
    ("Acme Insights", "<a><span>Acme</span><span>Insights</span></a>"),
    ("Acme Insights", "\uff21\uff43\uff4d\uff45 \uff29nsights"),
    ("HubSpot", "<p><b>Hub</b>Spot</p>"),
    ("HubSpot", "<p><span>Hub</span><span>Spot</span></p>"),
    ("HubSpot", "<h1>" + "".join(f"<span>{letter}</span>" for letter in "HubSpot") + "</h1>"),
    ("HubSpot", "<p><x-brand>Hub</x-brand><em>Spot</em></p>"),
    ("HubSpot", "<p>Hub<!-- a comment -->Spot</p>"),
    ("Acme", '<img alt="Acme">'),
    ("Acme", '<a href="/"><img src="logo.png" alt="Acme logo"></a>'),
    ("Acme", '<a href="/" aria-label="Acme"><svg></svg></a>'),
    ("Acme", '<a href="/"><svg><title>Acme</title></svg></a>'),
    ("Acme", '<abbr title="Acme">A.</abbr>'),
    ("Acme", "<title>Acme | Docs</title><p>Welcome</p>"),
    ("Acme", '<input type="submit" value="Get Acme">'),
    ("Acme", "<ul><li><a>Segment</a><a>Acme</a><a>Braze</a></ul>"),
    ("Acme", "<p>Segment+Acme, Acme\u2019s, (Acme) Acme\u2122</p>"),
    ("Acme", "<p>Acme<sup>1</sup></p>"),
    ("CO2 Tracker", "<p>CO<sub>2</sub> Tracker</p>"),
    ("Acme", "<details><summary>More</summary><p>Acme</p></details>"),
    ("Acme", '<div aria-hidden="true">Acme</div>'),
    ("Acme", '<div style="visibility:hidden">no <b style="visibility:visible">Acme</b></div>'),
    ("Acme", '<div hidden style="display: block">Acme</div>'),
    ("Acme", "<style>@media print { .no { display: none } }</style><p class=no>Acme</p>"),
    ("Acme", "<style>.no { display: none } .no { display: block }</style><p class=no>Acme</p>"),
    ("Customer.io", "<p>customer.io!</p>"),
    ("Yahoo!", "<p>with Yahoo! and more</p>"),
    ("C++", "<p>for C++, too</p>"),
    ("アクメ", "<p>株式会社アクメの連携</p>"),
    ("Acme", "<p>AcmeはSegmentと連携</p>"),
    ("Acme", "<p>Acme를 쓰세요</p>"),
    ("株式会社アクメ", "<p>株式会社アクメは</p>"),
    ("Straße", "<p>STRASSE</p>"),
    ("Яндекс", "<p>яндекс</p>"),
    ("Acme", "<ruby>Ac<rt>x</rt>me</ruby>"),
]
NOT_SHOWN = [
    ("Segment", "<p>audience segments</p>"),
    ("Segment", "<p>audience <b>segment</b>s</p>"),
    ("Segment", "<p>audience <span>segment</span>s</p>"),
    ("Segment", "<p>segmentation, resegment, segment_id, segment2</p>"),
    ("Segment", "<p>Se\u0301gment</p>"),
    ("Acme", "<p>AcmeInsights Acmé</p>"),
    ("Café", "<p>Cafe</p>"),
    ("アクメ", "<p>アクメル</p>"),
    ("Acme Insights", "<p>Acme</p><p>is not Insights</p>"),
    ("Acme", "<!-- Acme --><p>none</p>"),
    ("Acme", "<script>'Acme'</script><style>/* Acme */</style><template>Acme</template><noscript>Acme</noscript>"),
    ("Acme", "<iframe>Acme</iframe><video>Acme</video><datalist><option>Acme</datalist>"),
]
HIDDEN = [
    '<p style="display:none">Acme</p>',
    '<p style="DISPLAY : NONE !important; display:block">Acme</p>',
    '<p style="dis\\70lay:/**/none">Acme</p>',
    '<div style="display:none"><div style="display:block">Acme</div></div>',
    '<p style="visibility: hidden">Acme</p>',
    '<p style="opacity:0">Acme</p>',
    '<p style="font-size:0px">Acme</p>',
    '<p style="position:absolute;left:-9999px">Acme</p>',
    '<p style="height:0;overflow:hidden">Acme</p>',
    "<p hidden>Acme</p>",
    "<dialog>Acme</dialog>",
    "<div popover>Acme</div>",
    "<style>.no{display:none}</style><p class='a no'>Acme</p>",
    "<style>p#it, q { display: none }</style><p id=it>Acme</p>",
    "<p class=no>Acme</p><style>p.no{visibility:hidden}</style>",
    '<meta property="og:title" content="Acme">',
    '<meta name="description" content="Acme">',
]


def _seen(html: str) -> str:
    page = read_html(html)
    return "\n".join((page.title, page.seen, page.labels))


@pytest.mark.parametrize(("name", "html"), SHOWN)
def test_a_name_that_readers_see_is_found(name: str, html: str) -> None:
    assert is_named(name, fold(_seen(html)))


@pytest.mark.parametrize(("name", "html"), NOT_SHOWN)
def test_what_is_not_the_name_or_not_there_is_not_found(name: str, html: str) -> None:
    assert not is_named(name, fold(_seen(html)))
    assert not is_named(name, fold(read_html(html).unseen))


@pytest.mark.parametrize("html", HIDDEN)
def test_what_is_hidden_is_told_from_what_is_seen(html: str) -> None:
    assert not is_named("Acme", fold(_seen(html)))
    assert is_named("Acme", fold(read_html(html).unseen))


words = st.text(st.characters(categories=["L", "N", "M"]), min_size=1, max_size=12)


@settings(deadline=None)
@given(words, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.sampled_from([str.upper, str.lower, str.title, str]))
def test_a_name_is_found_in_every_form_of_its_letters(
    name: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"], case: Callable[[str], str]
) -> None:
    written = unicodedata.normalize(form, name)
    if case(written).casefold() == written.casefold():  # a few letters have no way back
        written = case(written)
    folded = fold(name).joined
    assert is_named(name, fold(f"with {written}, and")) == bool(folded)


@settings(deadline=None)
@given(words, st.lists(st.sampled_from(["\u00ad", "\u200b", "\u2060", "\ufeff"]), max_size=5))
def test_invisible_characters_within_a_name_change_nothing(name: str, invisible: list[str]) -> None:
    written = list(name)
    for place, one in enumerate(invisible):
        written.insert(place * 7 % (len(written) + 1), one)
    assert fold("".join(written)).joined == fold(name).joined


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_folded_and_is_then_folded(text: str) -> None:
    assert fold(fold(text).joined).joined == fold(text).joined
    assert EDGE not in fold(text).joined


PIECES = [
    "a ",
    "é",
    "a\u0301\u0316",
    "\u0301\u0316",
    "\u00ad",
    "\ufdfa",
    "\u3300",
    "a" + EDGE,
    EDGE + " ",
    "_",
    "ー",
    "ß",
]


@pytest.mark.parametrize("piece", PIECES)
def test_looking_for_a_name_takes_time_in_proportion_to_the_text(piece: str) -> None:
    assert_linear(lambda size: piece * (size // len(piece)), lambda text: is_named("aa", fold(text)), size=8_000)
