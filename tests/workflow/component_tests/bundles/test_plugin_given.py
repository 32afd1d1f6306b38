"""What a bundle gives is found in whatever shape bundlers and people write it."""

from pathlib import Path

import pytest

from workflow.component_tests.bundles.examining import examine
from workflow.component_tests.bundles.report import PLUGIN_MEMBERS, GivenPlugin

BUILT = Path(__file__).parent / "built"
FILES = sorted(file.name for file in BUILT.glob("*.js"))
P = '{name:"Acme",version:"1.0.0",type:"destination",load:function(){return Promise.resolve()},isLoaded:()=>!0}'
REST = 'version:"1",type:"utility",load(){},isLoaded(){}'


def _given(text: str) -> GivenPlugin:
    report = examine(text.encode())
    assert report.errors == ()
    assert report.plugin is not None
    return report.plugin


@pytest.mark.parametrize("name", FILES)
def test_the_plugin_is_found_in_what_bundlers_write(name: str) -> None:
    report = examine((BUILT / name).read_bytes())
    assert report.errors == ()
    assert report.constructs == ()
    plugin = report.plugin
    assert plugin is not None
    assert (plugin.lacks, plugin.is_given, plugin.how != "") == ((), True, True)
    assert plugin.name in ("Acme", "Acme Insights", None)  # None: a list whose names are parameters


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("the global Acme", f'var Acme=(function(){{"use strict";var p={P};return p}})();'),
        ("the global Acme", f"window.Acme={P}"),
        ("the global acme", f'window["acme"]=[{P}]'),
        ("the global acme", f"self.acme=function(settings){{return [{P}]}}"),
        ("the global acme", f"globalThis.acme=async(settings)=>{P}"),
        ("the global Acme", f"Acme={P}"),
        ("the global Acme", f"(function(){{var a={P};this.Acme=a}}).call(this)"),
        ("the global Acme", f"(function(root,make){{root.Acme=make()}})(this,function(){{return {P}}})"),
        ("the default export", f"const p={P};export default p"),
        ("the default export", f"const p={P};export{{p as default}}"),
        ("the global acme", f'window.acme={{name:"Acme",...{{{REST}}}}}'),
        ("the global acme", f'window.acme=Object.assign({{name:"Acme"}},{{{REST}}})'),
        ("the global acme", f'window.acme={{get name(){{return "Acme"}},{REST}}}'),
        ("the global acme", 'var p={name:"Acme"};p.version="1";p.type="after";p.load=f;p.isLoaded=f;window.acme=p'),
        ("the global acme", 'class A{name="Acme";version="1";type="before";isLoaded(){}load(){}}window.acme=new A'),
        (
            "the global acme",
            'class B{isLoaded(){}load(){}}class A extends B{constructor(){super();this.name="Acme";this.version="1";'
            'this.type="before"}}window.acme=()=>new A',
        ),
        (
            "the global acme",
            'function A(){this.name="Acme";this.version="1";this.type="after"}A.prototype.load=function(){};'
            "A.prototype.isLoaded=function(){};window.acme=new A()",
        ),
    ],
)
def test_a_global_or_a_default_export_gives_a_plugin_or_a_list(how: str, text: str) -> None:
    found = _given(text)
    assert (found.how, found.name, found.lacks) == (how, "Acme", ())


def test_what_a_plugin_lacks_is_named() -> None:
    for member in PLUGIN_MEMBERS:
        others = {key: f"{key}:'destination'" for key in PLUGIN_MEMBERS if key != member}
        assert _given(f"window.acme={{{','.join(others.values())}}}").lacks == (member,)


@pytest.mark.parametrize(
    "text",
    ["", "console.log(1)", "window.acme={load(){}}", "var a=1,b=[{}];export default b", f"`window.acme={P}`"],
)
def test_a_bundle_without_anything_like_a_plugin_gives_none(text: str) -> None:
    assert _given(text).place is None


def test_a_plugin_that_only_other_modules_can_have_is_not_given() -> None:
    found = _given(f"module.exports={P}")
    assert (found.lacks, found.is_given, found.how) == ((), False, "")


def test_a_plugin_whose_way_out_is_not_followed_is_told_from_one_that_is_given() -> None:
    found = _given(f"(function(){{store.put({P})}})();window.acme=store.take()")
    assert (found.lacks, found.is_given, found.how) == ((), True, "")


def test_a_type_that_is_only_known_when_the_bundle_runs_is_not_guessed() -> None:
    assert _given('window.acme={name:"A",version:"1",type:kind(),load(){},isLoaded(){}}').type is None
    assert _given('window.acme={name:"A",version:"1",type:a?"before":"after",load(){},isLoaded(){}}').type is None


def test_classes_that_inherit_in_a_circle_are_read_once() -> None:
    circle = "".join(f"class A{n} extends A{(n + 1) % 30}{{isLoaded(){{}}load(){{}}}}" for n in range(30))
    assert _given(f"{circle}window.acme=new A0").lacks == ("name", "version", "type")
