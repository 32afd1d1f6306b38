"""Fills a database with millions of rows, as a superuser. They are as the service writes them, except for the hashes.

Triggers and foreign keys are disabled meanwhile, because they would take an hour.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import Engine, text

from workflow.catalog.words import name_search_of, within_of

PART: Final = 25_000
"""How many Apps one transaction adds, where several add them at once."""


def fill(
    engine: Engine, first: int, last: int, *, state: str = "public_beta", finished: int = 0, apps_a_company: int = 10
) -> None:
    """Adds the Apps `app-<first>` to `app-<last>` in `state` (building or public_beta), with companies and logs.

    Each App also gets `finished` refused requests.
    """
    steps = [step for step in _WAY if state == "public_beta" or step[3] == state]
    values = ", ".join(
        f"({version}, '{source}', '{trigger}', '{target}')" for version, source, trigger, target in steps
    )
    log = f"""
        INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                                request_id, at, hash, {_STANDING_COLUMNS})
        SELECT app.id, step.version, source, trigger, target, created_by, 'partner', 1, uuidv7(), now(), sha256(''),
               {_standing("step.version")}
          FROM app, (VALUES {values}) AS step (version, source, trigger, target) WHERE app.name = :batch
    """
    put(
        engine, _COMPANIES, _PEOPLE, _ACCESS, _APPS, log, _SUBMISSIONS, _REVIEWS, _STEPS, _TOLD, _FINISHED,
        first=first, last=last, each=apps_a_company, state=state, version=len(steps), batch=f"Apps from {first}",
        finished=finished,
    )  # fmt: skip


def add_apps(engine: Engine, first: int, last: int, *, customers: int = 0, oauth_installed: bool = False) -> None:
    """Adds rows of Apps in public beta to the existing companies, without logs, reviews or other dependent rows."""
    _put_in_parts(
        engine, _BARE, first=first, last=last, version=3, customers=customers, oauth_installed=oauth_installed
    )


def add_shown_apps(engine: Engine, first: int, last: int) -> None:
    """Adds Apps in public beta with everything that pages show.

    Each has 11 rows of the log, a review with two steps (every hundredth review is open) and a catalog entry. All names
    contain the word "connector", and every thousandth contains "zebra".
    """
    _put_in_parts(
        engine, _BARE, _LONG_LOG, _SHOWN_SUBMISSIONS, _SHOWN_REVIEWS, _SHOWN_STEPS, _ENTRIES,
        first=first, last=last, version=11, customers=0, oauth_installed=False,
    )  # fmt: skip


def add_finished_requests(engine: Engine, many: int) -> None:
    """Adds `many` refused requests, distributed over all Apps."""
    put(engine, _MANY_FINISHED, many=many)


def put_requests(engine: Engine, each: int, *, apps: int) -> None:
    """Adds `each` due requests of an admin for each of the first `apps` Apps: suspend and reinstate in turn."""
    put(engine, _ADMIN, _ASK, each=each, apps=apps)


def put(engine: Engine, *statements: str, **values: object) -> None:
    """Runs statements in one transaction, with triggers and foreign keys disabled."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)


def _put_in_parts(engine: Engine, *statements: str, first: int, last: int, **values: object) -> None:
    """Runs statements for the Apps from `first` to `last`, a part of them at a time, on each of the machine's cores.

    Most of the time goes into indexes and into the search for pieces of names, for which Postgres uses one core.
    """

    def part(begin: int) -> None:
        put(engine, *statements, first=begin, last=min(begin + PART - 1, last), **values)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(part, range(first, last + 1, PART)))


def settle(engine: Engine, *tables: str) -> None:
    """Updates the planner's statistics and the visibility maps, as autovacuum would in time.

    Without `tables` it updates those of all tables.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {', '.join(tables)}"))


_WAY = (
    (1, "new", "create", "building"),
    (2, "building", "submit", "submitted"),
    (3, "submitted", "approve", "public_beta"),
)

_STANDING_COLUMNS = """
    from_open_kind, open_kind, from_open_review, open_review, from_published, published, submits, opens, subject
