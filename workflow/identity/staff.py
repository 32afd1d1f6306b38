"""Who of the platform's people may review and is here, and who of them is told what nobody holds: as SQL."""

from datetime import timedelta
from typing import Final

TOLD_AGAIN_AFTER: Final = timedelta(days=1)
"""How long after people were told of something that waits for them they are told again, as long as it does."""
MAY_REVIEW = ("reviewer", "admin")
"""The roles of people who may hold a review."""


def may_review(person: str, now: str = ":now") -> str:
    """Returns the condition that a row of `person` may be handed a review at `now`: it is not removed and not away."""
    roles = ", ".join(f"'{role}'" for role in MAY_REVIEW)
    here = f"({person}.away_until IS NULL OR {person}.away_until <= {now})"
    return f"({person}.removed_at IS NULL AND {person}.role IN ({roles}) AND {here})"


def team(besides: str = "NULL", now: str = ":now", *, nor: str = "'{}'::uuid[]") -> str:
    """Returns the query for the people who are told of what nobody holds, without `besides` and those in `nor`.

    `besides` is the expression for a person, or NULL, and `nor` that for an array of people without NULL.

    They are the reviewers who are here; where there is none, the admins who are here; and where everybody is away, the
    reviewers or else the admins all the same: something that waits is always known to somebody.
    """
    return f"""
        SELECT ranked.id, ranked.email
          FROM (SELECT p.id, p.email, rank() OVER (ORDER BY coalesce(p.away_until > {now}, false), p.role = 'admin')
                  FROM person p
                 WHERE p.organization_id IS NULL AND p.removed_at IS NULL AND p.id IS DISTINCT FROM {besides}
                   AND p.id <> ALL({nor})) ranked
         WHERE ranked.rank = 1
    """


def holder_or_team(holder: str, now: str = ":now") -> str:
    """Returns the query for the person `holder` if they may review now, and otherwise for everybody of `team`.

    The statement must begin with WITH_TEAM.
    """
    held = f"FROM person held WHERE held.id = {holder} AND {may_review('held', now)}"
    return f"SELECT held.id, held.email {held} UNION ALL SELECT id, email FROM team WHERE NOT EXISTS (SELECT {held})"


WITH_TEAM = f"WITH team AS MATERIALIZED ({team()})"
"""The beginning of a statement that reads `team` once, as a CTE of that name."""
