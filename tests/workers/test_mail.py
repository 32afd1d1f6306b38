"""The texts of notifications: every kind has one, and user input cannot escape from its place in a message."""

import email
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from lxml import html

from runtime.doorbell import counted_doorbell
from runtime.settings import load_settings
from tests.costs import assert_linear
from tests.mailbox import PLAIN_FIRST, PlainFirst
from tests.profiles import NORTHWIND, default_names_in
from workers.main import make_context
from workflow.names import quoted
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mail import Letter, compose
from workflow.notifications.mime import TwoFormMail
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
    "digest": {
        "day": "2026-11-30",
        "waiting": 12,
        "overdue": 1,
        "soon": 2,
        "access": 1,
        "held": [{"id": "r1", "app": "Mine", "round": 2, "urgent": True, "due": "Tuesday 1 December, 10:00 CET"}],
        "held_in_all": 1,
        "next": [{"id": "r2", "app": "Next", "round": 1, "urgent": False, "due": "Friday 4 December, 10:00 CET"}],
    },
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
    subject = " ".join(str(message["Subject"]).split())  # the library's reader of folded subjects doubles a blank
    for said in (subject, message.get_content()):
        assert "\u202e" not in said
        assert said.count("Your 'account' is locked") == said.count(quoted(LURE))
    assert len(message["Subject"]) < 200
    assert message.get_content().startswith("Hello,\n")


def test_a_message_leads_to_its_page_and_without_pages_to_its_call() -> None:
    about_app = _letter("approved", app_name="Acme", app_slug="acme", recipient_role="partner")
    assert _above_the_signature(_composed(about_app)).endswith("\n\nOpen the App\nhttps://platform.example/apps/acme\n")
    (link,) = html.document_fromstring(_composed(about_app).html).xpath("//a")
    assert (link.get("href"), link.text_content()) == ("https://platform.example/apps/acme", "Open the App")
    without = _above_the_signature(_composed(about_app, pages=False))
    assert without.endswith("\n\nhttps://platform.example/v1/apps/acme\n")
    other = _letter("new_access_request", data={**DATA, "path": "/v1/here"}, recipient_role="reviewer")
    assert _above_the_signature(_composed(other, pages=False)).endswith("https://platform.example/v1/here\n")
    assert "/v1/" not in _composed(other).get_content()


def test_an_address_below_words_of_strangers_is_no_button() -> None:
    reasons = [{"code": "other", "text": "x\n\nClick here\nhttps://platform.example/sign-out"}]
    letter = _letter("changes_requested", app_name="Acme", app_slug="acme", recipient_role="partner", reasons=reasons)
    tree = html.document_fromstring(_composed(letter).html)
    assert [one.text_content() for one in tree.xpath("//a")] == ["See what was found"]


@pytest.mark.parametrize("kind", NotificationKind)
def test_with_pages_no_mail_speaks_of_calls_and_without_them_none_of_pages(kind: NotificationKind) -> None:
    given = {"app_name": "Acme", "app_slug": "acme", "recipient_role": "partner", "review": AGAIN}
    assert not re.search(r"/v1/|curl|\b(PUT|POST)\b", _composed(_letter(kind, **given)).get_content())
    without = _composed(_letter(kind, **given), pages=False).get_content()
    assert all("/v1/" in line or "/sign-in/" in line for line in without.splitlines() if "https://platform" in line)


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
        assert context.letterhead.reply_to == expected
        context.engine.dispose()


def test_an_acknowledgement_states_the_due_time_and_no_number_of_the_policy() -> None:
    message = _composed(_letter("submission_acknowledged"))
    assert f"a decision by {DATA['due']}." in message.get_content()
    assert "business day" not in message.get_content()


@pytest.mark.parametrize("kind", NotificationKind)
def test_no_kind_names_the_default_platform_under_another_profile(kind: NotificationKind) -> None:
    message = _composed(_letter(kind), load_profile(NORTHWIND))
    assert "Northwind Partner Desk" in message.get_content()
    assert not default_names_in(str(message["Subject"]) + message.get_content() + message.html)


@pytest.mark.parametrize("kind", NotificationKind)
def test_no_kind_holds_a_number_that_the_policy_decides(kind: NotificationKind) -> None:
    said = " ".join(_composed(_letter(kind)).get_content().split())
    assert not _PROMISES.findall(said)


