"""The parts of an App: slugs, settings, pictures and evidence, and the findings about them. Mostly pure functions."""

from collections.abc import Mapping
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import create_engine, text

from models.app import SKELETON
from models.asset import AssetKind
from models.checklist import Requirement
from tests.databases import TestDatabase
from tests.launch import CATALOG_TEXT, DOCUMENTATION, LOGO, MARK, SCREENSHOT, SUBSCRIPTION
from workflow.assets.pictures import examine
from workflow.building.findings import Templates, findings_on
from workflow.building.guides import find_guide
from workflow.building.settings import SETTINGS_OF, validate_settings
from workflow.building.slugs import skeleton_of
from workflow.errors import Invalid
from workflow.profile.loading import load_profile

PROFILE = load_profile()
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 200 50"{}>{}</svg>'
)


def test_the_database_and_the_code_compute_the_same_skeleton(module_database: TestDatabase) -> None:
    slugs = ["acme", "acrne", "a-c-m-e", "rn", "r-n", "vv", "1i0-l0o", "rrn", "vvv", "r-rn", "0rn1"]
    engine = create_engine(module_database.application_url)
    with engine.connect() as connection:
        stored = {
            slug: connection.execute(
                text(f"SELECT {SKELETON} FROM (VALUES (:slug)) AS t (slug)"), {"slug": slug}
            ).scalar()
            for slug in slugs
        }
    engine.dispose()
    assert stored == {slug: skeleton_of(slug) for slug in slugs}
    assert skeleton_of("acme") == skeleton_of("acrne") == skeleton_of("a-crn-e")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"url": "http://acme.example/"}, "settings.url"),
        ({"url": "https://user:word@acme.example/"}, "settings.url"),
        ({"url": "https://[acme/"}, "settings.url"),
        ({"colour": "blue"}, "settings.colour"),
        ({"event_types": ["track"]}, "settings.event_types"),
        ({"event_types": ["delete", "delete"]}, "settings.event_types"),
        ({"event_types": ["delete", "purchase"]}, "settings.event_types.1"),
        ({"settings": [{"name": "a b", "label": "A"}]}, "settings.settings.0.name"),
        ({"settings": [{"name": "a", "label": "A", "type": "choice"}]}, "settings.settings.0.choices"),
    ],
)
def test_invalid_settings_are_refused_with_place_and_reason(change: dict[str, object], where: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_settings("subscription", "webhook", SUBSCRIPTION | change, loopback=False)
    assert refused.value.code == "settings.invalid"
    assert f"{where}: " in refused.value.detail
    assert [one.pointer for one in refused.value.misfits] == [f"/{where.replace('.', '/')}"]


@pytest.mark.parametrize(
    ("kind", "subkind", "settings", "misfits"),
    [
        (
            "stream",
            "",
            {"events": ["Widget Opened", "Purchase"]},
            {"/settings/events/1": 'Use the name "Order Completed"'},
        ),
        (
            "plugin",
            "web",
            {"bundle_url": "", "minimum_sdk_version": "x"},
            {
                "/settings/bundle_url": "Must be an address",
                "/settings/minimum_sdk_version": "Must be a version: one to three numbers",
            },
        ),
        (
            "subscription",
            "function",
            SUBSCRIPTION | {"mapping": {"track": {"body": {"a/b": {"@what": 1}}}, "default": {"method": "GET"}}},
            {
                "/settings/mapping/track/body/a~1b/@what": "@what is no directive.",
                "/settings/mapping/default/method": "GET is not allowed.",
            },
        ),
    ],
)
def test_every_problem_with_settings_has_a_pointer_and_words_for_people(
    kind: str, subkind: str, settings: dict[str, object], misfits: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        validate_settings(kind, subkind, settings, loopback=False)
    found = {one.pointer: one.detail for one in refused.value.misfits}
    assert found.keys() == misfits.keys()
    assert all(said in found[pointer] for pointer, said in misfits.items()), found


@pytest.mark.parametrize(
    ("events", "said"),
    [
        (
            ["Signed Up", "Purchase"],
            'settings.events: "Purchase" means what the Spec calls "Order Completed". Use the name ',
        ),
        (["install"], 'Use the name "Application Installed"'),
        (["Added to Cart"] + [f"{word} Cart" for word in ("View", "Views", "Viewing")], '"Viewing Cart" means'),
        (
            ["App Open", "open app", "OPEN_APP", "Open App", *(f"Install{sign}" for sign in ".,:;!?-/")],
            "2 more of the kind",
        ),
        (["Order Completed", "order completed"], '"Order Completed" and "order completed" are both the Spec'),
        (["Completed Order", "completed_order"], "name it once"),
    ],
)
def test_a_streams_event_that_means_one_of_the_spec_is_refused_with_the_right_name(
    events: list[str], said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        validate_settings("stream", "", {"events": events}, loopback=False)
    assert said in refused.value.detail
    adopted = validate_settings("stream", "", {"events": events}, loopback=False, approved_elsewhere=True)
    assert adopted == {"events": events}


@pytest.mark.parametrize(
    "event", ["Order Completed", "order_completed", "Completed Order", "Buy", "Link Clicked", "Widget Opened"]
)
def test_a_streams_event_may_be_spelled_otherwise_be_ambiguous_or_the_partners_own(event: str) -> None:
    assert validate_settings("stream", "", {"events": [event]}, loopback=False) == {"events": [event]}


def test_a_plain_url_may_lead_to_loopback_only_where_that_is_allowed() -> None:
    plain = SUBSCRIPTION | {"url": "http://127.0.0.1:9000/webhook"}
    assert validate_settings("subscription", "webhook", plain, loopback=True)["url"] == plain["url"]
    with pytest.raises(Invalid):
        validate_settings("subscription", "webhook", plain, loopback=False)
    with pytest.raises(Invalid):
        validate_settings("subscription", "webhook", plain | {"url": "http://acme.example/"}, loopback=True)


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({}, "settings.mapping: "),
        ({"purchase": {}}, "settings.mapping.purchase."),
        ({"page": {}}, "settings.mapping: is there for page, which event_types lacks."),
        ({"track": {"body": {"a": {"@path": "$."}}}}, "settings.mapping: /track/body/a/@path: The path $. lacks"),
        ({"track": [], "default": {"method": "GET"}}, "/default/method: GET is not allowed."),
        ({"track": {"headers": {"Host": "a.example"}}}, "settings.mapping: /track/headers/Host: "),
    ],
)
def test_an_unreadable_mapping_of_a_function_is_refused_at_its_place(mapping: dict[str, object], problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate_settings("subscription", "function", SUBSCRIPTION | {"mapping": mapping}, loopback=False)
    assert problem in refused.value.detail


def test_a_function_keeps_its_mapping_as_it_is_and_needs_none() -> None:
    mapping = {"default": {"body": {"a": None, "b": [{"@path": "$.userId"}]}}, "delete": {"method": "DELETE"}}
    given = SUBSCRIPTION | {"mapping": mapping}
    assert validate_settings("subscription", "function", given, loopback=False)["mapping"] == mapping
    without = validate_settings("subscription", "function", SUBSCRIPTION, loopback=False)
    assert without == validate_settings("subscription", "webhook", SUBSCRIPTION, loopback=False)
    with pytest.raises(Invalid) as refused:
        validate_settings("subscription", "webhook", given, loopback=False)
    assert "settings.mapping: is unknown." in refused.value.detail


@given(st.sampled_from(sorted(SETTINGS_OF)), st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8)))
def test_any_settings_are_accepted_or_refused_with_a_reason(kind: tuple[str, str], settings: dict[str, object]) -> None:
    said = None
    try:
        taken = validate_settings(*kind, settings, loopback=False)
        assert validate_settings(*kind, taken, loopback=False) == taken
    except Invalid as refused:
        said = refused.detail
    assert said is None or said.startswith("settings")


