"""Helpers that request access and accept invitations over HTTP. Each test uses a company of its own."""

from typing import Any

import requests
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.api.running import Service
from tests.api.service import Caller
from tests.workers.processes import environment


def body_of(company: str, contact: str = "pat", **changed: Any) -> dict[str, Any]:
    """Returns a complete request of `company`, whose website and addresses are at `<company>.example`."""
    return {
        "company_name": company,
        "website": f"https://www.{company}.example/",
        "contact_name": contact.title(),
        "contact_email": f"{contact}@{company}.example",
        "plan": {"use_case": "Events in our product.", "component_kinds": ["subscription"]},
        "survey": {
            "how_data_comes_in": "A library.",
            "where_data_goes": "A timeline.",
            "what_customers_do": "They ask why.",
            "how_heard_of_us": "A customer.",
        },
        "agreements": {"partner_agreement": True, "privacy_policy": True},
        **changed,
    }


def ask(service: Service, body: dict[str, Any], **headers: Any) -> dict[str, Any]:
    """Requests access, proves the address by its link, and returns what the requester then sees, with the secret."""
    asked = ask_only(service, body, **headers)
    proved = prove(service, asked["contact_email"])
    assert proved.status_code == 200, proved.text
    return {**proved.json()["request"], "secret": asked["secret"]}


def ask_only(service: Service, body: dict[str, Any], **headers: Any) -> dict[str, Any]:
    """Requests access and returns the answer. The address is not proved."""
    answer = service.nobody("POST", "/v1/access-requests", body, **headers)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


def prove(service: Service, email: str, **headers: Any) -> requests.Response:
    """Uses the newest link that waits to be mailed to `email`."""
    return service.nobody("POST", f"/v1/proofs/{code_for(service.engine, email)}", None, **headers)


def decide(service: Service, request_id: str, decision: str, *reasons: str) -> requests.Response:
    """Decides as the reviewer."""
    body = {"decision": decision, "reasons": [{"text": reason} for reason in reasons]}
    return service.reviewer("POST", f"/v1/access-requests/{request_id}/decision", body)


def code_for(engine: Engine, email: str) -> str:
    """Decrypts the code of the newest mail that waits to be sent to `email`, as a worker would."""
    with Session(engine) as session:
        sealed = session.execute(
            text("""
                SELECT data ->> 'sealed' FROM notification
                 WHERE recipient_email = :email AND data ? 'sealed' ORDER BY id DESC LIMIT 1
            """),
            {"email": email},
        ).scalar_one()
    return Fernet(environment("", "")["DEVCENTER_SECRET_KEYS"]).decrypt(sealed).decode()


def accept(service: Service, email: str, **headers: Any) -> dict[str, Any]:
    """Accepts the newest invitation of `email` and returns the answer."""
    answer = service.nobody("POST", f"/v1/invitations/{code_for(service.engine, email)}/accept", None, **headers)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


def company_in(service: Service, company: str) -> tuple[str, str, Caller]:
    """Has `company` become a partner. Returns its organization's id, its owner's id, and the owner as a caller."""
    request = ask(service, body_of(company))
    assert decide(service, request["id"], "approve").status_code == 200
    owner = accept(service, f"pat@{company}.example")
    return owner["organization_id"], owner["person_id"], Caller(service.url, owner["token"])


def colleague_in(service: Service, owner: Caller, organization_id: str, email: str) -> tuple[str, Caller]:
    """Has `owner` invite a colleague, who accepts. Returns the colleague's id, and the colleague as a caller."""
    path = f"/v1/organizations/{organization_id}/invitations"
    answer = owner("POST", path, {"name": "Olga", "email": email})
    assert answer.status_code == 201, answer.text
    accepted = accept(service, email)
    return accepted["person_id"], Caller(service.url, accepted["token"])


def told(engine: Engine, kind: str, company: str) -> list[str]:
    """Returns the addresses that got a notification of `kind` about `company`."""
    with Session(engine) as session:
        return list(
            session.scalars(
                text("""
                    SELECT coalesce(p.email, n.recipient_email)
                      FROM notification n LEFT JOIN person p ON p.id = n.recipient_id
                     WHERE n.kind = :kind AND n.data ->> 'company' = :company ORDER BY 1
                """),
                {"kind": kind, "company": company},
            )
        )
