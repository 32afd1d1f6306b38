"""The policy document: its defaults, its validation with the place of every problem, and its schema."""

import re
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from workflow.lifecycle.rules import RULES_OF
from workflow.operating.publishing import CODES, NEVER_OBSERVED, schema_of_policy
from workflow.policy.calendar import BusinessCalendar, CalendarInvalid, check_closed_day
from workflow.policy.document import Policy, load_policies, parse_policy
from workflow.policy.parts import PARTS, PolicyInvalid, PolicyProblem
from workflow.policy.values import CLOSED_DAY, MAX_PROBLEMS

GUIDE = Path(__file__).parents[3] / "docs" / "admins.md"
DOCUMENT: dict[str, Any] = {
    "review_business_days": 2,
    "due_soon_hours": 8,
    "time_zone": "America/Los_Angeles",
    "country": "US",
    "subdivision": None,
    "customers_to_promote": 3,
    "required_checklist": ["app_info"],
    "review_steps": ["end_to_end_check"],
    "observed": ["oauth.enabled"],
}
"""A document from before the policy had numbers for access and for claims."""


def _problems(document: object) -> tuple[PolicyProblem, ...]:
    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(1, document, CODES)
    assert refused.value.remedy
    return refused.value.problems


def test_a_stored_document_that_lacks_a_part_takes_its_default() -> None:
    policy = parse_policy(7, DOCUMENT)
    assert (policy.version, policy.review_business_days, policy.observed) == (7, 2, frozenset({"oauth.enabled"}))
    assert (policy.access_business_days, policy.claims_at_once, policy.idle_claim_business_days) == (1, 10, 1)
    assert policy.calendar == BusinessCalendar("America/Los_Angeles", "US")
    assert policy == parse_policy(7, DOCUMENT | {"claims_at_once": 10})


def test_a_stored_document_may_have_the_greatest_numbers_that_could_ever_be_published() -> None:
    greatest = {"appeal_days": 1000, "health_days": 1000, "grace_days": 1000, "relist_days": 10_000}
    policy = parse_policy(1, DOCUMENT | greatest)
    assert {part: getattr(policy, part) for part in greatest} == greatest


def test_a_stored_document_may_name_removed_codes_and_a_new_one_may_not() -> None:
    old = DOCUMENT | {"review_steps": ["fax_check"], "observed": ["fax.sent"], "fax_number": 1}
    assert parse_policy(1, old).review_steps == ("fax_check",)
    assert {problem.where for problem in _problems(old)} == {"review_steps[0]", "observed[0]", "fax_number"}


@pytest.mark.parametrize(
    ("change", "where", "why"),
    [
        ({"surprise": 1}, "surprise", "no such part"),
        ({"version": 1}, "version", "no such part"),
        ({"customers_to_promote": -1}, "customers_to_promote", "whole number from 0"),
        ({"customers_to_promote": True}, "customers_to_promote", "whole number"),
        ({"review_business_days": 0}, "review_business_days", "from 1"),
        ({"review_business_days": 101}, "review_business_days", "to 100"),
        ({"review_business_days": 2.0}, "review_business_days", "whole number"),
        ({"due_soon_hours": "8"}, "due_soon_hours", "whole number"),
        ({"time_zone": "Nowhere/Land"}, "time_zone", "no time zone"),
        ({"time_zone": "localtime"}, "time_zone", "no time zone"),
        ({"time_zone": None}, "time_zone", "must be a text"),
        ({"country": "XX"}, "country", "no holiday calendar"),
        ({"country": "X" * 65}, "country", "at most 64 characters or null"),
        ({"country": None, "subdivision": "CA"}, "subdivision", "no country"),
        ({"subdivision": "XX"}, "subdivision", "no holiday calendar"),
        ({"required_checklist": ["app_info", "nothing"]}, "required_checklist[1]", "no requirement 'nothing'"),
        ({"required_checklist": ["test_account", "test_account"]}, "required_checklist[1]", "twice"),
        ({"review_steps": ["guess"]}, "review_steps[0]", "no review step 'guess'"),
        ({"review_steps": "all"}, "review_steps", "list of codes"),
        ({"observed": {"oauth.enabled": True}}, "observed", "list of codes"),
        ({"observed": [["x"]]}, "observed[0]", "must be a code"),
        ({"closed_days": ["12-24", "2027-02-29"]}, "closed_days[1]", "'2027-02-29' is no day"),
        ({"closed_days": ["24.12."]}, "closed_days[0]", "such as 2026-12-24"),
        ({"closed_days": [20261224]}, "closed_days[0]", "written as a string"),
        ({"closed_days": ["12-24", "12-24"]}, "closed_days[1]", "twice"),
        ({"closed_days": "12-24"}, "closed_days", "a list of days, 100 at most"),
        (
            {"closed_days": [f"2026-{m:02}-{d:02}" for m in range(1, 5) for d in range(1, 29)]},
            "closed_days",
            "100 at most",
        ),
        ({"observed": ["review.not_own_app"]}, "observed[0]", "no rule or review step that may be observed"),
    ],
)
def test_each_problem_of_a_document_is_named_with_its_place(change: dict[str, Any], where: str, why: str) -> None:
    (problem,) = _problems(DOCUMENT | change)
    assert problem.where == where
    assert why in problem.why


