"""The use of Apps: customers and OAuth installs that services report, and the counts derived from them.

A report says that one workspace uses an App, or no longer does, since some time. Repeating a report changes nothing, so
reports need no idempotency keys. A report that is older than the workspace's latest change changes nothing either, so
late reports do no harm.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import App, Customer, OAuthInstall
from models.lifecycle import AppState, AppTrigger
from workflow.errors import Conflict, Invalid, NotFound, WorkflowError
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action_on_many
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.promotion import meets_counts, request_promotions
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.notify import AppAtVersion, Onboarded, notify_of_customers
from workflow.pages import PageOf, PageRequest, read_page
from workflow.policy.document import Policies
from workflow.sql.arrays import Booleans, Integers, Moments, Texts, Uuids, statement
from workflow.work.bells import Bell, ring_after_commit

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead a reporter's clock may be. Times up to that far in the future count as now."""


LOCKED = "lock.waited"
"""The code of a report that was refused because another transaction has its App locked."""


class Use(StrEnum):
    """What is reported of a workspace. The value is the name of its table."""

    CUSTOMER = "customer"
    OAUTH_INSTALL = "oauth_install"


@dataclass(frozen=True, slots=True)
class Report:
    """What a service reports of a workspace: that it uses the App, or no longer does, since `at` (None means now)."""

    app: str
    use: Use
    workspace: str
    enabled: bool = True
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The result of a report. `changed` tells whether the workspace began or ceased to count."""

    changed: bool


@dataclass(slots=True)
class _AppCounts:
    """The counts of one App while its reports are applied. `counts_after` has the counts after each report of use."""

    app_id: UUID
    version: int
    organization_id: UUID
    state: str
    customers: int
    oauth_installed: bool
    other_installs: bool = False
    active_installs: set[str] = field(default_factory=set)
    counts_after: list[tuple[int, bool]] = field(default_factory=list)
    changed: bool = False


@dataclass(slots=True)
class _Workspace:
    """One workspace of one App: since when it has used the App, and since when it no longer does."""

    reported_at: datetime
    withdrawn_at: datetime | None
    reported_by: UUID
    dirty: bool = False


def report_use(
    session: Session,
    reports: Sequence[Report],
    *,
    actor: Actor,
    now: datetime,
    policies: Policies,
    rulebook: AppRulebook,
    waits_for_locks: bool = True,
) -> list[ReportResult | WorkflowError]:
    """Applies the reports and returns the result or the refusal of each, in the same order. Does not commit.

    The results are the same as with one call for each report. Locks the Apps in id order, updates their counts,
    notifies a company of its first customers, and requests the promotions that became possible. The number of
    statements does not depend on the number of reports; judging promotions takes two more.

    Unless it `waits_for_locks`, all reports of an App that another transaction has locked are refused (`lock.waited`),
    and no other App waits for it.
    """
    counters = _lock_counters(session, reports, waits_for_locks=waits_for_locks)
    locked = set() if waits_for_locks else _locked_by_others(session, reports, counters)
    answers: list[ReportResult | WorkflowError] = []
    taken: list[tuple[int, Report, datetime]] = []
    for index, report in enumerate(reports):
        refusal = _app_locked(report.app) if report.app in locked else _refusal(report, counters, now)
        answers.append(refusal or ReportResult(changed=False))
        if refusal is None:
            taken.append((index, report, min(report.at or now, now)))
    if not taken:
        return answers
    known = _load_workspaces(session, taken, counters)
    _load_installs(session, taken, counters, known)
    onboarded: list[Onboarded] = []
    for index, report, at in taken:
        counter = counters[report.app]
        if _apply_report(counter, known, report, at, actor.id):
            answers[index] = ReportResult(changed=True)
            if report.enabled and report.use is Use.CUSTOMER:
                app = AppAtVersion(counter.app_id, counter.version, counter.organization_id)
                onboarded.append(Onboarded(app, counter.customers))
    _write(session, known, counters.values())
    notify_of_customers(session, onboarded, now)
    _ask_for_promotions(session, counters.values(), policies, rulebook)
    _log(session, actor, reports, answers)
    return answers


def list_workspaces(
    session: Session, app: App, use: Use, counts: bool | None, wanted: PageRequest
) -> PageOf[Customer | OAuthInstall]:
    """Returns a page of the App's workspaces, by name: those that count, those that no longer do, or (None) both."""
    kind: type[Customer] | type[OAuthInstall] = Customer if use is Use.CUSTOMER else OAuthInstall
    statement: Select[Any] = select(kind).where(kind.app_id == app.id)
    if counts is not None:
        statement = statement.where(kind.withdrawn_at.is_(None) if counts else kind.withdrawn_at.is_not(None))
    return read_page(session, statement, kind.workspace, wanted)


