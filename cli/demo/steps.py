"""Every review step: the admin publishes a policy with all of them, so that the service tests what it is told of."""

from typing import Any, Final

from cli.demo.journey import Journey
from cli.demo.review import review_of
from cli.mistakes import Mistake
from models.component_test import RunScope
from models.steps import STEPS
from workflow.component_tests.volume import in_words

BURST: Final = {"burst_per_second": 20, "burst_seconds": 1}
"""A short burst: it takes a second, and its endpoint is on this machine."""


def add_every_step(journey: Journey) -> None:
    """Has the admin preview and publish a policy that names all review steps, unless it does since an earlier start."""
    view, admin = journey.view, journey.admin
    view.act("Every review step")
    current = admin.get("/v1/policies/current")["document"]
    lacking = [code for code in STEPS if code not in current["review_steps"]]
    if not lacking:
        view.done("the policy has every review step since an earlier start")
        return
    document = current | BURST | {"review_steps": sorted([*current["review_steps"], *lacking])}
    preview = admin.post("/v1/policies/preview", {"document": document})
    view.done(f"the admin previewed a policy with the steps {', '.join(lacking)}:")
    for words in preview["words"]:
        view.done(f"  {words}")
    note = "The Components are tested again in every review, and bear a short burst."
    shown = {part: preview[part] for part in ("base_version", "previewed")}
    published = admin.post("/v1/policies", {"document": document, "note": note, **shown})
    view.done(f"the admin published it as version {published['version']}")


def show_runs(journey: Journey) -> None:
    """Shows the runs that the App's newest review has started, as its reviewer and its partner see them.

    Raises Mistake unless the Components were tested again, and the endpoint had its burst or waits for its turn.
    """
    runs = journey.reviewer.get(review_of(journey))["runs"]
    for run in reversed(runs):
        journey.view.done(f"the reviewer sees a run: {_said(run)}")
    scopes = {run["scope"] for run in runs if run["colour"] == "green" or run["waits_until"]}
    if scopes != {RunScope.SUITE.value, RunScope.BURST.value}:
        raise Mistake("The review has not tested the Components.", "Look at the logs of the workers.")
    (burst,) = (run for run in runs if run["scope"] == RunScope.BURST.value)
    if burst["waits_until"] is None:
        (result,) = journey.partner.get(burst["path"])["results"]
        journey.view.done(f"the partner sees it among the runs of the Component: {result['message']}")


def _said(run: dict[str, Any]) -> str:
    what = f"{run['scope']} of {run['component']}"
    if run["measured"]:
        return f"{what}, {run['colour']}: {in_words(run['measured'])}"
    if run["waits_until"]:
        return f"{what}, not yet: {run['problem']}"
    results = ", ".join(f"{many} {colour}" for colour, many in run["results"].items())
    return f"{what}, {run['colour']}: {results}"
