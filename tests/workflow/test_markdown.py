"""What is found in markdown: every form of a link, whatever hides in it, and nothing that only looks like one."""

import gc
import sys
from collections.abc import Callable
from time import thread_time
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.markdown import MAX_NESTING, read_markdown

LINKS: dict[str, str] = {
    "inline": "See [x]({}).",
    "inline in brackets": "See [x](<{}>).",
    "inline with a title": 'See [x]({} "title").',
    "picture": "![x]({})",
    "picture in a link": "[![x]({})](https://acme.example)",
    "link in a picture's words": "![a [x]({}) b](https://acme.example/a.png)",
    "full reference": "See [x][ref].\n\n[ref]: {}\n",
    "collapsed reference": "See [ref][].\n\n[ref]: <{}>\n",
    "short reference": "See [ref].\n\n[ref]: {} 'title'\n",
    "reference that is used nowhere": "Words.\n\n[ref]: {}\n",
    "second reference of a name": "[ref]\n\n[ref]: https://acme.example\n[ref]: {}\n",
    "list": "- one\n  1. [x]({})\n",
    "quote": "> > [x]({})\n",
    "table": "| a |\n|---|\n| [x]({}) |\n",
    "heading": "[x]({})\n===\n",
    "emphasis": "**_[x]({})_**",
    "strikethrough": "~~[x]({})~~",
    "link in HTML": "a <a href='{}'>b</a>",
    "link in HTML without quotes": "a <a href={}>b</a>",
    "link in an unknown element": "a <y href='{}'>b</y>",
    "picture in HTML": "<img src='{}'>\n",
    "picture set in HTML": "<img srcset='{} 2x'>\n",
    "link in a block of HTML": "<div>\n<a HREF='{}'>b</a>\n</div>\n",
    "markdown in a block of HTML": "<div>\n[x]({})\n</div>\n",
    "SVG": "<svg><a xlink:href='{}'>b</a></svg>\n",
}
"""The forms in which markdown writes a link or a picture."""

DANGEROUS = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript:alert(1)",
    "javascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "java&Tab;script:alert(1)",
    "java&#10;script:alert(1)",
    "java\tscript:alert(1)",
    "\tjavascript:alert(1)",
    "&#1;javascript:alert(1)",
    "java\u200bscript:alert(1)",
    "vbscript:msgbox",
    "data:image/svg+xml;base64,AAAA",
    "data:text/html,x",
]
INSECURE = [
    "http://evil.example",
    "HTTP://evil.example",
    "//evil.example",
    "/docs",
    "docs/settings",
    "ftp://evil.example",
    "file:///etc/passwd",
    "java%0ascript:alert(1)",
    "javascript%3Aalert(1)",
    "https:evil.example",
    "https://",
    "https://segment.com@evil.example",
    "https://evil.example:99999",
    "https:\\\\evil.example",
    "https://evil.example/\u202egpj.exe",
    "tel:+15551234567",
    "mailto:nobody",
]
SECURE = [
    "https://acme.example",
    "HTTPS://acme.example/a?b=c&d=e",
    "https://acme.example:8443/a_(b)",
    "https://bücher.example/ä",
    "https://acme.example/a%20b",
]


@pytest.mark.parametrize("form", LINKS)
def test_what_can_run_is_found_in_every_form_of_a_link(form: str) -> None:
    missed = [
        target
        for target in DANGEROUS
        if not read_markdown(LINKS[form].format(target)).insecure
        and not ("\t" in target and form == "link in HTML without quotes")  # there the attribute ends at the blank
        and not ("\t" in target and form == "second reference of a name")  # which is then no definition
    ]
    assert missed == []


@pytest.mark.parametrize("form", LINKS)
def test_a_link_that_is_not_secure_is_found_in_every_form(form: str) -> None:
    unseen = {"markdown in a block of HTML"}  # no renderer that reads no markdown there makes a link of it
    targets = INSECURE[:2] if form in unseen else INSECURE
    assert [target for target in targets if not read_markdown(LINKS[form].format(target)).insecure] == []


@pytest.mark.parametrize("form", LINKS)
def test_a_secure_link_is_accepted_in_every_form(form: str) -> None:
    unquoted = form == "link in HTML without quotes"
    found = {target: read_markdown(LINKS[form].format(target)).insecure for target in SECURE}
    assert {target: one for target, one in found.items() if one and not (unquoted and "=" in target)} == {}


@pytest.mark.parametrize("target", ["mailto:help@acme.example", "MAILTO:help@acme.example?subject=Hi", "#settings"])
def test_a_link_may_lead_to_a_mailbox_or_within_the_text_but_a_picture_may_not(target: str) -> None:
    assert read_markdown(f"[x]({target})").insecure == []
    assert read_markdown(f"![x]({target})").insecure == [target]


