"""Adds rows of leased work to the database: mails to addresses of many domains, and steps that read pages."""

from collections.abc import Mapping

from sqlalchemy import text

from benchmarks.filling import put, settle
from benchmarks.leased.page_server import NETWORK
from benchmarks.stage import Stage

URGENT, BULK = 0, 1
PAGES = ("partner_documentation", "partners_page", "launch_announcement")
"""The review steps that each read one page."""


def put_mails(on: Stage, batch: str, many: int, *, domains: int, prefix: str = "") -> None:
    """Adds due mails about approved Apps, distributed over `domains` domains whose names begin with `prefix`."""
    row = {
        "id": "uuidv7()",
        "kind": "'approved'",
        "cause": ":batch || ':' || n",
        "app_id": "app.id",
        "app_version": "app.version",
        "recipient_email": "'bench@' || domain",
        "data": """'{"name": "Bench"}'""",
        "due_at": "clock_timestamp()",
        "lane": "domain",
        "urgency": str(BULK),
    }
    source = f"""
        generate_series(0, cast(:many AS integer) - 1) n
        JOIN app ON app.slug = 'app-' || n % (SELECT count(*) FROM app) + 1
       CROSS JOIN LATERAL (SELECT '{prefix}' || n % :domains || '.example' AS domain) mail
    """
    put(on.engine, _insert(on, "notification", row, source), batch=batch, many=many, domains=domains)


def put_submissions(on: Stage, *, apps: int, port: int) -> None:
    """Adds an open review for each of the first Apps. Its steps read pages on a host of the App's own."""
    step = {
        "id": "uuidv7()",
        "review_id": "review.id",
        "code": "code",
        "status": "'due'",
        "due_at": "clock_timestamp()",
        "lane": ":network || substr(app.slug, 5)",
        "urgency": str(BULK),
    }
    source = f"""
        review JOIN app ON app.id = review.app_id, unnest(ARRAY{list(PAGES)}) AS code
        WHERE review.closed_at IS NULL ORDER BY length(app.slug), app.slug
    """
    put(
        on.engine, _SUBMISSION, _REVIEW, _insert(on, "review_step", step, source),
        apps=apps, network=NETWORK, path=f":{port}/",
    )  # fmt: skip


def clear(on: Stage) -> None:
    """Deletes all mails and steps."""
    clear_mails(on)
    put(on.engine, "DELETE FROM review_step", "DELETE FROM review", "DELETE FROM submission")
    settle(on.engine, "notification", "review_step", "review", "submission")


def clear_mails(on: Stage) -> None:
    """Deletes all mails and the records of failing lanes."""
    put(on.engine, "TRUNCATE notification")
    if on.number("SELECT count(*) FROM pg_class WHERE oid = to_regclass('failing_lane')"):
        put(on.engine, "TRUNCATE failing_lane")


def _insert(on: Stage, table: str, row: Mapping[str, str], source: str) -> str:
    """Returns the statement that inserts a row for each row of `source`, with those of the columns that exist."""
    with on.engine.connect() as connection:
        there = set(connection.scalars(_COLUMNS, {"table": table}))
    used = {column: value for column, value in row.items() if column in there or column not in _LATER}
    return f"INSERT INTO {table} ({', '.join(used)}) SELECT {', '.join(used.values())} FROM {source}"


_LATER = {"lane", "urgency"}
"""Columns that releases before lanes do not have. They are left out there, so that such releases can be measured."""
_COLUMNS = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table")

_SUBMISSION = """
    INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by, submitted_at)
    SELECT uuidv7(), app.id, app.version, 'revision', 2,
           jsonb_build_object(
               'app', jsonb_build_object('name', 'Bench', 'slug', app.slug), 'components', '[]'::jsonb,
               'evidence', jsonb_build_object(
                   'partner_documentation', page.given,
                   'partners_page', page.given,
                   'launch_announcement', page.given)),
           1, app.created_by, now()
      FROM generate_series(1, cast(:apps AS integer)) n JOIN app ON app.slug = 'app-' || n
     CROSS JOIN LATERAL (SELECT jsonb_build_object('url', 'http://' || :network || n || :path) AS given) page
"""
_REVIEW = """
    INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by,
                        opened_at, due_at, due_soon_at)
    SELECT uuidv7(), s.id, s.app_id, 'first', s.app_version, s.app_version, 1, s.submitted_by,
           now(), now() + interval '2 days', now() + interval '1 day' FROM submission s
"""
