"""What became of the findings of the round before: which are fixed, which are still there, and which are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Review
from models.lifecycle import ReviewKind, StepState
from models.review import ReviewOutcome
from workflow.reviewing.difference import FindingStatus, StepFindings, compare_findings

DECIDED: Final = (
    ReviewOutcome.APPROVED,
    ReviewOutcome.CHANGES_REQUESTED,
    ReviewOutcome.UPHELD,
    ReviewOutcome.OVERTURNED,
    ReviewOutcome.ADOPTED,
)
"""How rounds end that somebody looked at and decided."""
_LOOKED: Final = (ReviewOutcome.CLEARED, ReviewOutcome.FLAGGED)
_NEWEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Standing:
    """The findings of a round by step, each with its `standing`, and `earlier`: those of the round before besides.

    An earlier one has its `step`, and is fixed, or unchecked as long as its step has not looked again.
    """

    of_steps: Mapping[str, tuple[Mapping[str, Any], ...]]
    earlier: tuple[Mapping[str, Any], ...]


def standing_of(last: Sequence[StepFindings], now: Sequence[StepFindings]) -> Standing:
    """Returns what became of the findings of the round before. Pure."""
    of_steps: dict[str, list[Mapping[str, Any]]] = {step.step: [] for step in now}
    earlier = []
    for one in compare_findings(last, now):
        shown = {**one.finding, "standing": one.standing}
        if one.standing in (FindingStatus.NEW, FindingStatus.STILL_THERE):
            of_steps[one.step].append(shown if last else dict(one.finding))
        else:
            earlier.append({**shown, "step": one.step})
    return Standing({step: tuple(found) for step, found in of_steps.items()}, tuple(earlier))


def found_in(code: str, state: str, findings: Sequence[Mapping[str, str]]) -> StepFindings:
    """Returns the findings of a step. It is not decided as long as it waits, or has not seen what it is about."""
    decided = state not in (StepState.PENDING, StepState.CANCELLED)
    return StepFindings(code, decided and not any(_is_blind(one.get("code", "")) for one in findings), tuple(findings))


def findings_before(session: Session, review: Review) -> list[StepFindings]:
    """Returns the findings of the App's last decided round before the review or, for a look, of the last look since.

    One query. Locks nothing.
    """
    outcomes = (*DECIDED, *_LOOKED) if review.kind == ReviewKind.HEALTH else DECIDED
    return _findings_of_last(session, review.app_id, review.opened_version, outcomes)


def findings_of_last_round(session: Session, app_id: UUID) -> list[StepFindings]:
    """Returns the findings of the App's last decided round. One query. Locks nothing."""
    return _findings_of_last(session, app_id, _NEWEST, DECIDED)


def _findings_of_last(
    session: Session, app_id: UUID, version: int, outcomes: Sequence[ReviewOutcome]
) -> list[StepFindings]:
    wanted = {"app_id": app_id, "version": version, "outcomes": [outcome.value for outcome in outcomes]}
    return [found_in(row.code, row.state, row.findings) for row in session.execute(_LAST, wanted)]


_LAST = text("""
    SELECT t.code, t.state, t.findings
      FROM review_step t
     WHERE t.review_id = (SELECT r.id FROM review r
                           WHERE r.app_id = :app_id AND r.opened_version < :version AND r.outcome = ANY(:outcomes)
                           ORDER BY r.opened_version DESC LIMIT 1)
     ORDER BY t.code
""")


def _is_blind(code: str) -> bool:
    """Returns whether a finding says that the step did not see all that it is about."""
    if code in ("findings.more", "links.page_unread", "links.left_out"):
        return True
    return code.startswith("page.") and not code.endswith(("_not_named", "_hidden", ".hard_to_read"))
