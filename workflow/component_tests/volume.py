"""Judges a burst: whether it must be stopped, how an endpoint bore it, and what is said of it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from models.component_test import TestColour
from workflow.component_tests.colours import worst_of
from workflow.component_tests.runs import CaseResult
from workflow.findings import Finding

BURST: Final = "burst"
"""The code of the one case of a burst."""
GOOD_SHARE: Final = 0.99
"""The share of events that a ready endpoint takes."""
POOR_SHARE: Final = 0.95
SLOW: Final = timedelta(seconds=1)
"""How long 95 of 100 answers of a ready endpoint may take at most."""
DISTRESSED: Final = timedelta(seconds=3)
"""A burst is stopped when half of the latest answers take longer."""
LATEST: Final = 20
"""How many of the latest answers tell distress. Before that many, only refusals do."""
FAILED_SHARE: Final = 0.1
REFUSED: Final = 3
"""So many connections that failed stop a burst."""
LIMITED: Final = 429
LEFT_TO_A_REVIEWER: Final = "You need not do anything: a reviewer has the step run again."


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """How many events a second are sent, and for how many seconds."""

    rate: int
    seconds: int

    @property
    def planned(self) -> int:
        return self.rate * self.seconds


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one event of a burst: a status or a problem, and the seconds until then."""

    status: int | None
    problem: str | None
    seconds: float

    @property
    def is_good(self) -> bool:
        return self.status in (200, 202)

    @property
    def is_failed(self) -> bool:
        return self.status is None or self.status >= 500


def distress_of(answers: Sequence[Answered]) -> str | None:
    """Returns the first sign of distress in words, None if there is none. The answers are in the order of coming."""
    latest = answers[-LATEST:]
    if any(one.status == LIMITED for one in latest):
        return "it answered 429: it limits how much it takes"
    refused = sum(one.problem == "connection.failed" for one in latest)
    if refused >= REFUSED:
        return f"{refused} connections to it failed"
    if len(latest) < LATEST:
        return None
    failed = sum(one.is_failed for one in latest)
    if failed > FAILED_SHARE * LATEST:
        return f"{failed} of {LATEST} events got an error of the server or no answer"
    half = percentile([one.seconds for one in latest], 50)
    if half > DISTRESSED.total_seconds():
        return f"half of {LATEST} answers took longer than {DISTRESSED.total_seconds():.0f} seconds"
    return None


def percentile(seconds: Sequence[float], share: int) -> float:
    """Returns the value that `share` of 100 of at least one number do not exceed."""
    ordered = sorted(seconds)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def judge_burst(url: str, plan: BurstPlan, answers: Sequence[Answered], stopped: str | None, event: str) -> CaseResult:
    """Returns the result of a burst: red if the endpoint did not bear it, yellow if it was slow or limited it."""
    measured = measured_of(plan, answers, stopped)
    found = _findings(measured, stopped, limited=any(one.status == LIMITED for one in answers))
    return CaseResult(
        code=BURST,
        colour=worst_of([TestColour.GREEN, *(colour for colour, _ in found)]),
        event=event,
        method="POST",
        url=url,
        message=in_words(measured),
        latency_ms=measured["p50_ms"],
        findings=tuple(finding for _, finding in found),
        facts=measured,
    )


def result_of_cut_off(url: str, event: str) -> CaseResult:
    """Returns the result of a burst whose process died: it is not begun again."""
    detail = "The service broke off the burst, and does not begin it again within the hour."
    finding = Finding("volume.cut_off", detail, LEFT_TO_A_REVIEWER)
    return CaseResult(code=BURST, colour=TestColour.YELLOW, event=event, url=url, message=detail, findings=(finding,))


def result_of_busy(url: str, event: str, what: str) -> CaseResult:
    """Returns the result of a burst that could not begin for hours, since others were sent to the same place."""
    detail = f"No burst was sent: others to {what} came first, again and again."
    finding = Finding("volume.busy", detail, LEFT_TO_A_REVIEWER)
    return CaseResult(code=BURST, colour=TestColour.YELLOW, event=event, url=url, message=detail, findings=(finding,))


def measured_of(plan: BurstPlan, answers: Sequence[Answered], stopped: str | None) -> dict[str, Any]:
    """Returns what was measured: counts, the share that was taken, and percentiles of the times in milliseconds."""
    seconds = [one.seconds for one in answers]
    good = sum(one.is_good for one in answers)
    shares = {f"p{share}_ms": round(percentile(seconds, share) * 1000) if seconds else None for share in (50, 95, 99)}
    return {
        "rate": plan.rate,
        "seconds": plan.seconds,
        "planned": plan.planned,
        "sent": len(answers),
        "taken": good,
        "success_ratio": round(good / len(answers), 4) if answers else 0.0,
        **shares,
        "stopped": stopped,
    }


def in_words(measured: dict[str, Any]) -> str:
    """Returns what was measured as a sentence."""
    share = measured["success_ratio"] * 100
    times = ", ".join(f"p{one} {measured[f'p{one}_ms']} ms" for one in (50, 95, 99))
    lasts = "1 second" if measured["seconds"] == 1 else f"{measured['seconds']} seconds"
    return (
        f"{measured['taken']} of {measured['sent']} events were taken ({share:.1f} %), at {measured['rate']} a second "
        f"for {lasts}: {times}."
    )


def _findings(measured: dict[str, Any], stopped: str | None, *, limited: bool) -> list[tuple[TestColour, Finding]]:
    words = in_words(measured)
    ready = "Accept events, answer 202, and process them afterwards; or serve the endpoint by more processes."
    if limited:
        detail = f"The burst was stopped: {stopped or 'it answered 429'}. {words}"
        remedy = "Tell in your documentation how much you take. The platform sends again what was answered with 429."
        return [(TestColour.YELLOW, Finding("volume.limited", detail, remedy))]
    if stopped is not None:
        return [(TestColour.RED, Finding("volume.stopped", f"The burst was stopped: {stopped}. {words}", ready))]
    share = measured["success_ratio"]
    found = []
    if share < GOOD_SHARE:
        colour = TestColour.RED if share < POOR_SHARE else TestColour.YELLOW
        found.append((colour, Finding("volume.lost", f"Not all events were taken: {words}", ready)))
    if measured["p95_ms"] is not None and measured["p95_ms"] > SLOW.total_seconds() * 1000:
        found.append((TestColour.YELLOW, Finding("volume.slow", f"Answers took long: {words}", ready)))
    return found
