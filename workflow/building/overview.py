"""The launch checklist as a whole: the status of each requirement, and the tasks that are left, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from models import App, ChecklistItem, Component
from models.checklist import Requirement
from models.lifecycle import AppState, StepState
from models.steps import MACHINE_STEPS, STEPS
from workflow.building.checklist import evidence_of, without_secrets
from workflow.building.components import components_of
from workflow.building.draft_checks import DraftRun, DraftStep, latest_run
from workflow.building.findings import JUDGED_AT_ONCE
from workflow.catalog.published import published_snapshots
from workflow.policy.document import Policy
from workflow.profile.guides import Guide
from workflow.reviewing.partner_view import PartnerReview, latest_review

FindingData = Mapping[str, Any]
"""A finding: `code`, `detail`, `remedy` and, where a step found it, `where`, `evidence` and `standing`."""


class ItemStatus(StrEnum):
    """The status of a requirement. `given` has not been checked yet; `checked` has passed all automatic checks."""

    MISSING = "missing"
    GIVEN = "given"
    CHECKED = "checked"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Look:
    """The latest look of a step at exactly this evidence: its state, its time, and whether in a review or a draft."""

    step: str
    title: str
    state: str
    checked_at: datetime
    checked_in: str


@dataclass(frozen=True, slots=True)
class Item:
    """A requirement and its evidence.

    `checked_at` is when a machine last looked at exactly this evidence, and `checked_in` where: in a review or a draft.
    `looks` says the same of each step. `revision` counts the changes of the evidence, 0 if none was given; it is None
    for what takes no evidence, and for evidence that is not the draft's.
    """

    code: str
    required: bool
    status: ItemStatus
    findings: tuple[FindingData, ...]
    evidence: Mapping[str, Any] | None
    given_at: datetime | None
    checked_at: datetime | None
    guides: tuple[str, ...]
    checked_in: str | None = None
    looks: tuple[Look, ...] = ()
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do next: what is the matter, how to fix it, and the call that does so."""

    code: str
    what: str
    how: str
    method: str
    path: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Checklist:
    """All requirements in the order in which to meet them. `complete` means that they allow a submission."""

    items: tuple[Item, ...]
    left: tuple[Task, ...]
    missing: tuple[str, ...]
    complete: bool


def without_draft(session: Session, app: App, found: Checklist) -> Checklist:
    """Returns the checklist with the evidence that is published, without what was found in the draft's."""
    snapshot = published_snapshots(session, [app.id]).get(app.id)
    published = snapshot["evidence"] if snapshot else {}
    items = tuple(
        replace(item, evidence=published.get(item.code), findings=(), looks=(), revision=None) for item in found.items
    )
    return replace(found, items=items, left=())


def checklist_of(session: Session, app: App, policy: Policy, guides: Sequence[Guide]) -> Checklist:
    """Returns the App's checklist as it is now. Locks nothing."""
    components = components_of(session, [app.id])[app.id]
    given = evidence_of(session, app.id)
    looks = Looks(latest_review(session, app.id, app.slug), latest_run(session, app.id, app.slug))
    required = {Requirement.WORKING_INTEGRATION.value, *policy.required_checklist}
    items = tuple(
        _working_integration(components)
        if code is Requirement.WORKING_INTEGRATION
        else _item(code, code.value in required, given.get(code.value), looks, guides)
        for code in Requirement
    )
    preventing = [item.code for item in items if item.required and _prevents_submission(item, given)]
    return Checklist(
        items=items,
        left=tuple(_left(app, items, components, complete=not preventing)),
        missing=tuple(preventing),
        complete=not preventing,
    )


def _prevents_submission(item: Item, given: Mapping[str, ChecklistItem]) -> bool:
    """Returns whether the item prevents a submission.

    Evidence that a review rejected does not: the page behind it may have been fixed, which only the next review can
    tell.
    """
    if item.code == Requirement.WORKING_INTEGRATION:
        return item.status is not ItemStatus.CHECKED
    return item.code not in given or bool(given[item.code].findings)


