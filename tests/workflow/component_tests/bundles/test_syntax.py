"""What browsers take is no error, and what they refuse is one, with its place."""

import pytest

from workflow.component_tests.bundles.examining import examine


@pytest.mark.parametrize(
    "text",
    [
        "",
        "do a();while(b)c()",
        "let a\n[b]=[1]",
        "let a\n  [b,c]=[1]",
        "x`\\u`",
        "x`\\rtf1\\uc1 ${a} \\xzz`",
        "class A{static{b}#p;static #q=1;get #r(){} async *s(){}}",
        "for await(const a of b);",
        "var a=1<!--x\n;",
        'import a from"b"with{type:"json"}',
        "a??=b||={}",
        "1_000n",
        "a=b\n/re/g.exec(c)",
        "var i=0\n++i",
        "function*g(){yield\n/a/}",
        "var ünï株=1",
        "#!/usr/bin/env node\nx",
        "\ufeffvar a=1",
        "var a=1\r\nvar b=2\r\n",
        "x\n//# sourceMappingURL=x.js.map",
    ],
)
def test_what_browsers_take_is_no_error(text: str) -> None:
    assert examine(text.encode()).errors == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("var a=;", 1, 6),
        ("\n\nfunction(", 3, 1),
        ("a\nreturn 1", 2, 1),
        ("<html><body>", 1, 1),
        ("a\n  'x", 2, 3),
        ("`\\u`", 1, 2),
    ],
)
def test_an_error_has_its_place(text: str, line: int, column: int) -> None:
    report = examine(text.encode())
    assert report.plugin is None
    place = report.errors[0].places[0]
    assert (place.line, place.column) == (line, column)


def test_constructs_are_found_beside_errors() -> None:
    assert [one.code for one in examine(b"eval(1);\nvar a=;").constructs] == ["eval"]


def test_bytes_that_are_no_utf8_are_told() -> None:
    assert not examine("'é'".encode("latin-1")).is_utf8
