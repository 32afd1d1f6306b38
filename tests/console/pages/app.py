from tests.console.addresses import Address
from tests.console.pages.apps import new_app

ADDRESSES = {"new": Address(lambda service: new_app(service, "acme-page-charts"), role="partner")}
