from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.api.access import company_in
from tests.api.running import Service
from tests.console.addresses import Address
from tests.workers.processes import environment
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.news import switch_token


def unsubscribe_page(service: Service, company: str) -> str:
    """Has a company admitted and returns the address of the link in its owner's news."""
    _, person_id, _ = company_in(service, company)
    seal = Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"])
    with Session(service.engine) as session:
        found = session.execute(text("SELECT id FROM person WHERE id = :id"), {"id": person_id}).scalar_one()
    token = switch_token(
        found, NotificationKind.CUSTOMER_ONBOARDED, lambda words: seal.encrypt(words.encode()).decode()
    )
    return f"{service.url}/unsubscribe/{token}"


ADDRESSES = {
    "on": Address(lambda service: unsubscribe_page(service, "headers-news")),
    "unknown": Address(lambda service: f"{service.url}/unsubscribe/unknown"),
}
