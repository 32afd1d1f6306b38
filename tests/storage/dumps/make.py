"""Makes the dump of a released revision (README.md): `python -P tests/storage/dumps/make.py FOLDER REVISION`.

Run it in a checkout of the release. It uses the release's own tests to make Apps, fills every table that is still
empty, and writes FOLDER/REVISION.sql with the embedded pg_dump.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from migrations.run import downgrade, upgrade
from models.lifecycle import AppState, AppTrigger
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.postgres_data import binary
from tests.factories import app_in
from tests.journeys import BECAUSE, ask, people_in

APPS = {
    "building-one": AppState.BUILDING,
    "waiting-one": AppState.SUBMITTED,
    "beta-one": AppState.PUBLIC_BETA,
    "suspended-one": AppState.SUSPENDED,
}
STATEMENTS = (
    "INSERT INTO access_request (id, company_name, website, contact_name, contact_email, plan, survey, due_at, domain,"
    " mail_domain, secret_hash) VALUES (uuidv7(), 'Initech', 'https://initech.example', 'Ira', 'ira@initech.example',"
    " '{}', '{}', now(), 'initech.example', 'initech.example', sha256('ira'))",
    "INSERT INTO component_test (id, component_id, component_revision, results, requested_by, due_at)"
    " SELECT uuidv7(), id, 1, '[]', app_id, now() FROM component LIMIT 1",
)
FILL = {
    "access_contact": "(id, access_request_id, name, email, mail_domain, plan, component_kinds, survey, agreements,"
    " secret_hash) SELECT uuidv7(), id, 'Cara', 'cara@initech.example', 'initech.example', 'Charts.', '{stream}', '{}',"
    " '{partner_agreement}', sha256('cara') FROM access_request WHERE state = 'requested'",
    "api_token": "(id, person_id, role, organization_id, label, token_hash, hint, expires_at)"
    " SELECT uuidv7(), id, role, organization_id, 'made at the command line', sha256(id::text::bytea), 'abcd',"
    " '2036-01-01Z' FROM person",
    "apply_batch": "(id, request_ids) SELECT uuidv7(), ARRAY[id] FROM transition_request WHERE status = 'due' LIMIT 1",
    "asset": "(id, app_id, kind, sha256, media_type, size, width, height, content, uploaded_by) SELECT uuidv7(), id,"
    " 'logo', sha256('<svg/>'), 'image/svg+xml', 6, 64, 64, '<svg/>', created_by FROM app WHERE state = 'public_beta'",
    "audit_entry": "(actor_id, actor_role, action, target, detail)"
    " SELECT id, 'admin', 'token.create', 'acme', '{}' FROM person WHERE role = 'admin' LIMIT 1",
    "customer": "(app_id, workspace, reported_by, reported_at)"
    " SELECT id, 'globex', id, now() FROM app WHERE state = 'public_beta'",
    "draft_check": "(id, app_id, run, code, app_name, evidence, requested_by, due_at)"
    " SELECT uuidv7(), id, 1, 'partners_page', name, '{}', created_by, now() FROM app WHERE state = 'building'",
    "idempotency_key": "(principal_id, key, body_hash, status_code, answer)"
    """ SELECT id, 'k-1', sha256('body'), 201, '{"slug": "beta-one"}' FROM person LIMIT 1""",
    "internal_note": "(id, review_id, author_id, text)"
    " SELECT uuidv7(), r.id, p.id, 'A note' FROM review r, person p WHERE p.role = 'reviewer' LIMIT 1",
    "invitation": "(id, organization_id, email, code_hash, expires_at)"
    " SELECT uuidv7(), id, 'new@acme.example', sha256('code'), '2036-01-01Z' FROM organization",
    "job_tick": "(id, job, tick_at, due_at) VALUES (uuidv7(), 'prune', '2026-11-25 03:00Z', '2026-11-25 03:00Z')",
    "membership": "(app_id, state, applied_at, applied_by)"
    " SELECT id, 'applied', now(), created_by FROM app WHERE state = 'public_beta'",
    "oauth_install": "(app_id, workspace, reported_by, reported_at)"
    " SELECT id, 'globex', id, now() FROM app WHERE state = 'public_beta'",
    "preview_link": "(id, app_id, token_hash, created_by, expires_at)"
    " SELECT uuidv7(), id, sha256('preview'), created_by, '2036-01-01Z' FROM app WHERE state = 'building'",
    "rejected_message": "(id, queue, digest, body, error) VALUES (uuidv7(), 'transitions', sha256('x'), 'x', 'none')",
    "review_message": "(id, review_id, side, author_id, text)"
    " SELECT uuidv7(), r.id, 'reviewer', p.id, 'Hello' FROM review r, person p WHERE p.role = 'reviewer' LIMIT 1",
    "saved_reason": "(code, version, text, where_to_fix, written_by)"
    " SELECT 'partners_page.no_utm', 1, 'No UTM.', 'Your page.', id FROM person WHERE role = 'reviewer'",
    "website_check": "(id, access_request_id, url, due_at)"
    " SELECT uuidv7(), id, website, now() FROM access_request WHERE state = 'requested'",
}
"""What is inserted into a table that the Apps left empty. Add a line for each table to come."""
TABLES = """
    SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
       AND relname <> 'alembic_version' ORDER BY 1
"""
NOT_DATA = ("--", "SET ", "\\", "SELECT pg_catalog.set_config")


def main(folder: Path, revision: str) -> None:
    """Writes the dump. Raises SystemExit when a table is empty."""
    with tempfile.TemporaryDirectory() as data, EmbeddedPostgres(Path(data)) as postgres:
        upgrade(postgres.owner_url)
        superuser, application = create_engine(postgres.superuser_url), create_engine(postgres.application_url)
        _make_apps(application)
        with superuser.begin() as connection:
            _fill(connection)
        superuser.dispose()
        application.dispose()
        downgrade(postgres.owner_url, revision)
        url = make_url(postgres.superuser_url).set(drivername="postgresql").render_as_string(hide_password=False)
        options = ("--data-only", "--column-inserts", "--rows-per-insert=50", "--exclude-table=alembic_version")
        dump = subprocess.check_output([binary("pg_dump"), *options, url], text=True)
    lines = [line for line in dump.splitlines() if line.strip() and not line.startswith(NOT_DATA)]
    (folder / f"{revision}.sql").write_text("\n".join(lines) + "\n")


def _make_apps(engine: Engine) -> None:
    people = people_in(engine)
    for slug, state in APPS.items():
        app_in(engine, people, slug, state)
    ask(engine, people.admin, "beta-one", AppTrigger.SUSPEND, reasons=BECAUSE)  # due, and nobody judges it


def _fill(connection: Connection) -> None:
    for statement in STATEMENTS:
        connection.execute(text(statement))
    for table in connection.scalars(text(TABLES)).all():
        if not connection.scalar(text(f"SELECT count(*) FROM {table}")):
            if table not in FILL:
                sys.exit(f"{table} is empty; say in FILL what it is given")
            connection.execute(text(f"INSERT INTO {table} {FILL[table]}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
