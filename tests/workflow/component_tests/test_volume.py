"""When a burst must be stopped, and what is said of how an endpoint bore it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.component_tests.volume import LATEST, Answered, BurstPlan, distress_of, judge_burst, percentile

PLAN = BurstPlan(rate=50, seconds=2)
OK = Answered(200, None, 0.01)
DOWN = Answered(503, None, 0.01)
NONE = Answered(None, "time.exceeded", 5.0)
REFUSED = Answered(None, "connection.failed", 0.001)
LIMITED = Answered(429, None, 0.01)
BAD = Answered(400, None, 0.01)
SLOW = Answered(200, None, 1.5)
VERY_SLOW = Answered(202, None, 3.5)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], None),
        ([OK] * 100, None),
        ([LIMITED], "429"),
        ([OK] * 60 + [LIMITED], "429"),
        ([OK, REFUSED, OK, REFUSED], None),
        ([OK, REFUSED, OK, REFUSED, REFUSED], "3 connections"),
        ([DOWN] * (LATEST - 1), None),
        ([DOWN] * LATEST, "20 of 20"),
        ([OK] * 18 + [DOWN] * 2, None),
        ([OK] * 17 + [DOWN, NONE, DOWN], "3 of 20"),
        ([BAD] * 50, None),
        ([OK] * 50 + [VERY_SLOW] * 10, None),
        ([OK] * 50 + [VERY_SLOW] * 11, "longer than 3 seconds"),
    ],
)
def test_the_first_sign_of_distress(answers: list[Answered], words: str | None) -> None:
    found = distress_of(answers)
    assert found is None if words is None else words in str(found)


@pytest.mark.parametrize(
    ("answers", "stopped", "colour", "codes"),
    [
        ([OK] * 100, None, "green", []),
        ([OK] * 99 + [DOWN], None, "green", []),
        ([OK] * 98 + [DOWN] * 2, None, "yellow", ["volume.lost"]),
        ([OK] * 94 + [BAD] * 6, None, "red", ["volume.lost"]),
        ([OK] * 94 + [SLOW] * 6, None, "yellow", ["volume.slow"]),
        ([OK] * 95 + [SLOW] * 5, None, "green", []),
        ([OK] * 20 + [DOWN] * 3, "3 of 20 events got an error", "red", ["volume.stopped"]),
        ([OK] * 20 + [LIMITED], "it answered 429", "yellow", ["volume.limited"]),
        ([], "64 events waited", "red", ["volume.stopped"]),
    ],
)
def test_how_an_endpoint_bore_it(answers: list[Answered], stopped: str | None, colour: str, codes: list[str]) -> None:
    found = judge_burst("https://acme.example/hook", PLAN, answers, stopped, "track")
    assert (found.colour, [one.code for one in found.findings]) == (colour, codes)
    assert found.facts is not None
    assert (found.facts["planned"], found.facts["sent"], found.facts["stopped"]) == (100, len(answers), stopped)
    assert all(one.detail and one.remedy for one in found.findings)


def test_what_is_measured() -> None:
    answers = [Answered(200, None, number / 1000) for number in range(1, 101)]
    found = judge_burst("https://acme.example/hook", PLAN, answers, None, "track")
    assert found.facts is not None
    assert {name: found.facts[name] for name in ("success_ratio", "p50_ms", "p95_ms", "p99_ms")} == {
        "success_ratio": 1.0,
        "p50_ms": 50,
        "p95_ms": 95,
        "p99_ms": 99,
    }


@given(st.lists(st.floats(0, 10), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(seconds: list[float], share: int) -> None:
    found = percentile(seconds, share)
    assert found in seconds
    assert sum(one <= found for one in seconds) * 100 >= share * len(seconds)
    assert sum(one < found for one in seconds) * 100 < share * len(seconds)