"""


def _standing(version: str) -> str:
    """Returns the values of _STANDING_COLUMNS at a version of a log that begins as _WAY: it has no later review."""
    return f"""
        CASE {version} WHEN 3 THEN 'first' ELSE 'none' END, CASE {version} WHEN 2 THEN 'first' ELSE 'none' END,
        CASE {version} WHEN 3 THEN 2 ELSE 0 END, CASE {version} WHEN 2 THEN 2 ELSE 0 END,
        CASE WHEN {version} > 3 THEN 2 ELSE 0 END, CASE WHEN {version} > 2 THEN 2 ELSE 0 END,
        CASE {version} WHEN 2 THEN 2 END, CASE {version} WHEN 2 THEN 2 END, CASE {version} WHEN 2 THEN 2 END
    """


_COMPANIES = """
    INSERT INTO organization (id, name, website)
    SELECT uuidv7(), 'Company ' || n, 'https://bench-' || n || '.example'
      FROM generate_series(cast(:first / :each AS integer), :last / :each) n
"""

_PEOPLE = """
    INSERT INTO person (id, organization_id, role, name, email)
    SELECT uuidv7(), o.id, 'partner', 'Bench', 'bench@' || substr(o.website, 9)
      FROM organization o WHERE NOT EXISTS (SELECT FROM person p WHERE p.organization_id = o.id)
"""

_ACCESS = """
    INSERT INTO access_request (id, organization_id, company_name, website, contact_name, contact_email, plan, survey,
                                state, due_at, decided_at, decided_by)
    SELECT uuidv7(), p.organization_id, 'Bench', 'https://bench.example', 'Bench', p.email, 'A stream.', '{}',
           'approved', now(), now(), p.id
      FROM person p
     WHERE p.organization_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM access_request r WHERE r.organization_id = p.organization_id)
"""

_APPS = """
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version, published, looked_at)
    SELECT uuidv7(), 'app-' || n, :batch, o.id, p.id, :state, :version, CASE WHEN :version > 2 THEN 2 ELSE 0 END, now()
      FROM generate_series(cast(:first AS integer), :last) n
      JOIN organization o ON o.website = 'https://bench-' || n / :each || '.example'
      JOIN person p ON p.organization_id = o.id
"""

_ADMIN = """
    INSERT INTO person (id, role, name, email)
    SELECT uuidv7(), 'admin', 'Bench', 'asks@bench.example'
     WHERE NOT EXISTS (SELECT FROM person WHERE email = 'asks@bench.example')
"""

_ASK = """
    INSERT INTO transition_request (id, app_id, trigger, reasons, source, principal_id, role, idempotency_key,
                                    body_hash)
    SELECT uuidv7(), app.id,
           CASE WHEN (n % 2 = 0) = (app.state = 'public_beta') THEN 'suspend' ELSE 'reinstate' END,
           '[{"code": "other", "text": "bench"}]', 'http', admin.id, 'admin', uuidv7()::text, sha256('')
      FROM (SELECT id FROM person WHERE email = 'asks@bench.example') admin, generate_series(0, :each - 1) n,
           generate_series(1, :apps) number JOIN app ON app.slug = 'app-' || number
     ORDER BY n, number
"""

_FINISHED = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, idempotency_key, body_hash, status,
                                    finished_at, policy_version)
    SELECT uuidv7(), app.id, 'promote', 'http', app.created_by, 'service', uuidv7()::text, sha256(''), 'refused',
           now(), 1
      FROM generate_series(1, cast(:finished AS integer)) n, app WHERE app.name = :batch
"""

_MANY_FINISHED = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, idempotency_key, body_hash, status,
                                    finished_at, policy_version)
    SELECT uuidv7(), app.id, 'promote', 'http', app.created_by, 'service', uuidv7()::text, sha256(''), 'refused',
           now(), 1
      FROM app, generate_series(1, (:many / (SELECT count(*) FROM app))::integer)
"""

_SUBMISSIONS = """
    INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by, submitted_at)
    SELECT uuidv7(), app.id, 2, 'first', 1, '{}', 1, app.created_by, now()
      FROM app WHERE app.name = :batch AND app.version > 1
"""

_REVIEWS = """
    INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by,
                        opened_at, due_at, due_soon_at, outcome, closed_at)
    SELECT uuidv7(), s.id, s.app_id, 'first', s.app_version, s.app_version, 1, s.submitted_by, now(), now(), now(),
           'approved', now()
      FROM submission s JOIN app ON app.id = s.app_id WHERE app.name = :batch
"""

_STEPS = """
    INSERT INTO review_step (id, review_id, code, status, due_at, state, decided_at)
    SELECT uuidv7(), r.id, code, 'done', now(), 'passed', now()
      FROM (VALUES ('partner_documentation'), ('end_to_end_check')) AS step (code), review r
      JOIN app ON app.id = r.app_id WHERE app.name = :batch
