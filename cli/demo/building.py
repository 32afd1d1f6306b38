"""Building: the partner creates the App and a Component, tests it, uploads pictures, gives the checklist, submits."""

import time
from typing import Any

from cli.caller import wait_for
from cli.demo.journey import APP_NAME, LAUNCH, Journey, launch_text
from models.lifecycle import AppTrigger

API_KEY = "acme-key"
"""The key that the example partner's webhook expects."""
EVENT_TYPES = ["identify", "track", "page", "screen", "group", "alias", "delete"]


def build(journey: Journey) -> None:
    """Takes the App to `submitted`. One page of the partner is not as it must be: a machine will find that."""
    view, path, partner = journey.view, journey.path, journey.partner
    view.act("Building")
    began = time.monotonic()
    partner.post("/v1/apps", {"slug": journey.slug, "name": APP_NAME})
    journey.show_moves(began)
    journey.show_rules(partner, AppTrigger.SUBMIT)
    _add_component(journey)
    pictures = {
        kind: journey.colleague.upload(f"{path}/assets?kind={kind}", (LAUNCH / file).read_bytes())["id"]
        for kind, file in (("logo", "logo.svg"), ("mark", "mark.svg"), ("screenshot", "screenshot.png"))
    }
    view.done("the colleague uploaded a logo, a mark and a screenshot")
    for code, evidence in _evidence(journey, pictures).items():
        partner.put(f"{path}/checklist/{code}", {"evidence": evidence})
    left = partner.get(f"{path}/checklist")["left"]
    view.done("the partner gave everything on the launch checklist. What is left to do:")
    for task in left:
        view.done(f"  {task['what']} {task['how']}")
    preview = partner.post(f"{path}/previews", {"days": 1})
    view.done(f"a private link shows the entry as it will be: {journey.stage.api_url}{preview['path']}")
    journey.show_rules(partner, AppTrigger.SUBMIT)
    journey.ask(partner, AppTrigger.SUBMIT)


def _add_component(journey: Journey) -> None:
    webhook = f"{journey.partner_url}/webhook"
    component = journey.partner.post(
        f"{journey.path}/components",
        {
            "kind": "subscription",
            "subkind": "webhook",
            "name": "Acme webhook",
            "settings": {"url": webhook, "event_types": EVENT_TYPES},
        },
    )
    path = f"{journey.path}/components/{component['id']}"
    journey.partner.put(f"{path}/test-settings", {"key": API_KEY})
    run = journey.partner.post(f"{path}/test-runs", {"scope": "suite"}, Prefer="wait=30")
    if run["status"] == "due":
        run = wait_for(
            lambda: _unless_due(journey.partner.get(f"{path}/test-runs/{run['id']}")), seconds=60, what="the test run"
        )
    journey.view.done(
        f"the partner added a webhook, and the service sent it {len(run['results'])} events: {run['colour']}"
    )


def _unless_due(run: dict[str, Any]) -> dict[str, Any] | None:
    return None if run["status"] == "due" else run


def _evidence(journey: Journey, pictures: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Returns what the example partner gives for each requirement; `pictures` are the ids of what was uploaded."""
    partner_url = journey.partner_url
    return {
        "app_info": {
            "website": partner_url,
            "description": "Acme Insights turns the events of your customers into charts that a team reads together.",
            "categories": [journey.profile.platform.categories[0]],
            "support_email": "help@acme.example",
            "logo": pictures["logo"],
            "mark": pictures["mark"],
        },
        "platform_documentation": {"text": launch_text("documentation.md", journey.profile)},
        "partner_documentation": {"url": f"{partner_url}/docs"},
        "catalog_details": {
            "text": launch_text("catalog.md", journey.profile),
            "screenshots": [pictures["screenshot"]],
        },
        "partners_page": {"url": f"{partner_url}/docs"},  # without a link to the platform
        "launch_announcement": {"url": f"{partner_url}/blog/announcement"},
        "test_account": {"username": "reviewer", "password": "a-password-for-reviewers", "notes": "Log in at /."},
        "replay_info": {"possible": True, "requests_per_second": 50},
    }
