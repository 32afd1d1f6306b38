"""Machine steps return all their findings, and fetch only public pages."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from examples.partner.server import ExamplePartner
from models.checklist import GIVEN_REQUIREMENTS
from models.lifecycle import StepTrigger
from models.steps import MACHINE_STEPS, STEPS, StepDefinition, StepTaker
from runtime.guarded_http import FetchLimits, FetchRefused, GuardedHttp
from tests.journeys import DOCUMENTATION
from tests.profiles import NORTHWIND, default_names_in
from tests.workers.sites import URL, site
from workers.steps import RUNS
from workers.steps.step import Evidence
from workflow.profile.loading import load_profile

PROFILE = load_profile()
LIMITS = FetchLimits(total=timedelta(seconds=5))


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://northwind.example/?utm_source=a&nw_partner=yes", []),
        ("https://shop.northwind.test/?utm_source=a&nw_partner=yes", []),
        ("https://northwind.example/?utm_source=a&utm_medium=b&utm_campaign=c", ["link.untracked"]),
        ("https://segment.com/?utm_source=a&nw_partner=yes", ["link.missing"]),
    ],
)
def test_the_link_must_lead_to_the_profiles_platform_with_its_parameters(link: str, found: list[str]) -> None:
    page = site(f'<p>Northwind <a href="{link.replace("&", "&amp;")}">here</a></p>')
    profile = load_profile(NORTHWIND)
    outcome = RUNS["partners_page"](Evidence("Acme", {"url": URL}, profile), page)
    assert [finding.code for finding in outcome.findings] == found
    assert not [one for one in outcome.findings if default_names_in(one.detail + one.remedy)]


@pytest.mark.parametrize("code", ["partner_documentation", "partners_page", "launch_announcement"])
def test_a_page_must_name_the_profiles_platform(code: str) -> None:
    page = site("<p>Acme works with Segment</p>")
    outcome = RUNS[code](Evidence("Acme", {"url": URL}, load_profile(NORTHWIND)), page)
    (finding,) = [one for one in outcome.findings if one.code == "page.platform_not_named"]
    assert finding.detail == f"{URL} does not mention Northwind."


@pytest.fixture
def partner() -> Iterator[ExamplePartner]:
    with ExamplePartner() as running:
        yield running


def _run(url: str, app_name: str = "Acme Insights", *, loopback: bool = True) -> tuple[StepTrigger, list[str]]:
    http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=loopback)
    outcome = RUNS["partner_documentation"](Evidence(app_name, {"url": url}, PROFILE), http)
    assert all(finding.detail and finding.remedy for finding in outcome.findings)
    return outcome.trigger, [finding.code for finding in outcome.findings]


def test_documentation_that_names_both_sides_passes(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/docs") == (StepTrigger.PASS, [])


def test_documentation_that_is_missing_not_a_page_or_does_not_name_the_app_fails(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/nothing") == (StepTrigger.FAIL, ["page.status"])
    assert _run(f"{partner.url}/events") == (StepTrigger.FAIL, ["page.not_html"])
    assert _run(f"{partner.url}/docs", "Another App") == (StepTrigger.FAIL, ["page.app_not_named"])


def test_documentation_at_an_address_that_is_not_public_fails_with_the_reason(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/docs", loopback=False) == (StepTrigger.FAIL, ["page.address.not_public"])


def test_a_probe_says_how_a_page_answers_without_reading_it(partner: ExamplePartner) -> None:
    http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=True)
    found = [http.probe(f"{partner.url}{path}") for path in ("/docs", "/nothing")]
    assert [(page.status, page.body) for page in found] == [(200, b""), (404, b"")]
    with pytest.raises(FetchRefused, match="127"):
        GuardedHttp(LIMITS, user_agent="test").probe(f"{partner.url}/docs")


def test_every_machine_step_has_a_run_and_every_run_a_definition() -> None:
    assert set(RUNS) == MACHINE_STEPS


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_only_machine_steps_are_leased_and_they_run_without_a_reviewer(step: StepDefinition) -> None:
    by_machine = step.taken_by is StepTaker.MACHINE
    assert (step.lease is not None) == by_machine
    assert by_machine or not (step.on_drafts or step.in_health_reviews)
    assert step.needs in GIVEN_REQUIREMENTS or (step.needs is None and (step.reads_components or not by_machine))
    assert step.in_reviews or step.in_health_reviews


def _take(code: str, given: dict[str, object], app_name: str = "Acme Insights") -> tuple[StepTrigger, list[str]]:
    http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=True)
    outcome = RUNS[code](Evidence(app_name, given, PROFILE), http)
    assert all(finding.detail and finding.remedy for finding in outcome.findings)
    return outcome.trigger, [finding.code for finding in outcome.findings]


def test_a_partners_page_links_to_the_platform_with_every_parameter(partner: ExamplePartner) -> None:
    assert _take("partners_page", {"url": f"{partner.url}/partners"}) == (StepTrigger.PASS, [])
    assert _take("partners_page", {"url": f"{partner.url}/docs"}) == (StepTrigger.FAIL, ["link.missing"])
    assert _take("partners_page", {"url": f"{partner.url}/nothing"}) == (StepTrigger.FAIL, ["page.status"])


@pytest.mark.parametrize(
    ("link", "codes"),
    [
        ("https://segment.com/?utm_source=a&utm_medium=partner&utm_campaign=c", []),
        ("https://docs.segment.com/x?utm_campaign=c&utm_source=a&utm_medium=b", []),
        ("https://segment.com/?utm_source=a&utm_medium=&utm_campaign=c", ["link.untracked"]),
        ("https://segment.com/", ["link.untracked"]),
        ("https://segment.com.evil.example/?utm_source=a&utm_medium=b&utm_campaign=c", ["link.missing"]),
        ("https://notsegment.com/?utm_source=a&utm_medium=b&utm_campaign=c", ["link.missing"]),
        ("//segment.com/?utm_source=a&utm_medium=b&utm_campaign=c", []),
        ("https://[segment.com/", ["link.missing"]),
    ],
)
def test_only_a_complete_link_to_the_platform_itself_counts(link: str, codes: list[str]) -> None:
    page = site(f'<p>Segment <a href="{link.replace("&", "&amp;")}">here</a></p>')
    outcome = RUNS["partners_page"](Evidence("Acme", {"url": URL}, PROFILE), page)
    assert [finding.code for finding in outcome.findings] == codes


def test_an_announcement_is_a_post_or_a_text_that_names_both_sides(partner: ExamplePartner) -> None:
    assert _take("launch_announcement", {"url": f"{partner.url}/blog/announcement"}) == (StepTrigger.PASS, [])
    assert _take("launch_announcement", {"text": "Acme Insights\nworks with Segment."}) == (StepTrigger.PASS, [])
    trigger, codes = _take("launch_announcement", {"text": "We are live."})
    assert (trigger, codes) == (StepTrigger.FAIL, ["text.platform_not_named", "text.app_not_named"])


def test_platform_documentation_is_judged_by_the_templates_of_all_components() -> None:
    def found(text: str, *kinds: str) -> list[tuple[str, str]]:
        components = [{"kind": kind, "name": kind} for kind in kinds]
        outcome = RUNS["platform_documentation"](Evidence("Acme", {"text": text}, PROFILE, components), site(""))
        assert (outcome.trigger == StepTrigger.PASS) == (not outcome.findings)
        return [(one.code, one.where) for one in outcome.findings]

    assert found(DOCUMENTATION, "stream") == []
    missing = found(DOCUMENTATION, "stream", "plugin")
    assert missing
    assert {code for code, _ in missing} == {"section.missing"}
    assert len({where for _, where in missing}) == len(missing), "each is told from the others in the next round"
    assert found(DOCUMENTATION + "[[your name]]", "stream") == [("template.placeholder", "")]


def test_catalog_details_are_judged_by_the_checklists_rules() -> None:
    assert _take("catalog_details", {"text": "Charts for a whole team, from the events you have."})[0] == "pass"
    assert _take("catalog_details", {"text": "[[App name]] is good for you, your team and your events."}) == (
        StepTrigger.FAIL,
        ["template.placeholder"],
    )