"""

_TOLD = """
    INSERT INTO notification (id, kind, cause, app_id, app_version, recipient_id, due_at, status)
    SELECT uuidv7(), 'approved', 'transition:' || app.id || ':3:approved', app.id, 3, app.created_by, now(), 'done'
      FROM app WHERE app.name = :batch AND app.version > 2
"""

_BARE = """
    WITH company AS MATERIALIZED (SELECT o.id, p.id AS person_id, row_number() OVER () - 1 AS place
                                    FROM organization o JOIN person p ON p.organization_id = o.id)
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version, published, looked_at,
                     onboarded_customers, oauth_installed)
    SELECT uuidv7(), 'app-' || n, 'Added', company.id, company.person_id, 'public_beta', :version, 2, now(), :customers,
           :oauth_installed
      FROM generate_series(cast(:first AS integer), :last) n
      JOIN company ON company.place = n % (SELECT count(*) FROM company)
     ORDER BY n
"""

_OF_BATCH = "FROM generate_series(cast(:first AS integer), :last) n JOIN app ON app.slug = 'app-' || n"

_LONG_LOG = f"""
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                            request_id, at, hash, {_STANDING_COLUMNS})
    SELECT app.id, v,
           CASE WHEN v <= 3 THEN (ARRAY['new', 'building', 'submitted'])[v]
                WHEN v % 2 = 0 THEN 'public_beta' ELSE 'suspended' END,
           CASE WHEN v <= 3 THEN (ARRAY['create', 'submit', 'approve'])[v]
                WHEN v % 2 = 0 THEN 'suspend' ELSE 'reinstate' END,
           CASE WHEN v <= 3 THEN (ARRAY['building', 'submitted', 'public_beta'])[v]
                WHEN v % 2 = 0 THEN 'suspended' ELSE 'public_beta' END,
           created_by, 'partner', 1, uuidv7(), now(), sha256(''), {_standing("v")}
      {_OF_BATCH} CROSS JOIN generate_series(1, 11) v
"""

_SHOWN_SUBMISSIONS = f"""
    INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by, submitted_at)
    SELECT uuidv7(), app.id, 2, 'first', 1,
           jsonb_build_object('app', jsonb_build_object('name', 'Connector ' || n, 'slug', app.slug),
                              'components', '[]'::jsonb,
                              'evidence', jsonb_build_object('app_info', jsonb_build_object(
                                  'description', 'Sends what happens to where it is needed.'))),
           1, app.created_by, now()
      {_OF_BATCH}
"""

_SHOWN_REVIEWS = f"""
    INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by,
                        opened_at, due_at, due_soon_at, outcome, closed_at)
    SELECT uuidv7(), s.id, s.app_id, 'first', s.app_version, s.app_version, 1, s.submitted_by,
           now(), now() + n * interval '1 second', now(),
           CASE WHEN n % 100 <> 0 THEN 'approved' END, CASE WHEN n % 100 <> 0 THEN now() END
      {_OF_BATCH} JOIN submission s ON s.app_id = app.id
"""

_SHOWN_STEPS = f"""
    INSERT INTO review_step (id, review_id, code, status, due_at, state, decided_at)
    SELECT uuidv7(), r.id, code, 'done', now(), 'passed', now()
      {_OF_BATCH} JOIN review r ON r.app_id = app.id
     CROSS JOIN (VALUES ('partner_documentation'), ('end_to_end_check')) AS step (code)
"""

_ENTRIES = f"""
    INSERT INTO catalog_entry (app_id, slug, badge, categories, kinds, submission_id, listed_at, name_search, search)
    SELECT app.id, app.slug, 'public_beta',
           ARRAY[(ARRAY['Analytics', 'Advertising', 'CRM', 'Email Marketing'])[n % 4 + 1]],
           ARRAY[(ARRAY['source', 'destination'])[n % 2 + 1]], s.id, now(), {name_search_of("shown.name")},
           to_tsvector('english', shown.name || ' Sends what happens to where it is needed')
           || {within_of("shown.name")}
      {_OF_BATCH} JOIN submission s ON s.app_id = app.id
     CROSS JOIN LATERAL (SELECT 'Connector ' || md5(n::text)
                                || CASE WHEN n % 1000 = 0 THEN ' Zebra' ELSE '' END AS name) shown
"""
