from tests.api.running import Service
from tests.console.addresses import Address


def saved_reason_page(service: Service, code: str, text: str = "The links to us carry no UTM parameters.") -> str:
    """Saves a reason, and returns the address of its page."""
    body = {"code": code, "text": text, "where": "Your partners page.", "kinds": ["first", "revision"]}
    saved = service.reviewer("POST", "/v1/saved-reasons", body)
    assert saved.status_code == 201, saved.text
    return f"{service.url}/saved-reasons/{code}"


def _listed(service: Service) -> str:
    return saved_reason_page(service, "partners_page.listed").rpartition("/")[0] + "?retired=true"


def _retired(service: Service) -> str:
    page = saved_reason_page(service, "partners_page.retired")
    assert service.reviewer("DELETE", "/v1/saved-reasons/partners_page.retired").status_code == 200
    return page


ADDRESSES = {
    "list": Address(_listed, role="reviewer"),
    "one": Address(lambda service: saved_reason_page(service, "partners_page.shown"), role="reviewer"),
    "retired": Address(_retired, role="admin"),
}
