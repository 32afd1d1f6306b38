"""Watches the statements of an engine: their number, and the indexes and scans in the plan of each."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Connection, Engine, event

from workflow.work.kinds import DueKind

GROW = {"access_request", "api_token", "app", "catalog_entry", "organization", "person", "review", "submission",
        "transition", "transition_reason", "transition_request", *DueKind}  # fmt: skip
"""The growing tables that tests fill. For an empty table a sequential scan is right."""

TESTED_COMPONENTS = (
    """
    INSERT INTO component (id, app_id, kind, subkind, name, settings)
    SELECT uuidv7(), id, 'subscription', 'webhook', 'Webhook', '{}' FROM app
    """,
    """
    INSERT INTO component_test (id, component_id, component_revision, source, results, requested_by, due_at, status,
                                colour, finished_at)
    SELECT uuidv7(), id, 1, 'service', '[]', id, now(), 'done', 'green', now() FROM component
    """,
)
"""Statements that add a Component, and a run of its tests that is done and green, to each App."""

_UNHASHED = re.compile(r"(?<!hashed )SubPlan")
"""Matches, in a filter, a subquery that is executed or scanned for each row."""


@dataclass(slots=True)
class Watched:
    """The executed statements, the indexes in their plans, the growing tables that a plan scans sequentially (with the
    statement), and the conditions by which a plan compares each row of one side with each row of the other."""

    statements: list[str] = field(default_factory=list)
    indexes: set[str] = field(default_factory=set)
    read_through: list[tuple[str, str]] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)

    def note(self, statement: str, plan: dict[str, Any]) -> None:
        """Adds a plan, in the JSON form of EXPLAIN."""
        for node in _nodes(plan):
            if "Index Name" in node:
                self.indexes.add(node["Index Name"])
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROW:
                self.read_through.append((node["Relation Name"], statement))
            if node["Node Type"] == "Nested Loop" and "Join Filter" in node:
                self.compared.append(node["Join Filter"])
            if _UNHASHED.search(node.get("Filter", "")):
                self.compared.append(node["Filter"])


@contextmanager
def watched(engine: Engine) -> Iterator[Watched]:
    """Explains every statement just before it is executed, in its own transaction. `plan_cache_mode` there decides
    whether the plan is custom or generic.

    To watch an asynchronous engine, pass its `sync_engine`.
    """
    found = Watched()

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        with closing(connection.connection.cursor()) as own:
            _explain(found, statement, parameters, own, connection.connection.driver_connection)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


@contextmanager
def watched_directly(connection: Connection) -> Iterator[Watched]:
    """Like `watched`, for statements that are executed directly on the driver's connection."""
    found = Watched()
    driver: Any = connection.connection.driver_connection

    class Watching(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            with psycopg.Cursor(self.connection) as own:
                _explain(found, query, params, own, self.connection)
            return super().execute(query, params, **options)

    driver.cursor_factory = Watching
    try:
        yield found
    finally:
        driver.cursor_factory = psycopg.Cursor


def _explain(found: Watched, statement: str, parameters: Any, own: Any, driver: Any) -> None:
    found.statements.append(statement)
    if statement.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
        prepare, execute = _prepared(statement, parameters, Transformer(driver))
        own.execute(prepare)
        own.execute(f"EXPLAIN (FORMAT JSON) {execute}")
        found.note(statement, own.fetchone()[0][0]["Plan"])
        own.execute("DEALLOCATE watched")


def _prepared(statement: str, parameters: Mapping[str, Any], driver: abc.Transformer) -> tuple[str, str]:
    """Returns the SQL that prepares the statement with the driver's types, and the SQL that executes it."""
    numbers = {name: f"${number}" for number, name in enumerate(parameters, 1)}
    numbered = re.sub(r"%\((\w+)\)s", lambda named: numbers[named[1]], statement).replace("%%", "%")
    if not parameters:
        return f"PREPARE watched AS {numbered}", "EXECUTE watched"
    types = [_type(value, driver) for value in parameters.values()]
    values = [driver.as_literal(value).decode() for value in parameters.values()]
    return f"PREPARE watched ({', '.join(types)}) AS {numbered}", f"EXECUTE watched ({', '.join(values)})"


def _type(value: Any, driver: abc.Transformer) -> str:
    oid = 0 if value is None else driver.get_dumper(value, PyFormat.AUTO).oid
    if not oid:
        return "unknown"
    known = driver.adapters.types[oid]
    return f"{known.regtype}[]" if oid == known.array_oid else known.regtype


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
