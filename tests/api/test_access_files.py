"""What a reviewer is shown of a request for access before deciding it, and the mails of the decision."""

from typing import Any

from sqlalchemy import text

from models.lifecycle import AppTrigger
from tests.api.access import accept, ask, body_of, company_in, decide
from tests.api.running import Service
from tests.factories import move
from tests.journeys import app_building


def file_of(service: Service, request_id: str) -> dict[str, Any]:
    """Returns the request as the reviewer sees it."""
    read = service.reviewer("GET", f"/v1/access-requests/{request_id}")
    assert read.status_code == 200, read.text
    shown: dict[str, Any] = read.json()
    return shown


def preview(service: Service, request_id: str, decision: str, *reasons: str) -> Any:
    """Returns the answer to the reviewer who asks for the mails of a decision."""
    body = {"decision": decision, "reasons": [{"text": reason} for reason in reasons]}
    return service.reviewer("POST", f"/v1/access-requests/{request_id}/decision/preview", body)


def test_a_request_shows_the_earlier_ones_of_its_company_and_of_its_address(shared_service: Service) -> None:
    first = ask(shared_service, body_of("comes-again"))
    assert decide(shared_service, first["id"], "decline", "Not yet.").status_code == 200
    second = ask(shared_service, body_of("comes-again", "olga"))
    elsewhere = ask(shared_service, body_of("elsewhere", contact_name="Olga", contact_email="Olga@comes-again.example"))
    assert file_of(shared_service, first["id"])["earlier"] == []
    seen = file_of(shared_service, second["id"])
    assert [(one["id"], one["state"], one["decision_reason"]) for one in seen["earlier"]] == [
        (first["id"], "declined", "Not yet.")
    ]
    assert [one["id"] for one in file_of(shared_service, elsewhere["id"])["earlier"]] == [second["id"]]
    assert (seen["domain"], seen["mail_domain"]) == ("comes-again.example", "comes-again.example")
    assert file_of(shared_service, first["id"])["decider"] == "Rae"


def test_a_request_shows_whether_the_company_takes_part_and_whose_name_it_has(shared_service: Service) -> None:
    organization, _, _ = company_in(shared_service, "known-one")
    app_building(shared_service.engine, shared_service.people, "nimbus-charts")
    with shared_service.engine.begin() as connection:
        connection.execute(text("UPDATE app SET name = 'Nimbus Charts' WHERE slug = 'nimbus-charts'"))
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(shared_service.engine, shared_service.people, "nimbus-charts", trigger)
    body = body_of("nimbus", company_name="NimbusCharts", website="https://known-one.example")
    seen = file_of(shared_service, ask(shared_service, body)["id"])
    assert seen["partner"] == {"id": organization, "name": "known-one"}
    assert [one["code"] for one in seen["name_findings"]] == ["name.of_other"]
    assert "nimbus-charts" in seen["name_findings"][0]["detail"]
    plain = file_of(shared_service, ask(shared_service, body_of("plain-one"))["id"])
    assert (plain["partner"], plain["name_findings"]) == (None, [])


def test_the_mails_of_a_decision_are_shown_as_they_are_sent_and_nothing_is_done(shared_service: Service) -> None:
    request = ask(shared_service, body_of("shown-first"))
    ask(shared_service, body_of("shown-first", "olga"))
    welcome = preview(shared_service, request["id"], "approve").json()["mails"]
    assert {mail["email"] for mail in welcome} == {"pat@shown-first.example", "olga@shown-first.example"}
    assert preview(shared_service, request["id"], "decline").json()["code"] == "reason.missing"
    declined = preview(shared_service, request["id"], "decline", "We know you too little.").json()["mails"]
    assert len(declined) == 2
    assert all("We know you too little." in mail["text"] for mail in declined)
    seen = file_of(shared_service, request["id"])
    assert (seen["state"], seen["invitations"]) == ("requested", [])
    assert decide(shared_service, request["id"], "approve").status_code == 200
    assert accept(shared_service, "pat@shown-first.example")["organization"] == "shown-first"
