"""Constructs are found where they are code, however they are written, and nowhere else."""

import pytest

from workflow.component_tests.bundles.constructs import CONSTRUCTS
from workflow.component_tests.bundles.examining import examine
from workflow.component_tests.bundles.report import MAX_EXCERPT, MAX_PLACES

FOUND = {
    "eval": (
        'eval("x")',
        '(0,eval)("x")',
        "window.eval(x)",
        'window["ev"+"al"](x)',
        'self["eval"]',
        "var e=eval;e(1)",
        "\\u0065val(1)",
        "globalThis?.eval?.(x)",
        "(function(w){w.eval(1)})(window)",
        "`${eval(1)}`",
        "({a:eval})",
    ),
    "new_function": (
        'new Function("a")',
        'Function("return this")()',
        "new window.Function(x)",
        '[].constructor.constructor("x")()',
        'var F=Function;new F("x")',
    ),
    "string_timer": (
        'setTimeout("a()",1)',
        "window.setInterval(`a${b}`,1)",
        'setTimeout("a"+b,1)',
        'var s="a";setTimeout(s,1)',
    ),
    "inner_html": ("a.innerHTML=b", 'a["outerHTML"]+=b', 'a.insertAdjacentHTML("beforeend",b)', 'a.innerHTML="<b>"'),
    "document_write": (
        "document.write(a)",
        "window.document.writeln(a)",
        "(function(d){d.write(1)})(document)",
        "var d=document;d.write(1)",
        "frame.contentDocument.write(1)",
    ),
    "cookies": (
        'document.cookie="a"',
        "x=document.cookie",
        "cookieStore.get(1)",
        "window.cookieStore",
        'document["cookie"]',
        "var d=document;d.cookie",
    ),
    "dynamic_import": ('import("a")', "await import(x)"),
}
INNOCENT = (
    "a.eval()",
    '"eval(1)"',
    "'document.write(1)'",
    "/*eval(1)*/",
    "// eval(1)",
    "/eval(1)/",
    "`eval(1)`",
    "function f(eval){eval(1)}",
    "typeof eval",
    "x={eval:1}",
    "class A{eval(){}}",
    "x.evaluate(1)",
    "x instanceof Function",
    "Function.prototype.call",
    "typeof Function",
    'a.Function("x")',
    "a.constructor(b)",
    "setTimeout(function(){},1)",
    "setTimeout(f,1)",
    'o.setTimeout("a")',
    'function setTimeout(){};setTimeout("a")',
    "x=a.innerHTML",
    'a.innerHTML=""',
    "x={innerHTML:1}",
    "a.innerHTML==b",
    "{let {innerHTML}=a}",
    "stream.write(a)",
    "document.title",
    "var document=q();document.write(1)",
    "x.cookie",
    "req.cookie=1",
    'import a from "b"',
    "import.meta.url",
    'a.importx("b")',
    "<!-- eval(1)",
)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in FOUND.items() for text in texts])
def test_a_construct_is_found(code: str, text: str) -> None:
    report = examine(text.encode())
    assert report.errors == ()
    assert [one.code for one in report.constructs] == [code]


def test_every_construct_has_examples() -> None:
    assert tuple(FOUND) == CONSTRUCTS


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_construct_is_not_found(text: str) -> None:
    report = examine(text.encode())
    assert report.errors == ()
    assert report.constructs == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_places_are_lines_and_columns_of_characters(end: str) -> None:
    text = f'#!/usr/bin/env node{end}var é="株𝒳"{end}/* é */ eval("é"){end}'
    (construct,) = examine(b"\xef\xbb\xbf" + text.encode()).constructs
    assert [(one.line, one.column, one.excerpt) for one in construct.places] == [(3, 9, '/* é */ eval("é")')]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_a_comment_ends_with_its_line(end: str) -> None:
    assert [one.code for one in examine(f"a // b{end}eval(1)".encode()).constructs] == ["eval"]


def test_of_many_places_a_few_are_shown_and_all_are_counted() -> None:
    (construct,) = examine(b";".join([b"eval(1)"] * 1000)).constructs
    assert (construct.count, len(construct.places)) == (1000, MAX_PLACES)
    assert all(len(one.excerpt) <= MAX_EXCERPT for one in construct.places)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ('var s=document.createElement("script");s.src="https://cdn.example/a"', ["https://cdn.example/a"]),
        ('s.src="https://cdn.example/a.js?x"', ["https://cdn.example/a.js?x"]),
        ('i=new Image;i.src="https://a.example/p.gif"', []),
        ('var i=document.createElement("img");i.src="https://a.example/b.js"', []),
        (
            'function l(u){var s=document.createElement("script");s.src=u}l("https://a.example/sdk");l("//b.example")',
            ["https://a.example/sdk", "//b.example"],
        ),
        ('s.setAttribute("src","https://a.example/b.js")', ["https://a.example/b.js"]),
        ('importScripts("https://a.example/b.js")', ["https://a.example/b.js"]),
        ('import a from "https://a.example/x"', ["https://a.example/x"]),
        ('export * from "https://a.example/x"', ["https://a.example/x"]),
        ('import("https://a.example/b")', ["https://a.example/b"]),
        ('new Worker("https://a.example/w.js")', ["https://a.example/w.js"]),
        ("s.src=`https://a.example/${v}/x.js`", ["https://a.example/.../x.js"]),
        ('s.src="/own.js"', []),
        ('"https://a.example/b.js"', []),
    ],
)
def test_scripts_from_elsewhere_are_listed(text: str, urls: list[str]) -> None:
    assert [one.url for one in examine(text.encode()).loads] == urls
