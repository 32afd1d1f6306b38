"""The launch: an install and customers are reported, the schedule promotes, the partner joins the program."""

import time
from typing import Any
from uuid import UUID

from sqlalchemy import select

from cli.caller import wait_for
from cli.demo.journey import PATIENCE_SECONDS, Journey
from cli.mistakes import Mistake
from cli.place import unit_of_work
from models import App
from models.lifecycle import AppState, AppTrigger
from workflow.history.verification import verify_history

CUSTOMERS = ("globex", "initech", "umbrella")


def launch(journey: Journey) -> None:
    """Takes the App from public beta to public, at once when the last customer is there."""
    view, path, service = journey.view, journey.path, journey.service
    view.act("Launch")
    journey.show_rules(service, AppTrigger.PROMOTE)
    service.put(f"{path}/oauth-installs/{CUSTOMERS[0]}")
    view.done("the service saw an install through the OAuth enable flow")
    wanted = int(service.get(f"{path}/customers")["customers_to_promote"])
    began = time.monotonic()
    for number in range(wanted):
        workspace = CUSTOMERS[number] if number < len(CUSTOMERS) else f"workspace-{number + 1}"
        began = time.monotonic()
        service.put(f"{path}/customers/{workspace}")
        view.done(f"customer {number + 1} is onboarded: {workspace}")
    view.doing("the schedule promotes the App")
    wait_for(
        lambda: journey.partner.get(path)["state"] == AppState.PUBLIC.value,
        seconds=PATIENCE_SECONDS,
        what="the promotion to public",
    )
    journey.show_moves(began)


def join_program(journey: Journey) -> None:
    """Has the partner apply for the partner program, and a reviewer accept."""
    path = f"{journey.path}/membership"
    journey.view.act(journey.profile.platform.partner_program)
    journey.partner.post(path, {"message": "Three shared customers, and more to come."})
    journey.view.done("the partner applied")
    journey.reviewer.post(f"{path}/decision", {"decision": "accept"})
    entry = journey.partner.get(f"/v1/catalog/{journey.slug}")
    if entry["badge"] != AppState.PUBLIC.value or not entry["select_partner"]:
        raise Mistake("The catalog does not show the App as public and a member.", "Look at the log of the API.")
    journey.view.done("the reviewer accepted; the catalog shows a member of the program")


def verify(journey: Journey) -> None:
    """Looks into the database. Raises Mistake unless the App is public there and its log is as it was written."""
    with unit_of_work(journey.stage.database_url) as session:
        app = session.scalar(select(App).where(App.slug == journey.slug))
        if app is None or app.state != AppState.PUBLIC:
            raise Mistake(f"{journey.slug} is not public in the database.", "Look at the logs of the workers.")
        _demand_sound(app.id, list(verify_history(session, journey.stage.history_key)))
    journey.view.done(f"{journey.slug} is public in the database, and the hashes of its log verify")


def _demand_sound(app_id: UUID, findings: list[Any]) -> None:
    words = "; ".join(finding.detail for finding in findings if finding.app_id == app_id)
    if words:
        raise Mistake(f"The log of the App is not as it was written: {words}", "Run `devcenter history verify`.")
