"""The words of notifications: every kind has some, and what people wrote cannot leave its place in a message."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mail import Letter, compose

DATA = {
    "count": 2,
    "company": "Acme\nBcc: everybody@acme.example",
    "contact": "Pat",
    "contact_email": "pat@acme.example",
    "by": "Olga",
    "owner": "Olga",
    "expires": "2026-12-02 10:00 UTC",
    "secret": "the-code",
    "due": "2026-11-26 10:00 UTC",
}


def _letter(kind: str, **changed: Any) -> Letter:
    given: dict[str, Any] = {
        "notification_id": UUID(int=1),
        "kind": kind,
        "recipient": "pat@acme.example",
        "recipient_name": "Pat",
        "app_name": None,
        "app_slug": None,
        "created_at": datetime(2026, 11, 25, tzinfo=UTC),
        "data": DATA,
        "reasons": [{"code": "other", "text": "because", "where": "the plan"}],
    }
    return Letter(**{**given, **changed})


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_has_words_and_one_subject_line(kind: NotificationKind) -> None:
    message = compose(_letter(kind), sender="devcenter@platform.example", public_url="https://platform.example")
    assert message["Subject"]
    assert "Bcc" not in message
    assert "{" not in message["Subject"] + message.get_content()


def test_a_message_about_an_app_leads_to_it_and_another_to_its_path() -> None:
    about_app = compose(_letter("approved", app_name="Acme", app_slug="acme"), sender="d@p.example", public_url="u:")
    assert about_app.get_content().endswith("u:/v1/apps/acme\n")
    other = compose(_letter("approved", data={**DATA, "path": "/v1/here"}), sender="d@p.example", public_url="u:")
    assert other.get_content().endswith("u:/v1/here\n")
