"""The statistics of reviews: whether reviews are decided in time, and which findings and reasons recur."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient, together
from console.lists import choice_in
from console.navigation import STAFF, Link
from console.rendering import Pages
from console.reviewing.words import KINDS
from console.visiting import signed_in_only

LINKS = (Link("/statistics", "Statistics", STAFF, order=60),)
PERIODS: Final = {"4": "4 weeks", "12": "12 weeks", "26": "Half a year", "53": "A year"}
MOST: Final = 10
"""How many findings and reasons that recur are listed."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """Something that recurs, where it is explained if anywhere, and in how many reviews it was."""

    name: str
    reviews: int
    href: str = ""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the route of this page."""

    async def show(request: Request) -> Response:
        chosen = choice_in(request, "weeks", PERIODS, "12")
        found, used = await together(
            api.read(request, "/v1/statistics/reviews", {"weeks": chosen}),
            api.read(request, "/v1/statistics/saved-reasons", {"weeks": chosen}),
        )
        weeks = list(reversed(found["weeks"]))
        return pages.page(
            request,
            "statistics.html",
            waiting=found["waiting"],
            time_zone=found["time_zone"],
            weeks=weeks,
            decided=sum(week["decided"] for week in weeks),
            within=sum(week["within_promise"] for week in weeks),
            findings=_findings(weeks),
            reasons=[
                Recurring(one["code"], one["uses"], f"/saved-reasons/{one['code']}") for one in used["reasons"][:MOST]
            ],
            outcomes=_outcomes(weeks),
            chosen=chosen,
            periods=PERIODS,
            kinds=KINDS,
        )

    return [Route("/statistics", signed_in_only(pages, show, *STAFF))]


def _findings(weeks: Sequence[Mapping[str, Any]]) -> list[Recurring]:
    """Returns the findings that were most often among the top of a week."""
    counted: Counter[tuple[str, str]] = Counter()
    for week in weeks:
        for one in week["top_findings"]:
            counted[one["step"], one["code"]] += one["reviews"]
    return [
        Recurring(f"{step.replace('_', ' ').capitalize()}: {code}", many)
        for (step, code), many in counted.most_common(MOST)
    ]


def _outcomes(weeks: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, int, str]]:
    """Returns of each kind of review how many were opened, ended in time, and how they ended."""
    found = []
    for kind in KINDS:
        ones = [one for week in weeks for one in week["kinds"] if one["kind"] == kind]
        ended: Counter[str] = Counter()
        for one in ones:
            ended.update(one["outcomes"])
        said = ", ".join(f"{many} {outcome.replace('_', ' ')}" for outcome, many in ended.most_common())
        found.append((kind, sum(one["opened"] for one in ones), sum(one["within_promise"] for one in ones), said))
    return found