def _log(
    session: Session, actor: Actor, reports: Sequence[Report], answers: Sequence[ReportResult | WorkflowError]
) -> None:
    """Writes an audit entry for each App that the reports changed, and notes the bells to ring after the commit."""
    changed = Counter(
        (report.app, report.use, report.enabled)
        for report, answer in zip(reports, answers, strict=True)
        if isinstance(answer, ReportResult) and answer.changed
    )
    if not changed:
        return
    single = {"workspace": reports[0].workspace} if len(reports) == 1 else {}
    details: dict[str, dict[str, object]] = {}
    for (slug, use, enabled), count in changed.items():
        details.setdefault(slug, {**single})[f"{use}.{'report' if enabled else 'withdraw'}"] = count
    log_action_on_many(session, actor, "usage.report", list(details.items()))
    ring_after_commit(session, Bell.APPLY, Bell.NOTIFICATIONS)


def _refusal(report: Report, counters: dict[str, _AppCounts], now: datetime) -> WorkflowError | None:
    if report.app not in counters:
        return NotFound("app.not_found", f"There is no App {report.app}.", "Check the slug.")
    if counters[report.app].state == AppState.REMOVED:
        return Conflict("app.removed", f"{report.app} was removed.", "Stop reporting it.")
    if report.at is not None and report.at > now + CLOCK_SKEW:
        return Invalid(
            "usage.future", f"{report.at.isoformat()} is in the future.", "Report past times only; check your clock."
        )
    return None


def _app_locked(slug: str) -> WorkflowError:
    return WorkflowError(LOCKED, f"Another call about {slug} is under way.", "Send this report again in a moment.")


def _apply_report(
    counter: _AppCounts, known: dict[tuple[Use, UUID, str], _Workspace], report: Report, at: datetime, actor_id: UUID
) -> bool:
    """Applies one report to the known workspaces. Returns whether the workspace began or ceased to count."""
    key = (report.use, counter.app_id, report.workspace)
    before = known.get(key)
    if before is None:
        known[key] = _Workspace(at, None if report.enabled else at, actor_id, dirty=True)
        if report.enabled:
            _count(counter, report)
        return report.enabled
    if (before.withdrawn_at is None) == report.enabled or at < (before.withdrawn_at or before.reported_at):
        return False
    if report.enabled:
        before.reported_at, before.withdrawn_at, before.reported_by = at, None, actor_id
    else:
        before.withdrawn_at = at
    before.dirty = True
    _count(counter, report)
    return True


def _count(counter: _AppCounts, report: Report) -> None:
    if report.use is Use.CUSTOMER:
        counter.customers += 1 if report.enabled else -1
    else:
        (counter.active_installs.add if report.enabled else counter.active_installs.discard)(report.workspace)
        counter.oauth_installed = counter.other_installs or bool(counter.active_installs)
    counter.changed = True
    if report.enabled:
        counter.counts_after.append((counter.customers, counter.oauth_installed))


_LOCK, _LOCK_FREE = (
    statement(
        f"""
        SELECT slug, id, version, organization_id, state, onboarded_customers, oauth_installed FROM app
         WHERE slug = ANY(:slugs) ORDER BY id FOR NO KEY UPDATE {of_others}
        """,
        slugs=Texts(),
    )
    for of_others in ("", "SKIP LOCKED")
)
_EXISTING = statement("SELECT slug FROM app WHERE slug = ANY(:slugs)", slugs=Texts())

_KNOWN = statement(
    " UNION ALL ".join(
        f"""SELECT '{use}' AS use, u.app_id, u.workspace, u.reported_at, u.withdrawn_at, u.reported_by
              FROM unnest(:{use}_apps, :{use}_workspaces) AS k (app_id, workspace)
              JOIN {use} u ON u.app_id = k.app_id AND u.workspace = k.workspace"""
        for use in Use
    ),
    **{f"{use}_apps": Uuids() for use in Use},
    **{f"{use}_workspaces": Texts() for use in Use},
)

_ACTIVE_INSTALLS = statement(
    """
    SELECT k.app_id, o.workspace FROM unnest(:ids, :limits) AS k (app_id, many)
     CROSS JOIN LATERAL (SELECT workspace FROM oauth_install
                          WHERE app_id = k.app_id AND withdrawn_at IS NULL LIMIT k.many) o
    """,
    ids=Uuids(),
    limits=Integers(),
)

_KEEP = statement(
    """
    UPDATE app SET onboarded_customers = kept.customers, oauth_installed = kept.installed
      FROM unnest(:ids, :customers, :installed) AS kept (id, customers, installed) WHERE app.id = kept.id
    """,
    ids=Uuids(),
    customers=Integers(),
    installed=Booleans(),
)


def _lock_counters(session: Session, reports: Sequence[Report], *, waits_for_locks: bool) -> dict[str, _AppCounts]:
    lock = _LOCK if waits_for_locks else _LOCK_FREE
    rows = session.execute(lock, {"slugs": list({report.app for report in reports})})
    return {
        row.slug: _AppCounts(
            app_id=row.id,
            version=row.version,
            organization_id=row.organization_id,
            state=row.state,
            customers=row.onboarded_customers,
            oauth_installed=row.oauth_installed,
        )
        for row in rows
    }


