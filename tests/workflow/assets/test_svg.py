"""Logos and marks: what editors export is accepted, and nothing that runs, moves or loads survives."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.assets.pictures import Picture, examine
from workflow.errors import Invalid

EXPORTS = sorted((Path(__file__).parent / "exports").glob("*.svg"))
XMLNS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SVG = f'<svg {XMLNS} viewBox="0 0 200 50"%s>%s</svg>'
OF_EDITORS = (
    "inkscape",
    "sodipodi",
    "rdf",
    "adobe",
    "bohemiancoding",
    "serif",
    "boxy",
    "mxfile",
    "xpacket",
    "xhtml",
    "!--",
    "entity",
)


def _svg(content: str = "<path/>", attributes: str = "") -> bytes:
    return (SVG % (attributes, content)).encode()


def _logo(content: str = "<path/>", attributes: str = "") -> str:
    """Returns the logo as it is stored."""
    return examine("logo", _svg(content, attributes)).content.decode()


def _refused(content: bytes) -> Invalid:
    with pytest.raises(Invalid) as refused:
        examine("logo", content)
    assert refused.value.code == "asset.invalid"
    assert refused.value.remedy
    return refused.value


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.stem)
def test_what_an_editor_exports_is_accepted_and_stored_without_what_the_editor_left(export: Path) -> None:
    stored = examine("logo", export.read_bytes())
    assert stored.width > stored.height > 0
    assert [word for word in OF_EDITORS if word in stored.content.decode().lower()] == []
    assert examine("logo", stored.content) == stored


@pytest.mark.parametrize(
    "content",
    [
        '<path aria-label="Curlware"/><path aria-label="Purl(x)"/><text>url(http://acme.example) @import</text>',
        '<path font-family="Burlington"/><text font-family="Curl">Behavior: expression(1)</text>',
        "<style>/* curl url(http://x) @import */ .behavior{fill:red}</style>",
        '<path id="logo@2x"/><path id="image (1)"/><path id="user-behavior"/><path id="javascript:" class="on"/>',
        '<path id="image (1)"/><path fill="url(\'#image (1)\')"/><path fill="url(#image%20(1))"/>',
        "<title>expression(1) javascript: &lt;script&gt;</title><desc>\\72 @import</desc>",
        "<style>text{font-family:'image(1) url(http)'}</style>",
        '<g data-name="Layer 1" xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:label="onload"><path/></g>',
        '<path fill="" stroke="none" d="M0 0url(http://x)"/>',
    ],
)
def test_words_in_texts_names_and_comments_are_not_taken_for_css(content: str) -> None:
    assert "svg" in _logo(content)


@pytest.mark.parametrize(
    "box",
    ["0 0 2.0e2 50", "0 0 200. 50.", "0 0 +200 50", "0,0,200,50", " 0 , 0\t200\n50 ", "-5-5 200 50", "0 0 .2e3 5E+1"],
)
def test_proportions_are_read_by_the_grammar_of_svg(box: str) -> None:
    stored = examine("logo", f'<svg {XMLNS} viewBox="{box}"><path/></svg>'.encode())
    assert (stored.width, stored.height) == (200, 50)


@pytest.mark.parametrize(
    ("sides", "width", "height"),
    [
        ("200px 50px", 200, 50),
        ("2in 48", 192, 48),
        ("60mm 1cm", 227, 38),
        ("15pc 36pt", 240, 48),
        ("+2e2PX 50.", 200, 50),
    ],
)
def test_without_a_view_box_the_sides_state_the_proportions_and_a_view_box_is_written(
    sides: str, width: int, height: int
) -> None:
    one, other = sides.split()
    stored = examine("logo", f'<svg {XMLNS} width="{one}" height="{other}"><path/></svg>'.encode())
    assert (stored.width, stored.height) == (width, height)
    assert b"viewBox" in stored.content
    assert examine("logo", stored.content) == stored


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'viewBox="0 0 200"',
        'viewBox="0 0 0 50"',
        'viewBox="0 0 200 50,"',
        'width="100%" height="50"',
        'viewBox="a b c d"',
    ],
)
def test_a_picture_without_proportions_is_refused_with_the_attribute_to_write(attributes: str) -> None:
    assert "viewBox=" in _refused(f"<svg {XMLNS} {attributes}><path/></svg>".encode()).remedy


DANGEROUS = {
    "a rule split by elements": "<style>a{fill:u<desc>q</desc>rl(http://x)}</style>",
    "a rule split by comments": "<style>a{fill:u<!-- -->rl(http://x)}</style>",
    "a rule split by CDATA": "<style>a{fill:u<![CDATA[rl(http://x)]]>}</style>",
    "a rule split by an instruction": "<style>@imp<?xpacket ?>ort 'x';</style>",
    "an import": "<style>@import 'https://evil.example/x.css';</style>",
    "an escaped import": "<style>@\\69mport url(x.css);</style>",
    "an import in an attribute": "<path style=\"@import 'x'\"/>",
    "an address": "<path fill='url(https://evil.example/x)'/>",
    "a quoted address": "<path fill=\"url('https://evil.example/x')\"/>",
    "an escaped address": "<path style='fill:u\\72 l(//evil.example)'/>",
    "an address in a custom property": "<path style='--a:url(//evil.example)'/>",
    "an address in an unknown property": "<path style='-moz-binding:url(http://evil.example#x)'/>",
    "an address in a nested rule": "<style>@media all{g{path{fill:url(x.svg#y)}}}</style>",
    "an address in a function": "<path style='fill:image-set(url(x.png) 1x)'/>",
    "a font": "<style>@font-face{font-family:a;src:url(data:font/woff2;base64,AA)}</style>",
    "src()": "<path style='fill:src(\"http://x\")'/>",
    "image()": "<path style=\"fill:image('http://x')\"/>",
    "image-set()": "<path style=\"fill:image-set('http://x' 1x)\"/>",
    "expression()": "<path style='width:expression(alert(1))'/>",
    "element()": "<path style='fill:-moz-element(#a)'/>",
    "keyframes": "<style>@keyframes a{to{fill:red}}</style>",
    "an unfinished address": "<path style='fill:url(http://evil.example'/>",
    "a script": "<script>alert(1)</script>",
    "a script in a group": "<g><g><script href='data:,alert(1)'/></g></g>",
    "a handler": "<path onclick='alert(1)'/>",
    "a handler in capitals": "<path ONLOAD='alert(1)'/>",
    "a link that runs": "<a xlink:href='javascript:alert(1)'><path/></a>",
    "a link that runs, with white space": "<a href=' java&#10;script&#9;:alert(1)'><path/></a>",
    "a link that runs, in capitals": "<a href='JavaScript&#58;alert(1)'><path/></a>",
    "a link to data": "<a href='data:text/html,x'><path/></a>",
    "another picture": "<use href='https://evil.example/x.svg#a'/>",
    "data in use": "<use href='data:image/svg+xml,x#a'/>",
    "a use of nothing": "<use href='#a'/>",
    "a gradient elsewhere": "<linearGradient xlink:href='x.svg#a'/>",
    "an image elsewhere": "<image href='https://evil.example/x.png'/>",
    "an embedded image": "<image href='data:image/png;base64,AAAA'/>",
    "a filter that loads": "<filter id='a'><feImage href='http://x'/></filter>",
    "html": "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
    "html alone": "<p xmlns='http://www.w3.org/1999/xhtml'/>",
    "html without a replacement": "<switch><foreignObject/><foreignObject/></switch>",
    "an animation": "<animate attributeName='href' to='javascript:alert(1)'/>",
    "a set": "<a><set attributeName='href' to='javascript:alert(1)'/></a>",
    "a frame": "<iframe src='http://x'/>",
    "a video": "<video href='http://x'/>",
}


@pytest.mark.parametrize("content", DANGEROUS.values(), ids=DANGEROUS)
def test_what_a_browser_would_run_move_or_load_is_refused(content: str) -> None:
    _refused(_svg(content))


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml-stylesheet href="x.css"?>' + _svg(),
        _svg() + b"<?php echo 1 ?>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + _svg("<title>&a;</title>"),
        b'<!DOCTYPE svg [<!ENTITY a "fill:url(http://x)">]>' + _svg('<path style="&a;"/>'),
        b'<!DOCTYPE svg [<!ENTITY a "fill:url(http://x)">]>' + _svg("<style>path{&a;}</style>"),
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + _svg(),
        b'<!DOCTYPE svg [<!ENTITY % a SYSTEM "http://x"> %a;]>' + _svg(),
        b'<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + _svg(),
        _svg("<script/>").decode().encode("utf-16"),
    ],
)
def test_what_stands_around_the_picture_is_refused_where_it_loads_or_hides_something(content: bytes) -> None:
    _refused(content)


def _twice(depth: int) -> str:
    """Returns groups each of which uses the one before it ten times."""
    uses = (f'<use href="#a{at - 1}"/>' * 10 if at else "<path/>" for at in range(depth))
    groups = "".join(f"<g id='a{at}'>{inner}</g>" for at, inner in enumerate(uses))
    return f"<defs>{groups}</defs><use href='#a{depth - 1}'/>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_twice(9), "too much work"),
        (
            re.sub("""<use href=(['"])(#a.)""", r"<path mask=\1url(\2)", _twice(9)),
            "too much work",
        ),
        ("<g id='a'><use href='#a'/></g>", "itself"),
        (
            "<defs>"
            + "".join(f"<g id='a{n}'><use href='#a{n + 1}'/></g>" for n in range(99))
            + "<g id='a99'/></defs><use href='#a0'/>",
            "lead over",
        ),
        ("<filter id='a'><feGaussianBlur stdDeviation='9999'/></filter>", "effect"),
        ("<filter id='a'><feTurbulence numOctaves='999' baseFrequency='1'/></filter>", "effect"),
        ("<filter id='a'><feMorphology radius='1e9'/></filter>", "effect"),
        ("<filter id='a'>" + "<feTurbulence/>" * 50 + "</filter>" + "<path filter='url(#a)'/>" * 50, "too much work"),
        (
            "<filter id='a'>" + "<feOffset/>" * 50 + "</filter><style>.x,path{filter:url(#a)}</style>" + "<path/>" * 50,
            "too much work",
        ),
        ("<path style='filter:blur(99px)'/>", "effect"),
        ("<path/>" * 6000, "5000 elements"),
    ],
    ids=["use", "mask", "itself", "chain", "blur", "turbulence", "morphology", "filters", "by rules", "css", "many"],
)
def test_a_small_picture_that_is_much_work_to_draw_is_refused(content: str, words: str) -> None:
    assert words in _refused(_svg(content)).detail


