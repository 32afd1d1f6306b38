"""Whether `devcenter tracking` answers at its public address, and whether its database role may do what it should."""

import ssl
from collections.abc import Iterable
from typing import Final

import requests
from sqlalchemy import Connection, Row, text

from cli.doctor.check import Check
from cli.place import is_local
from models.guards import TRACKING_PRIVILEGES, TRACKING_ROLE
from runtime.settings import Settings

ANSWER_SECONDS: Final = 5
_UNKNOWN_KEY: Final = "devcenter-doctor"
"""A write key that no stream has. Only the database can tell, so the answer says that the sandbox reads it."""
_ROLE_IS_MADE: Final = "As a superuser of Postgres, run deploy/roles.sh (again), with TRACKING_DATABASE_PASSWORD"


def check_address(settings: Settings) -> Check:
    """Asks the public address, as an SDK would, for a stream that there is not."""
    url = settings.tracking_url
    try:
        with requests.Session() as http:
            http.trust_env = not is_local(url)  # a proxy of the shell does not lead to this machine
            answer = http.get(
                f"{url}/v1/projects/{_UNKNOWN_KEY}/settings", timeout=ANSWER_SECONDS, allow_redirects=False
            )
    except requests.exceptions.SSLError as error:
        remedy = "Give the proxy before it a certificate that is valid for this name."
        return Check("tracking", f"{url} has no certificate that holds: {_reason(error)}", remedy)
    except requests.RequestException as error:
        return Check(
            "tracking",
            f"{url} does not answer: {_reason(error)}",
            "Start `devcenter tracking`, and let DEVCENTER_TRACKING_URL name the address at which streams reach it.",
        )
    return _judge(url, answer)


def check_role(connection: Connection) -> Check:
    """Checks what the role of `devcenter tracking` may do, by the catalog: its password need not be known here."""
    role = connection.execute(_ROLE, {"role": TRACKING_ROLE}).one_or_none()
    if role is None:
        remedy = f"{_ROLE_IS_MADE}; then run `devcenter migrate`."
        return Check("tracking role", f"the role {TRACKING_ROLE} does not exist", remedy)
    if role.may_all:
        remedy = f"As a superuser: ALTER ROLE {TRACKING_ROLE} NOSUPERUSER NOCREATEROLE NOBYPASSRLS."
        return Check("tracking role", f"{TRACKING_ROLE}, which anybody talks to, may do everything", remedy)
    listed = {(table, right) for table, rights in TRACKING_PRIVILEGES.items() for right in rights}
    granted = {(row.name, row.privilege) for row in connection.execute(_GRANTED, {"role": TRACKING_ROLE})}
    return _more(role, granted - listed) or _fewer(listed - granted) or _login(role)


def _judge(url: str, answer: requests.Response) -> Check:
    if answer.status_code == 404 and "write key" in answer.text:
        return Check("tracking", f"{url} answers, and reads the database")
    if answer.status_code == 429:
        return Check("tracking", f"{url} answers, and limits how often it is asked")
    if answer.status_code in (500, 503):
        return Check(
            "tracking",
            f"{url} answers {answer.status_code}: it cannot read the database, or there is nothing behind the proxy",
            f"Read the log of `devcenter tracking`. Its DATABASE_URL must log in as {TRACKING_ROLE}.",
        )
    return Check(
        "tracking",
        f"{url} answers {answer.status_code}, as `devcenter tracking` does not",
        "Let DEVCENTER_TRACKING_URL name the address of `devcenter tracking`, and its proxy pass every path on.",
    )