@pytest.mark.parametrize(("kind", "content"), [("logo", LOGO), ("mark", MARK), ("screenshot", SCREENSHOT)])
def test_the_example_pictures_are_accepted(kind: str, content: bytes) -> None:
    found = examine(AssetKind(kind), content)
    assert found.media_type == ("image/png" if kind == "screenshot" else "image/svg+xml")
    assert found.width > 0


@pytest.mark.parametrize(
    "content",
    [
        SVG.format("", "<script>alert(1)</script>"),
        SVG.format(' onload="alert(1)"', "<path/>"),
        SVG.format("", "<foreignObject><p/></foreignObject>"),
        SVG.format("", '<image href="https://evil.example/x.png"/>'),
        SVG.format("", '<a xlink:href="javascript:alert(1)"><path/></a>'),
        SVG.format("", '<linearGradient xlink:href="https://evil.example/x"/>'),
        SVG.format("", "<style>@import 'https://evil.example/x.css';</style>"),
        SVG.format("", "<style>path{fill:url(https://evil.example/x)}</style>"),
        SVG.format("", "<style>path{fill:u\\72l(//evil.example)}</style>"),
        SVG.format("", '<path style="fill:url( //evil.example/x )"/>'),
        SVG.format("", '<path fill="url(data:image/svg+xml,x)"/>'),
        SVG.format("", '<animate attributeName="href"/>'),
        SVG.format("", '<use href="#a"/>'),
        SVG.format("", '<p xmlns="http://www.w3.org/1999/xhtml"/>'),
        '<?xml-stylesheet href="x.css"?>' + SVG.format("", "<path/>"),
        SVG.format("", "<path/>") + "<?php echo 1 ?>",
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("", "<title>&a;</title>"),
        '<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + SVG.format("", "<path/>"),
        SVG.format("", "<g>" * 300 + "</g>" * 300),
        SVG.format("", "<path/>" * 6000),
        "<html><body>no picture</body></html>",
        "GIF89a",
        "",
        SVG.replace("0 0 200 50", "0 0 50 200").format("", "<path/>"),
        SVG.replace('viewBox="0 0 200 50"', "").format("", "<path/>"),
    ],
)
def test_a_logo_with_scripts_external_references_hidden_content_or_portrait_shape_is_refused(content: str) -> None:
    with pytest.raises(Invalid) as refused:
        examine(AssetKind.LOGO, content.encode())
    assert refused.value.code == "asset.invalid"


