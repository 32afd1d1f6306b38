"""Partners' markdown on pages: no text becomes a script, a handler, a style or something from elsewhere."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html

from console.markdown import ALLOWED, REL, may_link, rendered

ATTRIBUTES = {
    ("a", "href"),
    ("a", "rel"),
    ("ol", "start"),
    *(("div", name) for name in ("class", "role", "aria-label", "tabindex")),
}
PIECES = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<style>*{}</style>"),
    *("[a](javascript:alert(1))", "[a](JaVaScRiPt&#58;alert(1))", "[a](data:text/html,x)", "[a](//evil.example)"),
    *("![a](https://evil.example/p.png)", "[![a](x)](https://e.example)", "<javascript:alert(1)>", "<b onclick=x>"),
    *("[a](https://ok.example \"t' onclick='x\")", '[a](https://ok.example/"onmouseover="x)', "[a](vbscript:x)"),
    *("[r]", "[r]: javascript:alert(1) 'x'", "[r]: https://ok.example", '```js" onload=x', "```", "|a|b|", "|:-|-:|"),
    *(
        "# ",
        "###### ",
        "> ",
        "- ",
        "3. ",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "&lt;",
        "&#60;script&#62;",
        "\\<",
        "\x00",
        "\ufffd",
    ),
    *(
        "**",
        "~~",
        "`",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "<?php",
        "[a](https://user@e.example)",
        "[a](https://e.example\\@x)",
    ),
    *(
        "java\u200bscript:",
        "[a](\u202ehttps://e.example)",
        "[a](mailto:a@b.example)",
        "[](https://ok.example)",
        "]",
        "(",
    ),
)
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=30).map("".join)


@given(text=TEXTS)
@example(text="|a|b|\n|:-|-:|\n|1|2|\n")
@example(text="```js onload=x\ny\n```\n\n3. z\n")
@example(text="[a](https://ok.example \"t' onclick='x\")")
def test_no_text_becomes_a_script_a_handler_a_style_or_something_from_elsewhere(text: str) -> None:
    made = str(rendered(text))
    tree = html.fragment_fromstring(made, create_parent="main")
    for element in tree.iterdescendants():
        assert element.tag in ALLOWED, made
        assert {(element.tag, name) for name in element.attrib} <= ATTRIBUTES, made
    for link in tree.iter("a"):
        assert may_link(link.get("href")), made
        assert link.get("href").startswith(("https://", "mailto:", "HTTPS://", "MAILTO:"))
        assert link.get("rel") == REL
    assert all(one.isdecimal() for one in tree.xpath("//ol/@start"))


@given(text=TEXTS)
def test_headings_begin_below_the_pages_own_and_leave_no_level_out(text: str) -> None:
    levels = [
        int(one.tag[1])
        for one in html.fragment_fromstring(str(rendered(text)), "main").xpath(".//h3|.//h4|.//h5|.//h6")
    ]
    assert all(after <= before + 1 for before, after in zip([2, *levels], levels, strict=False)), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A *word*.", "<p>A <em>word</em>.</p>"),
        ("[a](https://a.example)", '<p><a href="https://a.example" rel="nofollow noopener">a</a></p>'),
        ("[a](javascript:x)", "<p>a</p>"),
        ("![what it shows](https://e.example/x.png)", "<p>what it shows</p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("[](https://a.example)", '<p><a href="https://a.example" rel="nofollow noopener">https://a.example</a></p>'),
        ("#\n\n# Title", "<h3>Title</h3>"),
        ("", ""),
        (None, ""),
    ],
)
def test_words_stay_and_only_what_a_page_may_have_is_an_element(text: str | None, expected: str) -> None:
    assert str(rendered(text)).strip() == expected
