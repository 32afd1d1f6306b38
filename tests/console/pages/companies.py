from sqlalchemy.orm import Session

from models import Person
from tests.api.running import Service
from tests.console.addresses import Address


def company_page(service: Service) -> str:
    """Returns the address of the page of the partner's company."""
    return f"{service.url}/companies/{service.people.partner.organization_id}"


def colleague_of(service: Service, name: str) -> str:
    """Returns the id of a new colleague of the partner's."""
    with Session(service.engine) as session, session.begin():
        person = Person(
            organization_id=service.people.partner.organization_id,
            role="partner",
            name=name,
            email=f"{name.lower()}@acme.example",
        )
        session.add(person)
        session.flush()
        return str(person.id)


def _with_slug(service: Service) -> str:
    body = {"organization_id": str(service.people.partner.organization_id)}
    assert service.admin("PUT", "/v1/allowed-slugs/paged-ac-me", body).status_code == 200
    return company_page(service)


ADDRESSES = {
    "all": Address(lambda service: f"{service.url}/companies", role="admin"),
    "none": Address(lambda service: f"{service.url}/companies?search=nobody-is-called-so", role="admin"),
    "one": Address(_with_slug, role="admin"),
    "removal": Address(
        lambda service: f"{company_page(service)}/people/{colleague_of(service, 'Remo')}/removal", role="admin"
    ),
    "owner": Address(
        lambda service: f"{company_page(service)}/people/{colleague_of(service, 'Owen')}/owner", role="admin"
    ),
}
