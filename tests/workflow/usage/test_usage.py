"""Usage reports: many at once have the effect of one by one, and the counters agree with the rows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from tests.journeys import People, app_building, apps_in_public_beta, now_of, writer_of
from workflow.errors import WorkflowError
from workflow.usage.reports import Report, Use, report_use


def _report(engine: Engine, people: People, reports: list[Report]) -> list[Any]:
    with Session(engine) as session, session.begin():
        writer = writer_of(session)
        answers = report_use(
            session,
            reports,
            actor=people.service,
            now=now_of(session),
            policies=writer.policies,
            rulebook=writer.rulebook,
        )
    return [answer.code if isinstance(answer, WorkflowError) else answer.changed for answer in answers]


COUNTED = """
    SELECT a.onboarded_customers, a.oauth_installed,
           (SELECT count(*) FROM customer c WHERE c.app_id = a.id AND c.withdrawn_at IS NULL),
           EXISTS (SELECT FROM oauth_install o WHERE o.app_id = a.id AND o.withdrawn_at IS NULL)
      FROM app a WHERE a.slug = :slug
"""
STORED = (
    COUNTED,
    """SELECT 'customer', workspace, withdrawn_at IS NULL FROM customer JOIN app a ON a.id = app_id WHERE a.slug = :slug
        UNION ALL SELECT 'oauth_install', workspace, withdrawn_at IS NULL FROM oauth_install
                    JOIN app a ON a.id = app_id WHERE a.slug = :slug ORDER BY 1, 2""",
    """SELECT split_part(cause, ':', 3), data->>'count' FROM notification JOIN app a ON a.id = app_id
        WHERE a.slug = :slug AND kind = 'customer_onboarded' ORDER BY 1""",
    """SELECT count(*) FROM transition_request r JOIN app a ON a.id = r.app_id
        WHERE a.slug = :slug AND r.source = 'schedule'""",
)


def _stored(engine: Engine, slugs: list[str]) -> list[Any]:
    with Session(engine) as session:
        return [
            [tuple(row) for row in session.execute(text(query), {"slug": slug})] for slug in slugs for query in STORED
        ]


REPORTS = st.lists(
    st.tuples(
        st.sampled_from(["beta", "other", "building", "none"]),
        st.sampled_from(Use),
        st.sampled_from(["w1", "w2", "w3", "w4"]),
        st.booleans(),
        st.sampled_from([None, -3, -2, -1, 60]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS)
def test_many_reports_at_once_have_the_same_effect_as_one_by_one(
    module_engine: Engine, module_people: People, reports: list[tuple[str, Use, str, bool, int | None]]
) -> None:
    results = []
    with Session(module_engine) as session:
        began = now_of(session)
    for one_by_one in (False, True):
        with Session(module_engine) as session:
            count = session.execute(text("SELECT count(*) FROM app")).scalar_one()
        slugs = [f"{name}-{count}" for name in ("beta", "other", "building")]
        apps_in_public_beta(module_engine, module_people, slugs[:2])
        app_building(module_engine, module_people, slugs[2])
        given_reports = [
            Report(f"{app}-{count}", use, workspace, enabled, began + timedelta(minutes=at) if at is not None else None)
            for app, use, workspace, enabled, at in reports
        ]
        if one_by_one:
            answers = [answer for report in given_reports for answer in _report(module_engine, module_people, [report])]
        else:
            answers = _report(module_engine, module_people, given_reports)
        results.append((answers, _stored(module_engine, slugs)))
        for slug in slugs:
            kept_customers, kept_installed, customers, installed = _stored(module_engine, [slug])[0][0]
            assert (kept_customers, kept_installed) == (customers, installed)
    assert results[0] == results[1]


def test_a_late_report_of_an_earlier_time_changes_nothing(module_engine: Engine, module_people: People) -> None:
    app_building(module_engine, module_people, "late")
    with Session(module_engine) as session:
        now = now_of(session)
    earlier, later = now - timedelta(hours=2), now - timedelta(hours=1)
    withdrawn = Report("late", Use.CUSTOMER, "w", enabled=False, at=later)
    assert _report(module_engine, module_people, [withdrawn]) == [False]
    assert _report(module_engine, module_people, [Report("late", Use.CUSTOMER, "w", at=earlier)]) == [False]
    assert _report(module_engine, module_people, [Report("late", Use.CUSTOMER, "w", at=now)]) == [True]
    assert _report(module_engine, module_people, [withdrawn]) == [False]


def test_a_thousand_reports_take_as_many_statements_as_one(module_engine: Engine, module_people: People) -> None:
    slugs = [f"wide-{number}" for number in range(8)]
    apps_in_public_beta(module_engine, module_people, slugs)
    counts = []
    for many, prefix in ((1, "a"), (125, "b")):
        statements: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_: Any, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(module_engine, "before_cursor_execute", note)
        uses = [(use, f"{prefix}-{number}") for number in range(many) for use in Use]
        answers = _report(module_engine, module_people, [Report(slug, *use) for slug in slugs for use in uses])
        event.remove(module_engine, "before_cursor_execute", note)
        assert all(answers)
        counts.append(len(statements))
    assert counts[1] - counts[0] <= 2, "two more, to judge promotions and to ask for them"


def test_reports_over_the_same_apps_in_any_order_lose_no_count_and_never_deadlock(
    module_engine: Engine, module_people: People
) -> None:
    slugs = [f"race-{number}" for number in range(6)]
    for slug in slugs:
        app_building(module_engine, module_people, slug)
    calls = [
        [Report(slug, Use.CUSTOMER, f"w-{call}-{n}") for n in range(5) for slug in (slugs if call % 2 else slugs[::-1])]
        for call in range(8)
    ]
    with ThreadPoolExecutor(8) as callers:
        for done in [callers.submit(_report, module_engine, module_people, reports) for reports in calls]:
            assert all(done.result(60))
    assert all(_stored(module_engine, [slug])[0][0][:1] == (40,) for slug in slugs)