def test_one_message_says_how_to_be_rid_of_effects() -> None:
    effects = "<path style='filter:blur(2px) drop-shadow(0 0 1px red)'/><path style='backdrop-filter:blur(1px)'/>"
    refused = _refused(_svg(effects))
    assert refused.detail.count("effect") == 1
    assert "Flatten" in refused.remedy


def test_a_link_is_left_out_and_what_it_holds_is_kept() -> None:
    stored = _logo("<a href='https://acme.example'><path d='M1 1'/></a><text><a href='#x'>Acme</a></text>")
    assert "acme.example" not in stored
    assert '<g><path d="M1 1"/></g><text><tspan>Acme</tspan></text>' in stored


def _words(text: str) -> list[str]:
    return text.split()


_WORDS = st.sampled_from(
    _words("""
    fill stroke url( http://x #a ' " ( ) { } ; : , * / \\ /* */ <!-- --> @import @media all style u\\72l( \\ \\0 \n
    red 1 1e9
    % --a var( image( expression( javascript: calc( path a .b , > !important url( u+26 <![CDATA[ ]]> é U+0- "" ''
    """)
)
_CSS = st.lists(_WORDS | st.text(max_size=3), max_size=12).map("".join)
_NAMES = st.sampled_from(
    _words("path g text tspan style use a script foreignObject image animate set title desc mask filter feImage switch")
)
_ATTRIBUTES = st.sampled_from(
    _words("style fill href xlink:href onload id class mask filter d xml:base to data-a viewBox")
)
_VALUES = _CSS | st.sampled_from(
    [
        "#a",
        " #a",
        "javascript:alert(1)",
        "java\nscript:x",
        "data:image/png;base64,AA",
        "data:text/html,x",
        "//x",
        "url(#a)",
    ]
)


