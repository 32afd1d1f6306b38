"""Query parameters that a call does not have, or has twice: they are named, as unknown fields of bodies are."""

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute


async def refuse_unknown_parameters(request: Request) -> None:
    """Raises RequestValidationError that names every unknown or repeated parameter. For the whole application.

    It is async because FastAPI would run it on a thread if not.
    """
    given = request.query_params.multi_items()
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute):
        return
    known = _parameters_of(route.dependant)
    names = [name for name, _ in given]
    errors = [_error(name, "extra_forbidden") for name in dict.fromkeys(names) if name not in known]
    errors += [_error(name, "repeated") for name in known if names.count(name) > 1]
    if errors:
        raise RequestValidationError(errors)


def _error(name: str, kind: str) -> dict[str, object]:
    return {"type": kind, "loc": ("query", name), "msg": kind, "input": None}


def _parameters_of(dependant: Dependant) -> list[str]:
    names = [field.alias for field in dependant.query_params]
    for one in dependant.dependencies:
        names += _parameters_of(one)
    return names
