"""The forms of the launch checklist know every field that evidence has."""

from hypothesis import given
from hypothesis import strategies as st

from console.evidence import ACCOUNTS, FIELDS, MAX_SCREENSHOTS, fields_of, stored, typed
from models.checklist import GIVEN_REQUIREMENTS
from workflow.building.accounts import KINDS
from workflow.building.evidence import FIELDS_OF, field_in, problems_with


def test_every_requirement_and_every_kind_of_account_has_its_fields() -> None:
    assert set(FIELDS) == {code.value for code in GIVEN_REQUIREMENTS}
    for code in GIVEN_REQUIREMENTS:
        if code != "test_account":
            assert tuple(field.name for field in FIELDS[code.value]) == FIELDS_OF[code]
    assert list(ACCOUNTS) == list(KINDS)
    for name, kind in KINDS.items():
        assert {one.name for one in ACCOUNTS[name][1]} == {*kind.required, *kind.optional, "url", "notes"}


def test_every_problem_with_empty_evidence_is_about_one_of_its_fields() -> None:
    for code in GIVEN_REQUIREMENTS:
        problems = problems_with(code, {}, ["Analytics"])
        assert problems
        assert {name for one in problems for name in field_in(code, one)} <= set(FIELDS_OF[code])
        assert all(field_in(code, one) for one in problems)


@given(
    st.lists(st.uuids().map(str), unique=True, max_size=MAX_SCREENSHOTS),
    st.lists(st.text("ab", min_size=1), max_size=2),
)
def test_what_is_chosen_is_typed_and_stored_in_its_order(shots: list[str], categories: list[str]) -> None:
    evidence = {"screenshots": shots, "categories": categories}
    fields = (*fields_of("catalog_details", "none"), *fields_of("app_info", "none"))
    kept = stored(fields, typed(fields, evidence))
    assert kept == {name: value for name, value in evidence.items() if value}
