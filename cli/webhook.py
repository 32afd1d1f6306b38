"""Tests the example partner's webhook as a partner would before submitting, with the events of one user's journey."""

import base64
import json
from typing import Any

import requests

from models.base import new_id

API_KEY = "acme-key"
JOURNEY = (
    {"type": "page", "name": "Home"},
    {"type": "page", "name": "Signup"},
    {"type": "identify", "traits": {"plan": "demo"}},
    {"type": "track", "event": "Signed up", "properties": {}},
    {"type": "group", "groupId": "acme"},
    {"type": "track", "event": "Integration Enabled", "properties": {}},
    {"type": "track", "event": "Invited Teammate", "properties": {}},
    {"type": "screen", "name": "Home"},
    {"type": "alias", "previousId": "before"},
    {"type": "delete"},
)


def try_webhook(url: str, settings_header: str) -> list[dict[str, Any]]:
    """Posts the events of the journey. Returns the type of each event, with the status and message of its answer."""
    settings = base64.b64encode(json.dumps({"region": "eu"}).encode()).decode()
    http = requests.Session()
    http.trust_env = False  # a proxy of the shell does not lead to this machine
    results = []
    for event in JOURNEY:
        answer = http.post(
            url,
            json={**event, "messageId": str(new_id()), "userId": "demo-user"},
            auth=(API_KEY, ""),
            headers={settings_header: settings},
            timeout=10,
        )
        message = str(answer.json().get("message", ""))
        results.append({"event": event["type"], "status": answer.status_code, "message": message})
    return results
