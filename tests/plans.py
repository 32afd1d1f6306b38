"""Watching the statements of an engine: how many there are, and by what indexes Postgres would go about each."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

GROW = {"access_request", "api_token", "app", "catalog_entry", "job_tick", "notification", "organization", "person",
        "review", "review_step", "submission", "transition", "transition_reason", "transition_request",
        "website_check"}  # fmt: skip
"""Tables that grow with the installation."""


@dataclass(slots=True)
class Watched:
    """The statements that were executed, the indexes in their plans, the growing tables (with the statement) that a
    plan reads from end to end, and the conditions by which one compares each row of one side with each of the other."""

    statements: list[str] = field(default_factory=list)
    indexes: set[str] = field(default_factory=set)
    read_through: list[tuple[str, str]] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)

    def note(self, statement: str, plan: dict[str, Any]) -> None:
        """Adds what the plan says, as EXPLAIN gives it in JSON."""
        for node in _nodes(plan):
            if "Index Name" in node:
                self.indexes.add(node["Index Name"])
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROW:
                self.read_through.append((node["Relation Name"], statement))
            if node["Node Type"] == "Nested Loop" and "Join Filter" in node:
                self.compared.append(node["Join Filter"])


@contextmanager
def watched(engine: Engine) -> Iterator[Watched]:
    """Explains every statement just before it is executed, with its parameters, in its transaction.

    An asynchronous engine is watched by its `sync_engine`.
    """
    found = Watched()

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.statements.append(statement)
        if statement.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
            with closing(connection.connection.cursor()) as own:
                own.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
                found.note(statement, own.fetchone()[0][0]["Plan"])

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
