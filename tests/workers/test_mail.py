"""The texts of notifications: every kind has one, and user input cannot escape from its place in a message."""

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from runtime.doorbell import counted_doorbell
from runtime.settings import load_settings
from tests.profiles import NORTHWIND, default_names_in
from workers.main import make_context
from workflow.names import quoted
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mail import Letter, compose
from workflow.profile.document import Profile
from workflow.profile.loading import load_profile
from workflow.work.bells import Bell

PROFILE = load_profile()
REPLY_TO = "partners@platform.example"
_PROMISES = re.compile(
    r"\b(?:an?|one|two|three|four|five|[0-9]+) (?:business days?|days?|hours?|weeks?|customers?)\b", re.IGNORECASE
)
DATA = {
    "count": 2,
    "company": "Acme\nBcc: everybody@acme.example",
    "contact": "Pat",
    "contact_email": "pat@acme.example",
    "by": "Olga",
    "owner": "Olga",
    "expires": "2026-12-02 10:00 UTC",
    "secret": "the-code",
    "new_email": "pat@new.example",
    "label": "nightly",
    "hint": "wxyz",
    "holder": "Pat",
    "ends": "2026-12-09 10:00 UTC",
    "due": "2026-11-26 10:00 UTC",
}


def _letter(kind: str, **changed: Any) -> Letter:
    given: dict[str, Any] = {
        "notification_id": UUID(int=1),
        "recipient_id": None,
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
def test_every_kind_has_a_text_and_one_subject_line(kind: NotificationKind) -> None:
    message = _composed(_letter(kind))
    assert message["Subject"]
    assert "Bcc" not in message
    assert "{" not in message["Subject"] + message.get_content()


LURE = 'Your "account" is locked:\n\ncall\u202e 555, or see https://evil.example/' + "x" * 100


@pytest.mark.parametrize("kind", NotificationKind)
def test_a_name_is_quoted_and_cut_wherever_it_meets_a_mail(kind: NotificationKind) -> None:
    names = dict.fromkeys(("company", "contact", "by", "owner", "name"), LURE)
    message = _composed(_letter(kind, app_name=LURE, app_slug="acme", recipient_name=None, data={**DATA, **names}))
    for said in (str(message["Subject"]), message.get_content()):
        assert "\u202e" not in said
        assert said.count("Your 'account' is locked") == said.count(quoted(LURE))
    assert len(message["Subject"]) < 200
    assert message.get_content().startswith("Hello,\n")


def test_a_message_about_an_app_links_to_it_and_another_to_its_path() -> None:
    about_app = _composed(_letter("approved", app_name="Acme", app_slug="acme"))
    assert _above_the_signature(about_app).endswith("https://platform.example/v1/apps/acme\n")
    other = _composed(_letter("approved", data={**DATA, "path": "/v1/here"}))
    assert _above_the_signature(other).endswith("https://platform.example/v1/here\n")


def test_a_message_is_signed_by_the_platform_and_names_its_contact() -> None:
    message = _composed(_letter("welcome"))
    where = f"Questions? Answer this mail, or write to {PROFILE.contact.support_email}."
    assert message.get_content().endswith(f"\n-- \n{PROFILE.platform.developer_center}\n{where}\n")


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_mail_says_where_to_write_and_takes_answers_there(kind: NotificationKind) -> None:
    message = _composed(_letter(kind))
    assert message["Reply-To"] == REPLY_TO
    assert PROFILE.contact.support_email in message.get_content()


def test_answers_go_to_the_setting_and_otherwise_to_the_support_address_of_the_profile() -> None:
    given = {"database_url": "postgresql://x@127.0.0.1/x", "redis_url": "redis://127.0.0.1:1/0"}
    secrets = {"history_key": "x" * 32, "secret_keys": Fernet.generate_key().decode()}
    for setting, expected in ((None, PROFILE.contact.support_email), (REPLY_TO, REPLY_TO)):
        settings = load_settings(**given, **secrets, mail_reply_to=setting)
        context = make_context(settings, counted_doorbell(settings.redis_url, Bell))
        assert context.mail_reply_to == expected
        context.engine.dispose()


def test_an_acknowledgement_states_the_due_time_and_no_number_of_the_policy() -> None:
    message = _composed(_letter("submission_acknowledged"))
    assert f"a decision by {DATA['due']}." in message.get_content()
    assert "business day" not in message.get_content()


@pytest.mark.parametrize("kind", NotificationKind)
def test_no_kind_names_the_default_platform_under_another_profile(kind: NotificationKind) -> None:
    message = _composed(_letter(kind), load_profile(NORTHWIND))
    assert "Northwind Partner Desk" in message.get_content()
    assert not default_names_in(str(message["Subject"]) + message.get_content())


@pytest.mark.parametrize("kind", NotificationKind)
def test_no_kind_holds_a_number_that_the_policy_decides(kind: NotificationKind) -> None:
    said = " ".join(_composed(_letter(kind)).get_content().split())
    assert not _PROMISES.findall(said)


def _composed(letter: Letter, profile: Profile = PROFILE) -> EmailMessage:
    return compose(
        letter,
        sender="devcenter@platform.example",
        reply_to=REPLY_TO,
        public_url="https://platform.example",
        profile=profile,
        pages=True,
    )


def _above_the_signature(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text.partition("\n-- \n")[0]
