"""The pages that are tested, and their addresses, each prepared once for a service.

It is apart from `addresses`, which the files of tests/console/pages import while they are gathered here.
"""

from tests.api.running import Service
from tests.console.addresses import every_address

PAGES = every_address()
_made: dict[tuple[str, str], str] = {}


def address_of(service: Service, name: str) -> str:
    """Returns the address of one of PAGES, which is prepared once for each service."""
    if (service.url, name) not in _made:
        _made[service.url, name] = PAGES[name].of(service)
    return _made[service.url, name]
