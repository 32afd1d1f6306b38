"""A partner's App: whose turn it is, what is left to do, what was found, and what happened."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATES, STATUSES, TURNS

PARTS = (Part("", "Overview", order=0),)
ACTS: Mapping[str, tuple[str, str]] = {
    "withdraw": ("Withdraw the submission", "You can edit the App again, and submit it later."),
    "unlist": ("Take it off the catalog", "Nobody new finds it. Those who use it go on."),
    "relist": ("Put it back into the catalog", "It is shown again, as a public beta."),
}
"""What a partner may ask for beside submitting and appealing: the button, and what becomes of the App."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        slug = request.path_params["slug"]
        path = f"/v1/apps/{slug}"
        standing = await api.read(request, f"{path}/status")
        talking = await api.read(request, "/v1/unread-messages", {"app": slug})
        return pages.page(
            request,
            "app.html",
            live="_standing.html",
            app=await api.read(request, path),
            unread=sum(one["unread"] for one in talking["items"]),
            standing=standing,
            checklist=await api.read(request, f"{path}/checklist"),
            possible={one["trigger"]: one for one in standing["triggers"]},
            acts=ACTS,
            states=STATES,
            turns=TURNS,
            titles=REQUIREMENTS,
            statuses=STATUSES,
            form=Form(),
        )

    return [Route("/apps/{slug}", signed_in_only(pages, show, PARTNER))]
