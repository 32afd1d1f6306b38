"""Rate limits by token and by address: refusals, separate counts for each caller, and operation without Redis."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from models.lifecycle import Role
from runtime.embedded.valkey import EmbeddedValkey
from tests.api.service import Caller, api_running, operators_of
from tests.databases import TestDatabase
from tests.journeys import People, people_in, token_of
from tests.waiting import wait_until

RATES = {
    "DEVCENTER_TRUSTED_PROXIES": "127.0.0.1",
    "DEVCENTER_RATE_PARTNER": "2",
    "DEVCENTER_RATE_SERVICE": "1000",
    "DEVCENTER_RATE_ADDRESS": "5",
    "DEVCENTER_RATE_OPEN_WRITES": "3",
}


@pytest.fixture(scope="module")
def url(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An API with low rates, behind a proxy. Each test uses an address of its own."""
    folder = tmp_path_factory.mktemp("api")
    with api_running(module_database.application_url, module_valkey_url, folder, **RATES) as address:
        yield address


def _caller(url: str, database: TestDatabase, people: People, role: Role) -> Caller:
    engine = create_engine(database.application_url)
    token = token_of(engine, getattr(people, role.value))
    engine.dispose()
    return Caller(url, token)


def _until_limited(call: Caller, method: str, path: str, address: str, most: int) -> list[int]:
    """Returns the statuses up to the first 429, which must come within `most` calls."""
    statuses: list[int] = []
    while 429 not in statuses:
        assert len(statuses) < most, statuses
        statuses.append(call(method, path, X_Forwarded_For=address).status_code)
    return statuses


def test_a_token_over_its_rate_is_told_when_to_retry(
    url: str, module_database: TestDatabase, module_people: People
) -> None:
    partner = _caller(url, module_database, module_people, Role.PARTNER)
    assert _until_limited(partner, "GET", "/v1/apps", "198.51.100.1", 50)[0] == 200
    answer = partner("GET", "/v1/apps", X_Forwarded_For="198.51.100.1")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate.limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 2
    assert answer.headers["RateLimit-Policy"] == '"partner";q=2;w=1'
    assert answer.headers["RateLimit"].startswith('"partner";r=0;t=')
    other = _caller(url, module_database, module_people, Role.PARTNER)
    assert other("GET", "/v1/apps", X_Forwarded_For="198.51.100.2").status_code == 200
    wait_until(lambda: partner("GET", "/v1/apps").status_code == 200, seconds=15, what="the token's next turn")


def test_made_up_tokens_count_for_the_address_and_not_for_themselves(url: str) -> None:
    statuses: list[int] = []
    for number in range(100):
        made_up = Caller(url, f"dc_admin_{number}")
        statuses.append(made_up("GET", "/v1/apps", X_Forwarded_For="198.51.100.3").status_code)
    assert statuses[0] == 401
    assert 429 in statuses
    assert Caller(url)("GET", "/v1/catalog", X_Forwarded_For="198.51.100.4").status_code == 200


def test_a_known_token_is_served_although_its_address_is_over_its_rate(
    url: str, module_database: TestDatabase, module_people: People
) -> None:
    service = _caller(url, module_database, module_people, Role.SERVICE)
    assert service("GET", "/v1/apps", X_Forwarded_For="198.51.100.5").status_code == 200
    _until_limited(Caller(url, "dc_service_no"), "GET", "/v1/apps", "198.51.100.5", 100)
    assert {service("GET", "/v1/apps", X_Forwarded_For="198.51.100.5").status_code for _ in range(50)} == {200}


def test_a_known_token_stays_known_while_the_database_is_away(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    superuser = create_engine(database.superuser_url, isolation_level="AUTOCOMMIT")
    with api_running(database.application_url, valkey_url, tmp_path, **RATES) as url, superuser.connect() as connection:
        service = _caller(url, database, people_in(superuser), Role.SERVICE)
        assert service("GET", "/v1/apps").status_code == 200
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC, devcenter_app"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip
        assert {service("GET", "/v1/apps").status_code for _ in range(50)} == {503}
        connection.execute(text(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC, devcenter_app"))
        wait_until(lambda: service("GET", "/v1/apps").status_code == 200, seconds=20, what="the database")
    superuser.dispose()


def test_writes_without_a_token_are_limited_and_each_kind_is_counted_separately(url: str) -> None:
    nobody = Caller(url)
    for path in ("/v1/invitations/code/accept", "/v1/access-requests", "/v1/apps"):
        assert len(_until_limited(nobody, "POST", path, "198.51.100.6", 10)) == 4
    made_up = Caller(url, "dc_partner_made_up")
    assert made_up("POST", "/v1/access-requests", {}, X_Forwarded_For="198.51.100.6").status_code == 429
    assert nobody("GET", "/v1/catalog", X_Forwarded_For="198.51.100.6").status_code == 200


def test_operators_calls_are_not_limited(url: str) -> None:
    nobody = Caller(url)
    assert {nobody("GET", "/healthz", X_Forwarded_For="198.51.100.7").status_code for _ in range(50)} == {200}


def test_addresses_of_one_ipv6_network_count_together(url: str) -> None:
    _until_limited(Caller(url), "POST", "/v1/access-requests", "2001:db8:1:1::1", 10)
    for address, limited in (("2001:db8:1:1::2", True), ("2001:db8:1:2::1", False)):
        answer = Caller(url)("POST", "/v1/access-requests", X_Forwarded_For=address)
        assert (answer.status_code == 429) is limited, address


def test_without_trusted_proxies_the_connection_s_address_counts(
    module_database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    rates = RATES | {"DEVCENTER_TRUSTED_PROXIES": ""}
    with api_running(module_database.application_url, valkey_url, tmp_path, **rates) as url:
        answers = [
            Caller(url)("POST", "/v1/access-requests", X_Forwarded_For=f"198.51.100.{number}").status_code
            for number in range(5)
        ]
    assert answers[-1] == 429


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_a_redis_that_goes_away_lets_everything_through_quickly_and_is_counted(
    module_database: TestDatabase, tmp_path: Path, how: str
) -> None:
    valkey = EmbeddedValkey(tmp_path / "valkey")
    try:
        with api_running(module_database.application_url, valkey.start(), tmp_path, **RATES) as url:
            _until_limited(Caller(url), "GET", "/v1/catalog", "198.51.100.8", 100)
            if how == "killed":
                valkey.kill()
            else:
                os.kill(_pid(valkey), signal.SIGSTOP)
            started = time.monotonic()
            statuses = {
                Caller(url)("GET", "/v1/catalog", X_Forwarded_For="198.51.100.8").status_code for _ in range(40)
            }
            assert statuses == {200}
            assert time.monotonic() - started < 40 * 0.1, "each request waited for Redis"
            assert _uncounted(url) == 40
            if how == "hung":
                os.kill(_pid(valkey), signal.SIGCONT)
                _until_limited(Caller(url), "GET", "/v1/catalog", "198.51.100.8", 10_000)
    finally:
        valkey.discard()


def _pid(valkey: EmbeddedValkey) -> int:
    assert valkey.pid is not None
    return valkey.pid


def _uncounted(url: str) -> int:
    lines = operators_of(url)("GET", "/metrics").text.splitlines()
    return int(float(next(line for line in lines if line.startswith("devcenter_requests_uncounted_total")).split()[1]))
