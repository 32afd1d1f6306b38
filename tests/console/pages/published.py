from tests.console.addresses import Address
from tests.console.pages.apps import new_app
from tests.console.pages.submissions import changed_app

ADDRESSES = {
    "changed": Address(lambda service: service.url + changed_app(service, "page-differs") + "/published", "partner"),
    "nothing-yet": Address(lambda service: f"{new_app(service, 'acme-page-unpublished')}/published", role="partner"),
}
