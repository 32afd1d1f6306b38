"""The App and the Component that the address of a page names: their own pages, and the API's calls on them."""

from starlette.requests import Request


def app_path(request: Request) -> str:
    """Returns the path of the API's calls on the App that the address names."""
    return f"/v1/apps/{request.path_params['slug']}"


def component_page(request: Request) -> str:
    """Returns the address of the page of the Component that the address names."""
    return f"/apps/{request.path_params['slug']}/components/{request.path_params['component_id']}"


def component_path(request: Request) -> str:
    """Returns the path of the API's calls on the Component that the address names."""
    return f"/v1{component_page(request)}"
