"""What mails say of reviews and customers: the round, the due time, whose turn it is, how far it is, what failed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from models.lifecycle import StepState
from models.steps import step_title
from workflow.names import one_line
from workflow.notifications.links import mended_at

MAX_FAILED: Final = 20
"""The number of findings that a mail names."""
_UNDECIDED: Final = (StepState.PENDING, StepState.CANCELLED)
_UNKNOWN: Final[dict[str, str]] = {
    "due": "the time that the App's status shows",
    **dict.fromkeys(("round", "held", "progress", "found", "failed", "asked", "unshown", "urgent", "marked"), ""),
}


def review_words(review: Mapping[str, Any] | None) -> dict[str, str]:
    """Returns the words for the texts of mails; those without a review say nothing. Pure.

    `review` has `due`, `round`, `is_open`, `is_held`, `is_mine` (the recipient holds it), `steps` as (code, state,
    findings), `asked`: the reasons of the last request for changes, and `unshown`: what the catalog does not show yet.
    `is_urgent` says that it is an urgent revision.
    """
    if review is None:
        return _UNKNOWN
    failed = _failed(review["steps"])
    listed = f"What failed:\n\n{failed}\n\n" if failed else ""
    asked = "\n".join(f"- {one_line(one['text'])}" for one in review["asked"] or ())
    unshown = ", ".join(review["unshown"] or ())
    return {
        "due": review["due"],
        "round": f" (round {review['round']})",
        "held": _held(review),
        "progress": _progress(review["steps"]),
        "found": f" {listed}".rstrip() if listed else "",
        "failed": listed,
        "urgent": "It is urgent, and stands first in the queue. " if review["is_urgent"] else "",
        "marked": ", and are urgent" if review["is_urgent"] else "",
        "asked": f"\n\nIn the last round these changes were asked for:\n\n{asked}" if asked else "",
        "unshown": (
            f"\n\nThe catalog shows what was approved. Changed since, and not shown until it is reviewed: {unshown}."
            if unshown
            else ""
        ),
    }


def suspension_words(suspension: Mapping[str, Any] | None) -> dict[str, str]:
    """Returns what lifts a suspension, and until when a second person confirms it. Pure."""
    if suspension is None:
        return {"lifted": "It is your turn: mend what is named, and submit the App.", "confirm_by": "tomorrow"}
    lifted = (
        "No revision lifts this suspension: write to us, and we reinstate the App once the cause is settled."
        if suspension["only_reinstated"]
        else "It is your turn: mend what is named, for which you can edit the App, and submit it as a revision."
    )
    return {"lifted": lifted, "confirm_by": suspension["confirm_by"]}


def publication_words(publication: Mapping[str, Any] | None, review: Mapping[str, Any] | None) -> dict[str, str]:
    """Returns what mails of an approval or a reinstatement say of the catalog: now, or on a planned day. Pure.

    `publication` is of the approval that the mail is about, or of one that waits for its day (None: none does). It has
    its `day`, whether something is shown until then (`is_shown`), and whether the approval lifted a suspension
    (`lifts_suspension`). `of_suspension` of `review`: it is the appeal of a suspension.
    """
    of_suspension = review is not None and review["of_suspension"]
    day = publication["day"] if publication else ""
    if publication is None or publication["is_shown"]:
        again, unseen = "in the catalog again", ""
        meanwhile = "Until then everybody sees what they see now."
    else:
        again = f"not yet in the catalog: what was approved is published on {day}"
        unseen = f", but {again}"
        meanwhile = "Until then the catalog does not show it."
        if publication["lifts_suspension"]:
            meanwhile = (
                f"The suspension is lifted, but the App is not in the catalog again before that day. {meanwhile}"
            )
    if of_suspension:
        outcome = f"the suspension is lifted, and the App is {again}, as a public beta"
    elif publication:
        outcome = f"what you submitted is approved, and is published on {day}"
    else:
        outcome = "what you submitted is approved, and is what is published from now on"
    return {
        "day": day or "the day that the App's status shows",
        "again": again,
        "unseen": unseen,
        "meanwhile": meanwhile,
        "outcome": outcome,
    }


def mend_words(review: Mapping[str, Any] | None, site: str, slug: str | None, *, pages: bool) -> dict[str, str]:
    """Returns the words of what a health review found: what is to be mended, where, and by when. Pure.

    What is only observed is named apart: it does not count yet.
    """
    if review is None or slug is None:
        return dict.fromkeys(("mend", "until", "ends", "flagged", "days", "revised"), "")
    observed, grace = frozenset(review["observed"]), review["grace"] or {}
    days, ends = grace.get("days"), grace.get("ends")
    counting = [step for step in review["steps"] if step[0] not in observed]
    shown = _to_mend(counting, site, slug, pages=pages)
    also = _to_mend([step for step in review["steps"] if step[0] in observed], site, slug, pages=pages)
    return {
        "mend": shown
        + (f"\n\nThis was looked at for the first time, and does not count yet:\n\n{also}" if also else ""),
        "until": f"by {ends}" if ends else f"within {days} days of this mail" if days else "soon",
        "ends": ends or "",
        "flagged": grace.get("flagged", ""),
        "days": str(days or ""),
        "revised": " A revision of it is under review." if review["is_revised"] else "",
    }


def _to_mend(steps: Sequence[Sequence[Any]], site: str, slug: str, *, pages: bool) -> str:
    lines = [
        f"- {step_title(code)}: {one_line(' '.join((one['detail'], one.get('remedy', ''))))} "
        f"{site}{mended_at(code, slug, pages=pages)}"
        for code, state, findings in steps
        if state == StepState.FAILED
        for one in findings or [{"detail": "a reviewer found that it fails."}]
    ]
    return "\n".join(lines[:MAX_FAILED])


def customer_words(count: object, needed: int | None) -> dict[str, str]:
    """Returns how many customers there are, of how many that are needed as long as these are not reached. Pure."""
    if count is None:
        return {"counted": "", "customers": ""}
    counted = f"{count} of {needed}" if needed and isinstance(count, int) and count <= needed else f"number {count}"
    return {"counted": counted, "customers": f" (so far {count} of {needed})" if needed else ""}


def _held(review: Mapping[str, Any]) -> str:
    if not review["is_open"]:
        return "This review is over."
    if review["is_mine"]:
        return "You hold it: it is your turn."
    return "A colleague holds it." if review["is_held"] else "Nobody holds it: please claim it."


def _progress(steps: Sequence[Sequence[Any]]) -> str:
    decided = sum(state not in _UNDECIDED for _, state, _ in steps)
    left = [step_title(code) for code, state, _ in steps if state == StepState.PENDING]
    open_steps = f" Still open: {', '.join(left)}." if left else ""
    return f"{decided} of {len(steps)} steps are decided.{open_steps}"


def _failed(steps: Sequence[Sequence[Any]]) -> str:
    lines = [
        f"- {step_title(code)}: {one_line(' '.join((one['detail'], one.get('remedy', ''))))}"
        for code, state, findings in steps
        if state == StepState.FAILED
        for one in findings or [{"detail": "a reviewer found that it fails."}]
    ]
    return "\n".join(lines[:MAX_FAILED])