@pytest.mark.parametrize(
    "text",
    [
        "<https://acme.example> and <help@acme.example> and <mailto:help@acme.example>",
        "https://acme.example and www.acme.example and acme.example and help@acme.example",
        "Use https:// and never http:// for your endpoint.",
        "Set it to `http://localhost:8080`, or to `[x](javascript:alert(1))`.",
        "```\n[x](javascript:alert(1)) http://evil.example\n```",
        "    <a href='javascript:alert(1)'>",
        "[http://acme.example](https://acme.example)",
        "javascript: the good parts; data: what we keep",
        "Customer.io, Booking.com and monday.com",
    ],
)
def test_what_is_no_insecure_link_is_accepted(text: str) -> None:
    assert read_markdown(text).insecure == []


@pytest.mark.parametrize("text", ["see http://evil.example now", "(HTTP://evil.example)", "**ftp://evil.example**"])
def test_a_bare_address_that_renderers_make_a_link_of_is_judged_as_one(text: str) -> None:
    assert len(read_markdown(text).insecure) == 1


@pytest.mark.parametrize(
    "text",
    [
        "when x<y and y>z",
        "if a<b and c>d",
        "if i<n then p<q and q>r",
        "a List<String>, a vector<int> and a Map<K, V>",
        "<your-key> goes here, and <API_KEY> there",
        "1 < 2 and 3 > 2, <3, <-, ->, <=, a<>b",
        "<https://acme.example> <help@acme.example>",
        "AT&T &amp; R&D",
        "`<b>` and\n\n```html\n<script>\n```\n",
        r"\<b\>",
    ],
)
def test_what_is_no_tag_is_no_html(text: str) -> None:
    assert not read_markdown(text).html


@pytest.mark.parametrize(
    "text",
    [
        "a <b>c</b>",
        "<div>\n",
        "x <br> y",
        "x <BR/> y",
        "<!-- hidden -->",
        "a <!-- hidden --> b",
        "<?php ?>",
        "<!DOCTYPE html>",
        "x <y onclick=alert(1)> z",
        "a <i class='x'>b</i>",
        "- <script>\n",
        "> <img src=x>",
        "</p>",
    ],
)
def test_tags_comments_and_instructions_are_html(text: str) -> None:
    assert read_markdown(text).html


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "a <img src='https://acme.example/a.png' onerror='x'>",
        "a <b style='position:fixed'>c</b>",
        "<iframe src='https://acme.example'></iframe>",
        "<form action='https://acme.example'><input></form>",
        "a <svg onload=x> b",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        "<object data='https://evil.example'>",
        "a <y ONclick=x> b",
    ],
)
def test_html_that_loads_or_runs_something_is_known(text: str) -> None:
    assert read_markdown(text).runs


@pytest.mark.parametrize("text", ["<details>\n<summary>More</summary>\nWords\n</details>", "a<br>b", "H<sub>2</sub>O"])
def test_html_that_only_shapes_a_text_runs_nothing(text: str) -> None:
    assert not read_markdown(text).runs


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[[App name]] does it", ["[[App name]]"]),
        ("- **[[first thing]]**\n- [[second\nthing]]", ["[[first thing]]"]),
        ("[[*words*]] and [[what `key` is]]", ["[[words]]", "[[what … is]]"]),
        ("# [[App name]] source\n\n| a |\n|---|\n| [[b]] |", ["[[App name]]", "[[b]]"]),
        ("<div>\n[[in a block]]\n</div>", ["[[in a block]]"]),
        ('```sh\nif [[ -z "$KEY" ]]; then\n```\n', []),
        ("~~~toml\n[[destinations]]\n~~~\n", []),
        ("    [[ -f x ]]\n", []),
        ("Run `[[ -f x ]]` first, or ``[[ `a` ]]``.", []),
        ("<pre>\n[[ -f x ]]\n</pre>\n", []),
        ("<code>[[ -f x ]]</code>\n", ["[[ -f x ]]"]),
        ("a[0][1] and [[]] and matrix[[1]", []),
        (r"\[\[words\]\]", []),
    ],
)
def test_placeholders_are_found_outside_code(text: str, left: list[str]) -> None:
    assert read_markdown(text).placeholders == left


