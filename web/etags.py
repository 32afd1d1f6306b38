"""Strong ETags from revision counters, and the `If-Match` that an edit must send."""

import re
from typing import Annotated

from fastapi import Header

from web.problems import answers
from workflow.building.revisions import Seen
from workflow.errors import Conflict

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=400, description='The ETag that you saw, such as "3"; * for whichever.'),
]
EDITING = answers(412, 428)
"""What a route that edits can answer besides."""

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def etag_of(revision: int) -> str:
    """Returns the ETag of a revision."""
    return f'"{revision}"'


def seen_in(if_match: str | None) -> Seen:
    """Returns the revisions that the editor saw. A weak tag, or one of another making, matches none.

    Raises Conflict (`revision.missing`) when there is no `If-Match`.
    """
    if if_match is None or not if_match.strip():
        raise Conflict(
            "revision.missing",
            "The edit does not say what it is an edit of.",
            "Read it, and send its ETag in If-Match: so nobody's change is lost.",
        )
    if if_match.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in if_match.split(",")]
    known = [tag[2] for tag in tags if tag and not tag[1]]
    return frozenset(int(tag) for tag in known if re.fullmatch(r"[0-9]{1,10}", tag))
