"""The application of the operators' listener: readiness and metrics of the API's process, for nobody outside."""

from fastapi import FastAPI

from api.context import ApiContext
from api.routes import health
from web.problems import install


def create_operators(context: ApiContext) -> FastAPI:
    """Returns the application, which shares the API's context. It needs no token: only operators may reach it."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = context
    install(app, context.describe_mismatch)
    app.include_router(health.router)
    app.include_router(health.operators)
    return app
