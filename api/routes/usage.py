"""Usage reports of services (customers of an App, installs through its OAuth flow), and the counters they change."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field, StringConstraints

from api.auth import EVERY_ROLE, InContext, allow
from api.context import ApiContext, Session, now_of
from api.schemas.lists import BY_ITSELF, WrongItem, refusal_of, sort_out
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import MAX_ITEMS, Body, Flag, Moment, Slug, SlugPath, Workspace
from models import Customer, OAuthInstall
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON, problem_of
from web.routers import Router
from web.sentences import Flaw
from workflow.apps import find_app
from workflow.errors import WorkflowError
from workflow.identity.actors import Actor
from workflow.pages import PageRequest
from workflow.policy.document import load_policies
from workflow.usage.reports import LOCKED, Report, ReportResult, Use, list_workspaces, report_use

router = Router(prefix="/v1", responses=COMMON)

LOCK_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.2)
"""How long a list waits before each further try of the reports whose Apps are locked."""

Reporter = Annotated[Actor, allow(Scope.USAGE_REPORT, Role.SERVICE)]
Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Counting = Annotated[bool | None, Query(description="true: only workspaces that count; false: only those that do not.")]


class UsageReport(Body):
    """A report about one workspace: since `at` (default: now) it uses the App or, if `enabled` is false, no longer."""

    app: Annotated[Slug, Field(examples=["acme"])]
    use: Annotated[Use, Field(examples=["customer"])]
    workspace: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$"), Field(examples=["workspace-1"])]
    enabled: Flag = True
    at: Annotated[Moment | None, Field(examples=["2026-11-02T09:30:00Z"])] = None


class UsageReports(Body):
    items: Annotated[list[Annotated[UsageReport, BY_ITSELF]], Field(min_length=1, max_length=MAX_ITEMS)]


class UsageAnswer(BaseModel):
    """The result of one report: status 200, or the error's status, code, detail and remedy."""

    status: Annotated[int, Field(examples=[200])]
    changed: Annotated[bool, Field(description="True if the report changed whether the workspace counts.")]
    code: str | None = None
    detail: str | None = None
    remedy: str | None = None
    errors: Annotated[list[Flaw], Field(description="What is wrong with the report, if it was refused for that.")] = []


class UsageAnswers(BaseModel):
    """One answer for each report, in the order of the reports."""

    items: list[UsageAnswer]


class CountedAnswer(BaseModel):
    """The App's counters after the report."""

    changed: bool
    onboarded_customers: Annotated[int, Field(examples=[3])]
    oauth_installed: bool


class WorkspaceAnswer(BaseModel):
    """One workspace, whether it counts, and why."""

    workspace: Annotated[str, Field(examples=["workspace-1"])]
    counts: bool
    why: Annotated[str, Field(examples=["Enabled since 2026-11-02 09:30 UTC."])]
    reported_at: datetime
    withdrawn_at: datetime | None


class WorkspacesAnswer(Page[WorkspaceAnswer]):
    """A page of workspaces, by name, with the App's counters and the number of customers that promotion needs."""

    app: Annotated[str, Field(examples=["acme"])]
    onboarded_customers: int
    customers_to_promote: int
    oauth_installed: bool


@router.post("/usage", tags=["service"])
async def report_many(context: InContext, actor: Reporter, body: UsageReports) -> UsageAnswers:
    """Reports usage: up to 1,000 reports about any Apps. Each has a result of its own, also one that is wrong.

    Sending a report again changes nothing, so no idempotency key is needed. A report that is older than the latest
    change of its workspace changes nothing. If two reports have the same time, the later one in the list applies.
    Reports of an App that another call holds for long are answered 503 (`lock.waited`): send those again.
    """
    items = sort_out(body.items)
    answers = iter(
        await _take_all(context, actor, [_report_of(item) for item in items if isinstance(item, UsageReport)])
    )
    return UsageAnswers(
        items=[
            UsageAnswer(changed=False, **refusal_of(item, "items", number))
            if isinstance(item, WrongItem)
            else _answered(next(answers))
            for number, item in enumerate(items)
        ]
    )


@router.get("/apps/{slug}/customers", tags=["partner", "reviewer", "service"])
async def list_customers(
    context: InContext,
    actor: Viewer,
    slug: SlugPath,
    wanted: Paged,
    counts: Counting = None,
) -> WorkspacesAnswer:
    """Lists the workspaces that enabled the App, and says of each whether it counts as a customer, and why."""
    return await _list(context, actor, Use.CUSTOMER, slug, counts, wanted)


@router.get("/apps/{slug}/oauth-installs", tags=["partner", "reviewer", "service"])
async def list_installs(
    context: InContext,
    actor: Viewer,
    slug: SlugPath,
    wanted: Paged,
    counts: Counting = None,
) -> WorkspacesAnswer:
    """Lists the workspaces that installed the App through its OAuth flow, including those that removed it."""
    return await _list(context, actor, Use.OAUTH_INSTALL, slug, counts, wanted)