def _locked_by_others(session: Session, reports: Sequence[Report], counters: dict[str, _AppCounts]) -> set[str]:
    missing = {report.app for report in reports} - set(counters)
    return set(session.scalars(_EXISTING, {"slugs": list(missing)})) if missing else set()


def _load_workspaces(
    session: Session, taken: Sequence[tuple[int, Report, datetime]], counters: dict[str, _AppCounts]
) -> dict[tuple[Use, UUID, str], _Workspace]:
    wanted: dict[str, list[Any]] = {f"{use}_{what}": [] for use in Use for what in ("apps", "workspaces")}
    for use, slug, workspace in {(report.use, report.app, report.workspace) for _, report, _ in taken}:
        wanted[f"{use}_apps"].append(counters[slug].app_id)
        wanted[f"{use}_workspaces"].append(workspace)
    return {
        (Use(row.use), row.app_id, row.workspace): _Workspace(row.reported_at, row.withdrawn_at, row.reported_by)
        for row in session.execute(_KNOWN, wanted)
    }


def _load_installs(
    session: Session,
    taken: Sequence[tuple[int, Report, datetime]],
    counters: dict[str, _AppCounts],
    known: dict[tuple[Use, UUID, str], _Workspace],
) -> None:
    """Loads each App's active installs: which of the reported workspaces have one, and whether any other has.

    Reading one install more than were reported is enough to tell, however many the App has.
    """
    named: dict[UUID, set[str]] = defaultdict(set)
    for _, report, _ in taken:
        if report.use is Use.OAUTH_INSTALL:
            named[counters[report.app].app_id].add(report.workspace)
    by_id = {counter.app_id: counter for counter in counters.values()}
    for use, app_id, workspace in known:
        if use is Use.OAUTH_INSTALL and known[use, app_id, workspace].withdrawn_at is None:
            by_id[app_id].active_installs.add(workspace)
    wanted = {"ids": list(named), "limits": [len(workspaces) + 1 for workspaces in named.values()]}
    for row in session.execute(_ACTIVE_INSTALLS, wanted) if named else ():
        by_id[row.app_id].other_installs |= row.workspace not in named[row.app_id]


def _write(session: Session, known: dict[tuple[Use, UUID, str], _Workspace], counters: Iterable[_AppCounts]) -> None:
    for use in Use:
        dirty = [(key, row) for key, row in known.items() if row.dirty and key[0] is use]
        if dirty:
            session.execute(
                _UPSERT[use],
                {
                    "ids": [app_id for (_, app_id, _), _ in dirty],
                    "workspaces": [workspace for (_, _, workspace), _ in dirty],
                    "reporters": [row.reported_by for _, row in dirty],
                    "reports": [row.reported_at for _, row in dirty],
                    "withdrawals": [row.withdrawn_at for _, row in dirty],
                },
            )
    changed = [counter for counter in counters if counter.changed]
    if changed:
        session.execute(
            _KEEP,
            {
                "ids": [counter.app_id for counter in changed],
                "customers": [counter.customers for counter in changed],
                "installed": [counter.oauth_installed for counter in changed],
            },
        )


_UPSERT = {
    use: statement(
        f"""
        INSERT INTO {use} (app_id, workspace, reported_by, reported_at, withdrawn_at)
        SELECT * FROM unnest(:ids, :workspaces, :reporters, :reports, :withdrawals)
        ON CONFLICT (app_id, workspace) DO UPDATE
           SET reported_by = excluded.reported_by, reported_at = excluded.reported_at,
               withdrawn_at = excluded.withdrawn_at
        """,
        ids=Uuids(),
        workspaces=Texts(),
        reporters=Uuids(),
        reports=Moments(),
        withdrawals=Moments(),
    )
    for use in Use
}


def _ask_for_promotions(
    session: Session, counters: Iterable[_AppCounts], policies: Policies, rulebook: AppRulebook
) -> None:
    """Requests promotion of each App that met the rules after any of the reports, even if a later one undid it."""
    candidates = [
        counter
        for counter in counters
        if counter.state == AppState.PUBLIC_BETA
        and any(meets_counts(policies.current, customers, installed) for customers, installed in counter.counts_after)
    ]
    if not candidates:
        return
    loaded = load_facts(session, [counter.app_id for counter in candidates], policies)
    eligible = []
    for counter in candidates:
        facts = loaded[counter.app_id].facts
        moments = dict.fromkeys(reversed(counter.counts_after))
        if any(
            rulebook.judge(
                AppTrigger.PROMOTE, replace(facts, onboarded_customers=customers, oauth_installed=installed)
            ).allowed
            for customers, installed in moments
        ):
            eligible.append(counter.app_id)
    request_promotions(session, eligible)
