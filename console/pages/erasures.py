"""Erasing a person who asks to be forgotten. It cannot be undone, so it is typed twice."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.client import ApiClient
from console.forms import Form, fields_of, refused_form
from console.navigation import ADMIN
from console.rendering import Pages
from console.visiting import signed_in_only

DIFFERENT = "This is not the same. Type the id or the address once more."


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of this page."""

    async def begin(request: Request) -> Response:
        person = request.query_params.get("person", "")[:300]
        return pages.page(request, "erasure.html", form=Form({"person": person}))

    async def erase(request: Request) -> Response:
        fields = await fields_of(request)
        person = fields.get("person", "").strip()
        if person.lower() != fields.get("again", "").strip().lower():
            form = Form(fields, {"again": DIFFERENT})
            return pages.page(request, "erasure.html", status=422, form=form)
        done = await api.call(request, "POST", "/v1/erasures", {"person": person})
        if not done.is_ok:
            return pages.page(request, "erasure.html", status=done.status, form=refused_form(fields, done))
        return pages.page(request, "erased.html", erased=done.content)

    return [
        Route("/erasures", signed_in_only(pages, begin, ADMIN)),
        Route("/erasures", signed_in_only(pages, erase, ADMIN), methods=["POST"]),
    ]
