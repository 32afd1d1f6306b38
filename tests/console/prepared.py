"""The pages that are tested, and their addresses. What they show is made once per run for the tests that open all.

It is apart from `addresses`, which the files of tests/console/pages import while they are gathered here.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from models.lifecycle import Role
from runtime.embedded.postgres import PostgresAddresses
from tests.api.running import Service, service_of, service_on
from tests.console.addresses import every_address
from tests.databases import copy_template, drop, freeze
from tests.journeys import People
from tests.servers import only_one
from workflow.identity.actors import Actor

PAGES: Final = every_address()
_made: dict[tuple[str, str], str] = {}


def address_of(service: Service, name: str) -> str:
    """Returns the address of one of PAGES, which is prepared once for each service."""
    if (service.url, name) not in _made:
        _made[service.url, name] = PAGES[name].of(service)
    return _made[service.url, name]


@pytest.fixture(scope="module")
def prepared_service(
    superuser_connection: psycopg.Connection,
    postgres_server: PostgresAddresses,
    module_valkey_url: str,
    run_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    """Like `shared_service`, with what all PAGES show: a copy of a database in which that is made once per run."""
    folder = tmp_path_factory.mktemp("service")
    written = run_folder / "pages.json"
    with only_one(run_folder, "pages"):
        if not written.exists():
            template = copy_template(superuser_connection, postgres_server)
            with service_on(template, module_valkey_url, folder) as service:
                made = _prepared(service)
            freeze(superuser_connection, template.name)
            written.write_text(json.dumps({"template": template.name, **made}))
    made = json.loads(written.read_text())
    database = copy_template(superuser_connection, postgres_server, made["template"])
    with service_of(_people(made), database, module_valkey_url, folder) as service:
        _made.update({(service.url, name): service.url + path for name, path in made["paths"].items()})
        yield service
    drop(superuser_connection, database)


def _prepared(service: Service) -> dict[str, Any]:
    """Makes what all pages show. Returns their paths, and who the people are."""
    paths = {name: address_of(service, name).removeprefix(service.url) for name in PAGES}
    ids = {name: str(actor["id"]) for name, actor in asdict(service.people).items()}
    return {"paths": paths, "ids": ids, "organization_id": str(service.people.partner.organization_id)}


def _people(made: dict[str, Any]) -> People:
    ids = {name: UUID(one) for name, one in made["ids"].items()}
    return People(
        partner=Actor(ids["partner"], Role.PARTNER, UUID(made["organization_id"])),
        reviewer=Actor(ids["reviewer"], Role.REVIEWER),
        service=Actor(ids["service"], Role.SERVICE),
        admin=Actor(ids["admin"], Role.ADMIN),
    )