REVIEW: dict[str, Any] = {
    "due": "2026-12-01 10:00 UTC",
    "round": 1,
    "is_open": True,
    "is_held": True,
    "is_mine": True,
    "is_urgent": False,
    "of_suspension": False,
    "steps": [
        ["partners_page", "failed", [{"code": "link.missing", "detail": "No link to us.", "remedy": "Add one."}]],
        ["catalog_details", "passed", []],
        ["end_to_end_check", "pending", []],
    ],
    "observed": [],
    "grace": {"days": 14, "ends": None, "flagged": "2026-11-25 10:00 UTC"},
    "is_revised": False,
    "asked": None,
    "unshown": None,
}
AGAIN = {**REVIEW, "round": 2, "asked": [{"code": "other", "text": "Name the\nplatform."}]}
ABOUT_A_REVIEW = ("new_submission", "review_due_soon", "review_overdue", "review_handed_over", "review_unheld")


def _about(kind: str, review: dict[str, Any] | None, **changed: Any) -> PlainFirst:
    given = {"app_name": "Acme", "app_slug": "acme", "data": {}, "reasons": [], **changed}
    return _composed(_letter(kind, review=review, **given))


def _said(message: PlainFirst) -> str:
    return " ".join(message.get_content().split())


@pytest.mark.parametrize("kind", ABOUT_A_REVIEW)
def test_a_reviewers_mails_of_two_rounds_differ_and_say_whose_turn_it_is_and_when_it_is_due(kind: str) -> None:
    first, second = _about(kind, REVIEW), _about(kind, AGAIN)
    for message, number in ((first, 1), (second, 2)):
        assert f"(round {number})" in _said(message)
        assert REVIEW["due"] in _said(message)
    assert first["Subject"] != second["Subject"] or kind == "review_handed_over"
    assert first.get_content() != second.get_content()


@pytest.mark.parametrize("kind", ["message_to_reviewer", "claim_lapsed", "approval_proposed", *ABOUT_A_REVIEW[1:]])
def test_a_mail_of_a_review_that_goes_on_says_when_it_is_due_and_how_far_it_is(kind: str) -> None:
    said = _said(_about(kind, AGAIN))
    assert f"by {AGAIN['due']}" in said
    assert "(round 2)" in said
    assert "2 of 3 steps are decided." in said


@pytest.mark.parametrize("kind", ABOUT_A_REVIEW[1:])
def test_a_reviewers_mail_says_how_far_the_review_is_and_what_failed(kind: str) -> None:
    said = _said(_about(kind, REVIEW))
    assert "2 of 3 steps are decided. Still open: The end-to-end check with the test account." in said
    assert "What failed: - The partner's integrations page: No link to us. Add one." in said


def test_a_company_is_told_what_a_look_found_where_to_mend_it_and_by_when_and_what_does_not_count_yet() -> None:
    there = "https://platform.example/apps/acme/checklist/partners_page"
    counts = f"- The partner's integrations page: No link to us. Add one. {there}"
    said = _said(_about("flagged", REVIEW))
    assert counts in said
    assert "mend it within 14 days of this mail." in said
    assert "does not count yet" not in said
    runs = {**REVIEW, "grace": {**REVIEW["grace"], "ends": "2026-12-09 10:00 UTC"}}
    for kind in ("flagged", "grace_ending"):
        assert "mend it by 2026-12-09 10:00 UTC." in _said(_about(kind, runs))
    observing = {**REVIEW, "observed": ["partners_page"]}
    assert f"does not count yet: {counts}" in _said(_about("flagged", observing))


def test_who_is_asked_to_suspend_reads_the_evidence_and_whether_a_revision_is_under_review() -> None:
    runs = {**REVIEW, "grace": {**REVIEW["grace"], "ends": "2026-12-09 10:00 UTC"}}
    said = _said(_about("grace_ended", runs))
    assert "had 14 days, until 2026-12-09 10:00 UTC," in said
    assert "No link to us." in said
    assert "A revision" not in said
    assert "A revision of it is under review." in _said(_about("grace_ended", {**runs, "is_revised": True}))


def test_a_mail_says_who_holds_the_review_for_the_one_who_reads_it() -> None:
    others = {**REVIEW, "is_mine": False}
    for review, words in (
        (REVIEW, "You hold it: it is your turn."),
        (others, "A colleague holds it."),
        ({**others, "is_held": False}, "Nobody holds it: please claim it."),
        ({**REVIEW, "is_open": False}, "This review is over."),
    ):
        assert words in _said(_about("review_overdue", review))