def _escaped(text: str) -> str:
    kept = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> str:
    attributes = draw(st.dictionaries(_ATTRIBUTES, _VALUES, max_size=3))
    parts = st.one_of(_CSS.map(_escaped), st.just("<!-- a -->"), *([_elements(depth - 1)] if depth else []))
    inner = "".join(draw(st.lists(parts, max_size=3)))
    name = draw(_NAMES)
    written = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{inner}</{name}>"


def _unescaped(css: str) -> str:
    """Returns CSS with its escapes resolved and its comments removed, as an independent reader would.

    An escape is a part of a name, whatever it stands for: what is no letter becomes a low line.
    """
    plain = re.sub(r"/\*.*?(\*/|$)", "", css, flags=re.DOTALL)
    return re.sub(r"\\(?:([0-9a-fA-F]{1,6})\s?|[^\n])", _escape, plain).lower()


def _escape(found: re.Match[str]) -> str:
    meant = chr(min(int(found[1], 16), 0xFFFF)) if found[1] else "_"
    return meant if meant.isascii() and meant.isalnum() else "_"


def _assert_harmless(stored: bytes) -> None:
    assert b"<!" not in stored
    assert b"<?" not in stored
    for element in ElementTree.fromstring(stored).iter():  # noqa: S314 (what is read was written by the code under test)
        namespace, _, name = element.tag[1:].partition("}")
        assert namespace == "http://www.w3.org/2000/svg"
        assert name not in {"script", "foreignObject", "image", "animate", "set", "feImage", "a"}
        for key, value in element.attrib.items():
            assert not key.startswith("on")
            assert not key.endswith("href") or value.startswith("#")
            assert key != "{http://www.w3.org/XML/1998/namespace}base"
        for css in (element.text or "" if name == "style" else "", element.get("style", ""), element.get("fill", "")):
            strings = re.sub(
                r"""(url\(\s*)?("[^"]*"|'[^']*')""", lambda found: found[0] if found[1] else "", _unescaped(css)
            )
            assert (
                re.search(
                    r"@import|(?<![\w-])(?<![^\x00-\x7f])(url\(\s*['\"]?(?!\s*['\"]?#)|expression\(|image\()", strings
                )
                is None
            ), css


@given(content=st.lists(_elements(), min_size=1, max_size=3).map("".join))
def test_nothing_dangerous_survives_and_what_is_stored_is_stored_the_same_way_again(content: str) -> None:
    try:
        stored = examine("logo", _svg(content))
    except Invalid:
        return
    _assert_harmless(stored.content)
    assert examine("logo", stored.content) == stored


@given(css=_CSS)
def test_css_is_judged_and_stored_as_a_browser_reads_it(css: str) -> None:
    for content in (f"<style>{_escaped(css)}</style>", f'<path style="{_escaped(css)}" fill="{_escaped(css)}"/>'):
        try:
            stored: Picture = examine("logo", _svg(content))
        except Invalid:
            continue
        _assert_harmless(stored.content)
        assert examine("logo", stored.content) == stored
