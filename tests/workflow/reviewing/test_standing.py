"""What became of the findings of the round before, and what is kept of a look."""

import json

from hypothesis import given
from hypothesis import strategies as st

from workflow.findings import Finding
from workflow.reviewing.reports import MAX_EVIDENCE, MAX_FINDINGS, MAX_WORDS, stored_findings, stored_seen
from workflow.reviewing.standing import found_in, standing_of

LAST = [
    found_in("docs", "failed", [{"code": "page.app_not_named"}, {"code": "link.broken", "where": "https://a.example"}]),
    found_in("person", "failed", [{"code": "other", "detail": "Say more."}]),
]


def test_a_finding_of_the_same_code_and_place_is_still_there_and_what_is_gone_is_fixed() -> None:
    now = [found_in("docs", "failed", [{"code": "link.broken", "where": "https://a.example", "detail": "Anew."}])]
    found = standing_of(LAST, now)
    assert [(one["code"], one["standing"]) for one in found.of_steps["docs"]] == [("link.broken", "still_there")]
    assert [(one["step"], one["code"], one["standing"]) for one in found.earlier] == [
        ("docs", "page.app_not_named", "fixed"),
        ("person", "other", "unchecked"),
    ]


def test_what_a_step_could_not_see_is_not_fixed() -> None:
    for state, code in (("failed", "page.status"), ("warned", "page.bot_wall"), ("pending", "page.time.exceeded")):
        found = standing_of(LAST, [found_in("docs", state, [{"code": code}])])
        assert {one["standing"] for one in found.earlier if one["step"] == "docs"} == {"unchecked"}
    for code in ("page.platform_not_named", "page.app_hidden", "page.hard_to_read"):
        found = standing_of(LAST, [found_in("docs", "failed", [{"code": code}])])
        assert {one["standing"] for one in found.earlier if one["step"] == "docs"} == {"fixed"}


def test_without_a_round_before_nothing_is_said_to_be_new() -> None:
    found = standing_of([], [found_in("docs", "failed", [{"code": "link.broken"}])])
    assert found.of_steps == {"docs": ({"code": "link.broken"},)}
    assert found.earlier == ()


def test_a_thousand_findings_are_kept_in_bounds_and_counted() -> None:
    many = [Finding("link.broken", "x" * 5_000, "y", str(number), "z" * 5_000) for number in range(1_000)]
    kept = json.loads(stored_findings(many))
    assert len(kept) == MAX_FINDINGS + 1
    assert (kept[-1]["code"], kept[-1]["detail"]) == ("findings.more", "There are 900 more findings.")
    assert (len(kept[0]["detail"]), len(kept[0]["evidence"])) == (MAX_WORDS, MAX_EVIDENCE)


@given(st.text(), st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_whatever_a_page_says_can_be_stored(words: str, seen: dict[str, object]) -> None:
    for stored in (stored_findings([Finding(words, words, words, words, words)]), stored_seen(seen)):
        json.loads(stored)
        assert "\\u0000" not in stored.replace("\\\\", "")
        stored.encode()