def test_a_second_round_says_what_was_asked_for_and_a_request_for_changes_what_failed() -> None:
    assert "In the last round these changes were asked for: - Name the platform." in _said(
        _about("new_submission", AGAIN)
    )
    changes = _about("changes_requested", AGAIN, reasons=[{"code": "other", "text": "Mend the page."}])
    assert "- Mend the page." in _said(changes)
    assert "What failed: - The partner's integrations page: No link to us. Add one. It is your turn" in _said(changes)


def test_an_urgent_revision_says_so_and_why_and_another_does_not() -> None:
    urgent = {**REVIEW, "is_urgent": True}
    reasons = [{"code": "urgent", "text": "The endpoint moves."}]
    message = _about("new_revision", urgent, reasons=reasons)
    assert str(message["Subject"]).endswith("were submitted, and are urgent")
    assert "It is urgent, and stands first in the queue." in _said(message)
    assert "The partner says: - The endpoint moves." in _said(message)
    for kind in ("new_revision", "revision_acknowledged"):
        assert "urgent" not in _said(_about(kind, REVIEW))


def test_a_suspension_says_what_lifts_it_and_until_when_it_is_to_be_confirmed() -> None:
    for only_reinstated, words in ((True, "No revision lifts this suspension"), (False, "submit it as a revision")):
        suspension = {"only_reinstated": only_reinstated, "confirm_by": "2026-12-02 10:00 UTC"}
        assert words in _said(_about("suspended", None, suspension=suspension))
        for kind in ("suspension_to_confirm", "suspension_unconfirmed"):
            assert "2026-12-02 10:00 UTC" in _said(_about(kind, None, suspension=suspension))


def test_an_appeal_that_succeeds_says_what_comes_of_it() -> None:
    assert "is what is published from now on" in _said(_about("appeal_overturned", REVIEW))
    assert "the suspension is lifted" in _said(_about("appeal_overturned", {**REVIEW, "of_suspension": True}))
    planned = _said(_about("appeal_overturned", REVIEW, publication=PLANNED))
    assert f"is approved, and is published on {PLANNED['day']}." in planned


PLANNED = {"day": "2027-01-15 09:00 UTC", "is_shown": True, "lifts_suspension": False}


def test_an_approval_for_a_day_names_the_day_and_what_is_seen_until_then() -> None:
    unshown = {**PLANNED, "is_shown": False}
    for publication, words in (
        (PLANNED, "everybody sees what they see now"),
        (unshown, "the catalog does not show it"),
        ({**unshown, "lifts_suspension": True}, "The suspension is lifted, but the App is not in the catalog again"),
    ):
        said = _said(_about("approved_for_a_day", REVIEW, publication=publication))
        assert f"is published on {PLANNED['day']};" in said
        assert words in said
        assert ("suspension" in said) == publication["lifts_suspension"]


@pytest.mark.parametrize("kind", ["reinstated", "relisted", "appeal_conceded", "appeal_overturned"])
def test_who_is_back_is_told_of_the_catalog_what_holds_while_a_publication_waits_for_its_day(kind: str) -> None:
    review = {**REVIEW, "of_suspension": True}
    for publication in (None, PLANNED):
        assert "in the catalog again" in _said(_about(kind, review, publication=publication))
    said = _said(_about(kind, review, publication={**PLANNED, "is_shown": False}))
    assert f"not yet in the catalog: what was approved is published on {PLANNED['day']}" in said
    assert "catalog again" not in said
    assert "is now public. You" in _said(_about("promoted", review, publication=PLANNED))
    assert "is now public, but not yet in the" in _said(
        _about("promoted", review, publication={**PLANNED, "is_shown": False})
    )


def test_customers_are_counted_against_what_is_needed_until_that_is_reached() -> None:
    for count, needed, words in ((1, 3, "1 of 3"), (3, 3, "3 of 3"), (4, 3, "number 4"), (1, 0, "number 1")):
        message = _about("customer_onboarded", None, data={"count": count}, customers_needed=needed)
        assert words in _said(message)
    assert "(so far 0 of 3)" in _said(_about("approved", REVIEW, customers=0, customers_needed=3))


def test_who_reinstates_and_who_is_reinstated_read_what_the_catalog_does_not_show() -> None:
    said = _said(_about("reinstated", {**REVIEW, "unshown": ["app_info", "partners_page"]}))
    assert "Changed since, and not shown until it is reviewed: app_info, partners_page." in said
    assert "not shown" not in _said(_about("reinstated", REVIEW))


