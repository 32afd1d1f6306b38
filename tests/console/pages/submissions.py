from models.lifecycle import AppState, AppTrigger
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.factories import app_in
from tests.journeys import app_building, ask, judge
from tests.launch import give_everything
from workflow.reasons import Reason


def ready_app(service: Service, slug: str) -> str:
    """Has an App that can be submitted, and returns its path."""
    app_building(service.engine, service.people, slug)
    return f"/apps/{slug}"


def changed_app(service: Service, slug: str) -> str:
    """Has an App in public beta whose draft has another name than what is published, and returns its path."""
    app_in(service.engine, service.people, slug, AppState.PUBLIC_BETA)
    _rename(service, slug, "Renamed Entirely")
    return f"/apps/{slug}"


def submitted_app(service: Service, slug: str, name: str, said: str) -> str:
    """Has an App with every answer wait for its first review, submitted with a word, and returns its path."""
    app_building(service.engine, service.people, slug)
    _rename(service, slug, name)
    give_everything(service.partner, slug)
    ask(service.engine, service.people.partner, slug, AppTrigger.SUBMIT, reasons=(Reason("other", said),))
    judge(service.engine)
    return f"/apps/{slug}"


def _rename(service: Service, slug: str, name: str) -> None:
    etag = service.partner("GET", f"/v1/apps/{slug}").headers["ETag"]
    renamed = service.partner("PATCH", f"/v1/apps/{slug}", {"name": name}, If_Match=etag)
    assert renamed.status_code == 200, renamed.text


def _under_review(service: Service) -> str:
    app_in(service.engine, service.people, "page-withdrawn", AppState.SUBMITTED)
    return f"{service.url}/apps/page-withdrawn/ask/withdraw"


ADDRESSES = {
    "answers": Address(lambda service: f"{new_app(service, 'acme-submission-charts')}/submission", role="partner"),
    "revision": Address(lambda service: service.url + changed_app(service, "page-changed") + "/submission", "partner"),
    "withdrawal": Address(_under_review, role="partner"),
}
