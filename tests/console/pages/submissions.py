from tests.console.addresses import Address
from tests.console.pages.apps import new_app

ADDRESSES = {
    "answers": Address(lambda service: f"{new_app(service, 'acme-submission-charts')}/submission", role="partner"),
}
