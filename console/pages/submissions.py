"""Asking for a transition of a partner's App: the submission, with all answers to check, and each of the other acts."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.acts import ACTS, Act, is_offered
from console.addresses import app_path
from console.client import ApiClient, together
from console.evidence import FIELDS
from console.forms import Form, fields_of
from console.navigation import PARTNER
from console.rendering import Pages
from console.transitions import ask_transition
from console.visiting import signed_in_only
from console.words import REQUIREMENTS, STATUSES


def routes(api: ApiClient, pages: Pages) -> list[Route]:
    """Returns the routes of these pages."""
    asking = _Asking(api, pages)
    submission, act = "/apps/{slug}/submission", "/apps/{slug}/ask/{trigger}"
    return [
        Route(submission, signed_in_only(pages, asking.look_at_submission, PARTNER)),
        Route(submission, signed_in_only(pages, asking.submit, PARTNER), methods=["POST"]),
        Route(act, signed_in_only(pages, asking.look_at_act, PARTNER)),
        Route(act, signed_in_only(pages, asking.act, PARTNER), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Asking:
    api: ApiClient
    pages: Pages

    async def look_at_submission(self, request: Request) -> Response:
        return await self._show_submission(request, Form())

    async def submit(self, request: Request) -> Response:
        fields = await fields_of(request)
        words, why = fields.get("reason", "").strip(), fields.get("why", "").strip()
        is_urgent = fields.get("urgent") == "yes"
        if is_urgent and not why:
            said = "Say why it is urgent: what breaks, for whom and until when."
            return await self._show_submission(request, Form(fields, {"why": said}), 422)
        reasons = [{"code": "urgent", "text": why}] if is_urgent else []
        reasons += [{"code": "other", "text": words}] if words else []
        asked = await ask_transition(self.api, request, "submit", fields, reasons, words="reason")
        if asked.refused is not None:
            return await self._show_submission(request, asked.refused, asked.status)
        return RedirectResponse(f"/apps/{request.path_params['slug']}", 303)

    async def look_at_act(self, request: Request) -> Response:
        return await self._show_act(request, _known_act(request), Form())

    async def act(self, request: Request) -> Response:
        act, fields = _known_act(request), await fields_of(request)
        words = fields.get("reason", "").strip()
        if act.needs_words and not words:
            return await self._show_act(request, act, Form(fields, {"reason": act.without_words}), 422)
        reasons = [{"code": "other", "text": words}] if words else []
        asked = await ask_transition(self.api, request, request.path_params["trigger"], fields, reasons, words="reason")
        if asked.refused is not None:
            return await self._show_act(request, act, asked.refused, asked.status)
        return RedirectResponse(f"/apps/{request.path_params['slug']}", 303)

    async def _show_submission(self, request: Request, form: Form, status: int = 200) -> Response:
        path = app_path(request)
        standing, listed, app, checklist = await together(
            self.api.read(request, f"{path}/status"),
            self.api.read(request, f"{path}/assets"),
            self.api.read(request, path),
            self.api.read(request, f"{path}/checklist"),
        )
        return self.pages.page(
            request,
            "submission.html",
            status=status,
            app=app,
            standing=standing,
            checklist=checklist,
            pictures={one["id"]: one for one in listed["items"]},
            submit=next((one for one in standing["triggers"] if one["trigger"] == "submit"), None),
            titles=REQUIREMENTS,
            statuses=STATUSES,
            labels={field.name: field.label for fields in FIELDS.values() for field in fields},
            form=form,
        )

    async def _show_act(self, request: Request, act: Act, form: Form, status: int = 200) -> Response:
        path = app_path(request)
        standing, app = await together(self.api.read(request, f"{path}/status"), self.api.read(request, path))
        trigger = request.path_params["trigger"]
        judged = next((one for one in standing["triggers"] if one["trigger"] == trigger), None)
        return self.pages.page(
            request,
            "act.html",
            status=status,
            app=app,
            standing=standing,
            act=act,
            trigger=trigger,
            is_offered=judged is not None and is_offered(judged),
            unmet=judged["unmet"] if judged else [],
            form=form,
        )


def _known_act(request: Request) -> Act:
    """Returns the act that the address names. Raises HTTPException for one that a partner cannot ask for here."""
    act = ACTS.get(request.path_params["trigger"])
    if act is None:
        raise HTTPException(404)
    return act
