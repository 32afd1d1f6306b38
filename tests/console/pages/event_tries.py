"""The page that sends a test event for a stream."""

from tests.console.addresses import Address
from tests.console.pages.events import stream_page

ADDRESSES = {
    "form": Address(lambda service: service.url + stream_page(service, "event-try") + "/new", role="partner"),
}
