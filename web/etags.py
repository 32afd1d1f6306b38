"""ETags made from revision counters, and the `If-Match` header that an edit must send."""

import re
from typing import Annotated

from fastapi import Header

from web.problems import answers
from workflow.building.revisions import ExpectedRevisions
from workflow.errors import Conflict, Invalid

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=400, description='The ETag that you saw, such as "3"; or * for any.'),
]
EDITING = answers(412, 428)
"""The additional answers of a route that edits."""

_TAG = re.compile(r'(?:W/)?"([^"\x00-\x20\x7f]*)"')
PROXY_SUFFIX = "[-;:+.]{1,2}[A-Za-z0-9]{1,12}"
"""What proxies append to a tag when they compress an answer: `-gzip`, `;br`, `--gzip`."""
_REVISION = re.compile(f"([0-9]{{1,10}})(?:{PROXY_SUFFIX})?")


def etag_of(revision: int) -> str:
    """Returns the ETag of a revision."""
    return f'"{revision}"'


def expected_revisions(if_match: str | None) -> ExpectedRevisions:
    """Returns the revisions that the editor names, or None for any.

    The revision is compared, whatever a proxy made of the tag: `W/"3"` and `"3-gzip"` name revision 3. Raises Conflict
    without an `If-Match` (`revision.missing`) and for tags of which none is this service's (`revision.foreign`), and
    Invalid for what is no list of tags (`revision.unreadable`).
    """
    if if_match is None or not if_match.strip():
        raise Conflict(
            "revision.missing",
            "The edit does not say which revision it is based on.",
            "Read the resource and send its ETag in If-Match, so that nobody's change is lost.",
        )
    if if_match.strip() == "*":
        return None
    tags = tags_in(if_match)
    if tags is None:
        raise Invalid("revision.unreadable", "The header If-Match is not a list of ETags.", _REMEDY)
    found = [_REVISION.fullmatch(tag) for tag in tags]
    revisions = frozenset(int(revision[1]) for revision in found if revision)
    if not revisions:
        raise Conflict("revision.foreign", "No ETag in If-Match is one that this service gave.", _REMEDY)
    return revisions


def tags_in(header: str) -> list[str] | None:
    """Returns the content of each ETag in a list, weak or not, or None if the header is no list of ETags."""
    found = [_TAG.fullmatch(part.strip(" \t")) for part in header.split(",") if part.strip(" \t")]
    return [tag[1] for tag in found if tag] if found and all(found) else None


_REMEDY = (
    'Send the ETag of the answer that you read, with its quotes, such as "3"; or * for any revision. A proxy that '
    "rewrites ETags has to leave their digits."
)
