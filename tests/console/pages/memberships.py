from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.factories import app_in


def membership_page(service: Service, slug: str, decision: str | None = None) -> str:
    """Has a public App apply to the program, and be decided. Returns the address of its membership's page."""
    app_in(service.engine, service.people, slug, AppState.PUBLIC)
    applied = service.partner("POST", f"/v1/apps/{slug}/membership", {"message": "Forty shared customers."})
    assert applied.status_code == 201, applied.text
    if decision is not None:
        body = {"decision": decision, "reason": "Come back with ten customers."}
        decided = service.reviewer("POST", f"/v1/apps/{slug}/membership/decision", body)
        assert decided.status_code == 200, decided.text
    return f"{service.url}/memberships/{slug}"


ADDRESSES = {
    "list": Address(lambda service: f"{service.url}/memberships?state=all", role="reviewer"),
    "waits": Address(lambda service: membership_page(service, "page-applied"), role="reviewer"),
    "member": Address(lambda service: membership_page(service, "page-member", "accept"), role="admin"),
    "none": Address(lambda service: f"{service.url}/memberships/unknown", role="reviewer"),
}