@pytest.mark.parametrize(
    "heading",
    [
        "## Settings",
        "## Settings ##",
        "##   Settings   ########   ",
        " ## Settings",
        "   ## Settings",
        "##\tSettings",
        "Settings\n--------",
        "Settings\n-",
        "  Settings\n  ---",
        "## **Settings**",
        "## [Settings](#settings)",
        "## `Settings`",
        "## SETTINGS",
        "## S&#101;ttings",
        "Intro\n\n- list\n\n## Settings",
        "Intro\n## Settings",
    ],
)
def test_a_section_begins_with_any_heading_of_its_level(heading: str) -> None:
    read = read_markdown(f"{heading}\n\nWords.\n")
    assert read.sections == {"settings": True}


@pytest.mark.parametrize(
    "text",
    [
        "##Settings\n",
        "    ## Settings\n",
        "```\n## Settings\n```\n",
        "> ## Settings\n",
        "# Settings\n",
        "### Settings\n",
        r"\## Settings",
        "<!-- \n## Settings\n-->\n",
    ],
)
def test_what_is_no_heading_begins_no_section(text: str) -> None:
    assert read_markdown(text).sections == {}


@pytest.mark.parametrize(
    ("body", "is_written"),
    [
        ("", False),
        ("\n \n", False),
        ("<!-- later -->", False),
        ("[ref]: https://acme.example", False),
        ("# Next part\n\nWords.", False),
        ("Words.", True),
        ("- one", True),
        ("```\ncode\n```", True),
        ("### Part\n\nWords.", True),
        ("![x](https://acme.example/a.png)", True),
        ("<p>Words</p>", True),
        ("`code`", True),
    ],
)
def test_a_section_is_written_if_anything_stands_below_its_heading(body: str, is_written: bool) -> None:
    assert read_markdown(f"## Settings\n\n{body}\n\n## Last\n").sections["settings"] is is_written


@pytest.mark.parametrize("text", ["#1 rated analytics", "#hashtag", "a | b", "1. one\n2. two", "- a\n- b", "`code`"])
def test_plain_words_lists_and_code_within_a_line_are_light(text: str) -> None:
    assert not read_markdown(text).heavy


@pytest.mark.parametrize(
    "text", ["# a", "a\n===", "> a", "```\na\n```", "    a", "a\n\n---\n", "|a|b|\n|-|-|\n|c|d|", "- # a", "1. > a"]
)
def test_headings_quotes_tables_rules_and_blocks_of_code_are_heavy(text: str) -> None:
    assert read_markdown(text).heavy


@pytest.mark.parametrize("nest", [lambda n: ">" * n + " a", lambda n: "".join("  " * i + "- a\n" for i in range(n))])
def test_what_is_nested_so_deeply_that_the_parser_may_drop_it_is_known(nest: Callable[[int], str]) -> None:
    assert not read_markdown(nest(MAX_NESTING)).too_deep
    assert all(read_markdown(nest(MAX_NESTING + more)).too_deep for more in (1, 2, 5, 50))


@given(st.text(st.sampled_from("[]()<>!`*_~#|-=>&;:'\"\\ \n\tab/") | st.characters(exclude_categories=["Cs"])))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str) -> None:
    read = read_markdown(text)
    assert len("".join(read.words)) <= 4 * len(text) + 4


HOSTILE = [
    "[", "![", "]", "[a](", "[a](<b", "[a][", "*a ", "*a_ ", "a**b_c* ", "`", "`a ``b ", "<", "x <!A ", "x <?",
    "x <![CDATA[", "x <!--", "x <a b='", "x <y ", "> ", "[a]: b\n", "[a\n", "[a]: b '\n", "&", "&#", "\\", "|a",
    "- a\n", "<http:a ", "<a@", "~~a ", "***\n", "```\n", " ", "\n", "a\n=\n", "<div>\n", "![[", "(", "http://",
    "http://a", "](data:", "<a ", "<a href=", "<p><b>", "&amp", "[[", "[[a", "]]", "## a\n", "x <b>", "\t", "\u200b",
]  # fmt: skip
"""Pieces whose repetition costs a careless reader more than its length."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_costs_about_twice_as_much(piece: str) -> None:
    """Counts calls and lines of Python, and the processor's time where an expression is one step, generously."""
    small, large = (_cost(piece * (length // len(piece))) for length in (1_000, 2_000))
    assert large[0] <= 2.6 * small[0] + 2_000
    assert large[1] <= 20 * small[1] + 0.5


def _cost(text: str) -> tuple[int, float]:
    """Returns the steps and this thread's seconds of processor time. No garbage is collected meanwhile."""
    steps = 0

    def count(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001
        nonlocal steps
        steps += 1

    before = sys.getprofile()
    gc.disable()
    began = thread_time()
    sys.setprofile(count)
    try:
        read_markdown(text)
    finally:
        sys.setprofile(before)
        gc.enable()
    return steps, thread_time() - began
