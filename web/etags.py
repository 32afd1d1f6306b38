"""Strong ETags made from revision counters, and the `If-Match` header that an edit must send."""

import re
from typing import Annotated

from fastapi import Header

from web.problems import answers
from workflow.building.revisions import ExpectedRevisions
from workflow.errors import Conflict

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=400, description='The ETag that you saw, such as "3"; or * for any.'),
]
EDITING = answers(412, 428)
"""The additional answers of a route that edits."""

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


def etag_of(revision: int) -> str:
    """Returns the ETag of a revision."""
    return f'"{revision}"'


def expected_revisions(if_match: str | None) -> ExpectedRevisions:
    """Returns the revisions that the editor names, or None for any. A weak or foreign tag matches no revision.

    Raises Conflict (`revision.missing`) when there is no `If-Match`.
    """
    if if_match is None or not if_match.strip():
        raise Conflict(
            "revision.missing",
            "The edit does not say which revision it is based on.",
            "Read the resource and send its ETag in If-Match, so that nobody's change is lost.",
        )
    if if_match.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in if_match.split(",")]
    known = [tag[2] for tag in tags if tag and not tag[1]]
    return frozenset(int(tag) for tag in known if re.fullmatch(r"[0-9]{1,10}", tag))