def _working_integration(components: Sequence[tuple[Component, str | None]]) -> Item:
    findings: list[FindingData] = []
    for component, colour in components:
        if colour == "red":
            findings.append(
                {
                    "code": "component.red",
                    "detail": f"The latest test of {component.name} has a red result.",
                    "remedy": "Look at its results, fix the endpoint, and test it again.",
                }
            )
    untested = [component.name for component, colour in components if colour is None]
    if not components:
        status = ItemStatus.MISSING
    elif findings:
        status = ItemStatus.REJECTED
    else:
        status = ItemStatus.GIVEN if untested else ItemStatus.CHECKED
    code = Requirement.WORKING_INTEGRATION.value
    return Item(code, True, status, tuple(findings), None, None, None, ())


def _item(
    code: Requirement,
    required: bool,
    item: ChecklistItem | None,
    looks: "Looks",
    guides: Sequence[Guide],
) -> Item:
    helping = tuple(f"/v1/guides/{guide.name}" for guide in guides if guide.serves == code)
    if item is None:
        return Item(code.value, required, ItemStatus.MISSING, (), None, None, None, helping, revision=0)
    status = ItemStatus.CHECKED if code in JUDGED_AT_ONCE else ItemStatus.GIVEN
    findings: tuple[FindingData, ...] = tuple(item.findings)
    checked_at = checked_in = None
    if item.findings:
        status = ItemStatus.REJECTED
    else:
        status, findings, checked_at, checked_in = looks.at(code, item, status)
    evidence = without_secrets(code.value, item.evidence)
    found = looks.latest(code, item.evidence)
    return Item(
        code.value,
        required,
        status,
        findings,
        evidence,
        item.given_at,
        checked_at,
        helping,
        checked_in,
        found,
        item.revision,
    )


@dataclass(frozen=True, slots=True)
class Looks:
    """Where machines may have looked at the evidence: in the latest review, and in the latest check of the draft."""

    review: PartnerReview | None
    draft: DraftRun

    def at(
        self, code: Requirement, item: ChecklistItem, status: ItemStatus
    ) -> tuple[ItemStatus, tuple[FindingData, ...], datetime | None, str | None]:
        """Returns the status, the findings, and the time and the place of the latest look at exactly this evidence.

        What a reviewer asked to be changed stands, whatever a machine says of the draft since.
        """
        findings: tuple[FindingData, ...] = ()
        checked_at = checked_in = None
        review = self.review
        if review is not None and review.submitted.get(code) == item.evidence:
            status, findings, checked_at = _by_review(code, status, review)
            checked_in = "review" if checked_at else None
            if any(_names(reason, code) for reason in review.reasons):
                return status, findings, checked_at, checked_in
        steps = self._draft_steps(code, item.evidence)
        draft_at = max((step.finished_at for step in steps if step.finished_at), default=None)
        if draft_at is not None and (checked_at is None or draft_at > checked_at):
            rejects = any(step.state == StepState.FAILED for step in steps)
            status = ItemStatus.REJECTED if rejects else ItemStatus.CHECKED
            findings = tuple(finding for step in steps for finding in step.findings)
            checked_at, checked_in = draft_at, "draft"
        return status, findings, checked_at, checked_in

    def latest(self, code: Requirement, evidence: Mapping[str, Any]) -> tuple[Look, ...]:
        """Returns the latest look of each step that has looked at exactly this evidence."""
        found: dict[str, Look] = {}
        review = self.review
        if review is not None and review.submitted.get(code) == evidence:
            for one in review.steps:
                if one.decided_at and one.state != StepState.CANCELLED and _is_about(one.code, code):
                    found[one.code] = Look(one.code, one.title, one.state, one.decided_at, "review")
        for step in self._draft_steps(code, evidence):
            known = found.get(step.code)
            if step.finished_at and (known is None or step.finished_at > known.checked_at):
                found[step.code] = Look(step.code, step.title, step.state, step.finished_at, "draft")
        return tuple(found[step] for step in STEPS if step in found)

    def _draft_steps(self, code: Requirement, evidence: Mapping[str, Any]) -> list[DraftStep]:
        """Returns the steps that have looked at exactly this evidence in the latest check of the draft."""
        return [
            step
            for step in self.draft.steps
            if _is_about(step.code, code) and step.evidence == evidence and step.finished_at
        ]


