"""The App and the Component that the address of a page names, and the visitor's company: where the API has them."""

from starlette.requests import Request

from console.visiting import visitor_of


def app_path(request: Request) -> str:
    """Returns the path of the API's calls on the App that the address names."""
    return f"/v1/apps/{request.path_params['slug']}"


def component_page(request: Request) -> str:
    """Returns the address of the page of the Component that the address names."""
    return f"/apps/{request.path_params['slug']}/components/{request.path_params['component_id']}"


def component_path(request: Request) -> str:
    """Returns the path of the API's calls on the Component that the address names."""
    return f"/v1{component_page(request)}"


def own_company_path(request: Request) -> str:
    """Returns the path of the API's calls on the visitor's own company."""
    visitor = visitor_of(request)
    return f"/v1/organizations/{visitor.organization_id if visitor else None}"
