"""Who uses a partner's App: which workspaces count, why others do not, and what is missing until the App is public."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.addresses import app_path
from console.client import ApiClient, together
from console.lists import choice_in, next_of, params_of
from console.navigation import PARTNER, Part
from console.rendering import Pages
from console.visiting import signed_in_only

PARTS = (Part("/customers", "Customers", order=50),)
USES: Final = {"customers": "Customers", "oauth-installs": "OAuth installs"}
SHOWN: Final = {"": "All", "true": "Those that count", "false": "Those that do not"}
NOT_OF_THE_APP: Final = ("role.allowed", "state.allows")
"""Rules that say who may promote an App and from where. The page says that in its own words."""


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def show(request: Request) -> Response:
        use, counts = choice_in(request, "of", USES, "customers"), choice_in(request, "counts", SHOWN)
        params = params_of(request) | {"counts": counts or None}
        path = app_path(request)
        listed, standing, app = await together(
            api.read(request, f"{path}/{use}", params), api.read(request, f"{path}/status"), api.read(request, path)
        )
        promote = next((one for one in standing["triggers"] if one["trigger"] == "promote"), None)
        return pages.page(
            request,
            "customers.html",
            app=app,
            use=use,
            uses=USES,
            shown=SHOWN,
            counts=counts,
            workspaces=listed["items"],
            reached=listed["onboarded_customers"],
            needed=listed["customers_to_promote"],
            oauth=listed["oauth_installed"],
            missing=[one for one in (promote["unmet"] if promote else []) if one["code"] not in NOT_OF_THE_APP],
            state=standing["state"],
            following=next_of(request, listed, {**params, "of": use}),
        )

    return [Route("/apps/{slug}/customers", signed_in_only(pages, show, PARTNER))]
