"""Building: the partner creates the App and a Component, tests it, uploads pictures, gives the checklist, submits."""

import time
from datetime import UTC, datetime
from typing import Any

import requests

from cli.demo.journey import APP_NAME, LAUNCH, Journey, launch_text
from cli.mistakes import Mistake
from cli.webhook import try_webhook
from models.base import new_id
from models.lifecycle import AppTrigger

STREAM_EVENTS = ("Email Opened", "Report Shared")
"""What the example's stream sends: an event of the Spec, and one of its own."""
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
    _add_stream(journey)
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
    tests = f"{journey.path}/components/{component['id']}/tests"
    results = try_webhook(webhook, journey.profile.protocol.settings_header)
    test = journey.service.post(tests, {"rig": "Demo", "results": results})
    journey.view.done(f"the partner added a webhook and tried it with every kind of event: {test['colour']}")


def _add_stream(journey: Journey) -> None:
    """Adds a stream, and sends what it declares to the sandbox, as an SDK would."""
    settings = {"events": list(STREAM_EVENTS)}
    stream = journey.partner.post(
        f"{journey.path}/components", {"kind": "stream", "name": "Acme events", "settings": settings}
    )
    batch = [_event(journey.slug, name) for name in STREAM_EVENTS]
    answer = requests.post(
        f"{journey.stage.tracking_url}/v1/batch", json={"batch": batch}, auth=(stream["write_key"], ""), timeout=30
    )
    answer.raise_for_status()
    came = journey.partner.get(f"{journey.path}/components/{stream['id']}/declared-events")
    if came["colour"] is None:
        lacks = " ".join(f"{one['event']}: {one['lacks']}" for one in came["items"] if one["lacks"])
        raise Mistake(f"The stream is not tested. {lacks}", "Look at the log of the sandbox, log/tracking.log.")
    journey.view.done(f"the partner added a stream and sent {', '.join(STREAM_EVENTS)}: {came['colour']}")


def _event(slug: str, name: str) -> dict[str, Any]:
    return {
        "type": "track",
        "event": name,
        "userId": "user-1",
        "messageId": str(new_id()),
        "timestamp": datetime.now(UTC).isoformat(),
        "context": {"integration": {"name": slug, "version": "1.0.0"}},
        "properties": {"email_id": "mail-1"},
    }


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
