"""Stores evidence for the launch checklist over HTTP: pictures first, then the evidence that refers to them."""

from pathlib import Path
from typing import Any

from cli.demo.journey import launch_text
from tests.api.service import Caller
from workflow.profile.loading import load_profile

FOLDER = Path(__file__).parents[1] / "examples" / "partner" / "launch"
LOGO = (FOLDER / "logo.svg").read_bytes()
MARK = (FOLDER / "mark.svg").read_bytes()
SCREENSHOT = (FOLDER / "screenshot.png").read_bytes()
DOCUMENTATION = (FOLDER / "documentation.md").read_text()
CATALOG_TEXT = launch_text("catalog.md", load_profile())

SUBSCRIPTION = {"url": "https://acme.example/webhook", "event_types": ["identify", "track", "delete"]}
WEB = {"bundle_url": "https://acme.example/plugin.js", "minimum_sdk_version": "1.60"}
STREAM = {"events": ["Email Opened"]}
PASSED = [{"event": event, "status": 200} for event in ("identify", "track", "delete")]
"""A run of the tests of WEBHOOK without a red result."""
SENT = [{"event": "Email Opened", "status": 200}]
"""A run of the tests of a Component with the settings STREAM."""
RIG = "Device lab"
"""The name of a trusted test rig."""
WEBHOOK: dict[str, Any] = {"kind": "subscription", "subkind": "webhook", "name": "Hook", "settings": SUBSCRIPTION}


def picture(partner: Caller, slug: str, kind: str, content: bytes) -> str:
    """Uploads a picture and returns its id."""
    answer = partner("POST", f"/v1/apps/{slug}/assets?kind={kind}", content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def evidence_for(partner: Caller, slug: str) -> dict[str, dict[str, Any]]:
    """Uploads the pictures of an App. Returns evidence for every requirement."""
    return {
        "app_info": {
            "website": "https://acme.example",
            "description": "Charts that a whole team reads together, from your own events.",
            "categories": ["Analytics"],
            "support_email": "help@acme.example",
            "logo": picture(partner, slug, "logo", LOGO),
            "mark": picture(partner, slug, "mark", MARK),
        },
        "platform_documentation": {"text": DOCUMENTATION},
        "partner_documentation": {"url": "https://acme.example/docs"},
        "catalog_details": {"text": CATALOG_TEXT, "screenshots": [picture(partner, slug, "screenshot", SCREENSHOT)]},
        "partners_page": {"url": "https://acme.example/partners"},
        "launch_announcement": {"url": "https://acme.example/blog"},
        "test_account": {"username": "rae", "password": "a secret of the partner", "notes": "Log in at /."},
        "replay_info": {"possible": True, "requests_per_second": 50},
    }


def give_everything(partner: Caller, slug: str) -> None:
    """Stores evidence for every requirement, and returns it."""
    for code, evidence in evidence_for(partner, slug).items():
        answer = partner("PUT", f"/v1/apps/{slug}/checklist/{code}", {"evidence": evidence})
        assert answer.status_code == 200, answer.text
