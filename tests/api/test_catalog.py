"""The public catalog: search, caching, and which Apps leave it at once."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger
from tests.api.catalog import listed
from tests.api.running import Service
from tests.factories import app_in, make_possible, move, pass_review
from tests.journeys import BECAUSE, ask, judge, now_of
from workflow.catalog.listing import mend_catalog

DETAILS = {
    "heatmaps": ("Glow", ["Heatmaps & Recordings"], "Shows where people look and click, from your own events."),
    "glowing": ("Mailer", ["Email"], "Sends mails whose subject lines glow, to those who want to have them."),
    "crm-one": ("Orderly", ["CRM", "Email"], "Keeps your customers in order, with a glowing report each Monday."),
}


@pytest.fixture(scope="module")
def catalog(shared_service: Service) -> Service:
    for slug, (name, categories, description) in DETAILS.items():
        listed(shared_service, slug, name, categories, description)
    return shared_service


def _slugs(service: Service, query: str = "") -> list[str]:
    answer = service.nobody("GET", f"/v1/catalog{query}")
    assert answer.status_code == 200, answer.text
    return [entry["slug"] for entry in answer.json()["items"] if entry["slug"] in DETAILS]


def test_words_find_names_before_other_text_in_any_form_of_the_word(catalog: Service) -> None:
    assert _slugs(catalog, "?q=glow") == ["heatmaps", "crm-one", "glowing"]
    assert _slugs(catalog, "?q=glows -mails") == ["heatmaps", "crm-one"]
    assert _slugs(catalog, "?q=customers") == ["crm-one"]
    assert _slugs(catalog, "?q=nonsense") == []
    assert _slugs(catalog, "?q=%26%7C%21%28") == []


def test_categories_kinds_and_badges_narrow_the_list(catalog: Service) -> None:
    assert _slugs(catalog, "?category=Email") == ["crm-one", "glowing"]
    assert _slugs(catalog, "?category=Email&q=glow") == ["crm-one", "glowing"]
    assert _slugs(catalog, "?kind=stream&badge=public_beta") == ["crm-one", "glowing", "heatmaps"]
    assert _slugs(catalog, "?kind=plugin") == []
    unknown = catalog.nobody("GET", "/v1/catalog?category=Nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "category.unknown")


def test_the_categories_are_those_by_which_the_list_can_be_narrowed(catalog: Service) -> None:
    answer = catalog.nobody("GET", "/v1/categories")
    names = [one["name"] for one in answer.json()["items"]]
    assert {"Email", "CRM", "Heatmaps & Recordings"} <= set(names)
    assert answer.headers["Cache-Control"].startswith("public, ")
    for name in names:
        assert catalog.nobody("GET", f"/v1/catalog?category={quote(name)}").status_code == 200


def test_pages_of_a_search_follow_one_another_across_the_ranks(catalog: Service) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = catalog.nobody("GET", f"/v1/catalog?q=glow&limit=1{after}").json()
        seen += [entry["slug"] for entry in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ["heatmaps", "crm-one", "glowing"]


def test_an_entry_is_cached_by_its_content_for_seconds_and_changes_with_its_badge(catalog: Service) -> None:
    listed(catalog, "cached", "Cached", ["Video"], "An App that tells caches how long they may keep it around.")
    first = catalog.nobody("GET", "/v1/catalog/cached")
    assert first.headers["Cache-Control"] == "public, max-age=10, must-revalidate"
    known = f'W/"other", {first.headers["ETag"]}'
    same = catalog.nobody("GET", "/v1/catalog/cached", If_None_Match=known)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    move(catalog.engine, catalog.people, "cached", AppTrigger.PROMOTE)
    after = catalog.nobody("GET", "/v1/catalog/cached", If_None_Match=known)
    assert (after.status_code, after.json()["badge"]) == (200, "public")
    assert after.json()["listed_at"] == first.json()["listed_at"]
    found = catalog.nobody("GET", "/v1/catalog?q=keeps&category=Video&kind=stream&badge=public").json()["items"]
    assert [entry["slug"] for entry in found] == ["cached"]


def test_a_suspended_or_removed_app_vanishes_and_a_reinstated_one_is_back(catalog: Service) -> None:
    app_in(catalog.engine, catalog.people, "gone", AppState.PUBLIC_BETA)

    def seen() -> tuple[int, bool]:
        entries = catalog.nobody("GET", "/v1/catalog?limit=200").json()["items"]
        return catalog.nobody("GET", "/v1/catalog/gone").status_code, "gone" in [entry["slug"] for entry in entries]

    assert seen() == (200, True)
    for trigger, expected in (
        (AppTrigger.SUSPEND, (404, False)),
        (AppTrigger.REINSTATE, (200, True)),
        (AppTrigger.REMOVE, (404, False)),
    ):
        move(catalog.engine, catalog.people, "gone", trigger)
        assert seen() == expected


def test_an_entry_shows_what_was_reviewed_and_no_later_edit(catalog: Service) -> None:
    listed(catalog, "frozen", "Before", ["Video"], "An App whose name changes after it was approved and listed.")
    assert catalog.partner("PATCH", "/v1/apps/frozen", {"name": "After"}, If_Match="*").status_code == 200
    assert catalog.nobody("GET", "/v1/catalog/frozen").json()["name"] == "Before"


def test_the_catalog_matches_the_states_when_transitions_come_in_one_batch(catalog: Service) -> None:
    app_in(catalog.engine, catalog.people, "batch", AppState.SUBMITTED)
    pass_review(catalog.engine, catalog.people, "batch")
    people = catalog.people
    ask(catalog.engine, people.reviewer, "batch", AppTrigger.APPROVE)
    for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE, AppTrigger.SUSPEND):
        ask(catalog.engine, people.admin, "batch", trigger, reasons=BECAUSE)
    judge(catalog.engine)
    assert catalog.nobody("GET", "/v1/catalog/batch").status_code == 404
    assert _strays(catalog) == []


def test_catalog_entries_that_do_not_match_the_states_are_repaired(catalog: Service) -> None:
    app_in(catalog.engine, catalog.people, "stray", AppState.SUSPENDED)
    app_in(catalog.engine, catalog.people, "missing", AppState.PUBLIC_BETA)
    with Session(catalog.engine) as session, session.begin():
        session.execute(
            text("""
                UPDATE catalog_entry c SET app_id = a.id, slug = 'stray' FROM app a, app m
                 WHERE a.slug = 'stray' AND m.slug = 'missing' AND c.app_id = m.id
            """)
        )
    assert len(_strays(catalog)) == 2
    with Session(catalog.engine) as session, session.begin():
        assert mend_catalog(session, now_of(session)) == 2
    assert _strays(catalog) == []
    assert catalog.nobody("GET", "/v1/catalog/missing").status_code == 200


def _strays(service: Service) -> list[Any]:
    statement = """
        SELECT coalesce(a.slug, c.slug) FROM (SELECT * FROM app WHERE state IN ('public_beta', 'public')) a
          FULL JOIN catalog_entry c ON c.app_id = a.id WHERE a.state IS DISTINCT FROM c.badge
    """
    with Session(service.engine) as session:
        return list(session.scalars(text(statement)))


def test_a_member_of_the_program_is_shown_as_one_while_its_app_is_public(catalog: Service) -> None:
    app_in(catalog.engine, catalog.people, "member", AppState.PUBLIC_BETA)
    make_possible(catalog.engine, catalog.people, "member", AppTrigger.PROMOTE)
    judge(catalog.engine)
    assert catalog.partner("POST", "/v1/apps/member/membership", {}).status_code == 201
    accepted = catalog.reviewer("POST", "/v1/apps/member/membership/decision", {"decision": "accept"})
    assert accepted.json()["state"] == "member", accepted.text
    assert catalog.nobody("GET", "/v1/catalog/member").json()["select_partner"]
    assert [one["slug"] for one in catalog.nobody("GET", "/v1/catalog?select=true").json()["items"]] == ["member"]
    move(catalog.engine, catalog.people, "member", AppTrigger.SUSPEND)
    assert catalog.partner("GET", "/v1/apps/member/membership").json()["paused"]
    move(catalog.engine, catalog.people, "member", AppTrigger.REINSTATE)
    judge(catalog.engine)
    assert catalog.nobody("GET", "/v1/catalog/member").json()["select_partner"]
    move(catalog.engine, catalog.people, "member", AppTrigger.REMOVE)
    assert catalog.partner("GET", "/v1/apps/member/membership").json()["state"] == "left"
