"""The page that shows the API's description. Its files come from a package, so it loads nothing from other hosts."""

from html import escape
from importlib.resources import files
from typing import Annotated

from fastapi import Path
from fastapi.responses import HTMLResponse, Response

from api.auth import InContext
from web.routers import Router
from workflow.errors import NotFound

router = Router(prefix="/docs", include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The viewer sets inline styles. It runs only scripts that this server serves."""
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_BROUGHT = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#calls",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  validatorUrl: null,
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}: API reference</title>
<link rel="icon" href="/docs/favicon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="calls"></div>
<noscript>This page needs JavaScript. <a href="/openapi.json">The OpenAPI description</a> does not.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""


@router.get("")
async def show_page(context: InContext) -> HTMLResponse:
    """Returns the page."""
    return HTMLResponse(_PAGE.format(title=escape(context.profile.platform.developer_center)), headers=_HEADERS)


@router.get("/{name}")
async def show_file(name: Annotated[str, Path(max_length=64)]) -> Response:
    """Returns a file that the page uses."""
    caching = {"Cache-Control": "public, max-age=3600"}
    if name == "start.js":
        return Response(_START, media_type="text/javascript", headers=_HEADERS | caching)
    if name not in _BROUGHT:
        raise NotFound("file.not_found", f"There is no file {name}.", "Look at /docs.")
    content = (files("fastapi_offline") / "static" / name).read_bytes()
    return Response(content, media_type=_BROUGHT[name], headers=_HEADERS | caching)
