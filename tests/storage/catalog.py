"""What a database consists of, to compare two of them."""

from typing import Any

import psycopg

from tests.stored import connect

CATALOG = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n'""",
    "indexes": """
        SELECT tablename, indexname, indexdef, (SELECT indisvalid FROM pg_index WHERE indexrelid = indexname::regclass)
          FROM pg_indexes WHERE schemaname = 'public'""",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "privileges": """
        SELECT c.relname, coalesce(a.attname, ''), acl.grantee::regrole::text, acl.privilege_type, acl.is_grantable
          FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
         CROSS JOIN LATERAL aclexplode(coalesce(a.attacl, c.relacl)) acl
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S', 'v')""",
}


def catalog_of(url: str) -> dict[str, set[tuple[Any, ...]]]:
    """Returns the rows of each part of CATALOG in the database, without those of Alembic's own table."""
    with connect(url) as connection:
        return catalog_on(connection)


def catalog_on(connection: psycopg.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """Like `catalog_of`, on a connection."""
    found = {name: set(connection.execute(sql).fetchall()) for name, sql in CATALOG.items()}
    return {name: {row for row in rows if row[0] != "alembic_version"} for name, rows in found.items()}