@router.put("/apps/{slug}/customers/{workspace}", tags=["service"])
async def report_customer(context: InContext, actor: Reporter, slug: SlugPath, workspace: Workspace) -> CountedAnswer:
    """Reports that a workspace enabled the App. Repeating the report changes nothing."""
    return await _report(context, actor, Report(slug, Use.CUSTOMER, workspace))


@router.delete("/apps/{slug}/customers/{workspace}", tags=["service"])
async def withdraw_customer(context: InContext, actor: Reporter, slug: SlugPath, workspace: Workspace) -> CountedAnswer:
    """Reports that a workspace no longer uses the App."""
    return await _report(context, actor, Report(slug, Use.CUSTOMER, workspace, enabled=False))


@router.put("/apps/{slug}/oauth-installs/{workspace}", tags=["service"])
async def report_install(context: InContext, actor: Reporter, slug: SlugPath, workspace: Workspace) -> CountedAnswer:
    """Reports that a workspace installed the App through its OAuth flow."""
    return await _report(context, actor, Report(slug, Use.OAUTH_INSTALL, workspace))


@router.delete("/apps/{slug}/oauth-installs/{workspace}", tags=["service"])
async def withdraw_install(context: InContext, actor: Reporter, slug: SlugPath, workspace: Workspace) -> CountedAnswer:
    """Reports that a workspace removed the App that it had installed through OAuth."""
    return await _report(context, actor, Report(slug, Use.OAUTH_INSTALL, workspace, enabled=False))


async def _report(context: ApiContext, actor: Actor, report: Report) -> CountedAnswer:
    def work(session: Session) -> CountedAnswer:
        answer = _take(context, session, actor=actor, reports=[report])[0]
        if isinstance(answer, WorkflowError):
            raise answer
        app = find_app(session, report.app, actor)
        session.refresh(app)
        return CountedAnswer(
            changed=answer.changed, onboarded_customers=app.onboarded_customers, oauth_installed=app.oauth_installed
        )

    return await context.transact(work)


async def _take_all(
    context: ApiContext, actor: Actor, reports: Sequence[Report]
) -> Sequence[ReportResult | WorkflowError]:
    """Returns the answer to each report. Those of an App that is locked are tried again, and hold up no others."""
    if not reports:
        return []
    answers: dict[int, ReportResult | WorkflowError] = {}
    left = list(range(len(reports)))
    for pause in (0.0, *LOCK_PAUSES_S):
        if pause:
            await asyncio.sleep(pause)
        asked = [reports[at] for at in left]
        found = await context.transact(partial(_take, context, actor=actor, reports=asked, waits_for_locks=False))
        answers |= dict(zip(left, found, strict=True))
        left = [at for at in left if _is_locked(answers[at])]
        if not left:
            break
    return [answers[at] for at in range(len(reports))]


def _is_locked(answer: ReportResult | WorkflowError) -> bool:
    return isinstance(answer, WorkflowError) and answer.code == LOCKED


def _take(
    context: ApiContext, session: Session, *, actor: Actor, reports: Sequence[Report], waits_for_locks: bool = True
) -> list[ReportResult | WorkflowError]:
    return report_use(
        session,
        reports,
        actor=actor,
        now=now_of(session),
        policies=load_policies(session),
        rulebook=context.rulebook,
        waits_for_locks=waits_for_locks,
    )


def _report_of(item: UsageReport) -> Report:
    return Report(item.app, item.use, item.workspace, item.enabled, item.at)


def _answered(answer: ReportResult | WorkflowError) -> UsageAnswer:
    if isinstance(answer, ReportResult):
        return UsageAnswer(status=200, changed=answer.changed)
    status = problem_of(answer).status_code
    return UsageAnswer(status=status, changed=False, code=answer.code, detail=answer.detail, remedy=answer.remedy)


async def _list(
    context: ApiContext, actor: Actor, use: Use, slug: str, counts: bool | None, wanted: PageRequest
) -> WorkspacesAnswer:
    def work(session: Session) -> WorkspacesAnswer:
        app = find_app(session, slug, actor)
        found = shown_page(list_workspaces(session, app, use, counts, wanted), _shown)
        return WorkspacesAnswer(
            items=found.items,
            next=found.next,
            app=app.slug,
            onboarded_customers=app.onboarded_customers,
            customers_to_promote=load_policies(session).current.customers_to_promote,
            oauth_installed=app.oauth_installed,
        )

    return await context.transact(work)


def _shown(row: Customer | OAuthInstall) -> WorkspaceAnswer:
    done, since = ("Enabled" if isinstance(row, Customer) else "Installed"), _words(row.reported_at)
    if row.withdrawn_at is None:
        why = f"{done} since {since}."
    elif row.withdrawn_at == row.reported_at:
        why = f"Withdrawn at {since}, and not enabled again since."
    else:
        why = f"{done} at {since}, withdrawn at {_words(row.withdrawn_at)}."
    return WorkspaceAnswer(
        workspace=row.workspace,
        counts=row.withdrawn_at is None,
        why=why,
        reported_at=row.reported_at,
        withdrawn_at=row.withdrawn_at,
    )


def _words(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
