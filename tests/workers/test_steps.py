"""The step `partner_documentation` gives all it finds, and fetches nothing that is not public."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from examples.partner.server import ExamplePartner
from models.lifecycle import StepTrigger
from runtime.guarded_http import FetchLimits, GuardedHttp
from workers.steps import REGISTRY
from workers.steps.step import Evidence
from workflow.reviewing.steps import MACHINE_STEPS

STEP = REGISTRY["partner_documentation"]
LIMITS = FetchLimits(total=timedelta(seconds=5))


@pytest.fixture
def partner() -> Iterator[ExamplePartner]:
    with ExamplePartner() as running:
        yield running


def _run(url: str, app_name: str = "Acme Insights", *, loopback: bool = True) -> tuple[StepTrigger, list[str]]:
    http = GuardedHttp(LIMITS, user_agent="test", allow_loopback=loopback)
    outcome = STEP.run(Evidence(app_name, {"url": url}), http)
    assert all(finding.detail and finding.remedy for finding in outcome.findings)
    return outcome.trigger, [finding.code for finding in outcome.findings]


def test_documentation_that_names_both_sides_passes(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/docs") == (StepTrigger.PASS, [])


def test_documentation_that_is_missing_or_no_page_or_does_not_name_the_app_fails(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/nothing") == (StepTrigger.FAIL, ["page.status"])
    assert _run(f"{partner.url}/events") == (StepTrigger.FAIL, ["page.not_html"])
    assert _run(f"{partner.url}/docs", "Another App") == (StepTrigger.FAIL, ["page.app_not_named"])


def test_documentation_at_an_address_that_is_not_public_fails_with_the_reason(partner: ExamplePartner) -> None:
    assert _run(f"{partner.url}/docs", loopback=False) == (StepTrigger.FAIL, ["page.address.not_public"])


def test_every_machine_step_is_registered() -> None:
    assert set(REGISTRY) == MACHINE_STEPS