@pytest.mark.parametrize("kind", NotificationKind)
def test_the_html_says_what_the_plain_text_says_and_links_to_nothing_of_strangers(kind: NotificationKind) -> None:
    names = dict.fromkeys(("company", "contact", "by", "owner", "name"), "<b>https://evil.example/x</b>")
    reasons = [{"code": "other", "text": "https://evil.example/reason\n\nhttps://evil.example/alone"}]
    message = _composed(
        _letter(
            kind, app_name="<script>x</script>", app_slug="acme", data={**DATA, **names}, reasons=reasons, review=AGAIN
        )
    )
    tree = html.document_fromstring(message.html)
    assert not tree.xpath("//script | //b | //img | //*[@onclick]")
    assert all(str(link).startswith("https://platform.example/") for link in tree.xpath("//a/@href"))
    shown = " ".join(tree.xpath("string(//body)").split())
    plain = _said(message).replace(" -- ", " ").replace("- ", "")
    assert shown.replace("- ", "") == plain


@pytest.mark.parametrize("kind", NotificationKind)
@pytest.mark.parametrize(
    "name", ["Acme", "Grüße  aus Köln", "=?utf-8?q?hi?=", "a b " * 40, "x" * 200, "\x7f\u202e", ""]
)
def test_a_mail_is_written_as_the_library_would_write_it(kind: NotificationKind, name: str) -> None:
    names = dict.fromkeys(("company", "contact", "by", "owner", "new_email", "label"), name)
    reasons = [{"code": "other", "text": "y" * 1000 + name}, {"code": "other", "text": ".\nFrom here\r on\r\n"}]
    made = _made(_letter(kind, app_name=name, app_slug="acme", data={**DATA, **names}, reasons=reasons, review=AGAIN))
    for policy in (made.policy, SMTP.clone(cte_type="7bit")):
        assert made.as_bytes(policy=policy) == EmailMessage.as_bytes(made, policy=made.policy)


def test_headers_are_folded_where_the_library_folds_them() -> None:
    for length in range(50, 100):
        made = TwoFormMail()
        made["Subject"] = ("word " * 20)[:length].strip() + "."
        made.set_forms(plain="Hello\n", html="<p>Hello</p>\n")
        assert made.as_bytes() == EmailMessage.as_bytes(made)


def test_a_link_or_an_address_that_cannot_be_folded_is_written_as_it_is() -> None:
    address, token = f"{'pat' * 20}@{'acme' * 12}.example", "gAAAA-_" * 30 + "=="
    written = _made(_letter("customer_onboarded", recipient=address), unsubscribe=token).as_bytes().decode()
    head = written.partition("\r\n\r\n")[0].split("\r\n")
    assert f"List-Unsubscribe: <https://platform.example/unsubscribe/{token}>" in head
    assert f"To: {address}" in head
    assert max(map(len, written.split("\r\n"))) < 998


def test_composing_a_mail_costs_in_proportion_to_its_length() -> None:
    def letter(count: int) -> Letter:
        reasons = [{"code": "other", "text": f"Mend page {number}."} for number in range(count)]
        return _letter("changes_requested", app_name="Acme", app_slug="acme", reasons=reasons, review=AGAIN)

    assert_linear(letter, _composed, size=500)


def composed_letter(kind: str, **changed: Any) -> PlainFirst:
    """Returns the mail of a kind as its recipient reads it."""
    return _composed(_letter(kind, **changed))


def _made(
    letter: Letter, profile: Profile = PROFILE, unsubscribe: str | None = None, *, pages: bool = True
) -> EmailMessage:
    return compose(
        letter,
        sender="devcenter@platform.example",
        reply_to=REPLY_TO,
        public_url="https://platform.example",
        profile=profile,
        pages=pages,
        unsubscribe=unsubscribe,
    )


def _composed(letter: Letter, profile: Profile = PROFILE, *, pages: bool = True) -> PlainFirst:
    made = _made(letter, profile, pages=pages)
    read = email.message_from_bytes(made.as_bytes(policy=made.policy.clone(linesep="\n")), policy=PLAIN_FIRST)
    assert isinstance(read, PlainFirst)
    return read


def _above_the_signature(message: EmailMessage) -> str:
    text: str = message.get_content()
    return text.partition("\n-- \n")[0]
