"""The review: workers look at the partner's real pages, a reviewer asks for changes, the partner mends, approval."""

import time
from typing import Any

from cli.caller import Caller, wait_for
from cli.demo.journey import PATIENCE_SECONDS, Journey
from cli.mistakes import Mistake
from models.lifecycle import AppTrigger
from models.steps import MACHINE_STEPS

REASON = "partners_page.no_utm"
_BURST = "volume"
_SAVED = {
    "code": REASON,
    "text": "The links to us carry no UTM parameters.",
    "where": "Your partners page; see the UTM guide, /v1/guides/utm.",
}


def request_changes(journey: Journey) -> None:
    """Claims the review, waits for what the machines find, and asks for changes with a saved reason."""
    view, reviewer = journey.view, journey.reviewer
    view.act("Review, first round")
    path = review_of(journey)
    reviewer.post(f"{path}/claim")
    view.done("the reviewer claimed the review")
    failed = [step["code"] for step in machine_steps(journey, path) if step["state"] == "failed"]
    if not failed:
        raise Mistake("No worker found what is wrong with the partner's page.", "Look at the logs of the workers.")
    journey.show_rules(reviewer, AppTrigger.APPROVE)
    saved = reviewer.get("/v1/saved-reasons?limit=200")["items"]
    if all(one["code"] != REASON for one in saved):
        reviewer.post("/v1/saved-reasons", _SAVED)
        view.done(f"the reviewer saved a reason to use again: {REASON}")
    reasons = [{"saved": REASON, "text": "Everything else is as it should be."}]
    body = {"decision": "request_changes", "reasons": reasons}
    journey.moving(AppTrigger.REQUEST_CHANGES, lambda: reviewer.decide(f"{path}/decision", body))


def mend(journey: Journey) -> None:
    """Shows the partner what is wrong; the partner mends it and submits again."""
    view, partner = journey.view, journey.partner
    view.act("The partner's turn")
    status = partner.get(f"{journey.path}/status")
    view.done(status["words"])
    for reason in status["review"]["reasons"]:
        view.done(" ".join(f"{reason['code']}: {reason['text']} {reason['where']}".split()))
    page = f"{journey.partner_url}/partners"
    partner.put(f"{journey.path}/checklist/partners_page", {"evidence": {"url": page}})
    view.done(f"the partner gave another page: {page}")
    journey.show_rules(partner, AppTrigger.SUBMIT)
    journey.ask(partner, AppTrigger.SUBMIT)


def approve(journey: Journey) -> None:
    """Shows the same reviewer what changed; takes the steps of a person, and approves."""
    view, reviewer = journey.view, journey.reviewer
    view.act("Review, second round")
    path = review_of(journey)
    machine_steps(journey, path)
    review = reviewer.get(path)
    view.done(f"the review came back to {review['holder']['name']}, round {review['round']}. What changed:")
    for part, changes in review["changes"].items():
        for change in changes:
            where = " ".join([part, *change["path"]])
            view.done(f"  {where}: {change['before']} -> {change['after']}")
    for finding in review["findings"]:
        view.done(f"  found before: {finding['code']} ({finding['standing']})")
    journey.show_rules(reviewer, AppTrigger.APPROVE)
    account = reviewer.get(f"{journey.path}/test-account")
    for step in review["steps"]:
        if step["state"] == "pending":
            reviewer.post(f"{path}/steps/{step['code']}", {"decision": "pass"})
            view.done(f"the reviewer, logged in as {account['username']}, took the step {step['code']}: passed")
    journey.show_rules(reviewer, AppTrigger.APPROVE)
    journey.moving(AppTrigger.APPROVE, lambda: reviewer.decide(f"{path}/decision", {"decision": "approve"}))


def review_of(journey: Journey) -> str:
    """Returns the path of the App's newest review."""
    found = journey.reviewer.get(f"/v1/reviews?app={journey.slug}")["items"]
    return f"/v1/reviews/{found[0]['id']}"


def machine_steps(journey: Journey, path: str, who: Caller | None = None) -> list[dict[str, Any]]:
    """Waits until workers have taken their steps, and shows what they found.

    A burst that must wait for the end of an earlier demo's hour is waived by the holder, who is the reviewer unless
    `who` is given.
    """
    journey.view.doing("workers read the partner's pages")
    began = time.monotonic()
    desk = who or journey.reviewer

    def decided() -> list[dict[str, Any]] | None:
        review = desk.get(path)
        steps = [step for step in review["steps"] if step["code"] in MACHINE_STEPS]
        pending = [step["code"] for step in steps if step["state"] == "pending"]
        waits = next((run["problem"] for run in review["runs"] if run["waits_until"]), None)
        if pending == [_BURST] and waits is not None:
            desk.post(f"{path}/steps/{_BURST}", {"decision": "waive", "reason": f"Not this time: {waits}."})
            return None
        return None if pending else steps

    found: list[dict[str, Any]] = wait_for(decided, seconds=PATIENCE_SECONDS, what="the review steps of machines")
    seconds = time.monotonic() - began
    for step in found:
        words = "".join(f". {finding['detail']}" for finding in step["findings"])
        taken = f"a worker took the step {step['code']}: {step['state']}"
        if step["state"] == "waived":
            taken = f"the step {step['code']} was waived by who holds the review: {step['reason']}"
        journey.view.done(f"{taken}{words}", seconds)
    return found
