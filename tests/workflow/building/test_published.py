"""What returns to the catalog is told before a suspended App is reinstated, and its partner reads what is not shown."""

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger
from tests.factories import app_in, move
from tests.journeys import People, now_of, writer_of
from workflow.apps import find_app
from workflow.building.checklist import store_evidence
from workflow.building.status import AppStatus, status_of
from workflow.catalog.listing import find_entry
from workflow.notifications.delivery import letter_of
from workflow.notifications.mail import Letter
from workflow.profile.loading import load_profile

MENDED = {"url": "https://acme.example/mended"}


def _status(engine: Engine, people: People) -> AppStatus:
    with Session(engine) as session:
        writer = writer_of(session)
        app = find_app(session, "acme", people.reviewer)
        return status_of(session, app, people.reviewer, writer.policies, writer.rulebook)


def _mend(engine: Engine, people: People) -> None:
    with Session(engine) as session, session.begin():
        store_evidence(
            session, "acme", "partners_page", MENDED, people.partner, now_of(session), str, str, load_profile()
        )


def test_what_was_mended_while_suspended_is_told_before_what_was_approved_returns(
    engine: Engine, people: People
) -> None:
    app_in(engine, people, "acme", AppState.SUSPENDED)
    unchanged = _status(engine, people)
    assert unchanged.entry is not None
    assert (unchanged.entry.is_shown, unchanged.entry.changes) == (False, {})
    assert "approved on" not in unchanged.words
    _mend(engine, people)
    told = _status(engine, people)
    assert told.entry is not None
    (first, *_) = told.entry.changes["evidence"]
    assert (first.path[0], told.entry.is_shown) == ("partners_page", False)
    assert "If it is reinstated, the catalog shows again what was approved on" in told.words
    move(engine, people, "acme", AppTrigger.REINSTATE)
    with Session(engine) as session:
        entry = find_entry(session, "acme")
        assert entry is not None
        assert entry.snapshot["evidence"]["partners_page"] != MENDED, "nothing is shown that nobody looked at"
        mail = session.scalar(text("SELECT id FROM notification WHERE kind = :kind"), {"kind": "reinstated"})
        letter = letter_of(session, mail, str)
    assert letter is not None
    assert letter.review is not None
    assert letter.review["unshown"] == ["partners_page"]
    shown = _status(engine, people)
    assert shown.entry is not None
    assert (shown.entry.is_shown, bool(shown.entry.changes)) == (True, True)
    assert "The catalog shows what was approved on" in shown.words


def test_an_app_that_was_never_approved_has_no_entry_to_return(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.BUILDING)
    assert _status(engine, people).entry is None


def test_a_letter_about_a_review_knows_its_round_who_holds_it_and_what_was_asked_for(
    engine: Engine, people: People
) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    first = _letter(engine)
    assert first.review is not None
    assert (first.review["round"], first.review["is_held"], first.review["asked"]) == (1, False, None)
    move(engine, people, "acme", AppTrigger.REQUEST_CHANGES)
    move(engine, people, "acme", AppTrigger.SUBMIT)
    newest = _letter(engine)
    assert newest.review is not None
    assert (newest.review["round"], newest.review["is_mine"], newest.review["is_open"]) == (2, True, True)
    assert [reason["text"] for reason in newest.review["asked"]] == ["because"]
    assert newest.customers_needed == 3


def _letter(engine: Engine) -> Letter:
    """Returns the newest letter that tells reviewers of a submission."""
    with Session(engine) as session:
        newest = text("SELECT id FROM notification WHERE kind = :kind ORDER BY app_version DESC LIMIT 1")
        letter = letter_of(session, session.scalars(newest, {"kind": "new_submission"}).one(), str)
    assert letter is not None
    return letter
