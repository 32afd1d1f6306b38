"""The cases of a run before they are taken, their names for people, and the command that sends one again."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from models import Component, ComponentTest
from models.component_test import RunScope
from tests.workers.suites import ALL_TYPES, SUITE
from workflow.component_tests.planned import TITLES, cases_of, title_of
from workflow.component_tests.requests import EnteredValues, sent_again_by_curl, webhook_request


def _codes(scope: RunScope, kind: str = "subscription", subkind: str = "webhook", **wanted: object) -> list[str]:
    run = ComponentTest(
        id=UUID(int=1),
        scope=scope.value,
        subject={"event_types": list(ALL_TYPES)},
        wanted=dict(wanted),
        requested_at=datetime(2026, 11, 2, tzinfo=UTC),
    )
    return [case.code for case in cases_of(Component(kind=kind, subkind=subkind), run)]


def test_every_case_of_a_run_is_known_before_it_is_taken_and_has_a_name() -> None:
    assert _codes(RunScope.SUITE) == list(SUITE)
    assert _codes(RunScope.EVENT, event="page") == ["page_home", "page_signup"]
    assert _codes(RunScope.TRY_OUT, message={"type": "track"}) == ["try_out"]
    assert _codes(RunScope.SUITE, "plugin", "web") == ["bundle"]
    assert _codes(RunScope.SUITE, "plugin", "ios") == ["package"]
    assert TITLES.keys() >= {*SUITE, "try_out", "bundle", "package", "burst"}
    assert (title_of("track_signed_up"), title_of("of_a_later_suite")) == ('track "Signed up"', "of_a_later_suite")


def test_the_cases_of_a_reviews_runs_are_not_told_beforehand() -> None:
    assert _codes(RunScope.LOOK) == _codes(RunScope.BURST) == []


@pytest.mark.parametrize("key", [None, "a wrong key"])
def test_the_command_that_sends_a_request_again_is_made_of_what_was_shown(key: str | None) -> None:
    values = EnteredValues("of a customer", {"region": "eu"})
    request = webhook_request("https://acme.example/it's", b'{"a":1}', values, "X-Settings", key=key)
    again = sent_again_by_curl(request.method, request.url, request.shown_headers, request.text)
    assert again == request.curl
    assert "of a customer" not in again
