"""The life after the launch: a look that finds something and one that does not, an appeal, and a revision."""

import time
from typing import Any

import requests

from cli.caller import Caller, wait_for
from cli.demo.journey import PATIENCE_SECONDS, Journey
from cli.demo.review import machine_steps, review_of
from cli.demo.steps import show_runs
from cli.mistakes import Mistake
from models.lifecycle import AppTrigger

_PAGE = "/partners"
"""The partner's page that goes away for a while."""


def revise(journey: Journey) -> None:
    """Takes a revision through its review, while the listing stands as it was approved."""
    view, partner = journey.view, journey.partner
    view.act("A revision")
    before = _listing(journey)
    _describe(journey, "Acme Insights turns the events of your customers into charts, and now into forecasts too.")
    view.done("the partner edited the description of the public App")
    journey.ask(partner, AppTrigger.SUBMIT)
    path = _all_passed(journey, journey.reviewer)
    show_runs(journey)
    if _listing(journey) != before:
        raise Mistake("The catalog shows what nobody has approved.", "Look at the log of the API.")
    view.done("the listing stands as it was approved")
    journey.moving(AppTrigger.APPROVE, lambda: journey.reviewer.decide(f"{path}/decision", {"decision": "approve"}))
    if _listing(journey) == before:
        raise Mistake("The catalog does not show the revision.", "Look at the log of the API.")
    view.done("the listing shows the revision")


def look_again(journey: Journey) -> None:
    """Looks at the public App while a page of the partner's is away, and again when it is back."""
    journey.view.act("Looking again")
    _change_page(journey, "DELETE")
    journey.view.done(f"the partner's page {_PAGE} went away")
    _look(journey, AppTrigger.FLAG)
    _change_page(journey, "PUT")
    journey.view.done(f"the page {_PAGE} is back")
    _look(journey, AppTrigger.CLEAR)


def appeal(journey: Journey) -> None:
    """Has a decision appealed, which somebody else then overturns."""
    view, partner, reviewer = journey.view, journey.partner, journey.reviewer
    view.act("An appeal")
    _describe(journey, "Acme Insights turns the events of your customers into charts that a whole company reads.")
    journey.ask(partner, AppTrigger.SUBMIT)
    path = _all_passed(journey, reviewer)
    body = {"decision": "request_changes", "reasons": [{"text": "No company reads charts as a whole."}]}
    journey.moving(AppTrigger.REQUEST_CHANGES, lambda: reviewer.decide(f"{path}/decision", body))
    why = "Our customers do, and the page that we link to shows how."
    journey.ask(partner, AppTrigger.APPEAL, why)
    view.done(f"the partner appealed: {why}")
    admin = journey.admin
    path = _all_passed(journey, admin)
    journey.moving(AppTrigger.APPROVE, lambda: admin.decide(f"{path}/decision", {"decision": "approve"}))
    view.done("somebody who had no part in the decision overturned it: the catalog shows what was submitted then")


def _listing(journey: Journey) -> bytes:
    """Returns the catalog's entry as it is served, byte for byte."""
    answer = requests.get(f"{journey.stage.api_url}/v1/catalog/{journey.slug}", timeout=30)
    answer.raise_for_status()
    return answer.content


def _describe(journey: Journey, description: str) -> None:
    path = f"{journey.path}/checklist"
    items = {item["code"]: item for item in journey.partner.get(path)["items"]}
    evidence = items["app_info"]["evidence"] | {"description": description}
    journey.partner.put(f"{path}/app_info", {"evidence": evidence})


def _all_passed(journey: Journey, who: Caller) -> str:
    """Has `who` hold the App's review and pass what machines leave to people. Returns the review's path."""
    path = review_of(journey)
    who.post(f"{path}/claim")
    machine_steps(journey, path, who)
    for step in who.get(path)["steps"]:
        if step["state"] == "pending":
            who.post(f"{path}/steps/{step['code']}", {"decision": "pass"})
            journey.view.done(f"the step {step['code']} is a person's: passed")
    return path


def _look(journey: Journey, trigger: AppTrigger) -> None:
    """Has a reviewer ask for a look, and waits until it has ended by `trigger`, of itself or by the reviewer's word."""
    reviewer, began = journey.reviewer, time.monotonic()
    reviewer.ask_for(journey.slug, AppTrigger.RECHECK.value)
    looks = reviewer.get(f"/v1/reviews?show=all&kind=health&app={journey.slug}")["items"]
    path = f"/v1/reviews/{looks[-1]['id']}"  # by due time, so that the newest is the last
    machine_steps(journey, path)
    if reviewer.get(path)["outcome"] is None:
        try:
            reviewer.post(f"{path}/claim")
            reviewer.ask_for(journey.slug, trigger.value)
        except Mistake:
            journey.view.doing("the look ended meanwhile")
    ended: dict[str, Any] = wait_for(
        lambda: (review := reviewer.get(path))["outcome"] and review, seconds=PATIENCE_SECONDS, what="the look's end"
    )
    if ended["outcome"] != _OUTCOMES[trigger]:
        raise Mistake(f"The look ended otherwise: {ended['outcome']}.", "Look at the logs of the workers.")
    journey.show_moves(began)


_OUTCOMES = {AppTrigger.FLAG: "flagged", AppTrigger.CLEAR: "cleared"}


def _change_page(journey: Journey, method: str) -> None:
    requests.request(method, f"{journey.partner_url}{_PAGE}", timeout=30).raise_for_status()