def _more(role: Row[tuple[object, ...]], rights: set[tuple[str, str]]) -> Check | None:
    """Returns what is wrong if the role may do more than it should: to tables, as a member of others, or besides."""
    name = "tracking role"
    if role.member_of:
        remedy = f"As a superuser: REVOKE {role.member_of} FROM {TRACKING_ROLE}."
        return Check(name, f"{TRACKING_ROLE} has the rights of {role.member_of}", remedy)
    if rights:
        tables = ", ".join(sorted({table for table, _ in rights}))
        remedy = f"As the owner of the tables: REVOKE ALL ON {tables} FROM {TRACKING_ROLE}, PUBLIC. "
        remedy += "Then run `devcenter doctor` again: it says which rights are to be given back."
        return Check(name, f"{TRACKING_ROLE}, which anybody talks to, may {_said(rights)}", remedy)
    if role.may_create:
        remedy = (
            "Run `devcenter migrate`, or as the database's owner: REVOKE CREATE ON SCHEMA public FROM PUBLIC; "
            "REVOKE CREATE, TEMPORARY ON DATABASE ... FROM PUBLIC."
        )
        return Check(name, f"{TRACKING_ROLE} may make tables, which can fill the disk", remedy)
    return None


def _fewer(rights: set[tuple[str, str]]) -> Check | None:
    if not rights:
        return None
    tables = {table for table, _ in rights}
    grants = "; ".join(
        f"GRANT {', '.join(sorted(right for one, right in rights if one == table))} ON {table} TO {TRACKING_ROLE}"
        for table in sorted(tables)
    )
    remedy = f"Run `devcenter migrate`; if that is done, as the owner of the tables: {grants}."
    return Check("tracking role", f"{TRACKING_ROLE} may not {_said(rights)}", remedy)


def _login(role: Row[tuple[object, ...]]) -> Check:
    """Checks whether the role can log in, unless the processes step down to their roles from another login."""
    sees = f"{TRACKING_ROLE} sees streams and the sandbox, and nothing else"
    if role.can_step_down:
        return Check("tracking role", f"{sees}; {role.login} steps down to it")
    if not role.may_log_in:
        remedy = f"{_ROLE_IS_MADE}, or: ALTER ROLE {TRACKING_ROLE} LOGIN PASSWORD '...' VALID UNTIL 'infinity'."
        return Check("tracking role", f"{TRACKING_ROLE} cannot log in", remedy)
    if not role.may_connect:
        remedy = f"{_ROLE_IS_MADE}, or: GRANT CONNECT ON DATABASE {role.database} TO {TRACKING_ROLE}."
        return Check("tracking role", f"{TRACKING_ROLE} may not connect to the database {role.database}", remedy)
    return Check("tracking role", f"{sees}; it can log in")


def _said(rights: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{right} {table}" for table, right in sorted(rights))


def _reason(error: requests.RequestException) -> str:
    """Returns the words of the system or of TLS, without the libraries' objects around them."""
    if isinstance(error, requests.Timeout):
        return f"nothing came within {ANSWER_SECONDS} seconds"
    around = getattr(error.args[0], "reason", None) if error.args else None
    for one in (around, getattr(around, "__cause__", None), *getattr(around, "args", ())):
        if isinstance(one, ssl.SSLCertVerificationError):
            return one.verify_message
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return type(around or error).__name__


_ROLE: Final = text("""
    SELECT r.rolsuper OR r.rolcreaterole OR r.rolbypassrls AS may_all,
           r.rolcanlogin AND coalesce(r.rolvaliduntil > clock_timestamp(), true) AS may_log_in,
           has_database_privilege(r.oid, current_database(), 'CONNECT') AS may_connect,
           has_schema_privilege(r.oid, 'public', 'CREATE')
           OR has_database_privilege(r.oid, current_database(), 'CREATE')
           OR has_database_privilege(r.oid, current_database(), 'TEMPORARY') AS may_create,
           (SELECT string_agg(quote_ident(held.rolname), ', ' ORDER BY held.rolname)
              FROM pg_auth_members m JOIN pg_roles held ON held.oid = m.roleid WHERE m.member = r.oid) AS member_of,
           session_user <> current_user AND pg_has_role(session_user, r.oid, 'SET') AS can_step_down,
           session_user AS login, current_database() AS database
      FROM pg_roles r WHERE r.rolname = :role
""")
_GRANTED: Final = text("""
    SELECT c.relname AS name, p.privilege
      FROM pg_class c
     CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p (privilege)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND CASE WHEN p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
                THEN has_any_column_privilege(CAST(:role AS text), c.oid, p.privilege)
                ELSE has_table_privilege(CAST(:role AS text), c.oid, p.privilege) END
""")