def test_a_script_in_another_encoding_is_still_a_script() -> None:
    with pytest.raises(Invalid):
        examine(AssetKind.LOGO, SVG.format("", "<script/>").encode("utf-16"))


def test_a_square_mark_with_a_plain_gradient_is_accepted() -> None:
    gradient = '<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><path fill="url(#a)"/>'
    assert examine(AssetKind.LOGO, SVG.format("", gradient).encode()).width == 200
    with pytest.raises(Invalid, match="square"):
        examine(AssetKind.MARK, SVG.format("", gradient).encode())


def _image(size: tuple[int, int], form: str, **options: object) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_format_and_size_of_a_screenshot_are_read_from_its_content(form: str) -> None:
    found = examine(AssetKind.SCREENSHOT, _image((320, 240), form))
    assert (found.media_type, found.width, found.height) == (f"image/{form.lower()}", 320, 240)


@pytest.mark.parametrize(
    "content",
    [
        _image((320, 240), "GIF"),
        _image((10, 10), "PNG"),
        _image((8193, 200), "PNG"),
        _image((320, 240), "PNG")[:200],
        _image((320, 240), "WEBP", save_all=True, append_images=[Image.new("RGB", (320, 240), "red")]),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        LOGO,
        bytes(6 * 1024 * 1024),
    ],
    ids=["gif", "small", "wide", "cut", "moving", "broken", "svg", "heavy"],
)
def test_a_file_that_is_not_a_screenshot_or_is_too_large_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        examine(AssetKind.SCREENSHOT, content)
    assert refused.value.code == "asset.invalid"


