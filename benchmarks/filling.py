"""Rows by the million, put into a database as a superuser: those that the service would have written, hashes apart.

Triggers and foreign keys are off while they are put there, because they would take an hour.
"""

from sqlalchemy import Engine, text


def fill(
    engine: Engine, first: int, last: int, *, state: str = "public_beta", finished: int = 0, apps_a_company: int = 10
) -> None:
    """Adds the Apps `app-<first>` to `app-<last>` in `state` (building or public_beta), with companies and logs.

    Each App has `finished` requests that were refused, besides.
    """
    steps = [step for step in _WAY if state == "public_beta" or step[3] == state]
    values = ", ".join(
        f"({version}, '{source}', '{trigger}', '{target}')" for version, source, trigger, target in steps
    )
    log = f"""
        INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                                request_id, at, hash)
        SELECT app.id, step.version, source, trigger, target, created_by, 'partner', 1, uuidv7(), now(), sha256('')
          FROM app, (VALUES {values}) AS step (version, source, trigger, target) WHERE app.name = :batch
    """
    put(
        engine, _COMPANIES, _PEOPLE, _ACCESS, _APPS, log, _SUBMISSIONS, _REVIEWS, _STEPS, _TOLD, _FINISHED,
        first=first, last=last, each=apps_a_company, state=state, version=len(steps), batch=f"Apps from {first}",
        finished=finished,
    )  # fmt: skip


def put_requests(engine: Engine, each: int, *, apps: int) -> None:
    """Puts `each` due requests on the first `apps` Apps: suspend and reinstate in turn."""
    put(engine, _ADMIN, _ASK, each=each, apps=apps)


def put(engine: Engine, *statements: str, **values: object) -> None:
    """Runs statements as one transaction, without triggers and foreign keys."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement), values)


def settle(engine: Engine) -> None:
    """Brings the planner's statistics and the visibility maps up to date, as autovacuum would in time."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


_WAY = (
    (1, "new", "create", "building"),
    (2, "building", "submit", "submitted"),
    (3, "submitted", "approve", "public_beta"),
)

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
    INSERT INTO app (id, slug, name, organization_id, created_by, state, version)
    SELECT uuidv7(), 'app-' || n, :batch, o.id, p.id, :state, :version
      FROM generate_series(cast(:first AS integer), :last) n
      JOIN organization o ON o.website = 'https://bench-' || n / :each || '.example'
      JOIN person p ON p.organization_id = o.id
"""

_ADMIN = """
    INSERT INTO person (id, role, name, email) VALUES (uuidv7(), 'admin', 'Bench', 'admin@bench.example')
    ON CONFLICT DO NOTHING
"""

_ASK = """
    INSERT INTO transition_request (id, app_id, trigger, reasons, source, principal_id, role, idempotency_key,
                                    body_hash)
    SELECT uuidv7(), app.id,
           CASE WHEN (n % 2 = 0) = (app.state = 'public_beta') THEN 'suspend' ELSE 'reinstate' END,
           '[{"code": "other", "text": "bench"}]', 'http', admin.id, 'admin', uuidv7()::text, sha256('')
      FROM person admin, generate_series(0, :each - 1) n, generate_series(1, :apps) number
      JOIN app ON app.slug = 'app-' || number
     WHERE admin.email = 'admin@bench.example'
     ORDER BY n, number
"""

_FINISHED = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, idempotency_key, body_hash, status,
                                    finished_at, policy_version)
    SELECT uuidv7(), app.id, 'promote', 'http', app.created_by, 'service', uuidv7()::text, sha256(''), 'refused',
           now(), 1
      FROM generate_series(1, cast(:finished AS integer)) n, app WHERE app.name = :batch
"""

_SUBMISSIONS = """
    INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by, submitted_at)
    SELECT uuidv7(), app.id, 2, 'first', 1, '{}', 1, app.created_by, now()
      FROM app WHERE app.name = :batch AND app.version > 1
"""

_REVIEWS = """
    INSERT INTO review (id, submission_id, app_id, opened_at, due_at, due_soon_at, outcome, closed_at)
    SELECT uuidv7(), s.id, s.app_id, now(), now(), now(), 'approved', now()
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
