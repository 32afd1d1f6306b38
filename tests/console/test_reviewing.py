"""A reviewer's pages: the queue, and a review from its claim to a decision that can be undone."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from console.differences import MAX_WORDS, marked, said
from console.reviewing.words import POSSIBLE
from models.lifecycle import STEP_EDGES, AppState, AppTrigger, StepState, StepTrigger
from tests.api.running import Service
from tests.console.pages.review import held_review_page, review_page
from tests.console.signing_in import signed_in
from tests.factories import app_in, move

HOSTILE = "<script>alert(1)</script>\" onload='x' {{ 7 * 7 }} </textarea><img src=x>"


def decisions_on(service: Service, slug: str) -> list[str]:
    """Returns the statuses of the decisions that were asked for, oldest first."""
    statement = """SELECT q.status FROM transition_request q JOIN app a ON a.id = q.app_id
                    WHERE a.slug = :slug AND q.trigger IN ('approve', 'request_changes') ORDER BY q.id"""
    with service.engine.connect() as connection:
        return list(connection.execute(text(statement), {"slug": slug}).scalars())


def test_the_queue_leads_to_a_review_and_next_takes_one(shared_service: Service) -> None:
    page = review_page(shared_service, "queued")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    queue = browser.open("/reviews?show=unclaimed")
    assert page.removeprefix(shared_service.url) in queue.tree.xpath("//main//td/../th/a/@href")
    (taking,) = queue.tree.xpath("//form[@action='/reviews/next']")
    taken = browser.post("/reviews/next", None, **dict(taking.form_values()))
    assert taken.status_code == 303
    assert "you" in browser.open(taken.headers["Location"]).words
    assert browser.post(f"{page}/release").status_code in (303, 409)


def test_a_decision_waits_and_can_be_undone(shared_service: Service) -> None:
    page = held_review_page(shared_service, "undone")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    fields = {"key": "a-key-of-this-form", "words": "Say it.", "act": "show request_changes"}
    shown = browser.post(f"{page}/decision", None, **fields)
    assert shown.status_code == 200, shown.text
    assert "Say it." in shown.text
    assert "Subject" not in shown.text
    assert decisions_on(shared_service, "undone") == []
    decided = browser.post(f"{page}/decision", None, **(fields | {"act": "decide request_changes"}))
    assert decided.status_code == 303, decided.text
    waiting = browser.open(page)
    assert "takes effect" in waiting.words
    (undo,) = waiting.tree.xpath("//form[contains(@action, '/undo/')]/@action")
    assert browser.post(undo).status_code == 303
    assert decisions_on(shared_service, "undone") == ["void"]
    assert "takes effect" not in browser.open(page).words


def test_what_is_unmet_is_said_and_no_word_is_lost(shared_service: Service) -> None:
    page = held_review_page(shared_service, "refused")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    fields = {"key": "another-key-of-a-form", "words": HOSTILE, "act": "decide approve"}
    refused = browser.post(f"{page}/decision", None, **fields)
    assert refused.status_code in (409, 422)
    kept = browser.open(page)
    assert kept.answer.status_code == 200
    assert "There is a problem" in refused.text
    assert "<script>" not in refused.text
    assert "&lt;script&gt;alert(1)" in refused.text
    assert decisions_on(shared_service, "refused") == []


def test_steps_are_decided_and_words_written(shared_service: Service) -> None:
    page = held_review_page(shared_service, "worked-on")
    browser = signed_in(shared_service, shared_service.people.reviewer)
    step = f"{page}/steps/end_to_end_check"
    assert browser.post(step, decision="waive", reason="").status_code == 422
    assert browser.post(step, decision="pass", reason="It works.").status_code == 303
    assert browser.post(f"{page}/messages", message=HOSTILE, key="a-key-for-a-message").status_code == 303
    assert browser.post(f"{page}/notes", note="Ours alone.", key="a-key-for-a-note").status_code == 303
    seen = browser.open(page)
    assert "It works." in seen.words
    assert "Ours alone." in seen.words
    assert HOSTILE in seen.tree.xpath("string(//section[@aria-labelledby='conversation'])")
    assert not seen.tree.xpath("//script[not(@src)] | //img[not(starts-with(@src, '/apps/'))]")


def test_every_decision_that_is_possible_on_a_step_is_a_button_and_no_other() -> None:
    people = [one for one in STEP_EDGES if one.trigger != StepTrigger.CANCEL]
    states = {state: {one.trigger for one in people if one.source == state} for state in StepState}
    assert {state.value: possible for state, possible in states.items() if possible} == {
        state: set(possible) for state, possible in POSSIBLE.items()
    }


def test_a_revision_shows_what_changed_and_partners_see_no_review(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "changed", AppState.PUBLIC_BETA)
    etag = shared_service.partner("GET", "/v1/apps/changed").headers["ETag"]
    renamed = shared_service.partner("PATCH", "/v1/apps/changed", {"name": "Changed Entirely"}, If_Match=etag)
    assert renamed.status_code == 200, renamed.text
    move(shared_service.engine, shared_service.people, "changed", AppTrigger.SUBMIT)
    (waiting,) = shared_service.reviewer("GET", "/v1/reviews?app=changed").json()["items"]
    page = f"/reviews/{waiting['id']}"
    seen = signed_in(shared_service, shared_service.people.reviewer).open(page)
    assert seen.tree.xpath("//section[@aria-labelledby='public' or @aria-labelledby='changes']//ins")
    assert signed_in(shared_service, shared_service.people.partner).open(page).answer.status_code == 403


@given(st.text(max_size=200), st.text(max_size=200))
def test_marked_pieces_are_the_two_texts(before: str, after: str) -> None:
    old, new = marked(before, after)
    assert ("".join(one.text for one in old), "".join(one.text for one in new)) == (before, after)
    assert any(one.is_changed for one in (*old, *new)) == (before != after)


def test_long_texts_are_shown_whole() -> None:
    long = "word " * MAX_WORDS
    assert [one.text for one in marked(long, "other")[0]] == [long]
    assert said({"a": 1}) == '{\n  "a": 1\n}'
