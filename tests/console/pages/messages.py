from models.lifecycle import AppState
from tests.api.running import Service
from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.factories import app_in


def conversation_about(service: Service, slug: str, *said: str) -> str:
    """Has an App under review about which the reviewers have said this, and returns the path of its messages."""
    app_in(service.engine, service.people, slug, AppState.SUBMITTED)
    (review,) = service.reviewer("GET", f"/v1/reviews?app={slug}").json()["items"]
    for words in said:
        written = service.reviewer("POST", f"/v1/reviews/{review['id']}/messages", {"text": words})
        assert written.status_code == 201, written.text
    return f"/apps/{slug}/messages"


def _answered(service: Service) -> str:
    path = conversation_about(
        service, "page-talk", "Which plan does the test account have?\n\nThe free one?", "Or none?"
    )
    service.partner("POST", f"/v1{path}", {"text": "The free one."})
    return service.url + conversation_again(service, "page-talk", "Thank you.")


def conversation_again(service: Service, slug: str, words: str) -> str:
    """Has the reviewers say this too, and returns the path of the App's messages."""
    (review,) = service.reviewer("GET", f"/v1/reviews?app={slug}").json()["items"]
    service.reviewer("POST", f"/v1/reviews/{review['id']}/messages", {"text": words})
    return f"/apps/{slug}/messages"


ADDRESSES = {
    "answered": Address(_answered, role="partner"),
    "none-yet": Address(lambda service: service.url + conversation_about(service, "page-silent"), role="partner"),
    "nobody-to-write-to": Address(lambda service: new_app(service, "acme-page-early") + "/messages", role="partner"),
}