def test_all_problems_are_named_at_once_up_to_a_bound() -> None:
    wrong = {part: None for part in PARTS if part not in ("country", "subdivision")} | {"country": "XX", "x": 1}
    assert {problem.where for problem in _problems(wrong)} == {*PARTS, "x"}
    codes = ["app_info", "app_info", "nothing", 7]
    assert [problem.where for problem in _problems(DOCUMENT | {"required_checklist": codes})] == [
        f"required_checklist[{index}]" for index in (1, 2, 3)
    ]
    assert len(_problems(DOCUMENT | {"observed": ["x"] * 1000})) == MAX_PROBLEMS
    for other in (["policy"], None, "policy"):
        assert [problem.where for problem in _problems(other)] == ["document"]


def test_the_schema_has_all_that_a_form_needs() -> None:
    schema = schema_of_policy()
    assert tuple(schema["properties"]) == PARTS
    for part, about in schema["properties"].items():
        assert about["title"]
        assert about["description"]
        assert about.get("type") != "integer" or {"minimum", "maximum", "x-unit"} <= about.keys(), part
        if about.get("type") == "array":
            items = about["items"]
            assert (
                all(one["const"] and one["title"] for one in items["oneOf"]) if "oneOf" in items else items["pattern"]
            )
        assert (part in schema["required"]) == ("default" not in about)
    observable = {one["const"] for one in schema["properties"]["observed"]["items"]["oneOf"]}
    rules = {rule for trigger in AppTrigger for rule in RULES_OF[trigger]}
    assert {rule.code for rule in rules} - observable == NEVER_OBSERVED


def test_the_guide_for_admins_says_what_each_part_means() -> None:
    rows = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `")]
    named = [part for row in rows for part in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(part for part in named if part in PARTS) == sorted(PARTS)


def test_the_pattern_of_closed_days_allows_exactly_the_days_that_can_be_published() -> None:
    pattern = re.compile(CLOSED_DAY)
    years = ["", *(f"{year}-" for year in (1999, 2000, 2026, 2028, 2100, 2400, 2999, 3000)), "26-", "20026-"]
    for year, month, day in product(years, range(14), range(33)):
        written = f"{year}{month:02}-{day:02}"
        try:
            check_closed_day(written)
        except CalendarInvalid:
            assert not pattern.search(written), written
        else:
            assert pattern.search(written), written
    for written in ("", "12", "1-2", "2026-W01-1", "20261224", "2026-12-24\n", " 12-24", "12-24T00", "١٢-٢٤", "-12-24"):
        with pytest.raises(CalendarInvalid):
            check_closed_day(written)
        assert not re.fullmatch(CLOSED_DAY, written), written


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-1, 2)
    | st.integers(99, 101)
    | st.integers(999, 1001)
    | st.sampled_from([1_000_000, 1_000_001]),
    "codes": st.lists(
        st.sampled_from(["app_info", "test_account", "end_to_end_check", "oauth.enabled", "review.claimed", "x"])
        | st.integers(0, 1),
        max_size=3,
    ),
    "days": st.lists(st.sampled_from(["12-24", "02-29", "2026-12-24", "2027-02-29", "13-01", "x"]), max_size=3),
    "other": st.none() | st.booleans() | st.text(max_size=3) | st.just({}),
}
CHANGES = st.dictionaries(
    st.sampled_from([part for part in PARTS if part not in ("time_zone", "country", "subdivision")]) | st.just("x"),
    st.one_of(*VALUES.values()),
    max_size=3,
)


@given(CHANGES, st.sets(st.sampled_from(PARTS), max_size=1))
def test_the_schema_accepts_exactly_what_can_be_published(change: dict[str, Any], left_out: set[str]) -> None:
    document = {part: value for part, value in (DOCUMENT | change).items() if part not in left_out}
    if validator_for(schema_of_policy()).is_valid(document):
        assert parse_policy(1, document, CODES).version == 1
    else:
        assert _problems(document)


def test_a_version_is_read_once_and_anew_where_its_number_has_another_content(engine: Engine) -> None:
    def published(session: Session, document: str) -> Policy:
        session.execute(text(_PUBLISH), {"document": document, "by": uuid4()})
        return load_policies(session).current

    with Session(engine) as session:
        before = load_policies(session).by_version.keys()
        first = published(session, '{"claims_at_once": 7}')
        assert load_policies(session).current is first
        session.rollback()
        assert load_policies(session).by_version.keys() == before
        second = published(session, '{"claims_at_once": 8}')
    assert [first.version, first.claims_at_once, second.claims_at_once] == [second.version, 7, 8]


_PUBLISH = """
    INSERT INTO policy_version (version, document, note, published_by)
    SELECT version + 1, document || CAST(:document AS jsonb), 'Claims', :by
      FROM policy_version ORDER BY version DESC LIMIT 1
"""
