"""Whether the database answers, fits the code and the keys, and has its work done."""

import time
from collections.abc import Iterator

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cli.doctor.check import Check, broken, tried
from cli.doctor.policy import check_policy
from cli.doctor.tracking import check_role
from cli.doctor.work import check_backlog, check_dead, check_scheduler
from cli.explaining import without_password
from cli.history_key import REMEDY, WRONG
from migrations.run import revisions
from models.guards import APPLICATION_ROLE, UNNEEDED_FUNCTIONS
from runtime.secrets import KeyRing
from runtime.settings import Settings
from workflow.history.key import is_history_key
from workflow.operating.secret_keys import find_unreadable_secret

POSTGRES_MAJOR = 18
CLOCK_SECONDS = 2.0
ANSWER_SECONDS = 5


def check_database(settings: Settings) -> Iterator[Check]:
    """Yields the result of each check of the database; of one that does not answer, a single one."""
    engine = create_engine(
        settings.database_url,
        poolclass=NullPool,
        connect_args={"connect_timeout": ANSWER_SECONDS},
        isolation_level="AUTOCOMMIT",
    )
    try:
        with engine.connect() as connection, Session(connection) as session:
            yield tried("database", lambda: _postgres_version(connection))
            yield tried("role", lambda: _application_role(connection))
            yield tried("tracking role", lambda: check_role(connection))
            yield tried("messages", lambda: check_language(connection.execute(text("SHOW lc_messages")).scalar_one()))
            yield tried("migrations", lambda: _migrations(connection))
            yield tried("history key", lambda: _history_key(session, settings))
            yield tried("secret keys", lambda: _secret_keys(session, settings))
            yield tried("clock", lambda: _clock(connection))
            yield tried("policy", lambda: check_policy(session))
            yield tried("scheduler", lambda: check_scheduler(session))
            yield tried("workers", lambda: check_backlog(session))
            yield tried("dead rows", lambda: check_dead(session))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the result of the check
        yield broken("database", error, without_password(settings.database_url))
    finally:
        engine.dispose()


def check_language(language: str) -> Check:
    """Checks `lc_messages`. Who cancelled a statement is known from the words of the database alone."""
    if language.partition(".")[0].partition("_")[0] in ("C", "POSIX", "en", ""):
        return Check("messages", "in English")
    return Check(
        "messages",
        f"in the language of {language}: statements that somebody cancels count as failures of the work itself",
        f"As a superuser: ALTER ROLE {APPLICATION_ROLE} SET lc_messages = 'C'. deploy/roles.sh does it.",
    )


def _postgres_version(connection: Connection) -> Check:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    remedy = "" if number // 10_000 >= POSTGRES_MAJOR else f"Use Postgres {POSTGRES_MAJOR} or newer in DATABASE_URL."
    return Check("database", f"Postgres {number // 10_000}.{number % 10_000}", remedy)


def _application_role(connection: Connection) -> Check:
    row = connection.execute(
        text("""
            SELECT current_user AS name, r.rolsuper OR has_schema_privilege('public', 'CREATE')
                   OR has_database_privilege(current_database(), 'CREATE') AS ddl,
                   has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
                   (SELECT count(DISTINCT proname) FROM pg_proc
                     WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY(:unneeded)
                       AND has_function_privilege(pg_proc.oid, 'EXECUTE')) AS unneeded
              FROM pg_roles r WHERE r.rolname = current_user
        """),
        {"unneeded": list(UNNEEDED_FUNCTIONS)},
    ).one()
    if row.ddl:
        return Check(
            "role",
            f"{row.name} may change tables",
            f"Let DATABASE_URL log in as {APPLICATION_ROLE}, and name the owner in DATABASE_OWNER_URL.",
        )
    if row.temporary:
        return Check(
            "role",
            f"{row.name} may make temporary tables, which can fill the disk",
            "Run `devcenter migrate`, or as the database's owner: REVOKE TEMPORARY ON DATABASE ... FROM PUBLIC.",
        )
    if row.unneeded:
        # No failure: where Postgres is somebody else's service, there is no superuser to mend it.
        return Check(
            "role",
            f"{row.name} may not change tables, but may execute {row.unneeded} functions that it does not need, and "
            "fill the disk with large objects; deploy/roles.sh takes them away, as a superuser",
        )
    return Check("role", f"{row.name} may not change tables")


def _migrations(connection: Connection) -> Check:
    stand = revisions(connection)
    if stand.up_to_date:
        return Check("migrations", f"at {stand.head}")
    found = f"at {stand.current or 'nothing'}, behind {stand.head}"
    return Check("migrations", found, "Run `devcenter migrate`.")


def _history_key(session: Session, settings: Settings) -> Check:
    if not is_history_key(session, settings.history_key.get_secret_value().encode()):
        return Check("history key", WRONG, REMEDY)
    return Check("history key", "the one that the history was begun with")


def _secret_keys(session: Session, settings: Settings) -> Check:
    unreadable = find_unreadable_secret(session, KeyRing(settings.secret_keys).unseal)
    if unreadable is None:
        return Check("secret keys", "decrypt what is stored")
    return Check("secret keys", *unreadable)


def _clock(connection: Connection) -> Check:
    before = time.time()
    theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    difference = theirs - (before + time.time()) / 2
    remedy = "" if abs(difference) <= CLOCK_SECONDS else "Synchronise both machines' clocks with NTP."
    return Check("clock", f"{difference:+.3f} seconds between the database and this machine", remedy)