def _codes(requirement: Requirement, evidence: Mapping[str, object], *kinds: str) -> list[str]:
    return [finding.code for finding in findings_on(requirement, evidence, Templates(PROFILE.guides, kinds))]


def test_documentation_has_the_sections_of_every_kinds_template() -> None:
    given, without = {"text": DOCUMENTATION}, {"text": DOCUMENTATION.replace("## Supported platforms", "## Platforms")}
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, given, "subscription", "plugin") == []
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, without, "subscription") == []
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, without, "subscription", "plugin") == ["section.missing"]
    template = {"text": find_guide(PROFILE.guides, "documentation-stream").text}
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, template, "stream") == ["template.placeholder"]
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, {"text": "## Events\n"}, "stream").count("section.missing") == 4


def test_a_description_may_have_simple_markup_and_two_images() -> None:
    image = "![x](https://acme.example/x.png)"
    assert _codes(Requirement.APP_INFO, {"description": f"**Charts** {image} {image}"}) == []
    assert _codes(Requirement.APP_INFO, {"description": f"{image} {image} {image}"}) == ["images.too_many"]
    heavy = "# Charts\n<b>now</b> [here](http://acme.example)"
    assert _codes(Requirement.APP_INFO, {"description": heavy}) == ["markup.html", "markup.heavy", "link.insecure"]


def test_catalog_text_must_be_long_enough_and_not_the_template() -> None:
    assert _codes(Requirement.CATALOG_DETAILS, {"text": CATALOG_TEXT}) == []
    assert _codes(Requirement.CATALOG_DETAILS, {"text": "Charts."}) == ["text.short"]
    template = find_guide(PROFILE.guides, "catalog-text").text
    assert _codes(Requirement.CATALOG_DETAILS, {"text": template}) == ["template.placeholder"]


@pytest.mark.parametrize("code", ["app_info", "catalog_details", "platform_documentation", "launch_announcement",
                                  "replay_info"])  # fmt: skip
@pytest.mark.parametrize(
    "link",
    ["[Docs](javascript:alert(1))", "[x](vbscript:m)", "![x](data:image/svg+xml;base64,A)", "[x](http://evil.example)"],
)
def test_every_text_of_a_partner_with_a_dangerous_link_is_rejected(code: str, link: str) -> None:
    field = "description" if code == "app_info" else "text"
    assert "link.insecure" in _codes(Requirement(code), {field: f"{CATALOG_TEXT} {link}"})


@pytest.mark.parametrize(
    ("code", "evidence"),
    [
        ("app_info", {"description": "#1 rated analytics, when x<y and y>z; [us](mailto:help@acme.example)"}),
        ("catalog_details", {"text": f"{CATALOG_TEXT} <https://acme.example> <help@acme.example>, x<y and y>z"}),
        ("platform_documentation", {"text": 'Run\n\n```\nif [[ -z "$KEY" ]]; then\n```\n\nor `[[ -f x ]]`.'}),
    ],
)
def test_what_only_looks_like_a_link_a_tag_or_a_placeholder_is_checked(code: str, evidence: dict[str, object]) -> None:
    assert _codes(Requirement(code), evidence) == []


def test_documentation_may_have_tags_that_shape_a_text_but_none_that_run_something() -> None:
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, {"text": "<details>\nWords\n</details>"}) == []
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, {"text": "<script>alert(1)</script>"}) == ["markup.html"]


def test_lists_that_are_nested_too_deeply_to_be_judged_are_a_finding() -> None:
    nested = ">" * 20 + " [x](javascript:alert(1))"
    assert _codes(Requirement.PLATFORM_DOCUMENTATION, {"text": nested}) == ["markup.deep"]


def test_every_guide_exists() -> None:
    assert all(guide.text.strip() and Requirement(guide.serves) for guide in PROFILE.guides)
