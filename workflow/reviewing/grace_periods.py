"""The list of the time that companies have to mend what looks found, for staff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models import App, GracePeriod
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reviewing.grace import Grace, shown_grace
from workflow.sql.arrays import app_ids


class Stage(StrEnum):
    """How far a grace period is. It is `over` when its time is, and a person is asked to decide."""

    NOT_BEGUN = "not_begun"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class GraceFilter:
    """Which grace periods are wanted. None means any; `ends_before` is met by none that has not begun."""

    stage: Stage | None = None
    app: str | None = None
    company: UUID | None = None
    ends_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class GraceUnderWay:
    """A grace period that has not ended, with its App, its company, and what the latest flag found failed.

    `review_id` is the look that flagged it last. `open_kind` is the kind of the App's open review, such as a revision
    that may mend it.
    """

    grace: Grace
    stage: Stage
    app: str
    app_name: str
    company_id: UUID
    company: str
    state: str
    open_kind: str
    review_id: UUID
    failed: tuple[str, ...]


def list_grace_periods(
    session: Session, narrowed: GraceFilter, now: datetime, wanted: PageRequest
) -> PageOf[GraceUnderWay]:
    """Returns a page of the grace periods that have not ended, the oldest flag first. Two queries. Raises Invalid."""
    statement = select(GracePeriod).where(GracePeriod.ended_at.is_(None), *_conditions(narrowed, now))
    found = read_page(session, statement, (GracePeriod.flagged_at, GracePeriod.app_id), wanted)
    return found.map(lambda rows: _under_way(session, rows, now))


def _conditions(narrowed: GraceFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    if narrowed.stage is Stage.NOT_BEGUN:
        yield GracePeriod.began_at.is_(None)
    if narrowed.stage is Stage.RUNNING:
        yield GracePeriod.ends_at > now
    if narrowed.stage is Stage.OVER:
        yield GracePeriod.ends_at <= now
    if narrowed.ends_before is not None:
        yield GracePeriod.ends_at < narrowed.ends_before
    if narrowed.app is not None:
        yield GracePeriod.app_id.in_(select(App.id).where(App.slug == narrowed.app))
    if narrowed.company is not None:
        yield GracePeriod.app_id.in_(select(App.id).where(App.organization_id == narrowed.company))


def _under_way(session: Session, periods: Sequence[GracePeriod], now: datetime) -> list[GraceUnderWay]:
    """Returns what is shown of these grace periods, each as it was read: it may have ended since."""
    about: dict[UUID, Any] = {
        row.id: row for row in session.execute(_ABOUT, {"ids": [period.app_id for period in periods]})
    }
    return [_shown(period, about[period.app_id], now) for period in periods]


def _shown(period: GracePeriod, about: Any, now: datetime) -> GraceUnderWay:
    return GraceUnderWay(
        grace=shown_grace(period),
        stage=stage_of(period.ends_at, now),
        app=about.slug,
        app_name=about.name,
        company_id=about.organization_id,
        company=about.company,
        state=about.state,
        open_kind=about.open_kind,
        review_id=about.review_id or period.review_id,
        failed=tuple(about.failed or ()),
    )


def stage_of(ends_at: datetime | None, now: datetime) -> Stage:
    """Returns how far a grace period is that ends at `ends_at`, None while its clock does not run. Pure."""
    if ends_at is None:
        return Stage.NOT_BEGUN
    return Stage.RUNNING if ends_at > now else Stage.OVER


_ABOUT = app_ids("""
    SELECT a.id, a.slug, a.name, a.organization_id, o.name AS company, a.state, a.open_kind, flag.id AS review_id,
           (SELECT array_agg(step.code ORDER BY step.code) FROM review_step step
             WHERE step.review_id = flag.id AND step.state = 'failed') AS failed
      FROM app a
      JOIN organization o ON o.id = a.organization_id
      LEFT JOIN LATERAL (SELECT r.id FROM review r WHERE r.app_id = a.id AND r.outcome = 'flagged'
                          ORDER BY r.opened_version DESC LIMIT 1) flag ON true
     WHERE a.id = ANY(:ids)
""")
