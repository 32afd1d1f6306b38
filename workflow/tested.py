"""The colour of a Component, in SQL: the one place that says which results make a Component tested."""

from models.component import ComponentKind
from models.component_test import ResultSource, RunScope

_SUITES = f"""(
    SELECT t.colour FROM component_test t
     WHERE t.scope = '{RunScope.SUITE}' AND t.status = 'done'"""
_LATEST = "ORDER BY t.position DESC LIMIT 1"

_CAME = "CASE WHEN bool_or(d.warned) THEN 'yellow' ELSE 'green' END"
"""The colour of a stream all of whose declared events have come, valid: yellow if a newest valid one has warnings."""


def component_colour(component: str) -> str:
    """Returns the SQL expression for the colour of the row of the table `component` that SQL names so.

    A stream has one once each event that it declares has come to the sandbox, valid, since its latest change. Otherwise
    it is that of the latest suite of the current revision that the service or a trusted rig ran, NULL if there is none.
    """
    return f"""coalesce((
        SELECT {_CAME}
          FROM jsonb_array_elements_text(
                CASE {component}.kind WHEN '{ComponentKind.STREAM}' THEN {component}.settings -> 'events' END) e (name)
          LEFT JOIN sandbox_declared d
            ON d.component_id = {component}.id AND d.component_revision = {component}.revision AND d.event = e.name
        HAVING count(*) > 0 AND bool_and(d.valid IS NOT NULL AND d.valid > 0)),
        {_SUITES} AND t.component_id = {component}.id AND t.component_revision = {component}.revision
                      AND t.source <> '{ResultSource.REPORTED}' {_LATEST}))"""


def published_colour(component_id: str, revision: str) -> str:
    """Returns the same for a Component as it was published, of which these are the id and the revision in SQL.

    Results that partners reported count too: what is listed stays as it was.
    """
    return f"""coalesce((
        SELECT {_CAME} FROM sandbox_declared d
         WHERE d.component_id = {component_id} AND d.component_revision = {revision}
        HAVING count(*) > 0 AND bool_and(d.valid > 0)),
        {_SUITES} AND t.component_id = {component_id} AND t.component_revision = {revision} {_LATEST}))"""