def _by_review(
    code: Requirement, status: ItemStatus, review: PartnerReview
) -> tuple[ItemStatus, tuple[FindingData, ...], datetime | None]:
    """Returns the status, the findings and the time of check that unchanged evidence has from the latest review."""
    findings = [_reason(reason) for reason in review.reasons if _names(reason, code)]
    steps = [one for one in review.steps if _is_about(one.code, code)]
    findings += [finding for step in steps for finding in step.findings]
    by_machine = [step for step in steps if step.code in MACHINE_STEPS]
    if by_machine and all(step.state in ("passed", "warned", "waived") for step in by_machine):
        status = ItemStatus.CHECKED
    if any(step.state == "failed" for step in steps) or any(_names(reason, code) for reason in review.reasons):
        status = ItemStatus.REJECTED
    return status, tuple(findings), max((step.decided_at for step in by_machine if step.decided_at), default=None)


def _is_about(step: str, code: Requirement) -> bool:
    return step in STEPS and STEPS[step].requirement is code


def _reason(reason: Mapping[str, str]) -> FindingData:
    return {"code": reason["code"], "detail": reason["text"], "remedy": ""}


def _names(reason: Mapping[str, str], code: Requirement) -> bool:
    where = reason.get("where", "").removeprefix("checklist.")
    return where == code or where.startswith(f"{code}.")


def _left(
    app: App, items: Sequence[Item], components: Sequence[tuple[Component, str | None]], *, complete: bool
) -> list[Task]:
    if app.state != AppState.BUILDING:
        return []
    path = f"/v1/apps/{app.slug}"
    tasks = _component_tasks(path, components)
    ordered = sorted(items, key=lambda item: not item.required)
    for item in ordered:
        if item.code == Requirement.WORKING_INTEGRATION:
            continue
        link = ("PUT", f"{path}/checklist/{item.code}")
        if item.status is ItemStatus.MISSING:
            how = f"Give {_HOW[Requirement(item.code)]}." + (f" See {', '.join(item.guides)}." if item.guides else "")
            tasks.append(Task(item.code, f"{_words(item.code)} is missing.", how, *link, item.required))
        elif item.status is ItemStatus.REJECTED:
            what = f"{_words(item.code)} was rejected: " + " ".join(one["detail"] for one in item.findings)
            how = " ".join(one["remedy"] for one in item.findings if one["remedy"]) or "Fix it."
            tasks.append(Task(item.code, what, how, *link, item.required))
    if complete:
        how = f'Send {{"app": "{app.slug}", "trigger": "submit"}}.'
        tasks.append(
            Task("submit", "The App is ready for submission.", how, "POST", "/v1/transition-requests", required=True)
        )
    return tasks


def _component_tasks(path: str, components: Sequence[tuple[Component, str | None]]) -> list[Task]:
    if not components:
        what, how = "The App has no Component.", "Add a subscription, a stream or a plugin."
        return [Task("working_integration", what, how, "POST", f"{path}/components")]
    tasks = []
    for component, colour in components:
        link = ("POST", f"{path}/components/{component.id}/tests")
        if colour == "red":
            what, how = f"The latest test of {component.name} is red.", "Fix the endpoint and test it again."
            tasks.append(Task("working_integration", what, how, *link))
        elif colour is None:
            what = f"{component.name} has not been tested since its latest change."
            tasks.append(Task("working_integration", what, "Run its tests.", *link))
    return tasks


def _words(code: str) -> str:
    words = code.replace("_", " ")
    return words[0].upper() + words[1:]


_HOW = {
    Requirement.APP_INFO: "website, description, categories, support_email, and the ids of logo and mark",
    Requirement.PLATFORM_DOCUMENTATION: "the text of the documentation, after the template of each Component's kind",
    Requirement.PARTNER_DOCUMENTATION: "the URL of the documentation on your own site",
    Requirement.CATALOG_DETAILS: "the catalog text, and the ids of 1 to 5 screenshots",
    Requirement.PARTNERS_PAGE: "the URL of your integrations page, which has a link made after the UTM guide",
    Requirement.LAUNCH_ANNOUNCEMENT: "the URL of a blog post, or the text of a mail",
    Requirement.TEST_ACCOUNT: "username and password for the reviewers, or how else they get in (its kind)",
    Requirement.REPLAY_INFO: "whether replays are possible, and how many requests per second you accept",
}
"""What each requirement's evidence consists of, as the object of "Give"."""
