"""Whatever a bundle holds, reading it ends within the limits of its process: with a report, or with no judgment."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.main import confined_bundles
from workflow.component_tests.bundles.examining import answer, examine
from workflow.component_tests.bundles.reading import MAX_BUNDLE, UncheckedError, read_bundle, report_of
from workflow.component_tests.bundles.report import BundleReport

KIB = 1 << 10
HOSTILE = {
    "brackets, as many as there may be": b"[" * MAX_BUNDLE,
    "brackets that close": b"[" * (64 * KIB) + b"]" * (64 * KIB),
    "calls": b"a(" * (64 * KIB),
    "objects": b"{a:" * (32 * KIB),
    "sequences": b"(a," * (32 * KIB),
    "patterns": b"[a=" * (32 * KIB),
    "arrows": b"a=>" * (32 * KIB),
    "nested functions": b"function f(){" * 10_000 + b"eval" + b"}" * 10_000,
    "templates": b"`${" * (32 * KIB),
    "a sum": b"x['a'" + b"+'a'" * (32 * KIB) + b"]",
    "assignments of one name": b"var e;" + b"e=e.a;" * (16 * KIB),
    "calls of one name": b"function e(a){return a}" + b"e(e(1));" * (16 * KIB),
    "many uses": b"document.cookie;eval(1);" * 6_000,
    "members of one object": b"window.a=a;a.load=a;a.isLoaded=a;" * 5_000,
    "noise": os.urandom(256 * KIB),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_reading_ends_within_its_limits(name: str) -> None:
    try:
        found = read_bundle(confined_bundles(), HOSTILE[name])
    except UncheckedError:
        return
    assert isinstance(found, BundleReport)
    assert found.plugin is None or found.plugin.lacks or not found.plugin.how


def test_a_bundle_is_read_in_a_process_of_its_own() -> None:
    file = next((Path(__file__).parent / "built").glob("rollup-umd-*.js"))
    assert read_bundle(confined_bundles(), file.read_bytes()) == examine(file.read_bytes())


def test_a_bundle_that_is_too_large_is_not_read() -> None:
    with pytest.raises(UncheckedError, match="larger"):
        read_bundle(confined_bundles(), b" " * (MAX_BUNDLE + 1))


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b'{"plugin": 1}', b"\xff"])
def test_an_answer_that_is_no_report_is_no_judgment(said: bytes) -> None:
    with pytest.raises(UncheckedError):
        read_bundle(lambda _content: said, b"")


NAMES = st.sampled_from(["a", "b", "window", "document", "eval", "Function", "setTimeout", "this", "load", "isLoaded"])
LITERALS = st.sampled_from(['"a"', "`b`", "1", "null", "/x/g", '"https://a.example/b.js"', "`${a}`"])
EXPRESSIONS = st.recursive(
    NAMES | LITERALS,
    lambda inner: st.one_of(
        st.builds("{}({})".format, inner, inner),
        st.builds("new ({})({})".format, inner, inner),
        st.builds("({}).{}".format, inner, st.sampled_from(["load", "innerHTML", "cookie", "src", "default", "a"])),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("(({}).a={})".format, inner, inner),
        st.builds("({},{})".format, inner, inner),
        st.builds("({}||{})".format, inner, inner),
        st.builds("({}?{}:a)".format, inner, inner),
        st.builds("[{},...{}]".format, inner, inner),
        st.builds("({{name:{},load(){{return {}}},isLoaded:a,...b}})".format, inner, inner),
        st.builds("(function(a,b){{return {}}})({})".format, inner, inner),
        st.builds("((a)=>{})({})".format, inner, inner),
        st.builds("(class extends ({}) {{x={};static{{this.a=b}}}})".format, inner, inner),
    ),
    max_leaves=25,
)
STATEMENTS = st.one_of(
    st.builds("var a={};".format, EXPRESSIONS),
    st.builds("b={};".format, EXPRESSIONS),
    st.builds("window.a={};".format, EXPRESSIONS),
    st.builds("{{let b={};}}".format, EXPRESSIONS),
    st.builds("for(var a of {})b;".format, EXPRESSIONS),
    st.builds("try{{{}}}catch(a){{}}".format, EXPRESSIONS),
    st.builds("export default {};".format, EXPRESSIONS),
)
PROGRAMS = st.lists(STATEMENTS, max_size=8).map("\n".join)


@settings(deadline=None)
@given(PROGRAMS)
def test_every_program_is_read(text: str) -> None:
    report = examine(text.encode())
    assert report.errors == ()
    assert report.is_complete
    assert report_of(report.as_json()) == report
    lines = text.split("\n")
    for construct in report.constructs:
        for place in construct.places:
            assert 1 <= place.column <= len(lines[place.line - 1])


@settings(deadline=None)
@given(
    st.binary(max_size=300) | PROGRAMS.flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[:n].encode()))
)
def test_every_text_has_a_report(content: bytes) -> None:
    assert isinstance(report_of(answer(content)), BundleReport)
