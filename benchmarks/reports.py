"""A report of 1,000 findings: telling those that are still there from new and fixed ones, and writing the answer."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import TypeAdapter

from api.schemas.findings import EarlierFindingAnswer
from benchmarks.figure import Figure, Scale, in_turn
from workflow.reviewing.difference import compare_findings
from workflow.reviewing.reports import MAX_FINDINGS
from workflow.reviewing.standing import found_in

STEPS, LOOPS = 10, 20
_ANSWER = TypeAdapter(list[EarlierFindingAnswer])


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the time (ms) of a report, beside that of reading and writing its findings as JSON alone."""
    last, now = _round(0), _round(MAX_FINDINGS // 2)
    took = in_turn(
        {"report": _timed(lambda: _report(last, now)), "json": _timed(lambda: _json(last, now))}, scale.rounds
    )
    name = f"reports: {STEPS * MAX_FINDINGS:,} findings, half of them there before"
    yield Figure(name, took["report"], "ms", "the same findings through json alone", took["json"])


def _round(first: int) -> list[tuple[str, list[dict[str, str]]]]:
    """Returns the findings of each step of a round, whose places are numbered from `first` on."""
    return [
        (
            f"step_{step}",
            [
                {
                    "code": "link.broken",
                    "detail": f"The link {place} is broken: it answers 404.",
                    "remedy": "Correct the link, or remove it.",
                    "where": f"https://acme.example/{step}/{place}",
                    "evidence": f"link {place} answers 404",
                }
                for place in range(first, first + MAX_FINDINGS)
            ],
        )
        for step in range(STEPS)
    ]


def _report(last: list[Any], now: list[Any]) -> None:
    earlier, later = ([found_in(step, "failed", found) for step, found in one] for one in (last, now))
    found = compare_findings(earlier, later)
    _ANSWER.dump_json(
        [
            EarlierFindingAnswer.model_validate({**one.finding, "step": one.step, "standing": one.standing})
            for one in found
        ]
    )


def _json(last: list[Any], now: list[Any]) -> None:
    json.loads(json.dumps([last, now]))


def _timed(work: Callable[[], None]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        for _ in range(LOOPS):
            work()
        return (time.perf_counter() - began) * 1000 / LOOPS

    return run
