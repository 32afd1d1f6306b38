"""Each thing that may be wrong with a bundle has its colour and its finding."""

from collections.abc import Mapping

import pytest

from models import component_test
from workflow.component_tests.bundles.constructs import CONSTRUCTS
from workflow.component_tests.bundles.examining import examine
from workflow.component_tests.bundles.judging import (
    FetchedBundle,
    is_script,
    judge_bundle,
    judge_page,
    judge_unread,
)
from workflow.component_tests.plugins import FORM_ONLY, judge_package
from workflow.component_tests.runs import CaseResult

URL = "https://acme.example/plugin.js"
HEADERS = {"cache-control": "max-age=60", "access-control-allow-origin": "*"}
PLUGIN = 'window.acme={name:"Acme",version:"1.2",type:"utility",load(){},isLoaded(){}};'
GREEN, YELLOW, RED = component_test.TestColour


def _judged(
    text: str | bytes,
    *,
    url: str = URL,
    content_type: str = "text/javascript; charset=utf-8",
    headers: Mapping[str, str] = HEADERS,
) -> CaseResult:
    content = text if isinstance(text, bytes) else text.encode()
    return judge_bundle(FetchedBundle(URL, url, 200, content_type, headers, content), examine(content))


def _seen(result: CaseResult) -> tuple[component_test.TestColour, list[str]]:
    assert all(one.detail and one.remedy for one in result.findings)
    return result.colour, [one.code for one in result.findings]


@pytest.mark.parametrize(
    ("colour", "codes", "text"),
    [
        (GREEN, [], PLUGIN),
        (GREEN, ["bundle.loads_script"], PLUGIN + 's.src="https://cdn.acme.example/sdk.js"'),
        (YELLOW, ["bundle.eval"], PLUGIN + "eval(1)"),
        (YELLOW, ["bundle.plugin_not_followed"], f"(function(){{d.put({PLUGIN[12:-1]})}})();window.b=d.take()"),
        (YELLOW, ["bundle.not_utf8"], PLUGIN.encode() + b"//\xff"),
        (RED, ["bundle.no_plugin"], "window.a=1"),
        (RED, ["bundle.no_plugin"], "1"),
        (RED, ["bundle.no_plugin"], "module.exports=" + PLUGIN[12:]),
        (RED, ["bundle.incomplete_plugin"], PLUGIN.replace("isLoaded", "ready")),
        (RED, ["bundle.plugin_type"], PLUGIN.replace("utility", "other")),
        (RED, ["bundle.syntax"], PLUGIN + "var a=;"),
        (RED, ["bundle.no_plugin", "bundle.eval"], "eval(1)"),
    ],
)
def test_a_bundle_has_the_colour_of_its_worst_finding(
    colour: component_test.TestColour, codes: list[str], text: str | bytes
) -> None:
    assert _seen(_judged(text)) == (colour, codes)


def test_how_a_bundle_is_served_is_judged() -> None:
    assert _seen(_judged(PLUGIN, content_type="text/plain")) == (YELLOW, ["bundle.content_type"])
    assert _seen(_judged(PLUGIN, content_type="")) == (YELLOW, ["bundle.content_type"])
    assert _seen(_judged(PLUGIN, headers={})) == (GREEN, ["bundle.caching", "bundle.cors"])
    assert _seen(_judged(PLUGIN.replace("window.acme=", "export default "), headers={"etag": "1"})) == (
        YELLOW,
        ["bundle.cors"],
    )
    assert _seen(_judged(PLUGIN, url="https://cdn.acme.example/p.js")) == (GREEN, ["bundle.redirected"])
    assert _seen(_judged(PLUGIN, url="http://acme.example/plugin.js")) == (RED, ["bundle.insecure"])


def test_a_page_in_place_of_a_bundle_and_a_bundle_that_was_not_read_are_red() -> None:
    page = FetchedBundle(URL, URL, 200, "text/html", HEADERS, b"\n<!doctype html><p>Welcome")
    assert not is_script(page)
    assert _seen(judge_page(page)) == (RED, ["bundle.not_script"])
    assert _seen(judge_unread(page, "its reader failed")) == (RED, ["bundle.unchecked"])


def test_a_result_keeps_what_tells_a_changed_bundle() -> None:
    facts = _judged(PLUGIN).facts
    assert facts is not None
    assert facts["bytes"] == len(PLUGIN)
    assert (len(facts["sha256"]), facts["integrity"][:7], facts["plugin"]) == (64, "sha384-", "Acme 1.2 utility")
    assert _judged(PLUGIN + "\n").facts != facts


def test_a_finding_has_the_line_the_column_and_the_line_itself() -> None:
    (finding,) = _judged(f"{PLUGIN}\nvar a = eval('b');").findings
    assert finding.where == "line 2, column 9"
    assert "var a = eval('b');" in finding.detail


def test_every_construct_is_a_warning_in_words() -> None:
    text = (
        'eval(1);new Function("a");setTimeout("a");a.innerHTML=b;document.write(a);document.cookie;import("a");'
        + PLUGIN
    )
    assert _seen(_judged(text)) == (YELLOW, [f"bundle.{code}" for code in CONSTRUCTS])


SWIFT = {"package_url": "https://github.com/acme/insights-swift", "minimum_sdk_version": "1.2"}
MAVEN = {"package_name": "com.acme:insights", "minimum_sdk_version": "1.2", "minimum_os_version": "24"}


@pytest.mark.parametrize(
    ("subkind", "settings", "codes"),
    [
        ("ios", SWIFT, []),
        ("ios", SWIFT | {"package_url": "https://gitlab.com/acme/apps/insights.git"}, []),
        ("ios", SWIFT | {"package_url": "https://github.com/acme"}, ["plugin.package_path"]),
        ("ios", SWIFT | {"package_url": "https://github.com/acme/a?b"}, ["plugin.package_path"]),
        ("ios", SWIFT | {"package_url": "https://192.168.0.1/acme/a"}, ["plugin.package_host"]),
        ("ios", SWIFT | {"package_url": "https://localhost/acme/a"}, ["plugin.package_host"]),
        ("ios", SWIFT | {"minimum_os_version": "8.0"}, ["plugin.version"]),
        ("android", MAVEN, []),
        ("android", MAVEN | {"package_name": "acme:insights"}, ["plugin.package_group"]),
        ("android", MAVEN | {"package_name": "com..acme:insights"}, ["plugin.package_group"]),
        ("android", MAVEN | {"package_name": "com.acme:-"}, ["plugin.package_artifact"]),
        ("android", MAVEN | {"minimum_sdk_version": "0.9"}, ["plugin.version"]),
    ],
)
def test_of_a_package_only_the_form_is_looked_at(subkind: str, settings: Mapping[str, str], codes: list[str]) -> None:
    result = judge_package(subkind, settings)
    assert _seen(result) == (RED if codes else YELLOW, [*codes, FORM_ONLY])
