"""The colour of a Component, in SQL: the one place that says which results make a Component tested."""

from models.component_test import ResultSource, RunScope

_SUITES = f"""
    SELECT t.colour FROM component_test t
     WHERE t.scope = '{RunScope.SUITE}' AND t.status = 'done'"""
_LATEST = "ORDER BY t.position DESC LIMIT 1"


def component_colour(component: str) -> str:
    """Returns the SQL expression for the colour of the row of the table `component` that SQL names so.

    It is that of the latest suite of its current revision that the service or a trusted rig ran, NULL if there is none.
    """
    return f"""({_SUITES} AND t.component_id = {component}.id AND t.component_revision = {component}.revision
                      AND t.source <> '{ResultSource.REPORTED}' {_LATEST})"""


def published_colour(component_id: str, revision: str) -> str:
    """Returns the same for a Component as it was published, of which these are the id and the revision in SQL.

    Results that partners reported count too: what is listed stays as it was.
    """
    return f"""({_SUITES} AND t.component_id = {component_id} AND t.component_revision = {revision} {_LATEST})"""
