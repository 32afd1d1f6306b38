"""Runs of a plugin's tests by the service: the bundle is fetched over real sockets and read in a process of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models import Component
from models.component_test import RunScope
from runtime.guarded_http import FetchLimits
from tests.guarded_http.clients import local
from tests.guarded_http.hostile_server import Behaviour, HostileServer, page, redirect, silent
from tests.journeys import People, app_building, now_of, people_in
from tests.workers.leased import work_off
from workers.actors.component_tests import COMPONENT_TESTS
from workers.context import WorkerContext
from workers.main import confined_bundles
from workflow.apps import find_app
from workflow.building.components import components_of
from workflow.component_tests.bundles.reading import UncheckedError
from workflow.component_tests.starting import RunWithResults, find_run, start_run
from workflow.errors import Invalid

PLUGIN = b'window.acme={name:"Acme",version:"1.2",type:"utility",load(){},isLoaded(){}};'
SERVED = ("Content-Type: text/javascript", "Cache-Control: max-age=60", "Access-Control-Allow-Origin: *")


@pytest.fixture
def people(context: WorkerContext) -> People:
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    return made


def _tested(
    context: WorkerContext, people: People, subkind: str, settings: Mapping[str, str]
) -> tuple[RunWithResults, str | None]:
    """Returns a run of a new plugin's suite, and the colour that the plugin has then."""
    with Session(context.engine) as session, session.begin():
        app_id = find_app(session, "acme", people.partner).id
        plugin = Component(app_id=app_id, kind="plugin", subkind=subkind, name="P", settings=dict(settings))
        session.add(plugin)
        session.flush()
        plugin_id = plugin.id
        run_id = start_run(
            session,
            "acme",
            plugin_id,
            people.partner,
            now_of(session),
            scope=RunScope.SUITE,
            event=None,
            message=None,
            loopback=True,
            unseal=context.unseal,
        ).id
    work_off(context, COMPONENT_TESTS)
    with Session(context.engine, expire_on_commit=False) as session:
        colours = {one.id: colour for one, colour in components_of(session, [app_id])[app_id]}
        return find_run(session, "acme", plugin_id, run_id, people.partner), colours[plugin_id]


@contextmanager
def _serving(behaviour: Behaviour, context: WorkerContext) -> Iterator[tuple[str, WorkerContext]]:
    http = local(replace(FetchLimits(), total=timedelta(seconds=2)))
    with HostileServer({"/plugin.js": behaviour, "/elsewhere.js": page(PLUGIN, *SERVED)}).running() as server:
        yield server.url("/plugin.js"), replace(context, http=http, read_bundle=confined_bundles())


@pytest.mark.parametrize(
    ("colour", "codes", "behaviour"),
    [
        ("green", [], page(PLUGIN, *SERVED)),
        ("green", ["bundle.redirected"], redirect("/elsewhere.js")),
        ("yellow", ["bundle.eval"], page(PLUGIN + b"eval(1)", *SERVED)),
        ("yellow", ["bundle.content_type"], page(PLUGIN, "Content-Type: text/plain", *SERVED[1:])),
        ("red", ["bundle.syntax"], page(PLUGIN + b"var a=;", *SERVED)),
        ("red", ["bundle.no_plugin"], page(b"1", *SERVED)),
        ("red", ["bundle.not_script"], page(b"<!doctype html><p>Hello", "Content-Type: text/html")),
        ("red", ["bundle.status"], page(b"", *SERVED, status="404 Not Found")),
        ("red", ["bundle.refused"], page(b"", *SERVED, status="403 Forbidden")),
        ("red", ["bundle.time.exceeded"], silent),
        ("red", ["bundle.body.too_large"], page(b" " * (2 * 1024 * 1024 + 1), *SERVED)),
        ("red", ["bundle.unchecked"], page(b"function f(){" * 10_000 + b"}" * 10_000, *SERVED)),
    ],
)
def test_a_web_plugin_has_the_colour_of_its_bundle(
    context: WorkerContext, people: People, colour: str, codes: list[str], behaviour: Behaviour
) -> None:
    with _serving(behaviour, context) as (url, using):
        found, shown = _tested(using, people, "web", {"bundle_url": url, "minimum_sdk_version": "1.60"})
    (result,) = found.results
    assert [one["code"] for one in result.findings] == codes
    assert all(one["detail"] and one["remedy"] for one in result.findings)
    assert (found.run.status, found.run.colour, result.colour, shown) == ("done", colour, colour, colour)


def test_a_bundle_whose_reader_fails_is_not_checked_and_never_green(context: WorkerContext, people: People) -> None:
    def failing(_content: bytes) -> bytes:
        raise UncheckedError("its reader failed")

    with _serving(page(PLUGIN, *SERVED), context) as (url, using):
        settings = {"bundle_url": url, "minimum_sdk_version": "1"}
        found, shown = _tested(replace(using, read_bundle=failing), people, "web", settings)
    assert [one["code"] for one in found.results[0].findings] == ["bundle.unchecked"]
    assert shown == "red"


def test_the_result_keeps_the_sha256_of_the_bundle(context: WorkerContext, people: People) -> None:
    with _serving(page(PLUGIN, *SERVED), context) as (url, using):
        found, _ = _tested(using, people, "web", {"bundle_url": url, "minimum_sdk_version": "1"})
    facts = found.results[0].facts
    assert facts is not None
    assert (facts["bytes"], len(facts["sha256"]), facts["plugin"]) == (len(PLUGIN), 64, "Acme 1.2 utility")


def test_of_packages_the_form_is_looked_at_which_gives_yellow(context: WorkerContext, people: People) -> None:
    swift = {"package_url": "https://github.com/acme/insights-swift", "minimum_sdk_version": "1.2"}
    for subkind, settings in (("ios", swift), ("android", {"package_name": "com.acme:a", "minimum_sdk_version": "1"})):
        found, shown = _tested(context, people, subkind, settings)
        assert (shown, [one["code"] for one in found.results[0].findings]) == ("yellow", ["plugin.form_only"])


def test_nothing_is_sent_to_a_plugin(context: WorkerContext, people: People) -> None:
    with Session(context.engine) as session, session.begin():
        app_id = find_app(session, "acme", people.partner).id
        settings = {"package_name": "com.acme:a", "minimum_sdk_version": "1"}
        plugin = Component(app_id=app_id, kind="plugin", subkind="android", name="P", settings=settings)
        session.add(plugin)
        session.flush()
        for scope, event, message in (
            (RunScope.EVENT, "load", None),
            (RunScope.TRY_OUT, None, {"type": "load"}),
        ):
            with pytest.raises(Invalid, match="scope"):
                start_run(
                    session,
                    "acme",
                    plugin.id,
                    people.partner,
                    now_of(session),
                    scope=scope,
                    event=event,
                    message=message,
                    loopback=True,
                    unseal=context.unseal,
                )
