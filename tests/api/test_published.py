"""What services, customers and partners read of an App once it is published, and what changes it when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import AppState, AppTrigger, ReviewKind
from tests.api.running import Service
from tests.factories import app_in, make_possible, move, pass_review
from tests.journeys import BECAUSE, ask, judge, judging, now_and_writer, now_of
from tests.launch import LOGO, MARK, RIG, picture
from workers.jobs import JOBS
from workflow.catalog.planning import publish_planned
from workflow.lifecycle.batch import judge_due_requests

NOTHING: dict[str, object] = {"name": None, "revision": None, "components": [], "published": None}


def _live(service: Service, slug: str) -> str:
    """Takes an App with a stream of opened mails to public beta. Returns the stream's path."""
    app_in(service.engine, service.people, slug, AppState.BUILDING)
    stream = service.partner("GET", f"/v1/apps/{slug}").json()["components"][0]["id"]
    path = f"/v1/apps/{slug}/components/{stream}"
    _change(service, path, "Email Opened")
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(service.engine, service.people, slug, trigger)
    return path


def _change(service: Service, stream: str, event: str = "Elsewhere") -> None:
    """Has the stream of the draft send another event, and tests it."""
    changed = service.partner("PATCH", stream, {"settings": {"events": [event]}}, If_Match="*")
    assert changed.status_code == 200, changed.text
    tested = service.service("POST", f"{stream}/tests", {"rig": RIG, "results": [{"event": event, "status": 200}]})
    assert tested.status_code == 201, tested.text


def _read(service: Service, slug: str, query: str = "") -> dict[str, Any]:
    answer = service.service("GET", f"/v1/apps/{slug}{query}")
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


SERVICE_READS = (
    "/v1/apps/{slug}",
    "/v1/apps?limit=200",
    "/v1/apps/{slug}/components",
    "/v1/apps/{slug}/status",
    "/v1/apps/{slug}/checklist",
    "/v1/apps/{slug}/checks",
    "/v1/apps/{slug}/assets",
)


def test_no_edit_of_a_draft_reaches_a_service(shared_service: Service) -> None:
    stream = _live(shared_service, "edited")
    paths = [path.format(slug="edited") for path in (*SERVICE_READS, stream)]
    before = [shared_service.service("GET", path).text for path in paths]
    _change(shared_service, stream)
    shared_service.partner("PATCH", "/v1/apps/edited", {"name": "Quite another"}, If_Match="*")
    second = {"kind": "stream", "name": "Second", "settings": {"events": ["Elsewhere"]}}
    assert shared_service.partner("POST", "/v1/apps/edited/components", second).status_code == 201
    picture(shared_service.partner, "edited", "logo", LOGO)
    url = {"evidence": {"url": "https://elsewhere.example/partners"}}
    assert shared_service.partner("PUT", "/v1/apps/edited/checklist/partners_page", url).status_code == 200
    for path, was in zip(paths, before, strict=True):
        now = shared_service.service("GET", path).text
        assert "elsewhere" not in now.lower(), path
        assert "Quite another" not in now, path
        if "checklist" not in path and "status" not in path:  # what is left to do depends on the draft
            assert now == was, path


def test_an_approval_gives_services_the_new_version_with_its_number_and_date(shared_service: Service) -> None:
    stream = _live(shared_service, "renewed")
    first = _read(shared_service, "renewed")
    _change(shared_service, stream)
    shared_service.partner("PATCH", "/v1/apps/renewed", {"name": "Renewed again"}, If_Match="*")
    move(shared_service.engine, shared_service.people, "renewed", AppTrigger.SUBMIT)
    assert _read(shared_service, "renewed")["components"] == first["components"]
    pass_review(shared_service.engine, shared_service.people, "renewed")
    ask(shared_service.engine, shared_service.people.reviewer, "renewed", AppTrigger.APPROVE)
    judge(shared_service.engine)
    second = _read(shared_service, "renewed")
    assert second["name"] == "Renewed again"
    assert "Elsewhere" in str(second["components"])
    assert second["published"]["version"] > first["published"]["version"]
    assert second["published"]["at"] > first["published"]["at"]
    assert shared_service.service("GET", stream).json()["settings"] == {"events": ["Elsewhere"]}


