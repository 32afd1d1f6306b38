"""What partners do over HTTP until they submit, and what they see while they do it."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session

from cli.secrets import rotate_secrets
from models.lifecycle import AppTrigger, Role
from runtime.settings import load_settings
from tests.api.running import Service
from tests.api.service import Caller
from tests.databases import TestDatabase
from tests.factories import move
from tests.journeys import BECAUSE, app_building, ask, judge, people_in, token_of
from tests.launch import (
    LOGO,
    PASSED,
    RIG,
    SCREENSHOT,
    SENT,
    STREAM,
    WEB,
    WEBHOOK,
    evidence_for,
    give_everything,
    picture,
)
from tests.workers.processes import environment

_LATER = text("UPDATE idempotency_key SET created_at = created_at - interval '11 minutes' WHERE key = :key")


def _app(service: Service, slug: str) -> str:
    answer = service.partner("POST", "/v1/apps", {"slug": slug, "name": slug.title()})
    assert answer.status_code == 201, answer.text
    return f"/v1/apps/{slug}"


def _ready(service: Service, slug: str) -> str:
    path = _app(service, slug)
    component = service.partner("POST", f"{path}/components", WEBHOOK).json()["id"]
    service.service("POST", f"{path}/components/{component}/tests", {"rig": RIG, "results": PASSED})
    give_everything(service.partner, slug)
    return path


def _stranger(service: Service, company: str) -> Caller:
    return Caller(service.url, token_of(service.engine, people_in(service.engine, company).partner))


def _items(service: Service, path: str) -> dict[str, Any]:
    return {item["code"]: item for item in service.partner("GET", f"{path}/checklist").json()["items"]}


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("segment", "slug.reserved"),
        ("se-gment", "slug.reserved"),
        ("adrnin", "slug.reserved"),
        ("mirror-one", "slug.taken"),
        ("rnirror-one", "slug.confusable"),
        ("mlrr0r-one", "slug.confusable"),
    ],
)
def test_a_slug_that_is_reserved_taken_or_confusable_is_refused(shared_service: Service, slug: str, code: str) -> None:
    shared_service.partner("POST", "/v1/apps", {"slug": "mirror-one", "name": "Mirror"})
    refused = shared_service.partner("POST", "/v1/apps", {"slug": slug, "name": "Other"})
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert refused.json()["remedy"]


def test_two_confusable_slugs_created_at_once_leave_one_app(shared_service: Service) -> None:
    def found(slug: str) -> int:
        return shared_service.partner("POST", "/v1/apps", {"slug": slug, "name": "Twin"}).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(found, ["twin-corn", "twin-com", "tw1n-com", "twln-corn"]))
    assert sorted(statuses) == [201, 409, 409, 409]


def test_an_edit_states_its_revision_and_a_lost_update_is_refused(shared_service: Service) -> None:
    path = _app(shared_service, "edited")
    seen = shared_service.partner("GET", path).headers["ETag"]
    blind = shared_service.partner("PATCH", path, {"name": "A"})
    assert (blind.status_code, blind.json()["code"]) == (428, "revision.missing")
    assert blind.json()["remedy"]
    first = shared_service.partner("PATCH", path, {"name": "A"}, If_Match=seen)
    assert first.status_code == 200
    late = shared_service.partner("PATCH", path, {"name": "B"}, If_Match=seen)
    assert (late.status_code, late.json()["code"]) == (412, "revision.stale")
    assert shared_service.partner("PATCH", path, {"name": "B"}, If_Match=f"W/{seen}").status_code == 412
    weak = f"W/{first.headers['ETag']}"
    assert shared_service.partner("PATCH", path, {"name": "B"}, If_Match=weak).status_code == 200, "a proxy marked it"
    unquoted = shared_service.partner("PATCH", path, {"name": "C"}, If_Match="3")
    assert (unquoted.status_code, unquoted.json()["code"]) == (400, "revision.unreadable")
    assert _stranger(shared_service, "Edits").__call__("PATCH", path, {"name": "C"}).status_code == 404


def test_one_of_several_edits_of_the_same_revision_at_once_is_accepted(shared_service: Service) -> None:
    path = _app(shared_service, "raced")
    made = shared_service.partner("POST", f"{path}/components", WEBHOOK)
    component = f"{path}/components/{made.json()['id']}"

    def edit(name: str) -> tuple[int, int]:
        one = shared_service.partner("PATCH", path, {"name": name}, If_Match='"1"')
        other = shared_service.partner("PATCH", component, {"name": name}, If_Match=made.headers["ETag"])
        return one.status_code, other.status_code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(edit, [f"Name {number}" for number in range(6)]))
    for statuses in zip(*answers, strict=True):
        assert sorted(statuses) == [200, 412, 412, 412, 412, 412]


def test_a_component_has_an_etag_and_an_edit_without_a_difference_keeps_it(shared_service: Service) -> None:
    path = _app(shared_service, "tagged")
    made = shared_service.partner("POST", f"{path}/components", WEBHOOK)
    component = f"{path}/components/{made.json()['id']}"
    same = shared_service.partner("PATCH", component, {"settings": WEBHOOK["settings"]}, If_Match='"1"')
    assert (same.status_code, same.json()["revision"], same.headers["ETag"]) == (200, 1, '"1"')
    wrong = shared_service.partner("PATCH", component, {"settings": {"url": "ftp://x"}}, If_Match='"1"')
    assert (wrong.status_code, wrong.json()["code"]) == (422, "settings.invalid")
    assert "settings.url: " in wrong.json()["detail"]
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["#/settings/url", "#/settings/event_types"]
    assert shared_service.partner("DELETE", component).status_code == 428
    assert shared_service.partner("DELETE", component, If_Match='"7"').status_code == 412
    assert shared_service.partner("DELETE", component, If_Match='"1"').status_code == 204


def test_a_write_key_is_shown_again_for_minutes_and_stored_nowhere_in_the_clear(shared_service: Service) -> None:
    path = _app(shared_service, "keyed")
    body = {"kind": "stream", "name": "Events", "settings": STREAM}
    first = shared_service.partner("POST", f"{path}/components", body, Idempotency_Key="keyed-1").json()
    again = shared_service.partner("POST", f"{path}/components", body, Idempotency_Key="keyed-1").json()
    assert again == first
    assert first["write_key"].startswith("wk_")
    renewed = shared_service.partner("POST", f"{path}/components/{first['id']}/write-key").json()
    assert renewed["write_key"] not in (None, first["write_key"])
    with Session(shared_service.engine) as session:
        kept = str(
            session.execute(text("SELECT c, (SELECT json_agg(k) FROM idempotency_key k) FROM component c")).all()
        )
        session.execute(_LATER, {"key": "keyed-1"})
        session.commit()
    late = shared_service.partner("POST", f"{path}/components", body, Idempotency_Key="keyed-1").json()
    assert late == first | {"write_key": None}
    assert first["write_key"] not in kept
    assert renewed["write_key"] not in kept


def test_the_checklist_lists_each_status_and_what_is_left_in_order(shared_service: Service) -> None:
    path = _app(shared_service, "listed")
    left = shared_service.partner("GET", f"{path}/checklist").json()["left"]
    assert [task["code"] for task in left][:3] == ["working_integration", "app_info", "platform_documentation"]
    assert left[-1]["code"] == "replay_info"
    assert all(task["what"] and task["how"] and task["path"].startswith("/v1/") for task in left)
    component = shared_service.partner("POST", f"{path}/components", WEBHOOK).json()["id"]
    tests = f"{path}/components/{component}/tests"
    shared_service.service("POST", tests, {"rig": RIG, "results": [*PASSED[:2], {"event": "delete", "status": 501}]})
    assert _items(shared_service, path)["working_integration"]["status"] == "rejected"
    shared_service.service("POST", tests, {"rig": RIG, "results": PASSED})
    give_everything(shared_service.partner, "listed")
    words = {"evidence": {"text": "## Getting started\n\nEnable it, and paste the API key that you copied."}}
    poor = shared_service.partner("PUT", f"{path}/checklist/platform_documentation", words).json()
    assert poor["status"] == "rejected"
    checklist = shared_service.partner("GET", f"{path}/checklist").json()
    assert [task["code"] for task in checklist["left"]] == ["platform_documentation"]
    assert (checklist["complete"], checklist["missing"]) == (False, ["platform_documentation"])
    triggers = shared_service.partner("GET", f"{path}/status").json()["triggers"]
    submit = next(one for one in triggers if one["trigger"] == "submit")
    assert [one["code"] for one in submit["unmet"]] == ["checklist.complete"]
    whole = evidence_for(shared_service.partner, "listed")["platform_documentation"]
    whole = {"text": whole["text"].replace("## Supported platforms", "## Platforms")}  # of which plugins need one
    shared_service.partner("PUT", f"{path}/checklist/platform_documentation", {"evidence": whole})
    checklist = shared_service.partner("GET", f"{path}/checklist").json()
    assert [task["code"] for task in checklist["left"]] == ["submit"]
    shown = {item["code"]: item["status"] for item in checklist["items"]}
    assert (shown["working_integration"], shown["app_info"], shown["partners_page"]) == ("checked", "checked", "given")
    plugin = {"minimum_sdk_version": "1", "bundle_url": "https://acme.example/p.js"}
    extra = {"kind": "plugin", "subkind": "web", "name": "Web", "settings": plugin}
    shared_service.partner("POST", f"{path}/components", extra)
    assert _items(shared_service, path)["platform_documentation"]["status"] == "rejected"


def test_evidence_given_with_if_match_replaces_only_what_was_seen(shared_service: Service) -> None:
    path = _app(shared_service, "seen-evidence")
    item = f"{path}/checklist/partner_documentation"

    def put(page: str, seen: str | None) -> tuple[int, str | None]:
        body = {"evidence": {"url": f"https://acme.example/{page}"}}
        caller = shared_service.partner
        answer = caller("PUT", item, body) if seen is None else caller("PUT", item, body, If_Match=seen)
        return answer.status_code, answer.headers.get("ETag") or answer.json()["code"]

    none = shared_service.partner("GET", item)
    assert (none.json()["status"], none.json()["revision"], none.headers["ETag"]) == ("missing", 0, '"0"')
    assert put("mine", '"0"') == (200, '"1"')
    assert put("theirs", '"0"') == (412, "revision.stale")
    now = shared_service.partner("GET", item)
    assert (now.json()["evidence"]["url"], now.headers["ETag"]) == ("https://acme.example/mine", '"1"')
    assert put("mine", '"0"') == (200, '"1"'), "what is stored already replaces nothing"
    assert put("theirs", '"1"') == (200, '"2"')
    assert put("anything", None) == (200, '"3"')
    assert put("mine", "three") == (400, "revision.unreadable")
    listed = _items(shared_service, path)["partner_documentation"]
    assert listed == shared_service.partner("GET", item).json()
    for caller, code in ((shared_service.partner, "working_integration"), (shared_service.service, "app_info")):
        shown = caller("GET", f"{path}/checklist/{code}")
        assert (shown.status_code, shown.json()["revision"], shown.headers.get("ETag")) == (200, None, None)


def test_a_test_account_that_is_sent_twice_is_stored_once_and_another_ones_secret_is_kept(
    shared_service: Service,
) -> None:
    item = f"{_app(shared_service, 'seen-account')}/checklist/test_account"
    account = {"username": "reviewer", "password": "a secret"}
    tags = []
    for _ in range(2):
        given = shared_service.partner("PUT", item, {"evidence": account}, If_Match='"0"')
        assert given.status_code == 200, given.text
        tags.append(given.headers["ETag"])
    assert tags == ['"1"', '"1"']
    other = shared_service.partner("PUT", item, {"evidence": account | {"password": "another"}}, If_Match='"0"')
    assert (other.status_code, other.json()["code"]) == (412, "revision.stale")


def test_of_two_colleagues_who_give_evidence_at_once_one_is_refused(shared_service: Service) -> None:
    item = f"{_app(shared_service, 'both-give')}/checklist/partner_documentation"
    with ThreadPoolExecutor(2) as pool:
        given = [
            pool.submit(
                shared_service.partner,
                "PUT",
                item,
                {"evidence": {"url": f"https://acme.example/{one}"}},
                If_Match='"0"',
            )
            for one in ("mine", "theirs")
        ]
        assert sorted(one.result().status_code for one in given) == [200, 412]


def test_a_reviews_findings_are_shown_at_their_items_until_the_evidence_changes(shared_service: Service) -> None:
    path = _ready(shared_service, "reviewed")
    ask(shared_service.engine, shared_service.people.partner, "reviewed", AppTrigger.SUBMIT)
    judge(shared_service.engine)
    status = shared_service.partner("GET", f"{path}/status").json()
    assert (status["state"], status["turn"]) == ("submitted", "reviewer")
    assert status["review"]["place"] >= 1
    assert status["review"]["due_at"][:16].replace("T", " ") in status["words"]
    reviews = shared_service.reviewer("GET", "/v1/reviews?limit=200").json()["items"]
    review = f"/v1/reviews/{next(one['id'] for one in reviews if one['app'] == 'reviewed')}"
    shared_service.reviewer("POST", f"{review}/claim")
    finding = {"code": "link.missing", "text": "The page has no link.", "where": "Add it."}
    shared_service.reviewer("POST", f"{review}/steps/partners_page", {"decision": "fail", "findings": [finding]})
    for step in ("partner_documentation", "documentation_links"):
        shared_service.reviewer("POST", f"{review}/steps/{step}", {"decision": "pass"})
    reasons = [{"code": "other", "text": "The mark is blurred.", "where": "checklist.app_info"}]
    shared_service.reviewer("POST", f"{review}/decision", {"decision": "request_changes", "reasons": reasons})
    judge(shared_service.engine)
    items = _items(shared_service, path)
    assert (items["partner_documentation"]["status"], items["partners_page"]["status"]) == ("checked", "rejected")
    assert [one["detail"] for one in items["partners_page"]["findings"]] == ["The page has no link."]
    assert [one["detail"] for one in items["app_info"]["findings"]] == ["The mark is blurred."]
    status = shared_service.partner("GET", f"{path}/status").json()
    assert (status["turn"], status["review"]["outcome"]) == ("partner", "changes_requested")
    step = next(one for one in status["review"]["steps"] if one["code"] == "partners_page")
    assert (step["title"], step["where"]) == ("The partner's integrations page", f"{path}/checklist/partners_page")
    check = next(one for one in status["review"]["steps"] if one["code"] == "end_to_end_check")
    assert check["where"] == f"{path}/components"
    assert status["history"][0]["words"] == "The reviewer asked for changes."
    assert status["history"][0]["reasons"] == ["The mark is blurred."]
    left = [task["code"] for task in shared_service.partner("GET", f"{path}/checklist").json()["left"]]
    assert left == ["app_info", "partners_page", "submit"]
    url = {"evidence": {"url": "https://acme.example/other"}}
    assert shared_service.partner("PUT", f"{path}/checklist/partners_page", url).json()["status"] == "given"


def test_a_picture_is_stored_once_and_shown_safely_to_those_who_may_see_the_app(shared_service: Service) -> None:
    path = _app(shared_service, "pictured")
    first = picture(shared_service.partner, "pictured", "logo", LOGO)
    assert picture(shared_service.partner, "pictured", "logo", LOGO) == first
    shown = shared_service.partner("GET", f"{path}/assets/{first}")
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, LOGO, "image/svg+xml")
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert _stranger(shared_service, "Pictures").__call__("GET", f"{path}/assets/{first}").status_code == 404
    assert shared_service.nobody("GET", f"/v1/assets/{first}").status_code == 404
    bad = shared_service.partner("POST", f"{path}/assets?kind=mark", LOGO, Content_Type="image/png")
    assert (bad.status_code, bad.json()["code"]) == (422, "asset.invalid")
    heavy = shared_service.partner("POST", f"{path}/assets?kind=screenshot", bytes(2 * 1024 * 1024))
    assert (heavy.status_code, heavy.json()["code"]) == (422, "asset.invalid")
    heavier = shared_service.partner("POST", f"{path}/assets?kind=screenshot", bytes(6 * 1024 * 1024))
    assert (heavier.status_code, heavier.json()["code"]) == (413, "body.too_large")
    assert "JPEG or WebP" in heavier.json()["remedy"]
    evidence = {"text": "x" * 50, "screenshots": [first]}
    wrong = shared_service.partner("PUT", f"{path}/checklist/catalog_details", {"evidence": evidence})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "evidence.invalid")
    assert shared_service.partner("DELETE", f"{path}/assets/{first}").status_code == 204
    assert shared_service.partner("GET", f"{path}/assets").json()["items"] == []


def test_pictures_are_public_while_their_app_is_in_the_catalog(shared_service: Service) -> None:
    path = _ready(shared_service, "public-pictures")
    shot = shared_service.partner("GET", f"{path}/checklist").json()["items"][4]["evidence"]["screenshots"][0]
    other = BytesIO()
    Image.new("RGB", (320, 240)).save(other, "PNG")
    spare = picture(shared_service.partner, "public-pictures", "screenshot", other.getvalue())
    assert shared_service.nobody("GET", f"/v1/assets/{shot}").status_code == 404
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(shared_service.engine, shared_service.people, "public-pictures", trigger)
    assert shared_service.nobody("GET", f"/v1/assets/{shot}").content == SCREENSHOT
    assert shared_service.nobody("GET", f"/v1/assets/{spare}").status_code == 404
    kept = shared_service.partner("DELETE", f"{path}/assets/{shot}")
    assert kept.status_code == 409
    ask(shared_service.engine, shared_service.people.admin, "public-pictures", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(shared_service.engine)
    assert shared_service.nobody("GET", f"/v1/assets/{shot}").status_code == 404


def test_a_preview_shows_the_entry_until_it_is_revoked_or_the_app_is_suspended(shared_service: Service) -> None:
    path = _ready(shared_service, "previewed")
    made = shared_service.partner("POST", f"{path}/previews", {"days": 2}, Idempotency_Key="preview-1").json()
    again = shared_service.partner("POST", f"{path}/previews", {"days": 2}, Idempotency_Key="preview-1").json()
    assert again == made
    with Session(shared_service.engine) as session, session.begin():
        session.execute(_LATER, {"key": "preview-1"})
    late = shared_service.partner("POST", f"{path}/previews", {"days": 2}, Idempotency_Key="preview-1").json()
    assert late == made | {"path": None}
    shown = shared_service.nobody("GET", made["path"])
    entry = shown.json()
    assert (entry["slug"], entry["categories"], shown.headers["Cache-Control"]) == (
        "previewed",
        ["Analytics"],
        "private, no-store",
    )
    assert "help@acme.example" not in shown.text
    assert shared_service.nobody("GET", entry["logo"]).content == LOGO
    assert shared_service.nobody("GET", entry["logo"].split("?")[0]).status_code == 404
    assert [link["id"] for link in shared_service.partner("GET", f"{path}/previews").json()["items"]] == [made["id"]]
    assert _stranger(shared_service, "Previews").__call__("GET", f"{path}/previews").status_code == 404
    other = shared_service.partner("POST", f"{path}/previews", {}).json()
    assert shared_service.partner("DELETE", f"{path}/previews/{made['id']}").status_code == 204
    assert shared_service.nobody("GET", made["path"]).status_code == 404
    assert shared_service.nobody("GET", entry["logo"]).status_code == 404
    with Session(shared_service.engine) as session, session.begin():
        session.execute(text("UPDATE preview_link SET expires_at = now() WHERE id = :id"), {"id": other["id"]})
    assert shared_service.nobody("GET", other["path"]).status_code == 404
    last = shared_service.partner("POST", f"{path}/previews", {}).json()
    for trigger in (AppTrigger.SUBMIT, AppTrigger.APPROVE):
        move(shared_service.engine, shared_service.people, "previewed", trigger)
    assert shared_service.nobody("GET", last["path"]).status_code == 200
    move(shared_service.engine, shared_service.people, "previewed", AppTrigger.SUSPEND)
    assert shared_service.nobody("GET", last["path"]).status_code == 404
    refused = shared_service.partner("POST", f"{path}/previews", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "preview.state")


def test_only_the_holder_of_the_review_reads_a_test_account_and_the_partner_sees_it(
    shared_service: Service, module_database: TestDatabase, module_valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _ready(shared_service, "accounted")
    account = f"{path}/test-account"
    assert shared_service.reviewer("GET", account).status_code == 403
    assert shared_service.partner("GET", account).status_code == 403
    ask(shared_service.engine, shared_service.people.partner, "accounted", AppTrigger.SUBMIT)
    judge(shared_service.engine)
    refused = shared_service.reviewer("GET", account)
    assert (refused.status_code, refused.json()["code"]) == (403, "review.not_held")
    reviews = shared_service.reviewer("GET", "/v1/reviews?limit=200").json()["items"]
    review = next(one["id"] for one in reviews if one["app"] == "accounted")
    shared_service.reviewer("POST", f"/v1/reviews/{review}/claim")
    assert shared_service.reviewer("GET", account).json()["password"] == "a secret of the partner"
    assert shared_service.admin("GET", account).status_code == 200
    readings = shared_service.partner("GET", f"{account}/readings").json()["items"]
    assert [(one["actor_role"], one["actor_name"]) for one in readings] == [("reviewer", None), ("admin", None)]
    seen = shared_service.reviewer("GET", f"{account}/readings").json()["items"]
    assert [one["actor_name"] for one in seen] == ["Rae", "Ada"], "only reviewers and admins are told the names"

    for name, value in environment(module_database.application_url, module_valkey_url).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    new = Fernet.generate_key().decode()
    ring = settings.model_copy(update={"secret_keys": (SecretStr(new), *settings.secret_keys)})
    rotated = rotate_secrets(ring)
    assert rotated.renewed >= 1
    with Session(shared_service.engine) as session:
        sealed = session.scalar(
            text("""
                SELECT i.evidence ->> 'password' FROM checklist_item i JOIN app a ON a.id = i.app_id
                 WHERE a.slug = 'accounted' AND i.code = 'test_account'
            """)
        )
    assert Fernet(new.encode()).decrypt(str(sealed).encode()).decode() == "a secret of the partner"
    back = settings.model_copy(update={"secret_keys": (*settings.secret_keys, SecretStr(new))})
    assert rotate_secrets(back).renewed >= 1
    lost = settings.model_copy(update={"secret_keys": (SecretStr(Fernet.generate_key().decode()),)})
    assert "accounted" in rotate_secrets(lost).unreadable
    assert shared_service.admin("GET", account).json()["password"] == "a secret of the partner"


def test_guides_are_public_and_in_markdown(shared_service: Service) -> None:
    listed = shared_service.nobody("GET", "/v1/guides").json()["items"]
    assert {guide["name"] for guide in listed} >= {"utm", "brand-kit", "catalog-text", "documentation-stream"}
    for guide in listed:
        answer = shared_service.nobody("GET", guide["path"])
        assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
        assert answer.text
    assert shared_service.nobody("GET", "/v1/guides/none").status_code == 404


def test_an_edit_and_a_submission_at_once_never_submit_an_untested_component(shared_service: Service) -> None:
    """The one that locks the App first wins. The other is refused, or sees the changes of the first."""
    for number in range(4):
        slug = f"both-{number}"
        app_building(shared_service.engine, shared_service.people, slug)
        component = shared_service.partner("GET", f"/v1/apps/{slug}").json()["components"][0]["id"]
        path = f"/v1/apps/{slug}/components/{component}"
        ask(shared_service.engine, shared_service.people.partner, slug, AppTrigger.SUBMIT)
        with ThreadPoolExecutor(2) as pool:
            edit = pool.submit(shared_service.partner, "PATCH", path, {"name": "Changed"}, If_Match='"1"')
            pool.submit(judge, shared_service.engine).result(60)
            edited = edit.result(60)
        judge(shared_service.engine)
        state = shared_service.partner("GET", f"/v1/apps/{slug}").json()["state"]
        assert (edited.status_code, state) in ((200, "building"), (409, "submitted"))


@pytest.mark.parametrize(
    ("results", "named"),
    [
        ([{"event": "identify", "status": 200}], "The run lacks: track, delete."),
        ([{"event": "foo", "status": 200}], "results[0].event: the Component does not declare foo"),
        ([*PASSED, {"event": "page", "status": 200}], "results[3].event: the Component does not declare page"),
        (
            [*PASSED[:2], {"event": "Delete", "status": 200}],
            "results[2].event: the Component does not declare Delete; it",
        ),
        (PASSED[:2], "The run lacks: delete."),
    ],
)
def test_a_run_has_every_declared_kind_of_event_and_no_other(
    shared_service: Service, results: list[dict[str, object]], named: str
) -> None:
    path = _app(shared_service, f"run-{len(results)}-{str(results[-1]['event']).lower()}")
    component = shared_service.partner("POST", f"{path}/components", WEBHOOK).json()["id"]
    refused = shared_service.service("POST", f"{path}/components/{component}/tests", {"rig": RIG, "results": results})
    assert (refused.status_code, refused.json()["code"]) == (422, "test.results")
    assert named in refused.json()["detail"]
    assert not shared_service.partner("GET", f"{path}/components/{component}").json()["tested"]


@pytest.mark.parametrize(
    ("body", "run"),
    [
        (WEBHOOK, [*PASSED, {"event": "track", "status": None}]),
        ({"kind": "stream", "name": "Events", "settings": STREAM}, SENT),
        ({"kind": "plugin", "subkind": "web", "name": "Web", "settings": WEB}, [{"event": "load", "status": 200}]),
    ],
    ids=["subscription", "stream", "plugin"],
)
def test_a_component_of_each_kind_can_be_tested_by_what_it_declares(
    shared_service: Service, body: dict[str, object], run: list[dict[str, object]]
) -> None:
    path = _app(shared_service, f"tried-{body['kind']}")
    component = shared_service.partner("POST", f"{path}/components", body).json()["id"]
    tests = f"{path}/components/{component}/tests"
    other = shared_service.service("POST", tests, {"rig": RIG, "results": [{"event": "ping", "status": 200}]})
    assert (other.status_code, other.json()["code"]) == (422, "test.results")
    unanswered = shared_service.service("POST", tests, {"rig": RIG, "results": [{**run[0], "status": 100}]})
    assert unanswered.status_code == 422
    made = shared_service.service("POST", tests, {"rig": RIG, "results": run})
    assert (made.status_code, made.json()["colour"]) == (201, "red" if body is WEBHOOK else "green")


def test_roles_that_may_only_read_cannot_build(shared_service: Service) -> None:
    path = _app(shared_service, "looked-at")
    for role in (Role.REVIEWER, Role.SERVICE, Role.ADMIN):
        caller: Caller = getattr(shared_service, role.value)
        assert caller("GET", f"{path}/checklist").status_code == 200
        assert caller("POST", f"{path}/assets?kind=logo", LOGO).status_code == 403
        assert caller("POST", f"{path}/previews", {}).status_code == 403