def test_services_see_how_an_app_stands_and_nothing_of_one_that_was_never_published(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    app_in(engine, people, "unborn", AppState.SUBMITTED)
    assert {key: _read(shared_service, "unborn")[key] for key in ("state", *NOTHING)} == {
        "state": "submitted"
    } | NOTHING
    stream = _live(shared_service, "standing")
    content = _read(shared_service, "standing")["components"]
    for trigger, state in (
        (AppTrigger.UNLIST, "unlisted"),
        (AppTrigger.RELIST, "public_beta"),
        (AppTrigger.SUSPEND, "suspended"),
    ):
        move(engine, people, "standing", trigger)
        read = _read(shared_service, "standing")
        assert (read["state"], read["components"]) == (state, content)
    _change(shared_service, stream)
    assert _read(shared_service, "standing")["components"] == content
    move(engine, people, "standing", AppTrigger.REMOVE)
    read = _read(shared_service, "standing")
    assert (read["state"], read["components"]) == ("removed", [])


def test_a_component_that_the_draft_lacks_is_still_published(shared_service: Service) -> None:
    stream = _live(shared_service, "dropped")
    assert shared_service.partner("DELETE", stream, If_Match="*").status_code == 204
    assert shared_service.partner("GET", stream).status_code == 404
    assert shared_service.service("GET", stream).json()["tested"] is True
    assert stream.rpartition("/")[2] in str(_read(shared_service, "dropped")["components"])
    assert shared_service.service("GET", f"{stream}?content=draft").status_code == 404


def test_everybody_may_ask_for_the_draft_or_for_what_is_published(shared_service: Service) -> None:
    stream = _live(shared_service, "both")
    published = _read(shared_service, "both")
    _change(shared_service, stream)
    assert "Elsewhere" in str(_read(shared_service, "both", "?content=draft"))
    for caller in (shared_service.partner, shared_service.reviewer):
        shown = caller("GET", "/v1/apps/both?content=published").json()
        assert (shown["components"], shown["published"]) == (published["components"], published["published"])
        assert "Elsewhere" in caller("GET", "/v1/apps/both").text


def test_a_partner_reads_draft_published_and_the_difference_in_words_and_data(shared_service: Service) -> None:
    stream = _live(shared_service, "compared")
    _change(shared_service, stream)
    entry = shared_service.partner("GET", "/v1/apps/compared/status").json()["entry"]
    assert entry["version"] == _read(shared_service, "compared")["published"]["version"]
    assert "Email Opened" in str(entry["content"])
    changes = {tuple(change["path"])[1:]: change["after"] for change in entry["changes"]["components"]}
    assert changes[("settings",)] == {"events": ["Elsewhere"]}
    assert any(words.startswith('The Component "Events": settings was changed from ') for words in entry["words"])


def test_a_row_changed_by_sql_shows_nobody_what_nobody_approved(shared_service: Service) -> None:
    _live(shared_service, "forged")
    engine = shared_service.engine
    approved = shared_service.nobody("GET", "/v1/catalog/forged").json()
    shared_service.partner("PATCH", "/v1/apps/forged", {"name": "Forged name"}, If_Match="*")
    move(engine, shared_service.people, "forged", AppTrigger.SUBMIT)
    with Session(engine) as session, session.begin():
        changed = session.execute(
            text("""
                UPDATE catalog_entry c SET submission_id = s.id
                  FROM app a JOIN submission s ON s.app_id = a.id AND s.app_version = a.open_review
                 WHERE a.id = c.app_id AND a.slug = 'forged'
                RETURNING c.app_id
            """)
        )
        assert len(changed.all()) == 1
    assert shared_service.nobody("GET", "/v1/catalog/forged").json() == approved
    assert "Forged name" not in shared_service.nobody("GET", "/v1/catalog?limit=200").text
    assert "Forged name" not in shared_service.nobody("GET", "/v1/catalog?q=forged").text
    assert "Forged name" not in shared_service.service("GET", "/v1/apps/forged").text


def _followed(service: Service, since: str | None = None, limit: int = 2) -> tuple[list[dict[str, Any]], str]:
    """Lists all changes since a moment, page by page. Returns them, and since when to list further."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        query = f"limit={limit}" + (f"&since={since.replace('+', '%2B')}" if since else "")
        answer = service.service("GET", f"/v1/app-changes?{query}" + (f"&after={after}" if after else ""))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found, page["until"]


def test_services_list_what_changed_since_they_looked_last_each_once_and_in_order(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    _, since = _followed(shared_service)
    _live(shared_service, "followed")
    for trigger in (AppTrigger.UNLIST, AppTrigger.RELIST, AppTrigger.SUSPEND, AppTrigger.REINSTATE):
        move(engine, people, "followed", trigger)
    first, until = _followed(shared_service, since)
    move(engine, people, "followed", AppTrigger.REMOVE)
    app_in(engine, people, "never", AppState.REMOVED)
    second, _ = _followed(shared_service, until)
    seen = [(change["app"], change["change"], change["state"]) for change in first + second]
    assert seen == [
        ("followed", "published", "public_beta"),
        ("followed", "unlisted", "unlisted"),
        ("followed", "relisted", "public_beta"),
        ("followed", "suspended", "suspended"),
        ("followed", "reinstated", "public_beta"),
        ("followed", "removed", "removed"),
    ]
    assert [change["change"] for change in second] == ["removed"]
    assert len({change["published"] for change in first}) == 1


def test_a_change_that_commits_late_is_not_missed_by_who_listed_meanwhile(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    _live(shared_service, "late")
    _live(shared_service, "early")
    _, since = _followed(shared_service)
    ask(engine, people.reviewer, "late", AppTrigger.SUSPEND, reasons=BECAUSE)
    with judging(engine) as (session, mark):
        report = judge_due_requests(session, now_and_writer=now_and_writer, mark_in_flight=mark, limit=10)
        assert [outcome.status for outcome in report.outcomes] == ["applied"]
        move(engine, people, "early", AppTrigger.SUSPEND)
        meanwhile, until = _followed(shared_service, since)
    found, _ = _followed(shared_service, until)
    assert [change["app"] for change in meanwhile + found] == ["late", "early"]
    assert meanwhile == []


DAY = timedelta(days=3)
NEWEST_KINDS = """
    SELECT n.kind FROM notification n JOIN app a ON a.id = n.app_id AND a.version = n.app_version WHERE a.id = :id
"""


def _approve_for(service: Service, slug: str, publish_at: datetime) -> None:
    pass_review(service.engine, service.people, slug)
    review = next(
        one["id"]
        for one in service.reviewer("GET", f"/v1/reviews?show=mine&app={slug}").json()["items"]
        if one["app"] == slug
    )
    body = {"decision": "approve", "publish_at": publish_at.isoformat()}
    answer = service.reviewer("POST", f"/v1/reviews/{review}/decision", body)
    assert answer.status_code == 202, answer.text
    judge(service.engine)


def _day_comes(service: Service, slug: str) -> None:
    """Has the planned day of an App come, and the job that runs then."""
    with Session(service.engine) as session, session.begin():
        session.execute(
            text("""
                UPDATE planned_publication p SET publish_at = now() FROM app a
                 WHERE a.id = p.app_id AND a.slug = :slug AND p.ended_at IS NULL
            """),
            {"slug": slug},
        )
    with Session(service.engine) as session, session.begin():
        publish_planned(session, now_of(session), limit=100)


def _seen(service: Service, slug: str) -> tuple[str | None, str | None]:
    """Returns the App's name in the catalog and for services."""
    entry = service.nobody("GET", f"/v1/catalog/{slug}")
    return entry.json()["name"] if entry.status_code == 200 else None, _read(service, slug)["name"]


def test_a_first_launch_for_a_day_is_decided_at_once_and_shown_on_that_day(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    app_in(engine, people, "launch", AppState.SUBMITTED)
    _, since = _followed(shared_service)
    day = datetime.now(UTC) + DAY
    _approve_for(shared_service, "launch", day)
    status = shared_service.partner("GET", "/v1/apps/launch/status").json()
    assert (status["state"], status["review"]["outcome"], status["entry"]) == ("public_beta", "approved", None)
    assert datetime.fromisoformat(status["planned"]["publish_at"]) == day
    assert f"{day:%Y-%m-%d at %H:%M}" in status["words"]
    assert _seen(shared_service, "launch") == (None, None)
    assert _followed(shared_service, since)[0] == []
    with Session(engine) as session, session.begin():
        assert publish_planned(session, now_of(session), limit=100) == 0
    _day_comes(shared_service, "launch")
    assert _seen(shared_service, "launch") == ("Launch", "Launch")
    assert [change["change"] for change in _followed(shared_service, since)[0]] == ["published"]
    assert shared_service.partner("GET", "/v1/apps/launch/status").json()["planned"] is None
    assert "publish_planned" in JOBS


def _planned_revision(service: Service, slug: str) -> None:
    _live(service, slug)
    service.partner("PATCH", f"/v1/apps/{slug}", {"name": "Second"}, If_Match="*")
    move(service.engine, service.people, slug, AppTrigger.SUBMIT)
    _approve_for(service, slug, datetime.now(UTC) + DAY)


def test_until_the_day_of_a_revision_everybody_gets_the_version_before(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    _planned_revision(shared_service, "autumn")
    assert _seen(shared_service, "autumn") == ("Autumn", "Autumn")
    for trigger in (AppTrigger.UNLIST, AppTrigger.RELIST, AppTrigger.SUSPEND, AppTrigger.REINSTATE, AppTrigger.PROMOTE):
        move(engine, people, "autumn", trigger)
    assert _seen(shared_service, "autumn") == ("Autumn", "Autumn")
    _day_comes(shared_service, "autumn")
    assert _seen(shared_service, "autumn") == ("Second", "Second")


@pytest.mark.parametrize(("trigger", "after"), [(AppTrigger.SUSPEND, AppTrigger.REINSTATE), (AppTrigger.REMOVE, None)])
def test_what_was_suspended_or_removed_before_its_day_is_not_listed_on_it(
    shared_service: Service, trigger: AppTrigger, after: AppTrigger | None
) -> None:
    slug = f"{trigger}-before"
    _planned_revision(shared_service, slug)
    move(shared_service.engine, shared_service.people, slug, trigger)
    _day_comes(shared_service, slug)
    assert shared_service.nobody("GET", f"/v1/catalog/{slug}").status_code == 404
    if after is not None:
        move(shared_service.engine, shared_service.people, slug, after)
        assert _seen(shared_service, slug) == ("Second", "Second")


def test_a_suspension_that_is_lifted_for_a_day_to_come_is_not_said_to_be_in_the_catalog_again(
    shared_service: Service,
) -> None:
    engine, people = shared_service.engine, shared_service.people
    app_id = app_in(engine, people, "lifted-later", AppState.SUSPENDED, ReviewKind.REVISION)
    with Session(engine) as session:
        day = now_of(session) + DAY
    pass_review(engine, people, "lifted-later")
    (review,) = shared_service.reviewer("GET", "/v1/reviews?show=mine&app=lifted-later").json()["items"]
    body = {
        "decision": "approve",
        "publish_at": day.isoformat(),
        "expected_state": "suspended",
        "reasons": [{"text": "It is mended."}],
    }
    assert shared_service.reviewer("POST", f"/v1/reviews/{review['id']}/decision", body).status_code == 202
    judge(engine)
    assert shared_service.nobody("GET", "/v1/catalog/lifted-later").status_code == 404
    with Session(engine) as session:
        told = set(session.scalars(text(NEWEST_KINDS), {"id": app_id}))
    assert told == {"approved_for_a_day"}


def test_reviewers_move_a_planned_day_within_its_bound_or_publish_at_once(shared_service: Service) -> None:
    _planned_revision(shared_service, "moved")
    path = "/v1/apps/moved/planned-publication"
    now = datetime.now(UTC)
    for wrong in (now - timedelta(minutes=1), now + timedelta(days=91)):
        refused = shared_service.reviewer("PUT", path, {"publish_at": wrong.isoformat()})
        assert (refused.status_code, refused.json()["code"]) == (422, "publish_at.out_of_bounds")
    moved = (now + timedelta(days=80)).isoformat()
    assert shared_service.reviewer("PUT", path, {"publish_at": moved}).status_code == 200
    assert shared_service.reviewer("DELETE", path).status_code == 204
    assert _seen(shared_service, "moved") == ("Second", "Second")
    assert shared_service.reviewer("DELETE", path).json()["code"] == "publication.not_planned"


def test_a_later_approval_takes_the_place_of_a_planned_one(shared_service: Service) -> None:
    _planned_revision(shared_service, "twice")
    shared_service.partner("PATCH", "/v1/apps/twice", {"name": "Third"}, If_Match="*")
    move(shared_service.engine, shared_service.people, "twice", AppTrigger.SUBMIT)
    _approve_for(shared_service, "twice", datetime.now(UTC) + 2 * DAY)
    assert _seen(shared_service, "twice") == ("Twice", "Twice")
    shared_service.partner("PATCH", "/v1/apps/twice", {"name": "Fourth"}, If_Match="*")
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(shared_service.engine, shared_service.people, "twice", trigger)
    assert _seen(shared_service, "twice") == ("Fourth", "Fourth")
    _day_comes(shared_service, "twice")
    assert _seen(shared_service, "twice") == ("Fourth", "Fourth")


def test_a_day_is_named_only_for_approvals_and_only_within_90_days(shared_service: Service) -> None:
    app_in(shared_service.engine, shared_service.people, "bounds", AppState.SUBMITTED)
    day = datetime.now(UTC) + DAY
    for trigger, publish_at, code in (
        ("withdraw", day, "publish_at.not_an_approval"),
        ("approve", day + timedelta(days=90), "publish_at.out_of_bounds"),
        ("approve", day - 2 * DAY, "publish_at.out_of_bounds"),
    ):
        body = {"app": "bounds", "trigger": trigger, "publish_at": publish_at.isoformat()}
        caller = shared_service.partner if trigger == "withdraw" else shared_service.reviewer
        refused = caller("POST", "/v1/transition-requests", body)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_an_approval_that_publishes_nothing_names_no_day(shared_service: Service) -> None:
    _live(shared_service, "overturned")
    for trigger in (AppTrigger.SUSPEND, AppTrigger.APPEAL):
        move(shared_service.engine, shared_service.people, "overturned", trigger)
    pass_review(shared_service.engine, shared_service.people, "overturned")
    body = {"app": "overturned", "trigger": "approve", "publish_at": (datetime.now(UTC) + DAY).isoformat()}
    asked = shared_service.admin("POST", "/v1/transition-requests", body).json()["id"]
    judge(shared_service.engine)
    outcome = shared_service.admin("GET", f"/v1/transition-requests/{asked}").json()
    assert outcome["status"] == "refused"
    assert "publication.none" in [unmet["code"] for unmet in outcome["unmet"]]


def test_a_plan_cannot_show_what_was_never_published(shared_service: Service) -> None:
    _planned_revision(shared_service, "cheat")
    with Session(shared_service.engine) as session, session.begin():
        session.execute(text("SAVEPOINT before"))
        for change in ("shown = published", "shown = 999", "before_version = 2", "shown = NULL"):
            with pytest.raises(Exception, match=r"planned_publication_(shown_fkey|before_check|shown_check)"):
                session.execute(text(f"UPDATE planned_publication SET {change} WHERE ended_at IS NULL"))
            session.execute(text("ROLLBACK TO SAVEPOINT before"))


def test_a_batch_that_approves_for_a_day_and_moves_on_shows_the_same(shared_service: Service) -> None:
    engine, people = shared_service.engine, shared_service.people
    _live(shared_service, "batched")
    shared_service.partner("PATCH", "/v1/apps/batched", {"name": "Second"}, If_Match="*")
    move(engine, people, "batched", AppTrigger.SUBMIT)
    make_possible(engine, people, "batched", AppTrigger.APPROVE)
    day = (datetime.now(UTC) + DAY).isoformat()
    body = {"app": "batched", "trigger": "approve", "publish_at": day}
    assert shared_service.reviewer("POST", "/v1/transition-requests", body).status_code == 202
    for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE):
        ask(engine, people.admin, "batched", trigger, reasons=BECAUSE)
    judge(engine)
    assert _read(shared_service, "batched")["state"] == "public_beta"
    assert _seen(shared_service, "batched") == ("Batched", "Batched")


def _evidence(logo: str, mark: str) -> dict[str, Any]:
    return {
        "evidence": {
            "website": "https://acme.example",
            "description": "Charts that a whole team reads together, from your own events.",
            "categories": ["Analytics"],
            "support_email": "help@acme.example",
            "logo": logo,
            "mark": mark,
        }
    }


def test_pictures_of_what_is_published_stay_and_those_of_old_submissions_do_not_count(shared_service: Service) -> None:
    engine, people, partner = shared_service.engine, shared_service.people, shared_service.partner
    app_in(engine, people, "album", AppState.BUILDING)
    logos: list[str] = []
    for number in range(3):
        logos.append(picture(partner, "album", "logo", LOGO.replace(b"</svg>", b"<g/>" * number + b"</svg>")))
        mark = picture(partner, "album", "mark", MARK)
        given = partner("PUT", "/v1/apps/album/checklist/app_info", _evidence(logos[-1], mark))
        assert given.status_code == 200, given.text
        for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
            move(engine, people, "album", trigger)
    for logo in logos:
        assert partner("DELETE", f"/v1/apps/album/assets/{logo}").status_code == 409
        assert shared_service.reviewer("GET", f"/v1/apps/album/assets/{logo}").status_code == 200
    listed = [asset["id"] for asset in shared_service.service("GET", "/v1/apps/album/assets").json()["items"]]
    assert listed == sorted([logos[-1], mark], key=listed.index)
    assert shared_service.service("GET", f"/v1/apps/album/assets/{logos[0]}").status_code == 404
    assert shared_service.nobody("GET", f"/v1/assets/{logos[0]}").status_code == 404
    with Session(engine) as session, session.begin():
        session.execute(
            text("""
                INSERT INTO asset (id, app_id, kind, sha256, media_type, size, width, height, content, sanitised,
                                   uploaded_by)
                SELECT uuidv7(), a.id, 'screenshot', sha256(n::text::bytea), 'image/png', length(n::text), 1, 1,
                       n::text::bytea, true, a.created_by
                  FROM app a, generate_series(1, 37) n WHERE a.slug = 'album'
            """)
        )
    another = LOGO.replace(b"</svg>", b"<g/><g/><g/></svg>")
    assert partner("POST", "/v1/apps/album/assets?kind=logo", another).status_code == 201
    more = LOGO.replace(b"</svg>", b"<g/><g/><g/><g/></svg>")
    refused = partner("POST", "/v1/apps/album/assets?kind=logo", more)
    assert (refused.status_code, refused.json()["code"]) == (409, "asset.too_many")


def test_the_draft_of_a_live_app_is_previewed_and_that_of_a_suspended_one_is_not(shared_service: Service) -> None:
    _live(shared_service, "preview")
    shared_service.partner("PATCH", "/v1/apps/preview", {"name": "Not yet"}, If_Match="*")
    link = shared_service.partner("POST", "/v1/apps/preview/previews", {}).json()["path"]
    assert shared_service.nobody("GET", link).json()["name"] == "Not yet"
    assert shared_service.nobody("GET", "/v1/catalog/preview").json()["name"] == "Preview"
    move(shared_service.engine, shared_service.people, "preview", AppTrigger.SUSPEND)
    assert shared_service.nobody("GET", link).status_code == 404
    assert shared_service.partner("POST", "/v1/apps/preview/previews", {}).json()["code"] == "preview.state"


def test_what_is_listed_stays_tested_by_results_that_were_reported_and_the_draft_is_tested_anew(
    shared_service: Service,
) -> None:
    stream = _live(shared_service, "reported")
    component_id = stream.rpartition("/")[2]
    with shared_service.engine.begin() as connection:
        reported = "UPDATE component_test SET source = 'reported', reporter = NULL WHERE component_id = :id"
        connection.execute(text(reported), {"id": component_id})
    assert [one["tested"] for one in _read(shared_service, "reported")["components"]] == [True]
    assert shared_service.partner("GET", stream).json()["tested"] is False
